"""C files forecast what their networks do, from raw readings and the time; compiled wherever there is a compiler."""

import ctypes
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.kinds_of_day import kind_names
from kdsearch.data.profile import Profile, Scaler
from kdsearch.data.quantity import QuantityName
from kdsearch.data.series import Series
from kdsearch.data.target import Target
from kdsearch.deploy.c.parts import Numbers
from kdsearch.deploy.c.source import int8_checkpoint, write_c
from kdsearch.deploy.forecast import newest_forecast
from kdsearch.models import Forecaster, build

NODES, HISTORY, HORIZON, MINUTES = 13, 12, 6, 15
SLOTS = 24 * 60 // MINUTES
CPU = torch.device("cpu")

STID = {"family": "stid", "size": {"reading": 7, "node": 3, "time": 4, "weekday": 1, "inner": (9, 5), "slots": SLOTS}}
LIGHTST = {"family": "lightst", "size": {"hidden": (11, 6), "width": 2, "steps": 3}}
STMLP_SIZES: dict[str, Any] = {
    "width": (2, 3),
    "tokens1": (5, 4),
    "tokens2": (3,),
    "inner1": (7, 6),
    "inner2": (9,),
    "pointwise": (6, 5, 4),
    "head": 3,
}
STMLP = {"family": "st-mlp", "size": STMLP_SIZES}
STGCN = {"family": "stgcn", "size": {"hidden": (2, 3), "output": (5, 4), "head": 6}}
WAYS = [
    pytest.param(STID, HORIZON, id="stid"),
    pytest.param(LIGHTST, HORIZON, id="lightst"),
    pytest.param(STMLP, HORIZON, id="st-mlp"),
    pytest.param(STMLP, HISTORY, id="st-mlp-whole-history"),
    pytest.param(STGCN, 1, id="stgcn-iterated"),
    pytest.param(STGCN, HORIZON, id="stgcn-direct"),
]


def network_of(spec: dict[str, Any], outputs: int) -> Forecaster:
    """On random roads of one way and their like, with weights that make every layer matter."""
    torch.manual_seed(0)
    randomness = np.random.default_rng(0)
    roads = randomness.uniform(0.2, 1, (NODES, NODES)) * (randomness.random((NODES, NODES)) < 0.2)
    np.fill_diagonal(roads, 0)
    roads[3] = roads[:, 3] = 0  # a sensor on no road
    network = build({**spec, "outputs": outputs, "history": HISTORY}, roads)
    for parameter in network.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    return network.eval()


def profile_of(kind: str, holidays: str | None) -> Profile | None:
    """A rush hour each day, of another height for each node and kind of day."""
    kinds, randomness = len(kind_names(holidays)), np.random.default_rng(1)
    if kind == "none":
        return None
    if kind == "low-rank":
        coefficients = randomness.normal(0, 40, (kinds * 17, 8)).astype(np.float32)
        shares = randomness.normal(0, 0.4, (8, NODES)).astype(np.float32)
        return Profile.of_factors(coefficients, shares, SLOTS, holidays)
    return Profile("table", randomness.uniform(0, 300, (kinds, SLOTS, NODES)).astype(np.float32), holidays=holidays)


def checkpoint_of(
    network: Forecaster, calendar: str = "table", holidays: str | None = None, quantity: QuantityName = "count"
) -> Checkpoint:
    scaler = Scaler(3.7, 41.3, profile_of(calendar, holidays), quantity)
    return Checkpoint.of(network, scaler, network._adjacency)


def target_of(**changes: Any) -> Target:
    fields: dict[str, Any] = {
        "channels": ("flow",),
        "sensors": tuple(f"sensor {node}" for node in range(NODES)),
        "unit": "vehicles / 15 min",
        "quantity": "count",
        "interval_minutes": MINUTES,
        "history": HISTORY,
        "horizon": HORIZON,
    }
    return Target(**(fields | changes))


