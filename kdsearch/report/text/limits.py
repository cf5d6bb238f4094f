"""Sentences on the limits of a search, the trials that break them, and by how much."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from kdsearch.errors import StudyError
from kdsearch.measure.objectives import OBJECTIVES
from kdsearch.report.numbers import share
from kdsearch.report.summary import Limit
from kdsearch.study.constraints import parse_constraints

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kdsearch.measure.objectives import Measured
    from kdsearch.record import Baseline
    from kdsearch.report.summary import TrialSummary
    from kdsearch.study.constraints import Constraint

__all__ = ["limits_broken", "limits_kept", "read_limits", "tightened"]


def read_limits(texts: Sequence[str], teacher: Baseline | None, unit: str = "") -> list[Limit]:
    """Read a study's limits; those relative to a teacher that the study does not have yet are left out.

    Args:
        texts: As the study keeps them.
        teacher: Its teacher.
        unit: Unit of the readings.
    """
    asked = [one for one in parse_constraints(texts) if teacher is not None or not one.of_teacher]
    return [_limit(one, teacher, unit) for one in asked]


def tightened(
    limits: list[Limit],
    texts: str | Sequence[str],
    trials: Iterable[Measured],
    teacher: Baseline | None,
    unit: str = "",
) -> list[Limit]:
    """Add a reader's limits to those of a study; of two on one quantity the tighter holds.

    Args:
        limits: Those of the study.
        texts: The reader's, such as "params<=8k".
        trials: What was measured in the study.
        teacher: Its teacher.
        unit: Unit of the readings.

    Raises:
        StudyError: A text is no limit, or limits what no trial holds.
    """
    chosen, measured = {one.name: one for one in limits}, list(trials)
    for asked in parse_constraints(texts):
        held = [name for name, one in OBJECTIVES.items() if any(math.isfinite(one.value(trial)) for trial in measured)]
        if asked.name not in held:
            known = f"limit one of {', '.join(held)}" if held else "wait for its first trial"
            raise StudyError(f"--constraint {asked} limits {asked.name}, which no trial of the study holds; {known}")
        later = _limit(asked, teacher, unit).model_copy(update={"afterwards": True})
        if asked.name not in chosen or later.limit < chosen[asked.name].limit:
            chosen[asked.name] = later
    return [chosen[name] for name in OBJECTIVES if name in chosen]


def _limit(asked: Constraint, teacher: Baseline | None, unit: str) -> Limit:
    return Limit(
        name=asked.name,
        text=str(asked),
        limit=asked.resolve(teacher).limit,
        unit=OBJECTIVES[asked.name].unit_of(unit),
    )


def limits_kept(trials: list[TrialSummary], limits: list[Limit]) -> str | None:
    """Say what the limits are in absolute terms and how many trials broke which."""
    if not limits:
        return None
    stated = f"Limits: {', '.join(limit.words for limit in limits)}"
    measured = [trial for trial in trials if trial.violations]
    if not measured:
        return f"{stated}."
    broken = Counter(name for trial in measured for name, value in trial.violations.items() if value > 0)
    number = sum(any(value > 0 for value in trial.violations.values()) for trial in measured)
    of_all = "of 1 measured trial" if len(measured) == 1 else f"of {len(measured)} measured trials"
    if not number:
        return f"{stated}; {of_all}, none breaks {'it' if len(limits) == 1 else 'one'}."
    each = ", ".join(f"{limit.name} {broken[limit.name]}" for limit in limits if broken[limit.name])
    which = "it" if len(limits) == 1 else f"one or more ({each})"
    return f"{stated}; {of_all}, {number} {'breaks' if number == 1 else 'break'} {which}."


def limits_broken(trial: TrialSummary, limits: list[Limit]) -> list[str]:
    """Say whether a trial keeps the limits: "feasible", or each broken limit and by how much; empty if not known."""
    broken = [f"{name} {_beyond(value)}" for name, value in trial.violations.items() if value > 0]
    if broken or not trial.feasible:
        return broken or ["outside"]
    return ["feasible"] if len(trial.violations) == len(limits) else []


def _beyond(violation: float) -> str:
    return f"{violation + 1:,.1f} times the limit" if violation >= 1 else f"{share(violation)} above"
