"""The battery that every family passes: shapes, taps, losses, exact pruning, counted cost, save and load, export."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.graph import WITHOUT_ROADS
from kdsearch.data.profile import Scaler
from kdsearch.data.protocols import SplitSeries
from kdsearch.data.windows import WindowedSeries
from kdsearch.deploy.export import export_onnx, export_program
from kdsearch.distill.compatibility import incompatibility
from kdsearch.distill.loss_config import LossConfig
from kdsearch.distill.loss_table import LOSSES
from kdsearch.distill.taps import tapped
from kdsearch.distill.teacher import Teacher
from kdsearch.distill.teacher_features import make_tables, open_tables
from kdsearch.errors import SpaceError
from kdsearch.measure.accuracy import forecasts, network_scores
from kdsearch.measure.cost import forecast_cost
from kdsearch.models import FAMILIES, DataShape, Forecaster, build, new_forecaster
from kdsearch.models.ensemble import Ensemble
from kdsearch.prune.schedule import sizes_for_share
from kdsearch.prune.shrink import shrunk_weight_count
from kdsearch.training.fit import fit
from kdsearch.training.plan import Plan
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.network import fitted_scaler, shape_of
from tests.deploy.parts import whole_parts
from tests.masking import check_that_the_small_network_is_the_masked_one, draw_masks


@dataclass(frozen=True)
class Case:
    """A family as the battery looks at it.

    Attributes:
        width: Of the network.
        parameters: Trained parameters on `place_for`, which must never move.
        flops: Operations of one forecast there, which must never move.
        shows: What of it losses can compare: "spatial" or "temporal" taps, "embeddings".
    """

    width: int
    parameters: int
    flops: int
    shows: frozenset[str] = frozenset({"embeddings"})


CASES: dict[str, Case] = {
    "stgcn": Case(4, 3_569, 93_578, frozenset({"spatial", "temporal", "embeddings"})),
    "stid": Case(4, 509, 5_030),
    "lightst": Case(4, 227, 3_024),
    "lightst-teacher": Case(4, 287, 27_768),
    "st-mlp": Case(4, 15_516, 284_496),
    "d2stgnn": Case(4, 5_467, 240_460),
    "st-resnet": Case(4, 2_628, 28_676, frozenset({"spatial"})),
    "ensemble": Case(4, 4_078, 98_644, frozenset()),
}


def compares(loss: str) -> set[str]:
    """What a loss compares of two networks, as its row says."""
    row, config = LOSSES[loss], LossConfig(loss=loss)
    weights = {"spatial": row.spatial_weight(config), "temporal": row.temporal_weight(config)}
    return {kind for kind, weight in weights.items() if weight > 0} | ({"embeddings"} & {row.teacher})


def place_for(family: str) -> tuple[DataShape, int, int]:
    """Where a family is looked at, its history and its outputs: a ring road, or a grid with a day of two steps."""
    if family == "st-resnet":
        return DataShape(12, 2, (2, 2, 3)), 14, 1
    return DataShape(6, 24), 12, 3


def ring(nodes: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """A ring road."""
    return np.roll(np.eye(nodes), 1, axis=1) + np.roll(np.eye(nodes), -1, axis=1)


def network_of(family: str, seed: int = 0, width: int | None = None) -> Forecaster:
    """In evaluation, with weights that make every layer matter."""
    place, history, outputs = place_for(family)
    torch.manual_seed(seed)
    case = CASES[family]
    if family == "ensemble":
        members = [network_of(name, seed, width or case.width) for name in ("stgcn", "stid")]
        return Ensemble.of(members, outputs).eval()
    network = new_forecaster(
        family, width or case.width, None, ring(place.nodes), place, outputs=outputs, history=history
    )
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return network.eval()


def windows_for(network: Forecaster, family: str, windows: int = 1, batch: int = 2) -> torch.Tensor:
    """Segments ``(batch, history + windows - 1, node, channel)`` of noise, with the clock of consecutive steps."""
    place, history, _ = place_for(family)
    steps = history + windows - 1
    x = torch.randn(batch, steps, place.nodes, 3 if network.clock else 1)
    if network.clock:
        row = torch.arange(steps) + torch.arange(batch)[:, None]
        x[..., 1] = ((row % place.slots) / place.slots)[..., None]
        x[..., 2] = (row // place.slots % 7)[..., None].to(x)
    return x


every_family = pytest.mark.parametrize("family", FAMILIES)


def test_the_battery_knows_every_family() -> None:
    assert set(CASES) == set(FAMILIES)


def test_a_family_and_its_networks_have_one_name() -> None:
    with pytest.raises(SpaceError, match="the family 'mine' has networks of the class Stid, whose family is 'stid'"):
        replace(FAMILIES["stid"], name="mine")


@every_family
def test_a_stretch_gives_the_forecasts_of_its_windows(family: str) -> None:
    _, history, outputs = place_for(family)
    network = network_of(family).double()
    x = windows_for(network, family, windows=4).double()
    alone = [network(x[:, first : first + history]) for first in range(4)]
    segment = network(x)
    assert segment.shape == (2, 4, outputs, x.shape[2])
    torch.testing.assert_close(segment, torch.cat(alone, dim=1), rtol=0, atol=1e-10)
    torch.testing.assert_close(network.forecast(x[:, :history], outputs), alone[0][:, 0], rtol=0, atol=1e-12)


@every_family
def test_readings_and_clock_of_the_window_decide_the_forecast(family: str) -> None:
    """The last reading matters; the clock matters to the networks that say they have one."""
    network = network_of(family)
    x = windows_for(network, family)
    other = x.clone()
    other[:, -1, :, 0] += 1.0
    assert (network(other) - network(x)).abs().max() > 1e-4
    if network.clock:
        later = x.clone()
        later[..., 2] = (later[..., 2] + 3) % 7
        assert (network(later) - network(x)).abs().max() > 1e-4


@every_family
def test_taps_of_a_stretch_are_those_of_its_windows(family: str) -> None:
    """A tap is ``(batch, time, node, channel)``, of a grid with a node for each cell; a window more adds a step."""
    place, history, _ = place_for(family)
    places = place.nodes if place.grid is None else place.nodes // place.grid[0]
    network = network_of(family).double()
    x = windows_for(network, family, windows=3).double()
    names = (*network.spatial_taps, *network.temporal_taps)
    with tapped(network, names) as features:
        network(x)
        segment = dict(features)
        for first in range(3):
            network(x[:, first : first + history])
            for name in names:
                span = features[name].shape[1]
                assert segment[name].shape[1] == span + 2
                assert segment[name].shape[2] == places
                torch.testing.assert_close(segment[name][:, first : first + span], features[name])


@every_family
def test_embeddings_have_a_step_axis_and_the_nodes_last(family: str) -> None:
    network = network_of(family)
    x = windows_for(network, family, batch=3)
    with tapped(network, network.embeddings or ()) as features:
        network(x)
    for feature in features.values():
        batch, _, nodes, _ = feature.shape
        assert (batch, nodes) == (3, x.shape[2])


@every_family
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_masked_network_is_the_small_one(family: str, data: st.DataObject) -> None:
    """In float64 to rounding, whatever channels go; afterwards the whole network is as it was."""
    network = network_of(family, seed=data.draw(st.integers(0, 1000))).double()
    x = windows_for(network, family).double()
    check_that_the_small_network_is_the_masked_one(network, draw_masks(data.draw, network), x)


@every_family
def test_pruning_can_take_most_of_a_network(family: str) -> None:
    """Asked for a tenth of the wide network, the schedule finds sizes that are at most half of it."""
    network = network_of(family, width=16)
    whole = sum(parameter.numel() for parameter in network.parameters())
    sizes = sizes_for_share(network, 0.1 * whole)
    assert shrunk_weight_count(network, sizes) < 0.5 * whole


@every_family
def test_parameters_and_operations_are_counted_and_never_move(family: str) -> None:
    place, _, outputs = place_for(family)
    network = network_of(family)
    cost = forecast_cost(network, windows_for(network, family, batch=1), outputs, stored_numbers=0)
    assert cost.uncounted_operators == []
    assert (cost.parameters, cost.flops) == (CASES[family].parameters, CASES[family].flops), place


@every_family
def test_a_packed_network_forecasts_the_same(family: str) -> None:
    place, _, _ = place_for(family)
    network = network_of(family)
    x = windows_for(network, family)
    packed = Checkpoint.of(network, Scaler(1.0, 2.0, None), ring(place.nodes)).to_bytes()
    again = Checkpoint.from_bytes(packed).network(torch.device("cpu")).eval()
    torch.testing.assert_close(again(x), network(x), rtol=0, atol=0)
    rebuilt = build(json.loads(json.dumps(network.spec())), ring(place.nodes))
    assert rebuilt.spec() == network.spec()


@every_family
def test_exported_files_forecast_the_same(family: str, tmp_path: Path) -> None:
    """The exporter compares them itself, and refuses a file that differs."""
    place, _, outputs = place_for(family)
    network = network_of(family)
    checkpoint, target, windows = whole_parts(network, ring(place.nodes), outputs, interval_minutes=1440 // place.slots)
    export_program(checkpoint, target, tmp_path / "network.pt2", windows)
    export_onnx(checkpoint, target, tmp_path / "network.onnx", windows)


def trained(series: SplitSeries, family: str, loss: str, folder: Path, **settings: Any) -> tuple[Forecaster, float]:
    """A few steps under a wider teacher of the same family, and the validation error."""
    config = TrialConfig.of({"family": family, "loss": loss, "input": "raw", "slice_share": 0.5} | settings)
    loss_config = config.loss_config()
    data = WindowedSeries(series, fitted_scaler(series, config), torch.device("cpu"))
    starts = series.splits["train"].starts[:60]
    outputs, history = series.protocol.horizon, series.protocol.history
    torch.manual_seed(0)
    teacher, student = (
        new_forecaster(family, width, None, series.adjacency, shape_of(series), outputs=outputs, history=history)
        for width in (8, 4)
    )
    answers = torch.cat([made for _, made in forecasts(teacher, data, starts)]).numpy()
    tables = None
    if LOSSES[loss].needs_features(loss_config):
        folder.mkdir()
        make_tables(folder, teacher, data, int(starts[-1]) + history)
        tables = open_tables(folder)
    lessons = Teacher(answers, starts, data, tables, (teacher, data))
    plan = Plan(epochs=2, learning_rate=1e-3, batch=10)
    fit(student, data, starts, plan, loss_config, seed=0, teacher=lessons if LOSSES[loss].needs_teacher else None)
    return student, network_scores(student, data, series, "val").metrics["val"]["mae"]["all"]


@pytest.mark.parametrize("family", [name for name in FAMILIES if name != "ensemble"])  # which is never trained itself
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_teaches_the_family_or_says_why_not(
    family: str, loss: str, series: SplitSeries, grid_series: SplitSeries, tmp_path: Path
) -> None:
    where = grid_series if family == "st-resnet" else series
    mistake = incompatibility(LossConfig(loss=loss), network_of(family), network_of(family))
    if not compares(loss) <= CASES[family].shows:
        assert mistake is not None
        assert family in mistake
        assert loss in mistake
        return
    assert mistake is None
    plain, _ = trained(where, family, "none", tmp_path / "plain")
    taught, error = trained(where, family, loss, tmp_path / "taught")
    again, _ = trained(where, family, loss, tmp_path / "again")
    assert np.isfinite(error)
    weights = [torch.cat([one.detach().flatten() for one in each.parameters()]) for each in (plain, taught, again)]
    assert torch.equal(weights[1], weights[2]), "the same seed gives the same weights"
    assert (loss == "none") == torch.equal(weights[0], weights[1])


def test_the_teacher_trains_on_only_in_joint_training(series: SplitSeries, tmp_path: Path) -> None:
    """LightST's paper has it so, its code does not; either way the teacher that was handed in stays as it was."""
    frozen, _ = trained(series, "lightst", "lightst", tmp_path)
    joint, _ = trained(series, "lightst", "lightst", tmp_path, joint=True)
    pairs = zip(frozen.parameters(), joint.parameters(), strict=True)
    assert any(not torch.equal(one, other) for one, other in pairs)


