"""A loss is one row: what is missing in it is refused at once, and what it says is what it does."""

from typing import Any

import numpy as np
import pytest
import torch
from plotly.validator_cache import ValidatorCache

from kdsearch.data.profile import fit_scaler
from kdsearch.data.protocols import SplitSeries
from kdsearch.data.windows import WindowedSeries
from kdsearch.distill.compatibility import incompatibility
from kdsearch.distill.loss import Features, Outputs
from kdsearch.distill.loss_config import LossConfig
from kdsearch.distill.loss_table import LOSSES, SYMBOLS, Loss
from kdsearch.distill.losses import lagged_distances, pair_distances
from kdsearch.distill.taps import tapped
from kdsearch.distill.teacher import Teacher
from kdsearch.distill.teacher_features import SpatialTable, TeacherTables, TemporalTable
from kdsearch.errors import SpaceError
from kdsearch.models import Forecaster, new_forecaster
from kdsearch.training.fit import fit
from kdsearch.training.plan import Plan
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.network import shape_of


def huber(config: LossConfig, outputs: Outputs, *_: object) -> torch.Tensor:
    """Judge as a user's loss might, by the readings, or by the teacher's outputs where there are any."""
    goal = outputs.target if outputs.teacher is None else outputs.teacher
    errors = torch.nn.functional.huber_loss(outputs.student, goal, reduction="none", delta=config.temperature)
    return (errors * outputs.measured).sum() / outputs.measured.sum()


WHOLE: dict[str, Any] = {
    "name": "huber",
    "sentence": "Huber's loss of the readings",
    "symbol": "star",
    "judge": huber,
    "weights": ("temperature",),
}


@pytest.mark.parametrize(
    ("half", "words"),
    [
        ({"sentence": " "}, "the loss 'huber' needs a sentence"),
        ({"judge": None}, r"needs a function of \(config, outputs, features, generator\)"),
        ({"judge": lambda outputs: outputs}, r"needs a function of \(config, outputs, features, generator\)"),
        ({"symbol": ""}, "has the symbol ''; choose one of circle"),
        ({"symbol": "cross"}, "has the symbol 'cross'; choose one of circle"),
        ({"weights": ("delta",)}, "reads 'delta', which no trial has; choose among beta, temperature"),
        ({"teacher": "answers"}, "asks for the teacher's 'answers'; choose one of nothing, outputs"),
        ({"teacher": "features"}, "has teacher='features', or a weight of spatial or temporal taps, but not both"),
        ({"spatial": lambda config: config.alpha3}, "has teacher='features', or a weight"),
        ({"teacher": "embeddings"}, "has teacher='embeddings', or what compares them in beside, but not both"),
    ],
)
def test_a_loss_that_is_half_there_is_refused_when_its_row_is_made(half: dict[str, Any], words: str) -> None:
    with pytest.raises(SpaceError, match=words):
        Loss(**WHOLE | half)


def test_a_row_without_a_function_sentence_or_symbol_is_no_row() -> None:
    for field in ("judge", "sentence", "symbol"):
        with pytest.raises(TypeError, match=field):
            Loss(**{name: value for name, value in WHOLE.items() if name != field})


def test_every_loss_has_a_symbol_of_its_own_that_plotly_can_draw() -> None:
    assert len({loss.symbol for loss in LOSSES.values()}) == len(LOSSES)
    known = ValidatorCache.get_validator("scatter.marker", "symbol").values
    assert set(SYMBOLS) | {f"{symbol}-open" for symbol in SYMBOLS} <= set(known)


@pytest.mark.usefixtures("own_rows")
def test_a_symbol_that_another_loss_has_is_refused_with_those_that_are_free() -> None:
    with pytest.raises(SpaceError, match=r"has the symbol 'square' of 'rd-l2'; choose one of star, triangle-down"):
        LOSSES.add(Loss(**WHOLE | {"symbol": "square"}))
    LOSSES.add(Loss(**WHOLE))
    LOSSES.add(Loss(**WHOLE))  # a notebook runs its cell again


def test_nothing_trains_by_a_loss_without_a_row(series: SplitSeries) -> None:
    """A name alone once trained L_ORD."""
    student, _, teacher = taught(series, "stcd")
    for config in (LossConfig("rd-huber"), LossConfig("ords")):
        with pytest.raises(SpaceError, match=f"there is no loss '{config.loss}'; "):
            train(student, series, config, teacher)
        with pytest.raises(SpaceError, match=f"there is no loss '{config.loss}'; "):
            incompatibility(config, student, student)


def test_no_two_losses_are_the_same() -> None:
    values = [_judged(Recording(loss), row).sum().item() for loss, row in LOSSES.items() if row.beside is None]
    assert len(set(values)) == len(values)


