"""Differences between the chosen networks of studies, paired by training seed and by day of the test split."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from kdsearch.report.comparison.model import Difference
from kdsearch.report.numbers import measured
from kdsearch.report.verdicts import Interval, Outcome, compared, corrected, interval_over_days

if TYPE_CHECKING:
    from kdsearch.report.confirmed import Confirmed
    from kdsearch.report.summary import StudySummary, TrialSummary

__all__ = ["best_of", "knee_of", "paired_differences"]


def knee_of(summary: StudySummary) -> TrialSummary | None:
    """Find the network that the study's report proposes."""
    return next((trial for trial in summary.front_trials if trial.number == summary.knee), None)


def best_of(summary: StudySummary, metric: str) -> TrialSummary | None:
    """Find the network of the front with the least validation error."""
    return min(summary.front_trials, key=lambda trial: measured(trial.metrics, metric, "all", "val"), default=None)


def paired_differences(summaries: dict[str, StudySummary], metric: str) -> list[Difference]:
    """Compare knee with knee and best with best, for each two studies; verdicts are corrected for their number.

    Args:
        summaries: Letter -> study.
        metric: Of the test split.
    """
    pairs: list[tuple[tuple[str, str], str, TrialSummary | None, TrialSummary | None]] = []
    for one, other in combinations(summaries, 2):
        knees = knee_of(summaries[one]), knee_of(summaries[other])
        best = best_of(summaries[one], metric), best_of(summaries[other], metric)
        named = [("knee, best", knees)] if knees == best else [("knee", knees), ("best", best)]
        pairs += [((one, other), name, *both) for name, both in named]
    found = [_outcome(studies, both, metric) for studies, _, *both in pairs]
    judged = corrected([outcome for outcome, _, _ in found])
    return [
        _difference(studies, name, (one, other), outcome, seeds, reason)
        for (studies, name, one, other), outcome, (_, seeds, reason) in zip(pairs, judged, found, strict=True)
    ]


def _outcome(studies: tuple[str, str], both: list[TrialSummary | None], metric: str) -> tuple[Outcome, list[int], str]:
    """Pair two networks: the gain of the one over the other, the seeds, and why nothing can be paired."""
    sides = [_confirmed(letter, trial) for letter, trial in zip(studies, both, strict=True)]
    if missing := [side for side in sides if isinstance(side, str)]:
        return Outcome(()), [], missing[0]
    one, other = (side for side in sides if not isinstance(side, str))
    seeds = sorted(set(one.seeds) & set(other.seeds))
    if not seeds:
        return Outcome(()), [], "the networks were trained with no seed in common"
    places = [(one.seeds.index(seed), other.seeds.index(seed)) for seed in seeds]
    gains = [
        measured(other.errors[its], metric, "all", "test") - measured(one.errors[own], metric, "all", "test")
        for own, its in places
    ]
    if not any(gains):
        return Outcome(tuple(gains)), seeds, ""
    days = [(one.days[own], other.days[its]) for own, its in places] if metric == "mae" else []  # kept of the MAE alone
    outcome = compared(gains, days)
    if outcome.p_value is None:  # one pair of networks says nothing of other seeds, and its days of other days
        over_days, number = interval_over_days(days)
        outcome = replace(outcome, over_days=over_days, days=number)
    return outcome, seeds, outcome.reason


def _confirmed(letter: str, trial: TrialSummary | None) -> Confirmed | str:
    """Find the confirmation of a network; why there is none, in words."""
    if trial is None:
        return f"{letter} has no front"
    if trial.confirmed is None or not trial.confirmed.seeds:
        return f"trial {trial.number} of {letter} is not confirmed"
    return trial.confirmed


def _difference(
    studies: tuple[str, str],
    network: str,
    trials: tuple[TrialSummary | None, TrialSummary | None],
    outcome: Outcome,
    seeds: list[int],
    reason: str,
) -> Difference:
    """Write an outcome as the one's error minus the other's: the opposite sign of a gain."""
    words = {"held": f"{studies[0]} errs less", "not held": f"{studies[1]} errs less"}
    verdict = words.get(outcome.verdict, outcome.verdict)
    if not seeds:
        verdict = "not paired"
    elif not any(outcome.gains):
        verdict = "the same"
    return Difference(
        studies=studies,
        network=network,
        trials=tuple(None if trial is None else trial.number for trial in trials),
        seeds=seeds,
        mean=0.0 - outcome.mean if math.isfinite(outcome.mean) else None,
        over_seeds=_negated(outcome.over_seeds),
        over_days=_negated(outcome.over_days),
        days=outcome.days,
        p_value=outcome.corrected_p_value,
        verdict=verdict,
        reason=reason,
    )


def _negated(interval: Interval | None) -> Interval | None:
    return None if interval is None else (-interval[1], -interval[0])
