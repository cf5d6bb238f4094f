"""C files forecast what their networks do, from raw readings and the time; compiled wherever there is a compiler."""

import ctypes
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.kinds_of_day import kind_names, kinds_of_day
from kdsearch.data.profile import Profile, Scaler
from kdsearch.data.quantity import QuantityName
from kdsearch.data.series import Series
from kdsearch.data.target import Target
from kdsearch.deploy.c.parts import float_text
from kdsearch.deploy.c.source import write_c
from kdsearch.deploy.forecast import newest_forecast
from kdsearch.deploy.quantise import int8_checkpoint
from kdsearch.deploy.rounding import Numbers
from kdsearch.errors import DataError
from kdsearch.measure.bounds import Bounds, bounds_around
from kdsearch.models import Forecaster, build
from kdsearch.prune.shrink import shrink

NODES, HISTORY, HORIZON, MINUTES = 13, 12, 6, 15
SLOTS = 24 * 60 // MINUTES
STRICT = ("-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-Wdouble-promotion", "-Wshadow", "-O2")

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
    subprocess.run([compiler(), *STRICT, "-shared", "-fPIC", "-o", library, folder / f"{name}.c", "-lm"], check=True)
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
    write_c(same, target, tmp_path, name="again", numbers=numbers)  # numbers that are rounded stay as they are
    assert_equal(compiled(tmp_path, "again"), same, target)


@pytest.mark.parametrize(("spec", "outputs"), WAYS)
def test_a_pruned_network(tmp_path: Path, spec: dict[str, Any], outputs: int) -> None:
    whole = network_of(spec, outputs)
    masks = {}
    for group in whole.channel_groups():
        masks[group.name] = torch.arange(group.size) % 3 != 1
        masks[group.name][list(group.required) or [0]] = True
    small = shrink(whole, masks)
    checkpoint, target = checkpoint_of(small), target_of()
    assert sum(one.numel() for one in small.parameters()) < sum(one.numel() for one in whole.parameters())
    write_c(checkpoint, target, tmp_path, name="small")
    assert_equal(compiled(tmp_path, "small"), checkpoint, target)


