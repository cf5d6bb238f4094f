"""Exported files: the forecasts of the network from raw readings, small, and a false file refused."""

import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.examples import ExampleWindows
from kdsearch.data.profile import Profile, Scaler
from kdsearch.data.protocols import PROTOCOLS, SplitSeries, split_series
from kdsearch.data.series import Series
from kdsearch.data.target import Target
from kdsearch.data.windows import WindowedSeries
from kdsearch.deploy import export
from kdsearch.deploy.card import Card
from kdsearch.deploy.export import export_onnx, export_program
from kdsearch.deploy.forecast import newest_forecast
from kdsearch.deploy.measure import file_errors
from kdsearch.deploy.onnx_forecaster import OnnxForecaster, session
from kdsearch.deploy.whole import WholeForecaster
from kdsearch.errors import DataError, RunError
from kdsearch.measure.accuracy import network_scores
from kdsearch.models import Stgcn, StgcnSize
from kdsearch.testing import ring_road
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.network import new_network
from tests.deploy.parts import whole_parts

NODES = 5
HORIZON = 3
RING = np.roll(np.eye(NODES), 1, axis=1) + np.roll(np.eye(NODES), -1, axis=1)
NARROW = StgcnSize.of_width(2)
Parts = tuple[Checkpoint, Target, ExampleWindows]


def small(size: StgcnSize, outputs: int = 1, seed: int = 0) -> Stgcn:
    """On a ring road, with weights that make every layer matter."""
    torch.manual_seed(seed)
    network = Stgcn(RING, size, outputs=outputs)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return network


def parts(size: StgcnSize = NARROW, outputs: int = 1, **target: Any) -> Parts:
    return whole_parts(small(size, outputs), RING, HORIZON, **target)


def card_of(target: Target) -> Card:
    facts = {"family": "stgcn", "dataset": "7", "data_hash": "1e5", "protocol": "own", "protocol_hash": "null"}
    return Card(
        study="true", network="trial 7", protocol_text="12 in", weights=3, stored_numbers=4, kdsearch="0.1",
        metrics={"val": {"mae": {"all": 1.5}}}, target=target, **facts,
    )  # fmt: skip


def series_of(target: Target, windows: ExampleWindows, window: int) -> Series:
    """The readings of one window as a series that ends with it."""
    step = np.timedelta64(target.interval_minutes, "m")
    return Series(
        name="newest",
        values=windows.readings[window][..., None],
        times=(windows.times[window] - np.arange(target.history)[::-1] * step).astype("datetime64[m]"),
        interval_minutes=target.interval_minutes,
        unit=(target.unit,),
        channels=target.channels,
        adjacency=RING,
        sensor_ids=target.sensors,
    )


def profile(kind: str, holidays: str | None = None) -> Profile:
    """A calendar of 5 minutes of every kind, of readings about zero."""
    randomness, kinds = np.random.default_rng(1), 3 if holidays is None else 4
    if kind == "table":
        return Profile("table", randomness.normal(0, 9, (kinds, 288, NODES)).astype(np.float32), holidays=holidays)
    coefficients = randomness.normal(0, 50, (kinds * 17, 4)).astype(np.float32)
    return Profile.of_factors(coefficients, randomness.normal(0, 1, (4, NODES)).astype(np.float32), 288, holidays)


