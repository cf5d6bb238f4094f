"""Forecasts of another system from a file, window by window: they teach like a network's."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kdsearch.data.protocols import SplitSeries
from kdsearch.data.target import Target
from kdsearch.errors import DataError
from kdsearch.table import unknown_name

__all__ = ["Answers", "read_answers"]

FORMAT = (
    "an .npz file with the arrays time (window), sensor (node) and forecast (window, horizon, node), or a .parquet "
    "file with the columns time, sensor, step and forecast, as kdsearch predict writes them"
)


@dataclass(frozen=True, eq=False)
class Answers:
    """Forecasts from a file for the windows of a series.

    Attributes:
        name: Name of the file.
        hash: Of its content: 24 hexadecimal digits.
        forecasts: Split -> forecasts in real units, ``(window, horizon, node)`` float32; of training and validation,
            and of the test split where the file has all of its windows.
    """

    name: str
    hash: str
    forecasts: Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class _Table:
    """What a file holds.

    Attributes:
        times: Time of the newest reading that each forecast knew, ``(window,)``, ascending.
        sensors: Ids, ``(node,)``.
        forecasts: ``(window, horizon, node)``; NaN where the file has none.
        unit: As the file says it; "" where it does not.
    """

    times: NDArray[np.datetime64]
    sensors: list[str]
    forecasts: NDArray[np.float32]
    unit: str


def read_answers(path: Path, series: SplitSeries) -> Answers:
    """Read forecasts, and match them to the windows and sensors of a series.

    Args:
        path: An .npz file, whose `time` is that of the newest reading that each forecast knew; or a .parquet file,
            whose `time` is the one that is forecast, `step` intervals after that reading. More windows, sensors and
            steps than needed may be there. `unit`, an array or a column, is compared with that of the readings. Where
            several channels are forecast, a sensor is "ID, CHANNEL", or a column `channel` stands beside it.
        series: Cut by the protocol.

    Raises:
        DataError: The file cannot be read, or lacks windows, sensors or steps; with the first that is missing.
    """
    if not path.is_file():
        raise DataError(f"there is no file {path} of answers; give {FORMAT}")
    readers = {".npz": _read_npz, ".parquet": _read_parquet}
    if path.suffix not in readers:
        raise DataError(f"answers are not read from {path.name}; give {FORMAT}")
    try:
        table = readers[path.suffix](path, series)
    except DataError:
        raise
    except Exception as error:  # of numpy or pyarrow, at a damaged file
        raise DataError(f"{path} cannot be read as answers ({error}); give {FORMAT}") from error
    matched = _of_windows(_of_sensors(table, series, path), series, path)
    content = hashlib.sha256(path.read_bytes()).hexdigest()[:24]
    return Answers(path.name, content, matched)


def _read_npz(path: Path, series: SplitSeries) -> _Table:  # noqa: ARG001 - as the other reader
    with np.load(path, allow_pickle=False) as arrays:
        for name in ("time", "sensor", "forecast"):
            if name not in arrays:
                raise DataError(f"{path}: {unknown_name('array', name, list(arrays))}")
        times, sensors, forecasts = arrays["time"], arrays["sensor"], arrays["forecast"]
        unit = str(arrays["unit"]) if "unit" in arrays else ""
    if forecasts.ndim != 3 or forecasts.shape[::2] != (len(times), len(sensors)):
        raise DataError(
            f"{path}: forecast has the shape {forecasts.shape}, with {len(times)} times and {len(sensors)} sensors; "
            "it must be (window, horizon, node)"
        )
    moments = times if times.dtype.kind == "M" else times.astype("datetime64[s]")
    order = np.argsort(moments, kind="stable")
    return _Table(moments[order].astype("datetime64[s]"), [str(one) for one in sensors], forecasts[order], unit)


def _read_parquet(path: Path, series: SplitSeries) -> _Table:
    frame = pd.read_parquet(path)
    for name in ("time", "sensor", "step", "forecast"):
        if name not in frame:
            raise DataError(f"{path}: {unknown_name('column', name, list(map(str, frame.columns)))}")
    steps = frame["step"].to_numpy(np.int64)
    if len(steps) and steps.min() < 1:
        raise DataError(f"{path} has step {steps.min()}; the first step after the newest reading is 1")
    minutes = steps * series.source.interval_minutes
    known = frame["time"].to_numpy("datetime64[s]") - minutes.astype("timedelta64[m]")
    times, row = np.unique(known, return_inverse=True)
    named = frame["sensor"].astype(str)
    if "channel" in frame:  # as nodes of several channels are named
        named = named + ", " + frame["channel"].astype(str)
    sensors, column = np.unique(named.to_numpy(), return_inverse=True)
    forecasts = np.full((len(times), int(steps.max(initial=0)), len(sensors)), np.nan, dtype=np.float32)
    forecasts[row, steps - 1, column] = frame["forecast"].to_numpy(np.float32)
    units = frame["unit"].astype(str).unique().tolist() if "unit" in frame else []
    return _Table(times, sensors.tolist(), forecasts, ", ".join(units))


def _of_sensors(table: _Table, series: SplitSeries, path: Path) -> _Table:
    """Put the series' own sensors in its order; refuse too short a horizon and another unit."""
    places = {name: place for place, name in enumerate(table.sensors)}
    wanted, horizon = Target.of(series).nodes, series.protocol.horizon
    if missing := [name for name in wanted if name not in places]:
        raise DataError(
            f"{path} lacks {len(missing)} of {len(wanted)} sensors, such as {missing[0]!r}; it has "
            f"{', '.join(map(repr, table.sensors[:3]))}, ..."
        )
    if table.forecasts.shape[1] < horizon:
        raise DataError(
            f"{path} has forecasts of {table.forecasts.shape[1]} steps, and the horizon has {horizon}; forecast "
            f"{horizon} steps, or shorten it with --horizon"
        )
    if table.unit and table.unit != series.unit:
        raise DataError(f"{path} is in {table.unit}, and the readings are in {series.unit}; convert the forecasts")
    chosen = table.forecasts[:, :horizon, [places[name] for name in wanted]]
    return _Table(table.times, wanted, chosen.astype(np.float32, copy=False), table.unit)


def _of_windows(table: _Table, series: SplitSeries, path: Path) -> dict[str, NDArray[np.float32]]:
    """Pick the forecasts of each split's windows; the test split is left out where it is not whole."""
    times = series.source.times.astype("datetime64[s]")
    found: dict[str, NDArray[np.float32]] = {}
    for split, name in (("train", "training"), ("val", "validation"), ("test", "test")):
        known = times[series.splits[split].starts + series.protocol.history - 1]
        rows = np.searchsorted(table.times, known).clip(max=max(0, len(table.times) - 1))
        there = table.times[rows] == known if len(table.times) else np.zeros(len(known), dtype=bool)
        there &= np.isfinite(table.forecasts[rows]).all(axis=(1, 2)) if there.any() else False
        if there.all():
            found[split] = table.forecasts[rows]
        elif split != "test":
            first: Any = known[~there][0]
            raise DataError(
                f"{path} lacks {int((~there).sum()):,} of {len(known):,} {name} windows, such as the one after the "
                f"reading of {first}; forecast {series.protocol.horizon} steps of every sensor after each of them"
            )
    return found
