"""Times of day: clocks, and numbers that count the intervals of a day, beside dates or as names of columns."""

import re
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from kdsearch.data.clock import DAY_MINUTES
from kdsearch.errors import DataError, DataQuestion

__all__ = [
    "are_slots",
    "as_clocks",
    "beginning",
    "clocks_of_slots",
    "day_columns",
    "first_slot_of",
    "is_clock",
    "may_be_slots",
    "slot_minutes",
]

_CLOCK = re.compile(r"(\d{1,2})[:.h](\d{2})(?:[:.]\d{2}(?:[.,]\d+)?)?\s*([AaPp])?(?(3)\.?\s?[Mm]\.?)")
_SPAN_END = re.compile(r"\s*(?:[-\u2013]|\bto\b|\bbis\b)\s*\d{1,2}[:.h]\d{2}.*")
_NUMBERED = re.compile(r"(?:h|hr|hours?|stunde|std|heure|hora|interval|slot|q)?[ _.]?(\d{1,4})", re.I)

FEWEST_SLOTS = 24
"""Intervals of a day from which on its numbers are taken for such: an hour is the longest one that files number."""


def is_clock(cell: str) -> bool:
    """Tell whether a cell is a time of day alone, such as 07:15, or a span of it, such as 07:15-07:30."""
    return _minute(cell) is not None


def beginning(cell: str) -> str:
    """Take the end off a span of a day."""
    return _SPAN_END.sub("", cell)


def _minute(cell: str) -> int | None:
    """Find the minute of the day that a time of day, or a span, begins at; None where it is none."""
    match = _CLOCK.fullmatch(beginning(cell.strip()))
    if match is None or int(match[1]) > DAY_MINUTES // 60 or int(match[2]) > 59:
        return None
    hour = int(match[1]) if match[3] is None else int(match[1]) % 12 + 12 * (match[3] in "Pp")
    return hour * 60 + int(match[2])