@pytest.mark.parametrize("student", ["stid", "lightst", "st-mlp", "stgcn"])
@pytest.mark.parametrize("teacher", ["stgcn", "lightst-teacher", "d2stgnn"])
def test_any_teacher_teaches_any_student_by_answers_and_embeddings(teacher: str, student: str) -> None:
    for loss in (loss for loss in LOSSES if compares(loss) <= {"embeddings"}):
        assert incompatibility(LossConfig(loss=loss), network_of(teacher), network_of(student)) is None


@pytest.mark.parametrize("name", [name for name in FAMILIES if name != "ensemble"])  # of networks of these
def test_the_note_on_data_without_a_graph_names_the_families_that_use_one(name: str) -> None:
    """They forecast without edges too, and otherwise than with them."""
    family, nodes = FAMILIES[name], 16
    grid = name == "st-resnet"
    shape = DataShape(nodes=nodes, slots=96, grid=(1, 4, 4) if grid else None)
    size, history = family.of_width(4, family.depth or 0, shape), 672 if grid else 12
    ring = np.roll(np.eye(nodes), 1, axis=1)

    def forecast(adjacency: NDArray[np.float64]) -> torch.Tensor:
        torch.manual_seed(0)
        network = family.network(adjacency, size, outputs=1, history=history).eval()
        x = torch.rand(1, history, nodes, 3 if network.clock else 1)
        with torch.no_grad():
            forecasts: torch.Tensor = network(x)
        return forecasts

    alone = forecast(np.zeros((nodes, nodes)))
    assert torch.isfinite(alone).all()
    assert torch.equal(alone, forecast(ring + ring.T)) == (name not in WITHOUT_ROADS.replace(",", "").split())