@pytest.mark.parametrize("calendar", ["table", "low-rank"])
def test_holidays_are_days_of_their_own(tmp_path: Path, calendar: str) -> None:
    checkpoint, target = checkpoint_of(network_of(STID, HORIZON), calendar, "US"), target_of()
    write_c(checkpoint, target, tmp_path, name="knee")
    assert "Holidays of US are known from 2010 to 2040" in (tmp_path / "knee.h").read_text()
    forecast = compiled(tmp_path, "knee")
    for window in windows():
        if window.time > np.datetime64("2010"):
            expected = newest_forecast(checkpoint, target, window.series(target))[1]
            np.testing.assert_allclose(forecast(window)[0], expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_every_day_of_the_years_whose_holidays_are_known(tmp_path: Path) -> None:
    """A network of zeros forecasts the calendar itself, here the number of the kind of day."""
    network = network_of(LIGHTST, HORIZON)
    for parameter in network.parameters():
        parameter.data.zero_()
    table = np.arange(4, dtype=np.float32)[:, None, None].repeat(SLOTS, 1).repeat(NODES, 2)
    profile = Profile("table", table, holidays="DE-BW")
    target = target_of(quantity="none")
    write_c(Checkpoint.of(network, Scaler(0.0, 1.0, profile), network._adjacency), target, tmp_path, name="knee")
    forecast = compiled(tmp_path, "knee")
    days = np.arange("2010-01-01", "2041-01-01", dtype="datetime64[D]")
    readings = np.zeros((HISTORY, NODES), np.float32)
    steps = np.arange(HISTORY) - HISTORY + 1
    for day, kind in zip(days, kinds_of_day(days, "DE-BW"), strict=True):
        window = Window(readings + 0, day + np.timedelta64(12 * 60, "m"))
        window.readings[:] = kinds_of_day(window.time + steps * np.timedelta64(MINUTES, "m"), "DE-BW")[:, None]
        assert (forecast(window)[0] == kind).all(), day


def test_every_minute_has_the_slot_of_its_network(tmp_path: Path) -> None:
    """Times of day are rounded to the nearest row of STID's table as torch does, in the last one too."""
    checkpoint, target = checkpoint_of(network_of(STID, HORIZON), "none"), target_of()
    write_c(checkpoint, target, tmp_path, name="knee")
    forecast, readings = compiled(tmp_path, "knee"), next(iter(windows())).readings
    for minute in range(0, 24 * 60 - MINUTES // 2 - 1, 7):
        window = Window(readings, np.datetime64("2024-03-05T00:00", "m") + minute)
        expected = newest_forecast(checkpoint, target, window.series(target))[1]
        np.testing.assert_allclose(forecast(window)[0], expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize(
    ("calendar", "changes"),
    [
        ("table", {"zero_is_missing": True}),
        ("table", {"quantity": "none"}),
        ("low-rank", {"channels": ("flow",), "horizon": 2}),
    ],
)
@pytest.mark.parametrize(("spec", "outputs"), WAYS)
def test_what_is_forecast_may_differ(
    tmp_path: Path, spec: dict[str, Any], outputs: int, calendar: str, changes: dict[str, Any]
) -> None:
    """Zeros for gaps, readings below zero, a horizon shorter than what the network gives at once."""
    checkpoint, target = checkpoint_of(network_of(spec, outputs), calendar), target_of(**changes)
    write_c(checkpoint, target, tmp_path, name="knee")
    assert_equal(compiled(tmp_path, "knee", shape=(target.horizon, NODES)), checkpoint, target)


@pytest.mark.parametrize("quantity", ["count", "none"])
@pytest.mark.parametrize(("spec", "calendar"), [(STID, "table"), (LIGHTST, "none")], ids=["clock", "no-clock"])
def test_bounds_are_those_of_the_network(
    tmp_path: Path, spec: dict[str, Any], calendar: str, quantity: QuantityName
) -> None:
    """By sensor, hour and step, across midnight, before 1970, in place of the forecast; counts have none below zero."""
    checkpoint = checkpoint_of(network_of(spec, HORIZON), calendar, quantity=quantity)
    sizes = np.random.default_rng(3).uniform(20, 90, NODES), np.arange(1.0, 25), np.linspace(0.5, 2, HORIZON)
    bounds = Bounds(0.9, *(size.astype(np.float32) for size in sizes))
    target = target_of(quantity=quantity)
    write_c(replace(checkpoint, bounds=bounds), target, tmp_path, name="knee")
    assert "hold 90 % of readings" in (tmp_path / "knee.h").read_text()
    forecast = compiled(tmp_path, "knee")
    function, numbers = ctypes.CDLL(str(tmp_path / "knee.so")).knee_bounds, ctypes.POINTER(ctypes.c_float)
    function.argtypes, function.restype = (ctypes.c_int64, numbers, numbers, numbers), None
    for window in windows():
        made, _ = forecast(window)
        times = window.time + (np.arange(HORIZON) + 1) * np.timedelta64(MINUTES, "m")
        hours = (times - times.astype("datetime64[D]")).astype(np.int64) // 60
        lowest = -np.inf if target.kind.smallest is None else target.kind.smallest
        expected = bounds_around(made, bounds.radius(hours), lowest)
        lower, upper = made.copy(), np.empty_like(made)
        time = int(window.time.astype("datetime64[s]").astype(np.int64))
        given = lower.ctypes.data_as(numbers)
        function(time, given, given, upper.ctypes.data_as(numbers))
        np.testing.assert_allclose(lower, expected[0], rtol=1e-6, atol=1e-3)
        np.testing.assert_allclose(upper, expected[1], rtol=1e-6, atol=1e-3)


def test_a_network_without_bounds_has_no_function_for_them(tmp_path: Path) -> None:
    write_c(checkpoint_of(network_of(STID, HORIZON)), target_of(), tmp_path, name="knee")
    assert "bounds" not in (tmp_path / "knee.h").read_text() + (tmp_path / "knee.c").read_text()


def test_no_forecast_is_below_the_smallest_value(tmp_path: Path) -> None:
    checkpoint = checkpoint_of(network_of(STID, HORIZON), "none")
    below = replace(checkpoint, scaler=replace(checkpoint.scaler, mean=-1e5))
    for quantity in ("count", "none"):
        write_c(below, target_of(quantity=quantity), tmp_path, name=quantity)
    window = Window(np.full((HISTORY, NODES), -1e5, np.float32), np.datetime64("2024-03-04T10:15"))
    assert (compiled(tmp_path, "count")(window)[0] == 0).all()
    assert (compiled(tmp_path, "none")(window)[0] < -9e4).all()


@pytest.mark.parametrize("nodes", [1, 4, 31, 32, 33, 70])
def test_any_number_of_sensors(tmp_path: Path, nodes: int) -> None:
    """One block of lanes, or several, the last one full or not; two channels are two nodes for each sensor."""
    torch.manual_seed(0)
    pairs = 2 * nodes
    ring = np.roll(np.eye(pairs), 1, axis=1) + np.roll(np.eye(pairs), -1, axis=1)
    readings = np.random.default_rng(0).uniform(0, 99, (HISTORY, pairs)).astype(np.float32)
    readings[-3:, 0] = np.nan
    target = target_of(channels=("in", "out"), sensors=tuple(map(str, range(nodes))))
    for spec, outputs in ((STID, HORIZON), (STMLP, HORIZON), (STGCN, 1)):
        network = build({**spec, "outputs": outputs, "history": HISTORY}, ring)
        checkpoint = checkpoint_of(network, "none")
        name = network.family.replace("-", "_")
        write_c(checkpoint, target, tmp_path, name=name)
        window = Window(readings, np.datetime64("2024-03-04T10:15"))
        made, _ = compiled(tmp_path, name, shape=(HORIZON, pairs))(window)
        expected = newest_forecast(checkpoint, target, window.series(target))[1]
        np.testing.assert_allclose(made, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


MAIN = """
#include "one.h"
#include "two.h"
#include <stdio.h>
int main(void)
{
    static float readings[ONE_HISTORY * ONE_NODES], forecast[ONE_HORIZON * ONE_NODES];
    one_forecast(readings, 1709547300, forecast);
    two_forecast(readings, 1709547300, forecast + TWO_NODES);
    printf("%d", ONE_SCRATCH_BYTES);
    return 0;
}
"""


def test_two_forecasters_are_linked_into_one_program_that_allocates_nothing(tmp_path: Path) -> None:
    """All that they make public are their functions; all that they call is mathematics and copies of memory."""
    for name, spec, outputs in (("one", STGCN, 1), ("two", STGCN, HORIZON)):
        write_c(checkpoint_of(network_of(spec, outputs)), target_of(), tmp_path, name=name)
    (tmp_path / "main.c").write_text(MAIN)
    sources = ["main.c", "one.c", "two.c"]
    subprocess.run([compiler(), *STRICT, "-c", *sources], check=True, cwd=tmp_path)
    objects = [source.replace(".c", ".o") for source in sources]
    subprocess.run([compiler(), "-o", "program", *objects, "-lm"], check=True, cwd=tmp_path)
    said = subprocess.run([tmp_path / "program"], check=True, capture_output=True, text=True).stdout
    if shutil.which("nm") is None or shutil.which("size") is None:
        pytest.skip("binutils, which list an object file's names and sizes, are not installed")
    names = subprocess.run(["nm", "one.o"], check=True, capture_output=True, text=True, cwd=tmp_path).stdout
    kinds = {line.split()[-1]: line.split()[-2] for line in names.splitlines()}
    assert [name for name, kind in kinds.items() if kind.isupper() and kind != "U"] == ["one_forecast"]
    called = {name for name, kind in kinds.items() if kind == "U"}
    assert called - {"_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail"} <= {"expf", "sqrtf", "memcpy", "memmove", "memset"}
    sizes = subprocess.run(["size", "one.o"], check=True, capture_output=True, text=True, cwd=tmp_path).stdout
    assert 0 <= int(sizes.splitlines()[1].split()[2]) - int(said) < 512  # what aligns the buffers


def test_the_header_says_what_goes_in_and_cannot_be_broken_by_names(tmp_path: Path) -> None:
    names = ("*/ int x;", 'a/* "b"', "Straße\\", "line\nend", *map(str, range(NODES - 4)))
    write_c(
        checkpoint_of(network_of(STID, HORIZON)),
        target_of(sensors=names, unit="vehicles */ 15 min"),
        tmp_path / "new folder",
        name="knee",
        origin="study a */ trial 7",
    )
    header = (tmp_path / "new folder" / "knee.h").read_text(encoding="ascii")
    assert "stid of study a * / trial 7" in header
    assert "A step is 15 minutes. Readings and forecasts are in vehicles * / 15 min." in header
    assert "#define KNEE_NODES 13\n" in header
    compiled(tmp_path / "new folder", "knee")


@pytest.mark.parametrize("name", ["", "Knee", "7", "a-b", "a b", "a\n"])
def test_a_name_that_c_does_not_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="cannot name a C file; begin with a small letter"):
        write_c(checkpoint_of(network_of(STID, HORIZON)), target_of(), tmp_path, name=name)
    assert not list(tmp_path.iterdir())


def test_a_family_that_is_not_written_is_refused(tmp_path: Path) -> None:
    network = network_of({"family": "lightst-teacher", "size": {"width": 2}}, HORIZON)
    said = "networks of family lightst-teacher are not written as C; those of stid, lightst, st-mlp, stgcn are"
    with pytest.raises(DataError, match=said):
        write_c(checkpoint_of(network), target_of(), tmp_path, name="knee")


def test_steps_that_are_not_written_are_refused(tmp_path: Path) -> None:
    for spec in (STGCN, LIGHTST):
        with pytest.raises(DataError, match="gives 2 steps of 6 at once, which is not written as C"):
            write_c(checkpoint_of(network_of(spec, 2)), target_of(), tmp_path, name="knee")


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    network = network_of(STID, HORIZON)
    dict(network.named_parameters())["regression.bias"].data[0] = float("nan")
    with pytest.raises(DataError, match="the network's numbers regression_bias are not all finite"):
        write_c(checkpoint_of(network), target_of(), tmp_path, name="knee")


def test_rounded_numbers_are_near() -> None:
    """Weights to half a step of 127 in each output channel, the calendar to half a step of 32767."""
    checkpoint = checkpoint_of(network_of(STID, HORIZON))
    rounded = int8_checkpoint(checkpoint)
    for name, value in checkpoint.state.items():
        if value.ndim == 1:
            np.testing.assert_array_equal(rounded.state[name], value)
            continue
        across = 0 if name in {"node", "time", "weekday"} else 1
        step = np.abs(value).max(axis=across, keepdims=True) / 127
        assert (np.abs(rounded.state[name] - value) <= 0.501 * step).all()
        assert not np.array_equal(rounded.state[name], value)
    before, after = checkpoint.scaler.profile, rounded.scaler.profile
    assert before is not None
    assert after is not None
    assert np.abs(after.table - before.table).max() <= 0.501 * before.table.max() / 32767


@pytest.mark.parametrize(("number", "text"), [(0.1, "0.1f"), (-3, "-3.0f"), (1e-9, "1e-09f"), (1e20, "1e+20f")])
def test_a_number_has_the_fewest_digits_that_give_it_again(number: float, text: str) -> None:
    assert float_text(number) == text
