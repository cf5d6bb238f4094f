"""The times of a table's rows, from columns of text, of numbers or of times."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from kdsearch.data.clock import DAY_MINUTES
from kdsearch.data.frame import Frame
from kdsearch.data.series_source import SeriesSource
from kdsearch.data.time_text import WrittenTimes, parsed_times, without_midnight
from kdsearch.data.times_of_day import are_slots, as_clocks, beginning, clocks_of_slots, first_slot_of, slot_minutes
from kdsearch.errors import DataError

__all__ = ["slot_interval", "written_times", "zone_of"]


def written_times(frame: Frame, columns: Sequence[int], source: SeriesSource, interval_minutes: int) -> WrittenTimes:
    """Read the times of a table's rows.

    Args:
        frame: The table; no row is without a time.
        columns: That of the times, or those of dates and, the last one, of times of day: clocks, or numbers of the
            day's intervals. A format that has the hour is of all columns, with a space between.
        source: What `dataset.toml` says of them.
        interval_minutes: Minutes between rows.

    Raises:
        DataError: A time cannot be read.
        DataQuestion: Day and month cannot be told apart, or the format or the first number of a day is not certain.
    """
    if len(columns) == 1 and pd.api.types.is_datetime64_any_dtype(frame.data[columns[0]]):
        return _stored(frame.data[columns[0]])
    *days, times = (frame.texts(column) for column in columns)
    if not _apart(columns, source):
        return parsed_times(_joined([*days, times]), source, interval_minutes, frame.place)
    dates = parsed_times(_mapped(_joined(days), without_midnight), source, interval_minutes, frame.place)
    if (late := np.flatnonzero(dates.clock != dates.clock.astype("datetime64[D]"))).size:
        raise DataError(
            f"{frame.place(int(late[0]))}: {_joined(days).iloc[late[0]]!r} has a time of day beside that of the column "
            f"{frame.name(columns[-1])}; write time = the one that holds"
        )
    notes = dates.notes
    if (clocks := as_clocks(times)) is not None:
        times = clocks
    elif are_slots(times):
        column = f"the column {frame.name(columns[-1])}"
        what = f"{frame.file}: {column}"
        first = first_slot_of(times, source.first_slot, DAY_MINUTES // interval_minutes, what)
        times = clocks_of_slots(times, first, interval_minutes, what, frame.place)
        notes += (f"{column} counts the {interval_minutes}-minute intervals of a day from {first}, at 00:00",)
    written = pd.Series(np.datetime_as_string(dates.clock, unit="D"), dtype=object)
    told = source.model_copy(update={"time_format": None})
    found = parsed_times(_joined([written, _mapped(times, beginning)]), told, interval_minutes, frame.place)
    return replace(found, notes=notes)


def slot_interval(frame: Frame, columns: Sequence[int], source: SeriesSource) -> int | None:
    """Find how many minutes the intervals have that numbers beside dates count; None where there are none.

    Raises:
        DataError: The numbers make no day.
        DataQuestion: It is not certain where they begin.
    """
    if not _apart(columns, source) or not are_slots(texts := frame.texts(columns[-1])) or as_clocks(texts) is not None:
        return None
    return slot_minutes(texts, source.first_slot, f"{frame.file}: the column {frame.name(columns[-1])}")


def zone_of(cells: pd.Series) -> str | None:
    """Name the zone of stored times; None where they have none, or only an offset from UTC."""
    zone = getattr(cells.dtype, "tz", None)
    return None if zone is None or zone.utcoffset(None) is not None else str(zone)


def _stored(cells: pd.Series) -> WrittenTimes:
    """Take times that are no text, those with a zone in UTC or with their one offset."""
    zone = getattr(cells.dtype, "tz", None)
    if zone is None:
        return WrittenTimes(cells.to_numpy().astype("datetime64[s]"))
    offset = zone.utcoffset(None)
    minutes = 0 if offset is None else round(offset.total_seconds() / 60)
    clock = cells.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("datetime64[s]")
    return WrittenTimes(clock + np.timedelta64(minutes, "m"), np.full(len(cells), minutes, dtype=np.int64))


def _apart(columns: Sequence[int], source: SeriesSource) -> bool:
    """Tell whether the last column holds times of day, and is not read by a format together with the others."""
    if source.time_format is None:
        return len(columns) == 2
    parts = source.time_format.split()
    return 1 < len(columns) != len(parts) and not any(one in source.time_format for one in ("%H", "%I"))


def _joined(texts: Sequence[pd.Series]) -> pd.Series:
    joined = texts[0]
    for one in texts[1:]:
        joined = joined + " " + one
    return joined


def _mapped(texts: pd.Series, change: Callable[[str], str]) -> pd.Series:
    """Change cells, each different one once."""
    codes, unique = pd.factorize(texts)
    return pd.Series(np.array([change(one) for one in unique], dtype=object)[codes], dtype=object)
