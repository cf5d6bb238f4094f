"""Which columns of a table hold its times: one, or those of the dates and of the times of day."""

import re
from collections.abc import Sequence

import numpy as np

from kdsearch.data.columns import SENSOR_NAMES, SLOT_NAMES, TIME_NAMES, named_like
from kdsearch.data.frame import Frame
from kdsearch.data.series_source import SeriesSource
from kdsearch.data.time_formats import likely_formats, remedy_of
from kdsearch.data.times_of_day import as_clocks, may_be_slots
from kdsearch.data.written_numbers import MISSING_WORDS
from kdsearch.errors import DataError, DataQuestion

__all__ = ["refuse_unread_times", "time_columns"]

_PARTS = {
    "year": re.compile(r"year|jahr|ann[ée]e|a[ñn]o", re.I),
    "month": re.compile(r"month|monat|mois|mes", re.I),
    "day": re.compile(r"day|day of month|tag|jour|d[ií]a", re.I),
    "hour": re.compile(r"hour|stunde|heure|hora", re.I),
    "minute": re.compile(r"minute|min", re.I),
}
"""Names of columns that hold a part of a time each, in the order that `time` has them."""


def time_columns(frame: Frame, source: SeriesSource) -> tuple[int, ...]:
    """Find the column of times, or those of dates and of times of day; none where the table has none.

    Raises:
        DataError: A column that was named is not there, or a row has no time.
        DataQuestion: Several columns hold times, or parts of them.
    """
    columns = tuple(frame.column(name, "time") for name in source.time) or _found(frame, source)
    for column in columns:
        cells = frame.data[column]
        empty = cells.isna() | cells.astype(object).isin(MISSING_WORDS) if frame.is_text(column) else cells.isna()
        if (rows := np.flatnonzero(empty)).size:
            raise DataError(f"{frame.place(int(rows[0]))}: the row has no time; write it, or take the row out")
    return columns


def _found(frame: Frame, source: SeriesSource) -> tuple[int, ...]:
    named = {"ignore": source.ignore, "values": source.values, "sensor": (source.sensor,) if source.sensor else ()}
    told = {frame.column(name, key) for key, names in named.items() for name in names}
    free = [column for column in frame.columns if column not in told]
    found = [column for column in free if frame.is_times(column)]
    if len(found) > 1:
        raise DataQuestion(f"{frame.file} has several columns of times", "time", frame.labels(found))
    parts = {part: column for part, pattern in _PARTS.items() for column in free if _named(frame, column, pattern)}
    several = f"{frame.file} has its times in several columns"
    if not found:
        if {"year", "month", "day"} <= parts.keys():
            raise DataQuestion(several, "time", [frame.labels([*parts.values()])])
        return ()
    dates, others = frame.data[found[0]], [column for column in free if column != found[0]]
    beside = _times_of_day(frame, others)
    if not frame.is_days(found[0]) or (not any(map(frame.is_clocks, beside)) and dates.is_unique):
        return (found[0],)
    if not beside:
        for column in others:
            if not (frame.is_words(column) or _named(frame, column, SENSOR_NAMES)) and may_be_slots(
                frame.data[column], dates
            ):
                what = f"{frame.file}: the column {frame.name(column)} has the same numbers on each date, which may be "
                what += f"times of day, or sensors (write sensor = {frame.labels([column])[0]!r} then)"
                raise DataQuestion(what, "time", [frame.labels([found[0], column])])
        return (found[0],)
    if {"hour", "minute"} <= parts.keys() and parts["hour"] in beside:
        raise DataQuestion(several, "time", [frame.labels([found[0], parts["hour"], parts["minute"]])])
    if len(beside) > 1:
        choices = [frame.labels([found[0], column]) for column in beside]
        raise DataQuestion(f"{frame.file} has several columns of times of day", "time", choices)
    return (found[0], beside[0])


def _named(frame: Frame, column: int, pattern: re.Pattern[str]) -> bool:
    return frame.names is not None and named_like(pattern, frame.names[column])


def _times_of_day(frame: Frame, columns: Sequence[int]) -> list[int]:
    """List the columns of clocks; where there are none, those of numbers that are named like a day's intervals."""
    others = [column for column in columns if not _named(frame, column, SENSOR_NAMES)]
    # 7.15 may be a time of day, and an id or a reading
    clocks = [
        column
        for column in others
        if frame.is_clocks(column) and (re.search("[:h]", frame.first(column)) or _named(frame, column, TIME_NAMES))
    ]
    return clocks or [
        column
        for column in others
        if frame.is_whole(column)
        and (
            _named(frame, column, SLOT_NAMES)
            or (_named(frame, column, TIME_NAMES) and as_clocks(frame.texts(column)) is not None)
        )
    ]


def refuse_unread_times(frame: Frame, columns: Sequence[int]) -> None:
    """Refuse a table without times whose columns hold some that were not read, by their names or as words.

    Args:
        frame: The table.
        columns: Those that have no role yet.

    Raises:
        DataError: A column holds what is no time and no reading.
        DataQuestion: A column may hold times that want a format.
    """
    named = [column for column in columns if _named(frame, column, TIME_NAMES)]
    words = [column for column in columns if frame.is_words(column) and not _named(frame, column, SENSOR_NAMES)]
    found = [*named, *sorted(words, key=lambda column: not any(map(str.isdigit, frame.first(column))))]
    if not found:
        return
    column, cell = found[0], frame.first(found[0])
    beside = _times_of_day(frame, [other for other in columns if other != column])
    if likely_formats(cell):
        raise DataQuestion(
            f"{frame.file}: the column {frame.name(column)} holds {cell!r}, which may be a time",
            "time",
            [frame.labels([column, *beside[:1]])],
        )
    remedy = f"{remedy_of(cell)}, or, if it holds none, " if any(map(str.isdigit, cell)) else ""
    raise DataError(
        f"{frame.file}: the column {frame.name(column)} holds no times, but {cell!r}; {remedy}write ignore = "
        f"{frame.labels([column])} under [series] in dataset.toml"
    )
