"""What may stand at the keys of a table `[protocol]`: steps, times, minutes, shares and dates, and words for each."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, NaiveDatetime

from kdsearch.data.clock import DAY_MINUTES

__all__ = ["WANTED", "Minutes", "Moment", "Name", "ScalerName", "Shares", "Span", "SplitBy", "minutes_of"]

LONGEST_NAME = 60
MOST_STEPS = 10**9

_SPAN = re.compile(r"(\d{1,9}) ?(|steps?|m|min|minutes?|h|hours?|d|days?)")
_MINUTES = {"m": 1, "h": 60, "d": DAY_MINUTES}
"""First letter of a unit of time -> its minutes."""


def minutes_of(span: str) -> int:
    """Compute the minutes of a time such as "1 day", as `Span` accepts it."""
    number, unit = re.findall(r"\d+|[a-z]", span)[:2]
    return int(number) * _MINUTES[unit]


def _is_span(written: Any) -> int | str:
    """Accept a number of steps, or a time in words."""
    if isinstance(written, int) and not isinstance(written, bool) and 0 < written < MOST_STEPS:
        return written
    match = _SPAN.fullmatch(written.strip()) if isinstance(written, str) else None
    if match is None or not int(match[1]):
        raise ValueError
    return int(match[1]) if match[2][:1] in {"", "s"} else match[0]


def _is_moment(written: Any) -> datetime:
    """Accept a local date, or date and time."""
    if isinstance(written, str):
        written = datetime.fromisoformat(written)
    if isinstance(written, date) and not isinstance(written, datetime):
        written = datetime(written.year, written.month, written.day)
    if not isinstance(written, datetime) or written.tzinfo is not None:
        raise ValueError
    return written


def _are_minutes(written: Any) -> tuple[int, ...]:
    """Accept minutes ahead: a list, or text with commas between."""
    if isinstance(written, str) and re.fullmatch(r" *\d{1,9} *(, *\d{1,9} *)*", written):
        written = [int(one) for one in written.split(",")]
    if not isinstance(written, list | tuple) or not written:
        raise ValueError
    if any(isinstance(one, bool) or not isinstance(one, int) or one < 1 for one in written):
        raise ValueError
    return tuple(sorted(set(written)))


def _are_shares(written: Any) -> tuple[float, ...]:
    """Accept three shares above 0 that are 1 together."""
    if not isinstance(written, list | tuple) or len(written) != len(("training", "validation", "test")):
        raise ValueError
    if any(isinstance(one, bool) or not isinstance(one, int | float) or not 0 < one < 1 for one in written):
        raise ValueError
    if abs(sum(written) - 1) > 1e-6:
        raise ValueError
    return tuple(map(float, written))


def _is_name(written: Any) -> str:
    """Accept one short line."""
    if not isinstance(written, str) or not written.strip() or not written.isprintable() or len(written) > LONGEST_NAME:
        raise ValueError
    return written.strip()


Name = Annotated[str, BeforeValidator(_is_name)]
Span = Annotated[int | str, BeforeValidator(_is_span)]
Minutes = Annotated[tuple[int, ...], BeforeValidator(_are_minutes)]
Shares = Annotated[tuple[float, float, float], BeforeValidator(_are_shares)]
Moment = Annotated[NaiveDatetime, BeforeValidator(_is_moment)]
SplitBy = Literal["days", "rows"]
ScalerName = Literal["windows", "rows", "min-max"]

_SPAN_WORDS = 'a number of steps such as 24, or a time such as "1 day", "6 hours" or "90 minutes"'
_MOMENT_WORDS = "a local date such as 2024-05-01, or 2024-05-01T12:00:00"

WANTED = {
    "name": f"one line of at most {LONGEST_NAME} characters",
    "base": "the name of a protocol",
    "history": _SPAN_WORDS,
    "horizon": _SPAN_WORDS,
    "report_at": 'minutes ahead, above 0, such as [15, 30, 60] or "15,30,60"',
    "split": "three shares for training, validation and test, each above 0 and 1 together, such as [0.7, 0.1, 0.2]",
    "split_by": '"days" or "rows"',
    "validation_from": _MOMENT_WORDS,
    "test_from": _MOMENT_WORDS,
    "within_day": "true or false",
    "scaler": '"windows", "rows" or "min-max"',
}
"""Key -> what may stand there, for messages."""
