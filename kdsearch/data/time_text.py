"""Written times: ISO, day-first and month-first dates, told apart over a whole column or asked for."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kdsearch.data.clock import DAY_MINUTES, usual_spacing
from kdsearch.data.series_source import SeriesSource
from kdsearch.data.time_formats import EPOCHS, formatted, likely_formats, numbered_months, remedy_of
from kdsearch.errors import DataError, DataQuestion

__all__ = ["WrittenTimes", "is_day", "is_time", "parsed_times", "without_midnight"]

_TIME = re.compile(
    r"(?P<a>\d{4}|\d{1,2})(?P<mark>[-/.])(?P<b>\d{1,2})(?P=mark)(?P<c>\d{4}|\d{1,2})"
    r"(?:(?:\s*,?\s+|T)(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?)?"
    r"\s*(?P<half>[AaPp]\.?\s?[Mm]\.?)?\s*(?P<zone>Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?"
)
_MIDNIGHT = re.compile(r"(?:[T ]0?0[:.]00(?:[:.]00(?:[.,]0+)?)?| 12:00(?::00)? [Aa]\.?[Mm]\.?)$")
_PLAIN_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?", re.ASCII)
MOST_OFFSETS = 4
"""Different offsets that the clock of one place may have."""
MOST_OFFSET_MINUTES = 14 * 60


@dataclass(frozen=True)
class WrittenTimes:
    """Times as a file writes them.

    Attributes:
        clock: ``datetime64[s]`` ``(row,)``, the clock as written.
        offset_minutes: int64 ``(row,)``, minutes that the clock is ahead of UTC; None where the file does not say.
        notes: What was taken for granted, one sentence each.
    """

    clock: NDArray[np.datetime64]
    offset_minutes: NDArray[np.int64] | None = None
    notes: tuple[str, ...] = ()

    def chosen(self, rows: NDArray[np.int64]) -> Self:
        """Choose some of the rows."""
        offsets = None if self.offset_minutes is None else self.offset_minutes[rows]
        return replace(self, clock=self.clock[rows], offset_minutes=offsets)


def is_time(cell: str) -> bool:
    """Tell whether a cell is a date, or a date and a time of day; 1-2-3 alone may be an id."""
    match = _TIME.fullmatch(numbered_months(cell.strip()))
    return match is not None and (match["hour"] is not None or 4 in (len(match["a"]), len(match["c"])))


def is_day(cell: str) -> bool:
    """Tell whether a time has no time of day, or midnight."""
    match = _TIME.fullmatch(numbered_months(without_midnight(cell.strip())))
    return match is not None and match["hour"] is None


def without_midnight(cell: str) -> str:
    """Take 00:00 off a date."""
    return _MIDNIGHT.sub("", cell)


def parsed_times(
    texts: pd.Series, source: SeriesSource, interval_minutes: int, place: Callable[[int], str]
) -> WrittenTimes:
    """Parse a column of times.

    Day and month are told apart over the whole column: by what is a date at all, and else by which reading of it goes
    on without jumps.

    Args:
        texts: The cells.
        source: Its `time_format` and `date_order` are obeyed.
        interval_minutes: Minutes between rows.
        place: Names a row for a message.

    Raises:
        DataError: A cell is no time.
        DataQuestion: Day and month cannot be told apart.
    """
    codes, unique = pd.factorize(texts.astype(str).str.strip(), use_na_sentinel=False)
    cells = pd.Series(np.asarray(unique, dtype=object), dtype=object)

    def refuse(position: int, why: str) -> DataError:
        row = int(np.flatnonzero(codes == position)[0])
        return DataError(f"{place(row)}: {cells[position]!r} {why}")

    if source.time_format is not None:
        clock = formatted(cells, source.time_format, refuse)[codes]
        in_utc = source.time_format in EPOCHS or "%z" in source.time_format
        return WrittenTimes(clock, np.zeros(len(clock), dtype=np.int64) if in_utc else None)
    if (plain := _plain_iso(cells)) is not None:
        return WrittenTimes(plain[codes])
    parts = cells.map(numbered_months).str.extract(f"^{_TIME.pattern}$")
    if (unread := np.flatnonzero(parts["a"].isna())).size:
        raise _unread(cells, refuse, int(unread[0]), "is not a time")
    seconds = _seconds_of_day(parts, refuse)
    dates_alone = bool(parts["hour"].isna().all())
    apart = DAY_MINUTES if dates_alone else interval_minutes
    if not parts["a"].str.len().eq(4).any() and (short := np.flatnonzero(parts["c"].str.len() != 4)).size:
        raise _unread(cells, refuse, int(short[0]), "has no year of four digits")
    days, notes = _days(parts, source.date_order, lambda days: _breaks(days + seconds, apart), cells, refuse)
    clock = np.asarray(days.astype("datetime64[s]") + seconds, dtype="datetime64[s]")[codes]
    offsets = _offsets(parts["zone"], seconds, refuse)
    return WrittenTimes(clock, None if offsets is None else offsets[codes], notes)


def _unread(cells: pd.Series, refuse: Callable[[int, str], DataError], position: int, why: str) -> DataError:
    """Make the error of a cell that is no time: a question for the format, where it looks like one.

    Likeliest is what reads all cells and leaves the fewest gaps between them.
    """
    error, cell = refuse(position, why), cells[position]
    shares: dict[str, float] = {}
    for one in likely_formats(cell):
        with suppress(DataError):
            times = np.unique(formatted(cells, one, refuse))
            shares[one] = usual_spacing(times)[1] if len(times) > 1 else 0.0
    choices = sorted(shares, key=lambda one: -shares[one]) or likely_formats(cell)
    return DataQuestion(str(error), "time_format", choices) if choices else DataError(f"{error}; {remedy_of(cell)}")


def _plain_iso(cells: pd.Series) -> NDArray[np.datetime64] | None:
    """Parse dates and times of day of ISO 8601, as most files have them; None where one is anything else."""
    if all(map(_PLAIN_ISO.fullmatch, cells)):
        with suppress(ValueError):  # no date, or 24:00: told from each other below
            return np.array(cells, dtype="datetime64[s]")
    return None


def _days(
    parts: pd.DataFrame,
    order: str | None,
    breaks_of: Callable[[NDArray[np.datetime64]], int],
    cells: pd.Series,
    refuse: Callable[[int, str], DataError],
) -> tuple[NDArray[np.datetime64], tuple[str, ...]]:
    a, b, c = (parts[name].to_numpy().astype(np.int64) for name in "abc")
    year_first = parts["a"].str.len() == 4
    if year_first.all():
        return _dates(a, b, c, refuse), ()
    if year_first.any() or parts["mark"].nunique() > 1:
        other = year_first if year_first.any() else parts["mark"] != parts["mark"][0]
        raise refuse(
            int(np.flatnonzero(other)[0]),
            f"is written in another way than {cells[int((~other).argmax())]!r}; write all alike",
        )
    readings = {"day first": (c, b, a), "month first": (c, a, b)}
    if order is None and (parts["mark"] == ".").all() and _dates_or_none(c, b, a) is not None:
        order = "day first"  # no country writes months first with points
    if order is not None:
        return _dates(*readings[order], refuse), ()
    possible = {name: dates for name, ymd in readings.items() if (dates := _dates_or_none(*ymd)) is not None}
    if not possible:
        return _dates(c, b, a, refuse), ()  # says which is no date
    if len(possible) == 1:
        (name, dates), other = *possible.items(), _calendar(*readings[({*readings} - {*possible}).pop()])
        mixed = np.where(np.isnat(other), dates, other)  # as a program writes that takes days up to 12 for months
        if 3 * breaks_of(mixed) <= breaks_of(dates) >= 2:
            swapped = int(np.flatnonzero(mixed != dates)[0])
            raise refuse(swapped, f"has day and month swapped, as the other dates are {name}; write all alike")
        return dates, ()
    if (possible["day first"] == possible["month first"]).all():
        return possible["day first"], ()
    breaks = {name: breaks_of(dates) for name, dates in possible.items()}
    fewer, more = sorted(breaks, key=lambda name: breaks[name])
    if 3 * breaks[fewer] <= breaks[more] and breaks[more] >= 2:
        return possible[fewer], (
            f"dates such as {cells[0]} were read {fewer}: {fewer} the rows have {breaks[fewer]} gaps, {more} "
            f"{breaks[more]}",
        )
    raise DataQuestion(f"{cells[0]!r} may begin with the day or with the month", "date_order", [fewer, more])


def _dates(
    year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.int64], refuse: Callable[[int, str], DataError]
) -> NDArray[np.datetime64]:
    dates = _calendar(year, month, day)
    if (bad := np.flatnonzero(np.isnat(dates))).size:
        raise refuse(int(bad[0]), "is a date that no calendar knows; correct it, or date_order under [series]")
    return dates


def _dates_or_none(
    year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.int64]
) -> NDArray[np.datetime64] | None:
    dates = _calendar(year, month, day)
    return None if np.isnat(dates).any() else dates


def _calendar(year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """Compute days ``datetime64[D]``; NaT where a calendar has no such day."""
    possible = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & (year >= 1)
    months = np.where(possible, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (np.where(possible, day, 1) - 1).astype("timedelta64[D]")
    days[~possible | (days.astype("datetime64[M]") != months)] = np.datetime64("NaT")
    return np.asarray(days)


def _breaks(times: NDArray[np.datetime64], interval_minutes: int) -> int:
    """Count the places where neighbouring times are not one interval apart."""
    return int((np.diff(np.unique(times)) != np.timedelta64(interval_minutes * 60, "s")).sum())


def _seconds_of_day(parts: pd.DataFrame, refuse: Callable[[int, str], DataError]) -> NDArray[np.timedelta64]:
    hour, minute, second = (
        parts[name].fillna("0").astype(int).to_numpy().copy() for name in ("hour", "minute", "second")
    )
    half = parts["half"].fillna("").str[:1].str.lower().to_numpy()
    twelve = half != ""
    bad = (minute > 59) | (second > 60) | (twelve & ((hour < 1) | (hour > 12))) | (hour > 24)
    bad |= (hour == 24) & ((minute > 0) | (second > 0))  # 24:00 is the end of the day
    if bad.any():
        raise refuse(int(np.flatnonzero(bad)[0]), "is a time of day that no clock shows; correct it")
    hour = np.where(twelve, hour % 12 + 12 * (half == "p"), hour)
    return (hour * 3600 + minute * 60 + second).astype("timedelta64[s]")


def _offsets(
    zones: pd.Series, seconds: NDArray[np.timedelta64], refuse: Callable[[int, str], DataError]
) -> NDArray[np.int64] | None:
    if zones.isna().all():
        return None
    if zones.isna().any():
        raise refuse(int(np.flatnonzero(zones.isna())[0]), "has no zone where others have one; write all alike")
    digits = zones.str.replace(r"\D", "", regex=True).str.ljust(4, "0").where(zones.str.match(r"[+-]"), "0000")
    minutes = digits.str[:2].astype(int) * 60 + digits.str[2:].astype(int)
    spans = (minutes > MOST_OFFSET_MINUTES).to_numpy() | (zones.nunique() > MOST_OFFSETS)
    ahead = (minutes * 60 - seconds.astype(np.int64)) % (DAY_MINUTES * 60)
    spans |= (zones.str.startswith("-") & (ahead.nunique() == 1)).to_numpy() & (zones.nunique() > 1)  # 7:00-8:00
    if spans.any():
        raise refuse(int(np.flatnonzero(spans)[0]), "has no offset of a time zone; write the beginning of a span alone")
    return np.asarray(np.where(zones.str.startswith("-"), -minutes, minutes), dtype=np.int64)
