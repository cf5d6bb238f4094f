"""The interval of a table: how far apart its rows are, for the most part."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kdsearch.data.clock import DAY_MINUTES
from kdsearch.data.frame import Frame
from kdsearch.data.roles import time_columns
from kdsearch.data.series_source import SeriesSource
from kdsearch.data.time_text import is_clock, is_time, parsed_times
from kdsearch.errors import DataError

__all__ = ["check_spacing", "interval_of", "minutes_between"]

LEAST_ROWS = 3
LEAST_SHARE = 0.1
"""Of the rows that must be followed by one an interval later."""


def interval_of(frame: Frame, source: SeriesSource) -> int:
    """Find the most frequent number of minutes between neighbouring times.

    Raises:
        DataError: The table has no two times, or its steps do not divide a day.
    """
    names = frame.names or ()
    clocks = [name for name in names if is_clock(name)]
    if 2 * len(clocks) > len(names):
        return DAY_MINUTES // len(clocks)
    times = [name for name in names if is_time(name)]
    written = pd.Series(times) if 2 * len(times) > len(names) else _texts(frame, source)
    return minutes_between(_seconds(written, source, frame), frame.file)


def minutes_between(seconds: NDArray[np.int64], file: object) -> int:
    """Find the most frequent number of minutes between neighbouring times ``(row,)`` in seconds.

    Raises:
        DataError: There are no two times, or the most frequent step does not divide a day.
    """
    unique = np.unique(seconds)
    if len(unique) < 2:
        raise DataError(f"{file} has no two times; write interval_minutes")
    steps, counts = np.unique(np.diff(unique), return_counts=True)
    minutes = int(steps[counts.argmax()]) // 60
    if minutes < 1 or DAY_MINUTES % minutes:
        raise DataError(
            f"{file}: its times are mostly {steps[counts.argmax()]} seconds apart, which divides no day; write "
            "interval_minutes"
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
    apart = np.diff(times).astype("timedelta64[m]").astype(np.int64)
    if len(apart) < LEAST_ROWS or (apart == interval_minutes).mean() >= LEAST_SHARE:
        return
    steps, counts = np.unique(apart, return_counts=True)
    if 2 * counts.max() > len(apart):
        minutes = int(steps[counts.argmax()])
        raise DataError(
            f"most rows of {name} are {minutes:,} minutes apart, and interval_minutes says {interval_minutes}; write "
            f"interval_minutes = {minutes}, or, where times of day stand in a column or in the header, name them by "
            "time or layout under [series] in dataset.toml"
        )


def _texts(frame: Frame, source: SeriesSource) -> pd.Series:
    columns = time_columns(frame, source)
    if not columns:
        raise DataError(f"{frame.file} holds no times; write interval_minutes")
    cells = frame.data[columns[0]]
    if pd.api.types.is_datetime64_any_dtype(cells):
        return cells
    return frame.texts(columns[0]) if len(columns) == 1 else frame.texts(columns[0]) + " " + frame.texts(columns[1])


def _seconds(cells: pd.Series, source: SeriesSource, frame: Frame) -> NDArray[np.int64]:
    if pd.api.types.is_datetime64_any_dtype(cells):
        if isinstance(cells.dtype, pd.DatetimeTZDtype):
            cells = cells.dt.tz_convert("UTC").dt.tz_localize(None)
        return np.asarray(cells.to_numpy().astype("datetime64[s]").astype(np.int64))
    orders = [source.date_order] if source.date_order else ["day first", "month first"]
    for order in orders:
        try:
            written = parsed_times(cells, source.model_copy(update={"date_order": order}), 1, frame.place)
            return np.asarray(written.clock.astype(np.int64))
        except DataError:
            if order == orders[-1]:
                raise
    raise AssertionError("the last order raises")
