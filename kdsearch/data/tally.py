"""One look at all readings of a series: counts, sums and ranges by sensor, channel and span of time."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.clock import DAY_MINUTES
from kdsearch.data.series import Series

__all__ = ["Tally", "tally_of"]

MOST_SPANS = 240

_SHORT_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, DAY_MINUTES, 2 * DAY_MINUTES)
_WEEK_MINUTES = 7 * DAY_MINUTES


@dataclass(frozen=True, eq=False)
class Tally:
    """Counts, sums and ranges of the readings of a series.

    Attributes:
        origin: Midnight before the first row, ``datetime64[m]``; spans are counted from there.
        span_minutes: Length of a span.
        spans: Numbers of the spans that have rows, increasing, ``(span,)``.
        rows: Rows of each, ``(span,)``.
        present: Readings that are there, ``(span, node, channel)``.
        zero: Those of them that are zero, of the same shape.
        filled_in: Those of them that the source filled in, of the same shape.
        sums: Of the readings that were measured, ``(node, channel)``.
        smallest: Of the readings that are there, ``(node, channel)``; NaN where there is none.
        largest: As `smallest`.
        step_sums: Of the readings that were measured, over all nodes, ``(step, channel)``.
        step_counts: How many these are, of the same shape.
    """

    origin: np.datetime64
    span_minutes: int
    spans: NDArray[np.int64]
    rows: NDArray[np.int64]
    present: NDArray[np.int32]
    zero: NDArray[np.int32]
    filled_in: NDArray[np.int32]
    sums: NDArray[np.float64]
    smallest: NDArray[np.float32]
    largest: NDArray[np.float32]
    step_sums: NDArray[np.float64]
    step_counts: NDArray[np.int64]

    @property
    def measured(self) -> NDArray[np.int32]:
        """Counts of the readings that were really measured, ``(span, node, channel)``."""
        return self.present - self.filled_in

    @property
    def means(self) -> NDArray[np.float64]:
        """Mean of what was measured, ``(node, channel)``; NaN where nothing was."""
        counts = self.measured.sum(axis=0)
        return np.where(counts > 0, self.sums / np.maximum(counts, 1), np.nan)


def tally_of(series: Series) -> Tally:
    """Look through a series once, some nodes at a time, so that no copy of all readings is made."""
    steps, nodes, channels = series.values.shape
    origin = series.times[0].astype("datetime64[D]").astype("datetime64[m]")
    minutes = (series.times - origin).astype(np.int64)
    length = next(one for one in _lengths() if one >= series.interval_minutes and minutes[-1] // one < MOST_SPANS)
    spans, starts, rows = np.unique(minutes // length, return_index=True, return_counts=True)
    counts = {name: np.zeros((len(spans), nodes, channels), np.int32) for name in ("present", "zero", "filled_in")}
    tally = Tally(
        origin=origin,
        span_minutes=length,
        spans=spans,
        rows=rows,
        **counts,
        sums=np.zeros((nodes, channels)),
        smallest=np.zeros((nodes, channels), np.float32),
        largest=np.zeros((nodes, channels), np.float32),
        step_sums=np.zeros((steps, channels)),
        step_counts=np.zeros((steps, channels), np.int64),
    )
    for channel, block, marks in series.filled_in_blocks():
        readings = np.ascontiguousarray(series.values[:, block, channel].T)  # to run along each node's in memory
        filled_in, present = np.ascontiguousarray(marks.T), np.isfinite(readings)
        for name, found in (("present", present), ("zero", readings == 0), ("filled_in", filled_in)):
            counts[name][:, block, channel] = np.add.reduceat(found, starts, axis=1, dtype=np.int32).T
        tally.smallest[block, channel] = np.fmin.reduce(readings, axis=1)
        tally.largest[block, channel] = np.fmax.reduce(readings, axis=1)
        measured = present & ~filled_in
        known = np.where(measured, readings, 0)
        tally.sums[block, channel] = known.sum(axis=1, dtype=np.float64)
        tally.step_sums[:, channel] += known.sum(axis=0, dtype=np.float64)
        tally.step_counts[:, channel] += measured.sum(axis=0)
    return tally


def _lengths() -> Iterator[int]:
    """Give lengths of spans that a clock or a calendar has, in minutes, longer and longer."""
    yield from _SHORT_MINUTES
    yield from (_WEEK_MINUTES << doublings for doublings in count())