@pytest.mark.parametrize("outputs", [1, HORIZON], ids=["iterated", "direct"])
@pytest.mark.parametrize("size", [StgcnSize.of_width(4), StgcnSize((3, 2), (5, 4), 3)])
def test_an_onnx_file_forecasts_what_the_network_does(tmp_path: Path, size: StgcnSize, outputs: int) -> None:
    """From raw readings with gaps, in real units, for one window and for many."""
    checkpoint, target, windows = parts(size, outputs)
    export_onnx(checkpoint, target, tmp_path / "model.onnx", windows, card_of(target).metadata())
    file = OnnxForecaster(tmp_path / "model.onnx")
    assert file.card == card_of(target)
    made = file.run(windows.readings, windows.times)
    for window in range(len(windows.times)):
        times, expected = newest_forecast(checkpoint, target, series_of(target, windows, window))
        np.testing.assert_allclose(made.forecast[window], expected, rtol=0, atol=1e-3)
        alone = file.run(windows.readings[window][None], windows.times[window][None])
        np.testing.assert_allclose(alone.forecast[0], expected, rtol=0, atol=1e-3)
        assert checkpoint.bounds is not None
        hours = (times.astype("datetime64[h]") - times.astype("datetime64[D]")).astype(np.int64)
        radius = checkpoint.bounds.radius(hours)
        np.testing.assert_allclose(made.lower[window], expected - radius, rtol=1e-5, atol=1e-3)
        np.testing.assert_allclose(made.upper[window], expected + radius, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("holidays", [None, "US"])
@pytest.mark.parametrize("kind", ["table", "low-rank"])
@pytest.mark.parametrize("start", ["2024-12-22T23:30", "2026-07-03T11:15", "2011-12-31T22:55"])
def test_a_file_knows_the_calendar(tmp_path: Path, kind: str, holidays: str | None, start: str) -> None:
    """Each five minutes of more than a week: weekdays, midnights, holidays; long past years as well."""
    checkpoint, target, windows = parts(outputs=HORIZON)
    scaler = Scaler(50.0, 10.0, profile(kind, holidays))
    whole = WholeForecaster(replace(checkpoint, scaler=scaler), target).eval()
    times = np.datetime64(start, "s") + np.arange(0, 9 * 1440, 35) * np.timedelta64(60, "s")
    readings = torch.full((len(times), target.history, NODES), torch.nan)
    with torch.no_grad():
        usual = whole(readings, torch.from_numpy(times.astype(np.int64)))[-1].numpy()
    steps = np.arange(1 - target.history, HORIZON + 1) * np.timedelta64(300, "s")
    for one, row in zip(times, usual, strict=True):
        np.testing.assert_allclose(row, scaler.offsets(one + steps, NODES), rtol=0, atol=2e-4)
    if kind == "table":
        return
    export_onnx(replace(checkpoint, scaler=scaler), target, tmp_path / "m.onnx", windows, card_of(target).metadata())
    made = OnnxForecaster(tmp_path / "m.onnx").calendar(times[0] + np.arange(400) * np.timedelta64(300, "s"))
    expected = scaler.offsets(times[0] + np.arange(400) * np.timedelta64(300, "s"), NODES)
    np.testing.assert_allclose(made, expected, rtol=0, atol=1e-3)


def test_a_gap_that_began_before_the_window_is_filled_from_there(tmp_path: Path) -> None:
    checkpoint, target, windows = parts(outputs=HORIZON)
    checkpoint = replace(checkpoint, scaler=Scaler(50.0, 10.0, profile("low-rank")))
    export_onnx(checkpoint, target, tmp_path / "m.onnx", windows, card_of(target).metadata())
    file = OnnxForecaster(tmp_path / "m.onnx")
    long = replace(windows, readings=np.concatenate(list(windows.readings))[None])
    whole = series_of(target.model_copy(update={"history": long.readings.shape[1]}), long, 0)
    readings = whole.values[..., 0].copy()
    readings[-20:, 3] = readings[-14:-3, 0] = readings[:, 4] = np.nan
    expected = newest_forecast(checkpoint, target, replace(whole, values=readings[..., None]))[1]
    filled = file.filled(readings, whole.times)
    made = file.run(filled[None, -target.history :], whole.times[-1:]).forecast[0]
    np.testing.assert_allclose(made, expected, rtol=0, atol=1e-3)
    alone = file.run(readings[None, -target.history :], whole.times[-1:]).forecast[0]
    assert not np.allclose(alone, expected, atol=1e-2)


def test_counts_are_never_negative_in_a_file(tmp_path: Path) -> None:
    checkpoint, target, windows = parts(quantity="count")
    below = replace(checkpoint, scaler=Scaler(-100.0, 10.0, None))
    export_onnx(below, target, tmp_path / "m.onnx", windows, card_of(target).metadata())
    made = OnnxForecaster(tmp_path / "m.onnx").run(windows.readings - 150, windows.times)
    assert made.forecast.min() == 0
    assert made.lower.min() == 0


def test_a_zero_may_stand_for_a_missing_reading(tmp_path: Path) -> None:
    checkpoint, target, windows = parts(zero_is_missing=True)
    export_onnx(checkpoint, target, tmp_path / "m.onnx", windows, card_of(target).metadata())
    file = OnnxForecaster(tmp_path / "m.onnx")
    zeros = file.run(np.nan_to_num(windows.readings), windows.times).forecast
    np.testing.assert_array_equal(file.run(windows.readings, windows.times).forecast, zeros)


def test_a_file_of_two_channels_is_measured_on_both(tmp_path: Path, grid_series: SplitSeries) -> None:
    """It says that its protocol forecasts all channels, and its errors are those of its network."""
    network = new_network(grid_series, TrialConfig.of({"family": "stid", "width": 4, "loss": "none"}), 0)
    scaler, target = Scaler(5.0, 3.0, None), Target.of(grid_series)
    checkpoint, windows = Checkpoint.of(network, scaler, grid_series.adjacency), ExampleWindows.of(grid_series)
    export_onnx(checkpoint, target, tmp_path / "model.onnx", windows, card_of(target).metadata())
    file = OnnxForecaster(tmp_path / "model.onnx")
    assert file.card.target == target
    assert file.card.target.rules is not None
    series = split_series(grid_series.source, file.card.target.rules)
    data = WindowedSeries(grid_series, scaler, torch.device("cpu"))
    expected = network_scores(network.eval(), data, grid_series, "test").metrics["test"]
    for metric, errors in file_errors(file, series, "test").errors.items():
        assert errors == pytest.approx(expected[metric], rel=1e-4)


@pytest.mark.parametrize("width", [2, 32])
def test_a_file_is_as_small_as_what_it_holds(tmp_path: Path, width: int) -> None:
    """Each kernel is there once, however many steps are unrolled, and the graph without its zeros."""
    nodes = 120
    road = np.roll(np.eye(nodes), 1, axis=1) + np.roll(np.eye(nodes), -1, axis=1)
    torch.manual_seed(0)
    checkpoint, target, windows = whole_parts(Stgcn(road, StgcnSize.of_width(width)), road, HORIZON)
    export_onnx(checkpoint, target, tmp_path / "model.onnx", windows)
    graph = onnx.load(tmp_path / "model.onnx").graph
    kernels = [node.input[1] for node in graph.node if node.op_type == "Conv"]
    assert len(kernels) == 9 * HORIZON
    assert len(set(kernels)) == 9
    contents = [constant.raw_data for constant in graph.initializer if len(constant.raw_data) > 64]
    assert len(contents) == len(set(contents))
    weights = 4 * sum(value.size for value in checkpoint.state.values())
    assert (tmp_path / "model.onnx").stat().st_size < 1.5 * (weights + 8 * np.count_nonzero(road))


@pytest.mark.long
def test_a_dense_graph_of_learned_embeddings_is_made_where_the_file_is_opened(tmp_path: Path) -> None:
    """D2STGNN's three graphs of all pairs of nodes, and their powers, would be most of its file."""
    series = split_series(ring_road(days=12, nodes=100), PROTOCOLS["stgcn"])
    network = new_network(series, TrialConfig.of({"family": "d2stgnn", "width": 8, "loss": "none"}), 0)
    checkpoint = Checkpoint.of(network, Scaler(50.0, 10.0, None), series.adjacency)
    export_onnx(checkpoint, Target.of(series), tmp_path / "model.onnx", ExampleWindows.of(series))
    sizes = [math.prod(constant.dims) for constant in onnx.load(tmp_path / "model.onnx").graph.initializer]
    assert max(sizes) <= max(math.prod(value.shape) for value in checkpoint.state.values()) < 100 * 100


@pytest.mark.parametrize("write", [export_onnx, export_program])
def test_a_file_says_nothing_of_the_machine_it_was_written_on(tmp_path: Path, write: Callable[..., None]) -> None:
    checkpoint, target, windows = parts()
    write(checkpoint, target, tmp_path / "model.pt2", windows)
    assert str(Path(export.__file__).parent).encode() not in (tmp_path / "model.pt2").read_bytes()


def test_a_program_forecasts_what_the_network_does(tmp_path: Path) -> None:
    checkpoint, target, windows = parts(StgcnSize((3, 2), (5, 4), 3))
    export_program(checkpoint, target, tmp_path / "model.pt2", windows)
    program = torch.export.load(tmp_path / "model.pt2").module()
    times = torch.from_numpy(windows.times.astype("datetime64[s]").astype(np.int64))
    with torch.no_grad():
        made = program(torch.from_numpy(windows.readings), times)[0].numpy()
    for window in range(len(times)):
        expected = newest_forecast(checkpoint, target, series_of(target, windows, window))[1]
        np.testing.assert_allclose(made[window], expected, rtol=0, atol=1e-3)


@pytest.mark.parametrize(("offset", "said"), [(0.02, r"[12]\.\de-01"), (float("nan"), "nan")])
@pytest.mark.parametrize("write", [export_onnx, export_program])
def test_a_file_that_forecasts_otherwise_is_refused_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[..., None], offset: float, said: str
) -> None:
    """What is traced is a network with another bias at one node."""
    checkpoint, target, windows = parts(outputs=HORIZON)
    other = small(StgcnSize.of_width(2), HORIZON)
    other.head.node_bias.data[0] += offset
    false = export._whole(Checkpoint.of(other, checkpoint.scaler, RING, checkpoint.bounds), target)
    traced = export._traced
    monkeypatch.setattr(export, "_traced", lambda _, windows: traced(false, windows))
    with pytest.raises(RunError, match=f"forecast otherwise than its network, by {said} "):
        write(checkpoint, target, tmp_path / "model.pt2", windows)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("package", ["onnx", "onnxruntime", "onnxscript"])
