"""A protocol of the user's own: a base, and what differs from it, as a table `[protocol]` or on the command line."""

import difflib
from dataclasses import replace
from datetime import datetime
from typing import Any, Self

from pydantic import StrictBool, ValidationError

from kdsearch.data.frozen import Frozen
from kdsearch.data.mistakes import shown
from kdsearch.data.protocol import Protocol
from kdsearch.data.protocol_keys import (
    WANTED,
    Minutes,
    Moment,
    Name,
    ScalerName,
    Shares,
    Span,
    SplitBy,
    minutes_of,
)
from kdsearch.data.protocols import PROTOCOLS, resolved
from kdsearch.errors import ProtocolError
from kdsearch.table import unknown_name

__all__ = ["ProtocolTable"]


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

    name: Name | None = None
    base: str = "six-two-two"
    history: Span | None = None
    horizon: Span | None = None
    report_at: Minutes | None = None
    split: Shares | None = None
    split_by: SplitBy | None = None
    validation_from: Moment | None = None
    test_from: Moment | None = None
    within_day: StrictBool | None = None
    scaler: ScalerName | None = None

    def __str__(self) -> str:
        return self.name or f"{self.base}, changed"

    @classmethod
    def read(cls, written: Any, where: str | None) -> Self:
        """Read a table, or options of the command line.

        Args:
            written: Keys and values.
            where: The place, such as "the table [protocol] in mine.toml"; None for the command line.

        Raises:
            ProtocolError: At the first key or value that is none, or keys that exclude each other.
        """
        if not isinstance(written, dict):
            raise ProtocolError(f"{where} is {shown(written)}; write a table [protocol] with base or horizon")
        for key in written:
            if key not in cls.model_fields:
                near = difflib.get_close_matches(key, cls.model_fields, n=1)
                guess = f"did you mean {near[0]}? " if near else ""
                keys = ", ".join(cls.model_fields)
                raise ProtocolError(f"{where} has no key {shown(key)}; {guess}its keys are {keys}")
        try:
            table = cls.model_validate(written)
        except ValidationError as error:
            key = str(error.errors()[0]["loc"][0])
            said = f"{where} has {key} = " if where else f"--{key.replace('_', '-')} is "
            raise ProtocolError(f"{said}{shown(written[key])}; write {WANTED[key]}") from None
        if table.base not in PROTOCOLS:
            raise ProtocolError(unknown_name("protocol", table.base, PROTOCOLS))
        table._check_dates(where)
        return table

    def _check_dates(self, where: str | None) -> None:
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
    return _whole(f"a {what} of {written}", minutes_of(written), interval_minutes)


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
        found.append(replace(changed, own=True).split_words)
    if changed.within_day != base.within_day:
        found.append("windows inside one day" if changed.within_day else "windows across midnight")
    if changed.scaler != base.scaler:
        found.append(f"scaled by {changed.scaler}")
    return found


def _in_steps(number: int) -> str:
    return f"{number} step{'' if number == 1 else 's'}"


def _cuts(protocol: Protocol) -> tuple[object, ...]:
    return protocol.split, protocol.split_by, protocol.test_days, protocol.validation_from, protocol.test_from
