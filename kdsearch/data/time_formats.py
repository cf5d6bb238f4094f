"""Formats of times that must be told: reading by them, and the one that a cell looks like."""

import re
from collections.abc import Callable
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kdsearch.data.keys import YEARS
from kdsearch.errors import DataError

__all__ = ["EPOCHS", "formatted", "likely_formats", "numbered_months", "remedy_of"]

EPOCHS = {"epoch seconds": "s", "epoch milliseconds": "ms"}
EXCEL_DAYS = 25569
"""Days from the origin of Excel, 1899-12-30, to 1970-01-01."""

_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november"),
    "december",
)

_DAY_END = re.compile(r"(?<=[ T])24(?=(?:[:.h]00)+(?!\d))")
"""The hour of 24:00, the end of a day."""

_LIKELY = (
    (r"\d{6}", ("%y%m%d", "%d%m%y")),
    (r"\d{8}", ("%Y%m%d", "%d%m%Y")),
    (r"\d{8}(T?)\d{4}", ("%Y%m%d{0}%H%M",)),
    (r"\d{8}(T?)\d{6}", ("%Y%m%d{0}%H%M%S",)),
    (r"\d{10}", ("%Y%m%d%H", "epoch seconds")),
    (r"\d{13}", ("epoch milliseconds",)),
    (r"[34]\d{4}(?:\.\d+)?", ("excel days",)),
)
"""What cells look like, and the formats that they may have, the likeliest first."""

_DATES = (
    (r"\d{4}-\d{1,2}-\d{1,2}", ("%Y-%m-%d",)),
    (r"\d{1,2}\.\d{1,2}\.\d{4}", ("%d.%m.%Y",)),
    (r"\d{1,2}/\d{1,2}/\d{4}", ("%m/%d/%Y", "%d/%m/%Y")),
    (r"\d{4} \d{1,2} \d{1,2}", ("%Y %m %d",)),
    (r"\d{4}\u5e74\d{1,2}\u6708\d{1,2}\u65e5", ("%Y\u5e74%m\u6708%d\u65e5",)),
    (r"\d{1,2}\.\d{1,2}\.\d{2}", ("%d.%m.%y",)),
    (r"\d{1,2}/\d{1,2}/\d{2}", ("%m/%d/%y", "%d/%m/%y")),
    (r"\d{1,2}-\d{1,2}-\d{2}", ("%y-%m-%d", "%d-%m-%y")),
)
_TIMES = (
    (r" \d{1,2}:\d{2}:\d{2}", " %H:%M:%S"),
    (r" \d{1,2}:\d{2}", " %H:%M"),
    (r" \d{1,2} \d{1,2}", " %H %M"),
    (r" \d{1,2}", " %H"),
    ("", ""),
)
"""Dates and times of day, with spaces between what stands in columns of its own."""


def likely_formats(cell: str) -> list[str]:
    """List the formats that a cell looks like, the likeliest first; none where it looks like no time."""
    found = [
        one.format(*match.groups())
        for pattern, formats in _LIKELY
        if (match := re.fullmatch(pattern, cell))
        for one in formats
    ]
    found += [
        one + time
        for date, formats in _DATES
        for clock, time in _TIMES
        if re.fullmatch(date + clock, cell)
        for one in formats
    ]
    return [one for one in found if "%" not in one or _fits(cell, one)]


def _fits(cell: str, time_format: str) -> bool:
    try:
        return YEARS[0] <= datetime.strptime(cell, time_format).year < YEARS[1]
    except ValueError:
        return False


def numbered_months(cell: str) -> str:
    """Write 01-Mar-2024 as 01-03-2024."""
    match = re.match(r"(\d{1,2})(?:[-/ ]|\.\s?)([A-Za-z]{3,})\.?[-/. ](\d{4})(.*)", cell)
    if match is None:
        return cell
    word = match[2].lower().replace("sept", "sep") if len(match[2]) == 4 else match[2].lower()
    found = [number for number, name in enumerate(_MONTHS, start=1) if word in (name, name[:3])]
    return f"{match[3]}-{found[0]:02d}-{match[1]}{match[4]}" if found else cell


def remedy_of(cell: str) -> str:
    """Say what to write where a cell is not read as a time: the end of a sentence."""
    if re.search(r"\d\s*(?:[-\u2013/]|to|bis)\s*(?:\d{1,2}[:h]\d{2}|P)", cell):
        return "write the beginning of the span alone"
    if not re.search(r"\d", cell):
        return "write its time, or take the row out if it holds no readings"
    if re.search(r"\d\s*[A-Z]{3,5}$", cell):
        return "write its offset, such as +01:00, in place of the zone's name"
    if re.search(r"[^\W\d_]{3}", cell):
        return (
            "write dates in numbers, like 2024-03-01T00:00, or, where their words are English, write time_format, such "
            'as "%d %B %Y %H:%M", under [series]'
        )
    return 'write times like 2024-03-01T00:00, or time_format, such as "%d.%m.%y %H:%M", under [series]'


def formatted(cells: pd.Series, time_format: str, refuse: Callable[[int, str], DataError]) -> NDArray[np.datetime64]:
    """Parse cells by a format of `strftime`, or as numbers that count from an epoch, into ``datetime64[s]``.

    Args:
        cells: Text, each cell once.
        time_format: As in `SeriesSource`.
        refuse: Makes the error of a cell, from its number and what is wrong.

    Raises:
        DataError: The format is none, or a cell is not written so.
    """
    if time_format in EPOCHS or time_format == "excel days":
        numbers = pd.to_numeric(cells.str.replace(",", "."), errors="coerce").to_numpy(dtype=np.float64)
        if (bad := np.flatnonzero(~np.isfinite(numbers))).size:
            raise refuse(int(bad[0]), f"is no number of {time_format}; correct time_format under [series]")
        if time_format == "excel days":
            numbers, unit = (numbers - EXCEL_DAYS) * 86400, "s"
        else:
            unit = EPOCHS[time_format]
        counted: NDArray[np.datetime64] = np.rint(numbers).astype(np.int64).astype(f"datetime64[{unit}]")
        return counted.astype("datetime64[s]")
    if "%" not in time_format:
        raise DataError(
            f'time_format = {time_format!r} has no directive; write one such as "%d.%m.%Y %H:%M", or one of '
            f"{', '.join(EPOCHS)} and excel days, under [series] in dataset.toml"
        )
    ends = cells.str.contains(_DAY_END)
    try:
        starts = cells.str.replace(_DAY_END, "00", regex=True)
        times = pd.to_datetime(starts, format=time_format, errors="coerce", utc="%z" in time_format)
    except ValueError as error:
        raise DataError(
            f"time_format = {time_format!r} is not understood ({error}); write directives of Python's strftime"
        ) from error
    times = times.dt.tz_localize(None) + pd.to_timedelta(ends.astype(int), unit="D")
    if (bad := np.flatnonzero(times.isna())).size:
        cell = cells[bad[0]]
        remedy = ", without the hour where it counts from 1 to 24" * bool(re.search(r"\D24$", cell))
        remedy += ", whose months are English words" * any(one in time_format for one in ("%b", "%B"))
        what = f"is not written as time_format = {time_format!r} says; correct it under [series]{remedy}"
        raise refuse(int(bad[0]), what)
    return np.asarray(times.to_numpy().astype("datetime64[s]"))
