"""Clocks: the local time of rows that were written in UTC, in standard time, with an offset, or as clocks show it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kdsearch.data.time_text import WrittenTimes
from kdsearch.errors import DataError, DataQuestion

__all__ = ["LocalTimes", "absent_hours", "check_zone", "local_times"]


@dataclass(frozen=True)
class LocalTimes:
    """Local times of rows.

    Attributes:
        stamps: ``datetime64[s]`` ``(row,)``, the clock of the place.
        twice: bool ``(row,)``, in an hour that the clock of the place shows twice, when summer time ends; None where
            nothing is known of summer time.
        notes: What was taken for granted.
    """

    stamps: NDArray[np.datetime64]
    twice: NDArray[np.bool_] | None = None
    notes: tuple[str, ...] = ()


def check_zone(name: str) -> ZoneInfo:
    """Find a time zone by its name.

    Raises:
        DataError: There is none of that name.
    """
    try:
        if name in available_timezones():
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass  # a name that is no path of the zone database; answered below
    raise DataError(f'there is no time zone {name!r}; write one such as timezone = "Europe/Berlin" in dataset.toml')


def local_times(
    written: WrittenTimes, clock: str, timezone: str | None, place: Callable[[int], str], file: str
) -> LocalTimes:
    """Turn written times into the local times of the place.

    Args:
        written: Times as the file writes them.
        clock: What they show where no offset is written: "local" time, "utc", or "standard" time without summer time.
        timezone: Zone of the place; None where it is not known.
        place: Names a row for a message.
        file: Names the file for a message.

    Raises:
        DataError: A time does not exist in the zone.
        DataQuestion: The zone is needed and not known.
    """
    stamps, notes = written.clock, written.notes
    if written.offset_minutes is not None:
        offsets = np.unique(written.offset_minutes)
        if timezone is None and (len(offsets) > 1 or offsets[0] == 0):
            what = "UTC" if len(offsets) == 1 else f"offsets from {_offset(offsets[0])} to {_offset(offsets[-1])}"
            raise DataQuestion(f"the times of {file} are in {what}", "timezone", ["Europe/Berlin", "UTC"], "")
        if timezone is None:
            offset = _offset(offsets[0])
            notes += (f"all times of {Path(file).name} have the offset {offset}; they were taken as the local clock",)
            return LocalTimes(stamps, notes=notes)
        return _from_utc(stamps - written.offset_minutes.astype("timedelta64[m]"), timezone, notes)
    if clock == "local":
        return LocalTimes(stamps, notes=notes) if timezone is None else _checked(stamps, timezone, place, notes)
    if timezone is None:
        raise DataQuestion(f'clock = "{clock}" wants the zone of the place', "timezone", ["Europe/Berlin"], "")
    if clock == "standard":
        stamps = stamps - np.timedelta64(round(_standard_offset(timezone, stamps).total_seconds()), "s")
    return _from_utc(stamps, timezone, notes)


def _from_utc(stamps: NDArray[np.datetime64], timezone: str, notes: tuple[str, ...]) -> LocalTimes:
    check_zone(timezone)
    local = pd.DatetimeIndex(stamps).tz_localize("UTC").tz_convert(timezone).tz_localize(None)
    found = np.asarray(local.to_numpy().astype("datetime64[s]"))
    return LocalTimes(found, _twice(found, timezone), notes)


def _checked(
    stamps: NDArray[np.datetime64], timezone: str, place: Callable[[int], str], notes: tuple[str, ...]
) -> LocalTimes:
    """Check that a local clock shows only times that exist in its zone."""
    if (missing := np.flatnonzero(absent_hours(stamps, timezone))).size:
        row = int(missing[0])
        raise DataQuestion(
            f"{place(row)}: {stamps[row]} does not exist in {timezone}, where summer time began then; the clock of "
            "this file shows another time",
            "clock",
            ["utc", "standard"],
            "",
        )
    return LocalTimes(stamps, _twice(stamps, timezone), notes)


def absent_hours(local: NDArray[np.datetime64], timezone: str) -> NDArray[np.bool_]:
    """Mark local times that the clock of the zone skips when summer time begins, ``(row,)``."""
    check_zone(timezone)
    zoned = pd.DatetimeIndex(local).tz_localize(timezone, nonexistent="NaT", ambiguous=np.ones(len(local), bool))
    return np.asarray(zoned.isna())


def _twice(local: NDArray[np.datetime64], timezone: str) -> NDArray[np.bool_]:
    """Mark local times that the clock of the zone shows twice."""
    zoned = pd.DatetimeIndex(local).tz_localize(timezone, nonexistent="shift_forward", ambiguous="NaT")
    return np.asarray(zoned.isna())


def _standard_offset(timezone: str, stamps: NDArray[np.datetime64]) -> timedelta:
    """Find how far local time without summer time is ahead of UTC."""
    zone, year = check_zone(timezone), int(stamps.min().astype("datetime64[Y]").astype(int)) + 1970
    moments = [datetime(year, month, 1, tzinfo=zone) for month in range(1, 13)]
    # the least one: in Dublin the law has it that summer is standard, and winter set back
    return min(moment.utcoffset() or timedelta() for moment in moments)


def _offset(minutes: int) -> str:
    return f"{'-' if minutes < 0 else '+'}{abs(int(minutes)) // 60:02d}:{abs(int(minutes)) % 60:02d}"
