"""A protocol of the user's own: a base, and what differs from it, as a table `[protocol]` or on the command line."""

import difflib
import re
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, NaiveDatetime, StrictBool, ValidationError

from kdsearch.data.clock import DAY_MINUTES
from kdsearch.data.frozen import Frozen
from kdsearch.data.protocol import Protocol
from kdsearch.data.protocols import PROTOCOLS, resolved
from kdsearch.errors import ProtocolError
from kdsearch.table import unknown_name

__all__ = ["ProtocolTable"]

_SPAN = re.compile(r"(\d{1,9}) ?(|steps?|m|min|minutes?|h|hours?|d|days?)")
_MINUTES = {"m": 1, "h": 60, "d": DAY_MINUTES}
"""First letter of a unit of time -> its minutes."""

_MOST_STEPS = 10**9


def _is_span(written: Any) -> int | str:
    """Accept a number of steps, or a time in words."""
    if isinstance(written, int) and not isinstance(written, bool) and 0 < written < _MOST_STEPS:
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
    listed = written.split(",") if isinstance(written, str) else written
    if isinstance(written, str) and not re.fullmatch(r" *\d{1,9} *(, *\d{1,9} *)*", written):
        raise ValueError
    if not isinstance(listed, list | tuple) or any(isinstance(one, bool | float) for one in listed):
        raise ValueError
    minutes = sorted({int(one) for one in listed})
    if not minutes or minutes[0] < 1:
        raise ValueError
    return tuple(minutes)


def _are_shares(written: Any) -> tuple[float, ...]:
    """Accept three shares above 0 that are 1 together."""
    if not isinstance(written, list | tuple) or len(written) != 3:
        raise ValueError
    if any(isinstance(one, bool) or not isinstance(one, int | float) or not 0 < one < 1 for one in written):
        raise ValueError
    if abs(sum(written) - 1) > 1e-6:
        raise ValueError
    return tuple(map(float, written))


def _is_name(written: Any) -> str:
    if not isinstance(written, str) or not written.strip() or not written.isprintable() or len(written) > 60:
        raise ValueError
    return written.strip()


_Span = Annotated[int | str, BeforeValidator(_is_span)]
_Moment = Annotated[NaiveDatetime, BeforeValidator(_is_moment)]
_Words = Literal["days", "rows"]
_Scaler = Literal["windows", "rows", "min-max"]

_SPAN_WORDS = 'a number of steps such as 24, or a time such as "1 day", "6 hours" or "90 minutes"'
_MOMENT_WORDS = "a local date such as 2024-05-01, or 2024-05-01T12:00:00"
_WANTED = {
    "name": "one line of at most 60 characters",
    "base": f"one of {', '.join(PROTOCOLS)}",
    "history": _SPAN_WORDS,
    "horizon": _SPAN_WORDS,
    "report_at": "minutes ahead, above 0, such as [15, 30, 60]",
    "split": "three shares for training, validation and test, each above 0 and 1 together, such as [0.7, 0.1, 0.2]",
    "split_by": '"days" or "rows"',
    "validation_from": _MOMENT_WORDS,
    "test_from": _MOMENT_WORDS,
    "within_day": "true or false",
    "scaler": '"windows", "rows" or "min-max"',
}
"""Key -> what may stand there, for messages."""


