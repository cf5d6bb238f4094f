"""Local times of rows: counted from a start, or written in the file as a day and a slot of the day."""

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kdsearch.data.array_choice import MOST_LISTED
from kdsearch.data.card import DatasetCard
from kdsearch.data.clock import DAY_MINUTES
from kdsearch.data.hdf5_process import opened_hdf5
from kdsearch.data.series_source import SeriesSource
from kdsearch.data.time_text import WrittenTimes
from kdsearch.data.zones import LocalTimes, check_zone, local_times
from kdsearch.errors import DataError

__all__ = ["counted_times", "read_slot_times"]


def counted_times(card: DatasetCard, source: SeriesSource, shape: tuple[int, ...]) -> LocalTimes:
    """Count the times of rows from a start, for a file that holds none.

    Where the zone of the place is known, an hour is an hour: at the ends of summer time the local clock jumps.

    Args:
        card: The dataset.
        source: The form to read; its weekends and absent spans are left out.
        shape: Shape ``(step, node, channel)`` of the readings.

    Raises:
        DataError: Readings of this shape are neither the public file nor a known piece of it.
    """
    first = np.datetime64(_start_of(card, source, shape), "m")
    steps = shape[0]
    absent_steps = sum(round((end - start) / timedelta(minutes=card.interval_minutes)) for start, end in source.absent)
    days = steps * card.interval_minutes // 1440 + 1
    spare = (2 * days // 5 + 3) * 1440 // card.interval_minutes if source.weekdays_only else 0
    times = first + np.arange(steps + absent_steps + spare) * np.timedelta64(card.interval_minutes, "m")
    keep = np.ones(len(times), dtype=bool)
    if source.weekdays_only:
        keep &= np.is_busday(times.astype("datetime64[D]"))
    for start, end in source.absent:
        keep &= (times < np.datetime64(start, "m")) | (times >= np.datetime64(end, "m"))
    times = np.asarray(times[keep][:steps])
    if card.timezone is None:
        return LocalTimes(times)
    if source.weekdays_only or source.absent:
        raise DataError(
            f"{card.name}: timezone does not go with weekdays_only and absent, whose rows are counted by the local "
            "clock; leave it out of dataset.toml"
        )
    check_zone(card.timezone)
    if card.clock == "local":
        start = pd.Timestamp(first).tz_localize(card.timezone, ambiguous=True, nonexistent="shift_forward")
        times = times - first + np.datetime64(start.tz_convert("UTC").tz_localize(None), "m")
    written = WrittenTimes(times.astype("datetime64[s]"))
    clock = "standard" if card.clock == "standard" else "utc"
    return local_times(written, clock, card.timezone, lambda row: f"{source.file}, row {row + 1}", source.file)


def _start_of(card: DatasetCard, source: SeriesSource, shape: tuple[int, ...]) -> datetime:
    for part in card.parts:
        if part.shape in (None, shape):
            return part.start
    if card.shape in (None, shape) and card.start is not None:
        return card.start
    if card.shape is None:
        raise DataError(f"{source.file} of {card.name} holds no times; write start = ... into its dataset.toml")
    raise DataError(
        f"{source.file} of {card.name} has the shape {shape}, neither that of the public file {card.shape} nor of a "
        "part known here; write its start and channels into a dataset.toml beside it"
    )


def read_slot_times(path: Path, key: str, interval_minutes: int) -> WrittenTimes:
    """Read the times of an HDF5 file's rows, written YYYYMMDDSS.

    SS is the slot of the day, counted from 01, which begins at 00:00: with 60 minutes, slot 24 begins at 23:00.

    Args:
        path: The file.
        key: The array of dates inside it.
        interval_minutes: Length of a slot.

    Raises:
        DataError: The file has no such array, or holds a date that no calendar knows or a slot that no day has.
    """
    with opened_hdf5(path) as file:
        if not file.node(key).shape:
            held = ", ".join(one.name for one in file.members(MOST_LISTED) if one.kind == "dataset")
            raise DataError(f"{path} holds no {key!r}; write dates = one of {held} under [series] in dataset.toml")
        written = file.array(key)
    times = [_slot_time(one, interval_minutes) for one in written]
    if None in times:
        row, slots = times.index(None), DAY_MINUTES // interval_minutes
        raise DataError(
            f"{path}, row {row + 1} of {key!r}: {_text(written[row])!r} is no time; write days and their slots as "
            f"YYYYMMDDSS, with SS from 01 to {slots:02d} at {interval_minutes} minutes"
        )
    return WrittenTimes(np.array(times, dtype="datetime64[s]"))


def _slot_time(written: Any, interval_minutes: int) -> datetime | None:
    text = _text(written)
    if not re.fullmatch(r"\d{10,12}", text):
        return None
    slot = int(text[8:]) - 1
    if not 0 <= slot < DAY_MINUTES // interval_minutes:
        return None
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day) + timedelta(minutes=slot * interval_minutes)


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
