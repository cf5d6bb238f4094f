"""Limits on a network, such as `params<=3%`; a trial that breaks one is kept and is never on the front."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from kdsearch.errors import StudyError
from kdsearch.measure.objectives import OBJECTIVES, Measured
from kdsearch.record import Baseline, TrialRecord
from kdsearch.table import NAME

__all__ = ["Constraint", "parse_constraints", "shown_in_dashboard", "violations"]

_FORM = re.compile(rf"\s*(?P<name>{NAME})\s*<=\s*(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)\s*(?P<unit>\S*)\s*")
_THOUSANDS = {"k": 1e3, "M": 1e6, "G": 1e9}


@dataclass(frozen=True)
class Constraint:
    """A limit on one quantity; the limit itself is allowed.

    Attributes:
        name: A key of `OBJECTIVES`.
        limit: The limit in the objective's unit, above 0; a fraction of the teacher's value where `of_teacher`.
        of_teacher: Whether the limit is relative: to the teacher's validation error for an error, to its cost for a
            cost.
    """

    name: str
    limit: float
    of_teacher: bool = False

    @classmethod
    def parse(cls, text: str) -> "Constraint":
        """Read NAME<=NUMBER[UNIT].

        NAME is one of `OBJECTIVES`. `%` is per cent of the teacher's value; everything else is absolute, in the
        objective's unit, which may be written ("2ms", "15"). Numbers of FLOPs, weights and stored numbers take k, M
        and G ("10k", "5M"). Where the objective itself is in per cent, as MAPE is, "%" could mean either: it is refused
        there, and `mape<=12` is a limit of 12 %.

        Raises:
            StudyError: The text is no limit.
        """
        match = _FORM.fullmatch(text)
        if match is None or match["name"] not in OBJECTIVES:
            raise StudyError(
                f"--constraint {text!r} is not NAME<=NUMBER with a NAME of {', '.join(OBJECTIVES)}; "
                "write params<=3% (of the teacher's), latency<=2ms or flops<=5M"
            )
        name, number, unit = match["name"], float(match["number"]), match["unit"]
        if not 0 < number < math.inf:
            raise StudyError(f"--constraint {text!r} needs a number above 0, and below infinity")
        if unit == OBJECTIVES[name].unit == "%":
            raise StudyError(
                f"--constraint {text!r} could mean a {name} in per cent or a share of the teacher's; "
                f"write {name}<={match['number']} for the first, or limit another objective by a share"
            )
        if unit == "%":
            return cls(name, number / 100, of_teacher=True)
        if not math.isfinite(limit := number * _factor(text, name, unit)):
            raise StudyError(f"--constraint {text!r} needs a number above 0, and below infinity")
        return cls(name, limit)

    def __str__(self) -> str:
        """Write the limit in one form, however it was typed; studies are compared by it."""
        return f"{self.name}<={100 * self.limit:.12g}%" if self.of_teacher else f"{self.name}<={self.limit:.12g}"

    @property
    def known_before_training(self) -> bool:
        """Whether a configuration can be refused before it is trained: costs are known then, errors are not."""
        return not OBJECTIVES[self.name].is_error

    def resolve(self, teacher: Baseline | None) -> "Constraint":
        """Resolve a relative limit to absolute terms.

        Args:
            teacher: The study's teacher; only relative limits need it.

        Raises:
            StudyError: The limit is relative and the teacher's value is not known.
        """
        if not self.of_teacher:
            return self
        value = math.nan if teacher is None else OBJECTIVES[self.name].value(teacher)
        if not 0 < value < math.inf:
            raise StudyError(
                f"the limit {self} is a share of the teacher's {self.name}, which is not known; give an absolute limit"
            )
        return replace(self, limit=self.limit * value, of_teacher=False)

    def violation(self, record: Measured) -> float:
        """Measure the excess of a record over the limit, as a fraction of it.

        Args:
            record: A record with metrics and cost.

        Returns:
            Value over limit less 1: at most 0 where the limit is kept, NaN where the record does not hold the value.

        Raises:
            ValueError: The limit is relative; `resolve` comes first.
        """
        if self.of_teacher:
            raise ValueError(f"{self} is relative to a teacher; resolve it first")
        return OBJECTIVES[self.name].value(record) / self.limit - 1


def parse_constraints(texts: str | Iterable[str]) -> list[Constraint]:
    """Read several limits, or one, at most one for each quantity, and give them in the order of `OBJECTIVES`.

    Raises:
        StudyError: A text is no limit, or two limit the same quantity.
    """
    parsed = [Constraint.parse(text) for text in ([texts] if isinstance(texts, str) else texts)]
    names = [one.name for one in parsed]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        both = " and ".join(str(one) for one in parsed if one.name == twice[0])
        raise StudyError(f"--constraint limits {twice[0]} more than once, by {both}; keep the tighter one")
    return sorted(parsed, key=lambda one: list(OBJECTIVES).index(one.name))


def violations(constraints: Sequence[Constraint], record: TrialRecord) -> dict[str, float]:
    """Measure the excess of a trial over each limit (`Constraint.violation`), as far as the record tells.

    An unfinished trial's error is not its final error: only COMPLETE records are held to a limit on an error.

    Args:
        constraints: Resolved limits.
        record: Record of a trial, perhaps one with nothing but its costs yet.

    Returns:
        Name of the quantity -> violation, for those that the record holds.
    """
    complete = record.state == "COMPLETE"
    found = {one.name: one.violation(record) for one in constraints if complete or one.known_before_training}
    return {name: value for name, value in found.items() if not math.isnan(value)}


def shown_in_dashboard(broken: dict[str, float]) -> list[float]:
    """Make the system attribute "constraints" of a row, from which optuna-dashboard tells feasible rows.

    The dashboard does not show the values of `Trial.set_constraint`, and Optuna's samplers read both. One number, the
    worst, is enough for the dashboard and counts least beside the others.
    """
    return [max(broken.values())] if broken else []


def _factor(text: str, name: str, unit: str) -> float:
    """Look up the factor of a number with this unit."""
    wanted = OBJECTIVES[name].unit
    prefix = unit[:1] if OBJECTIVES[name].counted and unit != wanted and unit[:1] in _THOUSANDS else ""
    if unit.removeprefix(prefix) not in {"", wanted}:
        choice = f"nothing, k, M or G, then {wanted} if you like" if OBJECTIVES[name].counted else wanted or "nothing"
        raise StudyError(
            f"--constraint {text!r} has the unit {unit!r}; after the number of {name} comes {choice}, or %"
        )
    return _THOUSANDS.get(prefix, 1.0)
