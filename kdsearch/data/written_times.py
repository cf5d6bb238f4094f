"""The times of a table's rows, from columns of text or of times."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kdsearch.data.frame import Frame
from kdsearch.data.series_source import SeriesSource
from kdsearch.data.time_text import WrittenTimes, parsed_times
from kdsearch.errors import DataError

__all__ = ["written_times"]


def written_times(frame: Frame, columns: Sequence[int], source: SeriesSource, interval_minutes: int) -> WrittenTimes:
    """Read the times of a table's rows.

    Args:
        frame: The table.
        columns: That of the times, or those of dates and of times of day.
        source: What `dataset.toml` says of them.
        interval_minutes: Minutes between rows.

    Raises:
        DataError: A row has no time, or one that cannot be read.
        DataQuestion: Day and month cannot be told apart.
    """
    cells = frame.data[columns[0]]
    if pd.api.types.is_datetime64_any_dtype(cells):
        if (absent := np.flatnonzero(cells.isna())).size:
            raise DataError(f"{frame.place(int(absent[0]))}: the row has no time; write it, or remove the row")
        zoned = isinstance(cells.dtype, pd.DatetimeTZDtype)
        clock = cells.dt.tz_convert("UTC").dt.tz_localize(None) if zoned else cells
        offsets = np.zeros(len(cells), dtype=np.int64) if zoned else None
        return WrittenTimes(clock.to_numpy().astype("datetime64[s]"), offsets)
    texts = frame.texts(columns[0])
    if len(columns) > 1:
        texts = texts + " " + frame.texts(columns[1])
    return parsed_times(texts, source, interval_minutes, frame.place)