class ProtocolTable(Frozen):
    """What differs from a base; what is left out is the base's.

    Attributes:
        name: The user's own name; words of what differs where None.
        base: A protocol of `PROTOCOLS`.
        history: Steps looked at, or a time such as "1 day".
        horizon: Steps forecast, or a time.
        report_at: Minutes ahead that tables show; where the horizon differs from the base's and this is left out, a
            third, two thirds and all of it.
        split: Shares of training, validation and test.
        split_by: "days" cuts between calendar days, "rows" anywhere.
        validation_from: First local time of validation, in place of shares.
        test_from: First local time of test.
        within_day: Whether a window must lie inside one calendar day.
        scaler: As in `Protocol`.
    """

    name: Annotated[str, BeforeValidator(_is_name)] | None = None
    base: str = "six-two-two"
    history: _Span | None = None
    horizon: _Span | None = None
    report_at: Annotated[tuple[int, ...], BeforeValidator(_are_minutes)] | None = None
    split: Annotated[tuple[float, float, float], BeforeValidator(_are_shares)] | None = None
    split_by: _Words | None = None
    validation_from: _Moment | None = None
    test_from: _Moment | None = None
    within_day: StrictBool | None = None
    scaler: _Scaler | None = None

    def __str__(self) -> str:
        return self.name or f"{self.base}, changed"

    @classmethod
    def read(cls, written: Any, where: str) -> Self:
        """Read a table, or options of the command line.

        Args:
            written: Keys and values.
            where: The place, such as "the table [protocol] of mine.toml".

        Raises:
            ProtocolError: At the first key or value that is none, or keys that exclude each other.
        """
        if not isinstance(written, dict):
            raise ProtocolError(f"{where} is {written!r}; write a table [protocol] with keys such as horizon = 24")
        for key in written:
            if key not in cls.model_fields:
                near = difflib.get_close_matches(key, cls.model_fields, n=1)
                guess = f"did you mean {near[0]}? " if near else ""
                raise ProtocolError(f"{where} has no key {key!r}; {guess}its keys are {', '.join(cls.model_fields)}")
        try:
            table = cls.model_validate(written)
        except ValidationError as error:
            key = str(error.errors()[0]["loc"][0])
            shown = repr(written[key])
            shown = shown if len(shown) <= 60 else f"{shown[:60]}..."
            raise ProtocolError(f"{where} has {key} = {shown}; write {_WANTED[key]}") from None
        if table.base not in PROTOCOLS:
            raise ProtocolError(f"{where}: {unknown_name('protocol', table.base, PROTOCOLS)}")
        table._check_dates(where)
        return table

    def _check_dates(self, where: str) -> None:
        first, second = self.validation_from, self.test_from
        if (first is None) != (second is None):
            raise ProtocolError(f"{where} has one of validation_from and test_from; write both, or split")
        if first is None or second is None:
            return
        if self.split is not None or self.split_by is not None:
            raise ProtocolError(f"{where} has both split and dates; leave out split and split_by, or the dates")
        if first >= second:
            raise ProtocolError(
                f"{where} has test_from = {_day(second)}, not after validation_from = {_day(first)}; validation comes "
                "before test"
            )

    def changing(self, protocol: Protocol, interval_minutes: int) -> Protocol:
        """Change a protocol: the base, or one that was changed already.

        Args:
            protocol: The protocol.
            interval_minutes: Minutes between neighbouring steps of the series.

        Returns:
            The changed protocol; the one of `PROTOCOLS` where its rules are these.

        Raises:
            ProtocolError: Where a time is no whole number of steps, a reported one lies beyond the horizon, or the name
                is that of another protocol.
        """
        base = resolved(protocol, interval_minutes)
        changed = self._with_steps(base, interval_minutes)
        if self.split is not None or self.split_by is not None:
            changed = replace(changed, split=self.split or base.split, split_by=self.split_by or base.split_by)
            changed = replace(changed, test_days=None, validation_from=None, test_from=None)
        if self.validation_from is not None and self.test_from is not None:
            changed = replace(changed, split=(0.0, 0.0, 0.0), split_by="rows", test_days=None)
            changed = replace(changed, validation_from=_day(self.validation_from), test_from=_day(self.test_from))
        if changed.validation_from is None and changed.test_days is None and not all(changed.split):
            raise ProtocolError(
                f"protocol {base.name} has no share for test, as it takes the last days; write split = [0.7, 0.1, 0.2]"
            )
        if self.within_day is not None:
            changed = replace(changed, within_day=self.within_day)
        if self.scaler is not None:
            changed = replace(changed, scaler=self.scaler)
        return _named(changed, base, self.name)

    def _with_steps(self, base: Protocol, interval_minutes: int) -> Protocol:
        history = _steps("history", self.history, base.history, interval_minutes)
        horizon = _steps("horizon", self.horizon, base.horizon, interval_minutes)
        reported = base.reported_steps
        if self.report_at is not None:
            reported = tuple(_reported(minutes, horizon, interval_minutes) for minutes in self.report_at)
        elif horizon != base.horizon:
            reported = _thirds(horizon)
        changed = replace(base, horizon=horizon, reported_steps=reported)
        return changed if history == base.history else replace(changed, history=history, history_days=None)


