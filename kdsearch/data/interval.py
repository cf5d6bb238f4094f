"""The interval of a table: how far apart its rows are, for the most part."""

import contextlib
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kdsearch.data.clock import DAY_MINUTES, usual_spacing
from kdsearch.data.frame import Frame
from kdsearch.data.series_source import SeriesSource
from kdsearch.data.time_columns import time_columns
from kdsearch.data.time_text import WrittenTimes, is_time, parsed_times
from kdsearch.data.times_of_day import day_columns, is_clock
from kdsearch.data.written_times import slot_interval, written_times
from kdsearch.errors import DataError, DataQuestion

__all__ = ["check_spacing", "interval_of", "minutes_between"]

LEAST_ROWS = 3
LEAST_SHARE = 0.1
"""Of the rows that must be followed by one an interval later."""
MOST = 0.5


def interval_of(frame: Frame, source: SeriesSource) -> int:
    """Find the most frequent number of minutes between neighbouring times.

    Raises:
        DataError: The table has no two times, or its steps do not divide a day.
    """
    names = frame.names or ()
    in_header = [name for name in names if is_time(name)]
    above = 2 * len(in_header) > len(names)
    columns = () if above else time_columns(frame, source)
    if not above and not columns:
        raise DataError(f"{frame.file} holds no times; write interval_minutes")
    slots = day_columns(names, None) if source.layout in (None, "days") and len(columns) == 1 else {}
    if slots and frame.is_days(columns[0]):
        first, last = names[min(slots)], names[max(slots)]
        if source.layout is None and not is_clock(first):
            what = f"{frame.file}: the columns {first!r} to {last!r} may be the times of a day, or sensors"
            raise DataQuestion(what, "layout", ["days", "wide"])
        return int(np.median(np.diff([*slots.values()])))
    if minutes := slot_interval(frame, columns, source):
        return minutes

    def written(told: SeriesSource) -> WrittenTimes:
        if above:
            return parsed_times(pd.Series(in_header), told, 1, frame.place)
        return written_times(frame, columns, told, 1)

    return minutes_between(_in_some_order(written, source).clock, frame.file)


def _in_some_order(written: Callable[[SeriesSource], WrittenTimes], source: SeriesSource) -> WrittenTimes:
    """Read times with the day first or else the month: how far apart most of them are does not depend on it."""
    if source.date_order is None:
        with contextlib.suppress(DataError):
            return written(source.model_copy(update={"date_order": "day first"}))
        source = source.model_copy(update={"date_order": "month first"})
    return written(source)


def minutes_between(times: NDArray[np.datetime64], file: object) -> int:
    """Find the most frequent number of minutes between neighbouring times ``(row,)``, in any order.

    Raises:
        DataError: There are no two times, or the most frequent step does not divide a day.
    """
    unique = np.unique(times)
    if len(unique) < 2:
        raise DataError(f"{file} has no two times; write interval_minutes")
    seconds, _ = usual_spacing(unique)
    minutes = seconds // 60
    if minutes < 1 or DAY_MINUTES % minutes:
        raise DataError(
            f"{file}: its times are mostly {seconds} seconds apart, which divides no day; write interval_minutes"
        )
    return minutes


def check_spacing(times: NDArray[np.datetime64], interval_minutes: int, name: str) -> None:
    """Refuse rows that are mostly not one interval apart: a time of day was missed, or the interval is another.

    Args:
        times: Local times of the steps, ``(step,)``, increasing.
        interval_minutes: Minutes between steps, as they are said to be.
        name: The dataset, for the message.

    Raises:
        DataError: Fewer than a tenth of the rows are followed by one an interval later, and most by one much later.
    """
    right = np.diff(times) == np.timedelta64(interval_minutes, "m")
    if len(right) < LEAST_ROWS or right.mean() >= LEAST_SHARE:
        return
    seconds, share = usual_spacing(times)
    if share > MOST:
        minutes = seconds // 60
        raise DataError(
            f"most rows of {name} are {minutes:,} minutes apart, and interval_minutes says {interval_minutes}; write "
            f"interval_minutes = {minutes}, or, where times of day stand in a column or in the header, name them by "
            "time or layout under [series] in dataset.toml"
        )
