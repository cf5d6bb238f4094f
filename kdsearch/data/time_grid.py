"""Readings at their times brought to one row for each step and one column for each sensor."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.zones import LocalTimes
from kdsearch.errors import DataError

__all__ = ["Placed", "placed"]


@dataclass(frozen=True)
class Placed:
    """Readings on the grid of times and sensors.

    Attributes:
        times: ``datetime64[m]`` ``(step,)``, increasing.
        values: ``(step, node, channel)``, NaN where nothing was read.
        made: bool ``(step, node)``, where the hour that a clock shows twice was averaged.
        notes: What was done, one sentence each.
    """

    times: NDArray[np.datetime64]
    values: NDArray[np.floating[Any]]
    made: NDArray[np.bool_] | None
    notes: tuple[str, ...]

    @property
    def marks(self) -> NDArray[np.bool_] | None:
        """Mark in all channels what was averaged, ``(step, node, channel)``; None where nothing was."""
        return None if self.made is None else np.repeat(self.made[:, :, None], self.values.shape[2], axis=2)


def placed(
    local: LocalTimes,
    nodes: NDArray[np.int64] | None,
    values: NDArray[np.floating[Any]],
    *,
    interval_minutes: int,
    rule: str | None,
    place: Callable[[int], str],
    ids: Sequence[str] = (),
) -> Placed:
    """Place readings on the grid of steps and sensors.

    Args:
        local: Times of the rows.
        nodes: Sensor of each row ``(row,)``; None where a row holds all sensors.
        values: ``(row, channel)``, or ``(row, node, channel)`` where a row holds all sensors.
        interval_minutes: Minutes between steps.
        rule: "nearest" takes the reading nearest to each step, "mean" the mean of those within it; None refuses
            readings off the grid.
        place: Names a row for a message.
        ids: Names of the sensors, for a message.

    Raises:
        DataError: A time is off the grid, or there twice.
    """
    notes = list(local.notes)
    stamps = _gridded(local.stamps, interval_minutes, rule, place)
    if nodes is None and rule is None and (np.diff(stamps) > np.timedelta64(0, "m")).all():
        return Placed(stamps, values, None, local.notes)  # as nearly all files are, and large ones without a copy
    times, steps = np.unique(stamps, return_inverse=True)
    shape = (len(times), *values.shape[1:]) if nodes is None else (len(times), len(ids), values.shape[1])
    cells = steps if nodes is None else steps * len(ids) + nodes
    order = np.argsort(cells, kind="stable")
    if rule == "nearest":
        distance = np.abs((local.stamps - stamps.astype("datetime64[s]")).astype(np.int64))
        order = np.lexsort((np.arange(len(cells)), distance, cells))
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = np.diff(cells[order]) != 0
    repeated = order[~first]
    made = None
    if repeated.size and rule is None:
        clash = repeated if local.twice is None else repeated[~local.twice[repeated]]
        if clash.size:
            raise _twice_there(int(clash[0]), cells, local, place, ids if nodes is not None else ())
        made = np.zeros(shape[:2], dtype=np.bool_)
        (made if nodes is None else made.reshape(-1))[cells[repeated]] = True
        notes.append(
            f"the hour that the clock shows twice ({local.stamps[repeated[0]]}) has the mean of both, which counts as "
            "not measured"
        )
    flat = np.full((shape[0] if nodes is None else shape[0] * shape[1], *values.shape[1:]), np.nan)
    if rule == "nearest":
        flat[cells[order[first]]] = values[order[first]]
    elif repeated.size:
        flat = _means(cells, values, flat)
    else:
        flat[cells] = values
    return Placed(times, flat.reshape(shape), made, tuple(notes))


def _means(
    cells: NDArray[np.int64], values: NDArray[np.floating[Any]], flat: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Average the readings of each cell, leaving out those that are missing."""
    there = np.isfinite(values)
    sums, counts = np.zeros_like(flat), np.zeros_like(flat)
    np.add.at(sums, cells, np.where(there, values, 0.0))
    np.add.at(counts, cells, there)
    return np.divide(sums, counts, out=flat, where=counts > 0)


def _gridded(
    stamps: NDArray[np.datetime64], interval_minutes: int, rule: str | None, place: Callable[[int], str]
) -> NDArray[np.datetime64]:
    """Bring times to the grid, ``datetime64[m]``; the grid of times that need no rule begins at the first one."""
    seconds, step = stamps.astype("datetime64[s]").astype(np.int64), interval_minutes * 60
    if rule is not None:
        origin = int(seconds.min()) // 86400 * 86400
        shifted = seconds - origin + (step // 2 if rule == "nearest" else 0)
        return np.asarray((origin + shifted // step * step).astype("datetime64[s]").astype("datetime64[m]"))
    off = np.flatnonzero((seconds - seconds.min()) % step) if len(seconds) else np.zeros(0, dtype=np.int64)
    off = off if off.size else np.flatnonzero(seconds % 60)
    if off.size:
        row, first = int(off[0]), int(seconds.argmin())
        raise DataError(
            f"{place(row)}: the time {_shown(stamps[row])} is off the {interval_minutes}-minute grid that begins at "
            f'{_shown(stamps[first])}; correct interval_minutes, or write on_grid = "nearest" or "mean" under [series]'
        )
    return np.asarray(stamps.astype("datetime64[m]"))


def _shown(stamp: np.datetime64) -> str:
    """Write a time without seconds where they are zero."""
    text = str(stamp.astype("datetime64[s]"))
    return text.removesuffix(":00")


def _twice_there(
    row: int, cells: NDArray[np.int64], local: LocalTimes, place: Callable[[int], str], ids: Sequence[str]
) -> DataError:
    other = int(np.flatnonzero(cells == cells[row])[0])
    whose = f" of sensor {ids[cells[row] % len(ids)]}" if ids else ""
    one = "one, or keep rows of one kind where a column tells kinds such as lanes apart" if ids else "one"
    return DataError(
        f"{place(row)}: the time {_shown(local.stamps[row])}{whose} is there twice (first at {place(other)}); remove "
        f'{one}, or write timezone = "..." at the top of dataset.toml if the clock was set back as summer time ended'
    )