def _thirds(horizon: int) -> tuple[int, ...]:
    """List the steps at a third, two thirds and the end of a horizon."""
    return tuple(sorted({max(1, round(horizon * third / 3)) for third in (1, 2, 3)}))


def _steps(what: str, written: int | str | None, otherwise: int, interval_minutes: int) -> int:
    """Turn a time into steps."""
    if written is None or isinstance(written, int):
        return written or otherwise
    match = _SPAN.fullmatch(written)
    assert match is not None  # as it was read
    minutes = int(match[1]) * _MINUTES[match[2][0]]
    return _whole(f"a {what} of {written}", minutes, interval_minutes)


def _whole(what: str, minutes: int, interval_minutes: int) -> int:
    """Divide minutes by the interval."""
    steps, rest = divmod(minutes, interval_minutes)
    if rest:
        near = " or ".join(str(one * interval_minutes) for one in (steps, steps + 1) if one)
        raise ProtocolError(f"{what} is no whole number of {interval_minutes}-minute steps; take {near} minutes")
    return steps


def _reported(minutes: int, horizon: int, interval_minutes: int) -> int:
    steps = _whole(f"a report at {minutes} minutes", minutes, interval_minutes)
    if steps > horizon:
        raise ProtocolError(
            f"a report at {minutes} minutes is beyond the horizon of {horizon * interval_minutes} minutes ({horizon} "
            "steps); report earlier, or take a longer horizon"
        )
    return steps


def _day(moment: datetime) -> str:
    """Write a moment as a date, with the time where it is not midnight."""
    return moment.isoformat(timespec="minutes").removesuffix("T00:00")


def _named(changed: Protocol, base: Protocol, name: str | None) -> Protocol:
    """Name a changed protocol: as kdsearch's own where it has the same rules, by the user, or by what differs."""
    taken = None if name is None else PROTOCOLS.get(name.lower())
    if taken is not None and _rules(taken) != _rules(changed):
        raise ProtocolError(f"the name {name!r} is that of a protocol with other rules; choose another name")
    for one in PROTOCOLS.values():
        if _rules(one) == _rules(changed):
            beside = replace(one, channel=changed.channel, readings=changed.readings)
            return replace(beside, fill=changed.fill, published_fill=changed.published_fill)
    return replace(changed, name=name or ", ".join([base.name, *_differences(changed, base)]), own=True)


def _rules(protocol: Protocol) -> Protocol:
    """Take out of a protocol what is no rule of its own: its name, and what is chosen beside it."""
    plain = replace(protocol, name="", own=False, channel=0, fill="causal", published_fill="zero", readings="measured")
    return plain if plain.history_days is None else replace(plain, history=0)


def _differences(changed: Protocol, base: Protocol) -> list[str]:
    """Say in words what differs from the base, whatever it is."""
    found = []
    if changed.history != base.history:
        found.append(f"{_in_steps(changed.history)} in")
    if changed.horizon != base.horizon:
        found.append(f"{changed.horizon} out" if found else f"{_in_steps(changed.horizon)} out")
    if changed.reported_steps != (base.reported_steps if changed.horizon == base.horizon else _thirds(changed.horizon)):
        found.append(f"reported at steps {', '.join(map(str, changed.reported_steps))}")
    if _cuts(changed) != _cuts(base):
        found.append(changed.split_words)
    if changed.within_day != base.within_day:
        found.append("windows inside one day" if changed.within_day else "windows across midnight")
    if changed.scaler != base.scaler:
        found.append(f"scaled by {changed.scaler}")
    return found


def _in_steps(number: int) -> str:
    return f"{number} step{'' if number == 1 else 's'}"


def _cuts(protocol: Protocol) -> tuple[object, ...]:
    return protocol.split, protocol.split_by, protocol.test_days, protocol.validation_from, protocol.test_from