def test_a_missing_package_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    checkpoint, target, windows = parts()
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(RunError, match=rf"{package}; pip install 'kdsearch\[onnx\]'"):
        export_onnx(checkpoint, target, tmp_path / "network.onnx", windows)
    assert not list(tmp_path.iterdir())


def test_running_a_file_needs_onnxruntime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    (tmp_path / "network.onnx").write_bytes(b"any")
    with pytest.raises(RunError, match=r"onnxruntime; pip install 'kdsearch\[onnx\]'"):
        session(tmp_path / "network.onnx", threads=1)


def test_what_is_no_exported_file_is_refused(tmp_path: Path) -> None:
    checkpoint, target, windows = parts()
    path = tmp_path / "m.onnx"
    with pytest.raises(DataError, match=r"there is no file .*m\.onnx; write one with `kdsearch export STUDY`"):
        OnnxForecaster(path)
    path.write_text("no file of that kind")
    with pytest.raises(DataError, match=r"m\.onnx is no ONNX file, or is damaged"):
        OnnxForecaster(path)
    export_onnx(checkpoint, target, path, windows)
    with pytest.raises(DataError, match=r"m\.onnx does not say what it forecasts"):
        OnnxForecaster(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"m\.onnx is no ONNX file, or is damaged"):
        OnnxForecaster(path)


def test_a_file_in_use_needs_no_torch() -> None:
    code = "import sys, kdsearch.deploy.onnx_forecaster; sys.exit(bool({'torch', 'optuna', 'ray'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