@dataclass(frozen=True)
class Window:
    """Readings that end at a time."""

    readings: NDArray[np.float32]
    time: np.datetime64

    def series(self, target: Target) -> Series:
        """Make a series of the window alone, of one channel or several."""
        steps = (np.arange(HISTORY) - HISTORY + 1) * np.timedelta64(MINUTES, "m")
        channels, sensors = len(target.channels), len(target.sensors)
        return Series(
            name="window",
            values=self.readings.reshape(HISTORY, channels, sensors).transpose(0, 2, 1),
            times=self.time + steps,
            interval_minutes=MINUTES,
            unit=(target.unit,) * channels,
            channels=target.channels,
            adjacency=np.zeros((sensors, sensors)),
            sensor_ids=target.sensors,
        )


def windows() -> Iterator[Window]:
    """With and without gaps; across midnights, weekends, a holiday, a leap day, and in years that are far away."""
    randomness = np.random.default_rng(2)
    for number, time in enumerate(
        (
            "2024-03-04T10:15",
            "2024-03-02T00:00",
            "2024-03-03T01:30",
            "2024-03-03T23:15",
            "2024-07-04T09:00",
            "2023-12-25T00:45",
            "2024-02-29T23:45",
            "2039-11-24T12:00",
            "1969-12-31T23:30",
        )
    ):
        readings = randomness.uniform(0, 300, (HISTORY, NODES)).astype(np.float32)
        gaps = randomness.random(readings.shape) < (0, 0.2, 0.7)[number % 3]
        gaps[:, 5] |= number % 3 == 2  # without any reading
        gaps[0] |= number % 3 == 2  # nobody has begun
        readings[gaps] = np.nan
        yield Window(readings, np.datetime64(time, "m"))


Forecast = Callable[[Window], tuple[NDArray[np.float32], int]]


def compiler() -> str:
    """A C compiler of this machine."""
    found = next((name for name in ("gcc", "clang", "cc") if shutil.which(name)), None)
    return found or pytest.skip("no C compiler: neither gcc, clang nor cc is in the PATH")


def compiled(folder: Path, name: str, *, shape: tuple[int, int] = (HORIZON, NODES)) -> Forecast:
    """Compile a written forecaster, warnings being errors."""
    library = folder / f"{name}.so"
    strict = [
        "-std=c99",
        "-pedantic",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-Wdouble-promotion",
        "-Wshadow",
        "-O2",
        "-shared",
        "-fPIC",
    ]
    subprocess.run([compiler(), *strict, "-o", library, folder / f"{name}.c", "-lm"], check=True)
    function = ctypes.CDLL(str(library))[f"{name}_forecast"]
    numbers = ctypes.POINTER(ctypes.c_float)
    function.argtypes = (numbers, ctypes.c_int64, numbers)

    def forecast(window: Window) -> tuple[NDArray[np.float32], int]:
        made = np.full(shape, np.nan, np.float32)
        time = int(window.time.astype("datetime64[s]").astype(np.int64))
        readings = np.ascontiguousarray(window.readings)
        silent = function(readings.ctypes.data_as(numbers), time, made.ctypes.data_as(numbers))
        return made, silent

    return forecast


def assert_equal(forecast: Forecast, checkpoint: Checkpoint, target: Target) -> None:
    """Equal forecasts for all windows, to 1e-5 of the largest value; called twice, since memory is kept between."""
    for window in (*windows(), *windows()):
        made, silent = forecast(window)
        expected = newest_forecast(checkpoint, target, window.series(target))[1]
        np.testing.assert_allclose(made, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
        assert silent == np.isnan(window.readings).all(axis=0).sum()


@pytest.mark.parametrize("numbers", ["float", "int8"])
@pytest.mark.parametrize("calendar", ["none", "table", "low-rank"])
@pytest.mark.parametrize(("spec", "outputs"), WAYS)
def test_a_c_file_forecasts_what_the_network_does(
    tmp_path: Path, spec: dict[str, Any], outputs: int, calendar: str, numbers: Numbers
) -> None:
    """An int8 file forecasts what the network of its rounded weights does."""
    checkpoint, target = checkpoint_of(network_of(spec, outputs), calendar), target_of()
    write_c(checkpoint, target, tmp_path, name="knee", numbers=numbers)
    same = checkpoint if numbers == "float" else int8_checkpoint(checkpoint)
    assert_equal(compiled(tmp_path, "knee"), same, target)
