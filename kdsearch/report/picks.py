"""Words for networks of a study: which one "knee", "best", "smallest", a number or a name means."""

from __future__ import annotations

import math
from itertools import count, groupby
from typing import TYPE_CHECKING

from kdsearch.errors import StudyError
from kdsearch.measure.objectives import OBJECTIVES
from kdsearch.report.summary import candidates

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from kdsearch.record import Baseline
    from kdsearch.report.summary import Limit, StudySummary, TrialSummary

__all__ = ["better_baseline", "pick_network", "words_of"]

WORDS = ("knee", "best", "smallest")


def better_baseline(
    chosen: TrialSummary | None, baselines: Iterable[Baseline], objectives: Sequence[str], limits: Sequence[Limit]
) -> Baseline | None:
    """Find the best baseline network inside the limits that is in no objective worse than the chosen trial.

    Args:
        chosen: The trial; where there is none, any network inside the limits is better.
        baselines: Those of the study.
        objectives: Names of its objectives.
        limits: Its limits.
    """
    fitting = _fitting(baselines, objectives, limits)
    if chosen is not None:
        fitting.pop(str(chosen.baseline), None)  # it is that baseline, timed twice
        own = chosen.values(list(objectives))
        fitting = {
            name: values
            for name, values in fitting.items()
            if values != own and all(its <= ours for its, ours in zip(values, own, strict=True))
        }
    best = min(fitting, key=lambda name: fitting[name], default=None)
    return next((one for one in baselines if one.name == best), None)


def _fitting(
    baselines: Iterable[Baseline], objectives: Sequence[str], limits: Sequence[Limit]
) -> dict[str, list[float]]:
    """Read the objectives of the baseline networks inside the limits, by name.

    The teacher is what the others are measured by, and counts only where it keeps a limit on a cost.
    """
    limited = any(limit.constraint.known_before_training for limit in limits)
    return {
        one.name: values
        for one in baselines
        if one.is_network
        and (limited or one.role != "teacher")
        and all(limit.constraint.violation(one) <= 0 for limit in limits)
        and all(map(math.isfinite, values := [OBJECTIVES[name].value(one) for name in objectives]))
    }


def words_of(summary: StudySummary, trials: Collection[int], baselines: Collection[str]) -> dict[str, int | str]:
    """Find what each word means: the number of a trial or the name of a baseline; without those that mean none.

    Args:
        summary: The study.
        trials: Trials whose networks it keeps.
        baselines: Baselines whose networks it keeps.
    """
    names = [one.name for one in summary.objectives]
    kept = [one for one in summary.baselines if one.name in baselines]
    values: dict[int | str, list[float]] = {one.number: one.values(names) for one in candidates(summary.trials, names)}
    values = {number: own for number, own in values.items() if number in trials}
    values.update(_fitting(kept, names, summary.limits).items())
    front = [one for one in summary.front_trials if one.number in trials and one.cost is not None]
    smallest = min(front, key=lambda one: one.cost.parameters if one.cost else 0, default=None)
    meant = (
        summary.knee if summary.knee in trials else None,
        min(values, key=lambda one: values[one], default=None),
        None if smallest is None else smallest.number,
    )
    return {word: one for word, one in zip(WORDS, meant, strict=True) if one is not None}


def pick_network(
    summary: StudySummary, trials: Collection[int], baselines: Collection[str], pick: str | int
) -> int | str:
    """Choose a network of a study.

    Args:
        summary: The study.
        trials: Trials whose networks it keeps.
        baselines: Baselines whose networks it keeps.
        pick: "knee", "best" (least first objective of all networks inside the limits, baselines too), "smallest" (of
            the front), the number of a trial, or the name of a baseline.

    Returns:
        The number of a trial, or the name of a baseline.

    Raises:
        StudyError: It means no network that the study keeps; the message names the choices.
    """
    words, asked = words_of(summary, trials, baselines), str(pick).strip()
    if asked in words:
        return words[asked]
    if asked in baselines:
        return asked
    if asked.isdecimal() and int(asked) in trials:
        return int(asked)
    choices = ", ".join([*words, *baselines, *([f"a trial of {_ranges(trials)}"] if trials else [])])
    remedy = f"choose one of {choices}" if choices else "run it again: its networks were left out"
    inside = " inside the limits" if choices and asked in WORDS else ""
    raise StudyError(f"study {summary.study!r} keeps no network {asked!r}{inside}; {remedy}")


def _ranges(numbers: Iterable[int]) -> str:
    """Write numbers shortly: "0 to 3, 5, 8 to 40"."""
    ascending, places = sorted(numbers), count()
    runs = [list(run) for _, run in groupby(ascending, key=lambda number: number - next(places))]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)