class Recording(LossConfig):
    """Weights that know which of them were read."""

    def __getattribute__(self, name: str) -> Any:
        if name in LossConfig.__dataclass_fields__:
            object.__getattribute__(self, "__dict__").setdefault("_read", set()).add(name)
        return object.__getattribute__(self, name)

    @property
    def read(self) -> set[str]:
        """Their names."""
        names: set[str] = self.__dict__["_read"]
        return names


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_reads_the_weights_that_its_row_names_and_no_others(loss: str, series: SplitSeries) -> None:
    """Confirmation takes two trials that differ in other weights for one."""
    student, _, teacher = taught(series, loss)
    config = Recording(loss)
    train(student, series, config, teacher)
    printed = Recording(loss, divergence="printed", joint=True)
    train(student, series, printed, teacher)
    assert config.read | printed.read | {"error", "reduction"} == set(LOSSES[loss].reads)


@pytest.mark.usefixtures("own_rows")
@pytest.mark.parametrize("teacher", ["nothing", "outputs"])
def test_a_loss_of_the_users_is_one_function_and_one_row(series: SplitSeries, teacher: str) -> None:
    """It trains, a configuration has it, figures draw it, and sentences name it."""
    LOSSES.add(Loss(**WHOLE | {"teacher": teacher}))
    config = TrialConfig.of({"loss": "huber", "temperature": 0.3}).loss_config()
    student, plain, lessons = taught(series, "none")
    train(student, series, config, lessons)
    train(plain, series, LossConfig("none"), lessons)
    weights = [torch.cat([one.detach().flatten() for one in each.parameters()]) for each in (student, plain)]
    assert torch.isfinite(weights[0]).all()
    assert not torch.equal(*weights)
    stid = new_forecaster("stid", 4, None, series.adjacency, shape_of(series), outputs=9, history=12)
    assert incompatibility(config, student, stid) is None
    refused = incompatibility(LossConfig("scd"), student, stid)
    assert refused is not None
    assert refused.endswith("choose none, rd-l2, rd-kl, ord or huber for this pair")


def test_a_loss_that_reads_what_its_row_does_not_ask_for_says_what_to_write() -> None:
    with pytest.raises(SpaceError, match="write teacher='outputs' in its row"):
        _judged(LossConfig("ord"), LOSSES["ord"], teacher=False)


def _judged(config: LossConfig, row: Loss, *, teacher: bool = True) -> torch.Tensor:
    """Judge a random batch."""
    generator = torch.Generator().manual_seed(0)
    student, answers, target = torch.randn(3, 2, 4, 3, 5, generator=generator)
    taps, other = torch.randn(2, 1, 30, 5, 8, generator=generator)
    spatial = SpatialTable(pair_distances(other[0]).numpy())
    temporal = TemporalTable(lagged_distances(other, 2)[0].numpy())
    own, starts = taps[:, 3:9].repeat(2, 1, 1, 1), torch.tensor([3, 20])
    weights = row.spatial_weight(config), row.temporal_weight(config)
    features = Features([(own, spatial)], [(own, temporal)], starts, 4, *weights)
    measured = torch.ones_like(target, dtype=torch.bool)
    outputs = Outputs(student, target, measured, answers if teacher else None, 1.0, torch.zeros_like(target))
    judged = row.judge(config, outputs, features, generator)
    return torch.stack(list(judged)) if isinstance(judged, tuple) else judged


def taught(series: SplitSeries, loss: str) -> tuple[Forecaster, Forecaster, Teacher]:
    """Make two equal networks, and a teacher of random outputs and features for what a loss asks of it."""
    shape, starts = shape_of(series), series.splits["train"].starts[:40]
    networks = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        networks.append(new_forecaster("stgcn", 2, None, series.adjacency, shape, outputs=9, history=12))
    student, other, teacher = networks
    rng, data = np.random.default_rng(0), data_of(series)
    rows, nodes = int(starts[-1]) + 30, shape.nodes
    spatial = rng.random((rows, nodes * (nodes - 1) // 2), np.float32)
    temporal = {name: TemporalTable(rng.random((rows, lags, nodes), np.float32)) for name, lags in _lags(student)}
    tables = TeacherTables({name: SpatialTable(spatial) for name in student.spatial_taps}, temporal)
    forecasts = rng.normal(50, 10, (len(starts), 9, nodes)).astype(np.float32)
    return student, other, Teacher(forecasts, starts, data, tables if loss != "none" else None, (teacher, data))


def _lags(network: Forecaster) -> list[tuple[str, int]]:
    """Count the lags that a window has at each temporal tap."""
    with tapped(network, network.temporal_taps) as taps:
        network(torch.zeros(1, 12, 5, 1))
    return [(name, taps[name].shape[1] - 1) for name in network.temporal_taps]


def data_of(series: SplitSeries) -> WindowedSeries:
    return WindowedSeries(series, fit_scaler(series, None), torch.device("cpu"))


def train(network: Forecaster, series: SplitSeries, config: LossConfig, teacher: Teacher) -> None:
    """Train for two steps."""
    plan = Plan(epochs=1, learning_rate=1e-3, batch=10)
    starts = series.splits["train"].starts[:40]
    fit(network, data_of(series), starts, plan, config, seed=0, teacher=teacher, most_steps=2)