def day_columns(names: Sequence[str], slots: int | None) -> dict[int, int]:
    """Find the columns of a day's intervals by their names.

    Clocks such as 07:15 say it alone. Names such as 7.15, 0715, H07 or 7 may be those of sensors: they are taken only
    where they are a whole day.

    Args:
        names: Of all columns.
        slots: Intervals of a day; None where they are not known.

    Returns:
        Column -> minute of the day at which its interval begins; empty where there are none.
    """
    minutes = {column: minute for column, name in enumerate(names) if (minute := _minute(name)) is not None}
    clocks = {column: minute for column, minute in minutes.items() if re.search("[:h]", names[column])}
    if len(clocks) >= max(2, len(names) // 2):
        return clocks
    numbers = {column: int(match[1]) for column, name in enumerate(names) if (match := _NUMBERED.fullmatch(name))}
    digits = {column: number // 100 * 60 + number % 100 for column, number in numbers.items()}
    least, step = min(numbers.values(), default=0), DAY_MINUTES // max(1, len(numbers))
    counted = {column: (number - least) * step for column, number in numbers.items()}
    for found in (minutes, digits, counted if least in (0, 1) else {}):
        if _is_day([*found.values()]) and len(found) == (slots or len(found)):
            return found
    return {}


def _is_day(minutes: list[int]) -> bool:
    """Tell whether minutes are those at which the intervals of a whole day begin."""
    count = len(minutes)
    if count < FEWEST_SLOTS or DAY_MINUTES % count:
        return False
    return sorted(minutes) == [*range(0, DAY_MINUTES, DAY_MINUTES // count)]


def are_slots(texts: pd.Series) -> bool:
    """Tell whether all cells are whole numbers, which count the intervals of a day."""
    return all(re.fullmatch(r"\d{1,4}(\.0)?", one) for one in texts.unique())


def as_clocks(texts: pd.Series) -> pd.Series | None:
    """Write numbers such as 715 or 0715 as 7:15; None where they are no clocks, or may count intervals."""
    unique = texts.unique()
    if not all(re.fullmatch(r"\d{1,2}|\d{1,2}[0-5]\d", one) for one in unique):
        return None
    numbers = [int(one) for one in unique]
    if max(numbers) > 2400 or not all(number % 100 < 60 for number in numbers):
        return None
    padded = max(numbers) >= 100 and {len(one) for one in unique} == {len("0715")}
    if not padded and max(numbers) <= DAY_MINUTES:
        return None
    return texts.map({one: f"{number // 100}:{number % 100:02d}" for one, number in zip(unique, numbers, strict=True)})


def may_be_slots(numbers: pd.Series, dates: pd.Series) -> bool:
    """Tell whether a column has the same numbers on each date, as many as a day has intervals."""
    count = numbers.nunique()
    return count >= FEWEST_SLOTS and DAY_MINUTES % count == 0 and numbers[dates == dates.iloc[0]].nunique() == count


def first_slot_of(texts: pd.Series, told: int | None, slots: int | None, name: str) -> int:
    """Find the number of a day's first interval: 0 or 1.

    Args:
        texts: The numbers.
        told: What `dataset.toml` says.
        slots: Intervals of a day; None where they are not known.
        name: The column, for messages.

    Raises:
        DataQuestion: It is not told, and the numbers do not tell it.
    """
    lowest, highest = _bounds(texts)
    if told is not None:
        return told
    whole_day = lowest == 1 and highest >= FEWEST_SLOTS and DAY_MINUTES % highest == 0
    if lowest == 0 or whole_day or (slots is not None and highest >= slots):
        return int(lowest > 0)
    raise DataQuestion(f"{name} ({lowest} to {highest}) may count from 0 or from 1", "first_slot", [1, 0])


def slot_minutes(texts: pd.Series, told: int | None, name: str) -> int:
    """Find how long the intervals are that numbers count: the largest one is the last of a day.

    Raises:
        DataError: No day has so many intervals of one length.
    """
    highest = _bounds(texts)[1]
    slots = max(highest - first_slot_of(texts, told, None, name) + 1, FEWEST_SLOTS)
    if DAY_MINUTES % slots:
        raise DataError(
            f"{name} ends at {highest}, and no day has so many intervals; write times of day like 07:15, or "
            "interval_minutes where the last one of a day is not there"
        )
    return DAY_MINUTES // slots


def clocks_of_slots(
    texts: pd.Series, first_slot: int, interval_minutes: int, name: str, place: Callable[[int], str]
) -> pd.Series:
    """Write numbers of a day's intervals as the times of day at which these begin, such as 7:15.

    Raises:
        DataError: A number is of no interval, or the numbers are those of longer ones.
    """
    numbers = pd.to_numeric(texts).to_numpy(dtype=np.int64) - first_slot
    slots, count = DAY_MINUTES // interval_minutes, int(numbers.max()) + 1
    if (bad := np.flatnonzero((numbers < 0) | (numbers >= slots))).size:
        row = int(bad[0])
        raise DataError(
            f"{place(row)}: {texts.iloc[row]} is no number of an interval, which are {first_slot} to "
            f"{slots - 1 + first_slot} on a day of {interval_minutes}-minute steps; correct interval_minutes or "
            "first_slot, or write times of day like 07:15"
        )
    if FEWEST_SLOTS <= count < slots and slots % count == 0:
        raise DataError(
            f"{name} ends at {count - 1 + first_slot}, as numbers of {DAY_MINUTES // count}-minute intervals do, and "
            f"interval_minutes says {interval_minutes}; write interval_minutes = {DAY_MINUTES // count}, or name all "
            'columns of the times, such as time = ["date", "hour", "minute"], with time_format under [series]'
        )
    clocks = [f"{minute // 60}:{minute % 60:02d}" for minute in range(0, DAY_MINUTES, interval_minutes)]
    return pd.Series(np.array(clocks, dtype=object)[numbers], dtype=object)


def _bounds(texts: pd.Series) -> tuple[int, int]:
    numbers = pd.to_numeric(texts)
    return int(numbers.min()), int(numbers.max())
