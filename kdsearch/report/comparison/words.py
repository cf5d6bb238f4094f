"""Sentences on a comparison of studies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kdsearch.measure.objectives import OBJECTIVES
from kdsearch.report.hypervolume import volume_unit
from kdsearch.report.numbers import error, interval_words, listed, significant, with_unit

if TYPE_CHECKING:
    from kdsearch.report.comparison.model import Comparison, Difference

__all__ = ["answer_of", "notes_of"]


_MOST_PAIRS = 3
"""More are for the table."""


def answer_of(found: Comparison) -> str:
    """Say whose best network errs least on the test split, and whose front dominates most."""
    best = [_clause(one, found.error_unit) for one in found.differences if "best" in one.network]
    pairs = [f"Best networks, on the test split: {'; '.join(best)}."] if len(best) <= _MOST_PAIRS else []
    return " ".join([*pairs, *_volumes(found)])


def _clause(one: Difference, unit: str) -> str:
    """Compare two networks in a clause."""
    both = listed(one.studies)
    if one.mean is None:
        return f"{both} are {one.words}"
    if one.verdict == "the same":
        return f"{both} are the same"
    interval = one.over_days or one.over_seeds
    over = f"95 % interval over {'days' if one.over_days else 'seeds'}"
    if one.verdict.endswith("errs less") and interval is not None:
        other = next(letter for letter in one.studies if letter != one.verdict[0])
        low, high = sorted(map(abs, interval))
        return f"{one.verdict} than {other}, by {error(abs(one.mean), unit)} ({over} {low:.2g} to {high:.2g})"
    within = "" if interval is None else f" ({over} {interval_words(interval, '')})"
    return f"{' minus '.join(one.studies)} is {with_unit(f'{one.mean:+.3g}', unit)}{within}, {one.words}"


def _volumes(found: Comparison) -> list[str]:
    """Say which front dominates most; nothing without a common reference point."""
    volumes = {one.letter: one.hypervolume for one in found.studies if one.hypervolume is not None}
    if not volumes:
        return []
    if not any(volumes.values()):
        return ["No front reaches below the reference point of hypervolume."]
    if len(set(volumes.values())) == 1:
        return ["Their fronts dominate equally much."]
    written = ", ".join(f"{letter} {significant(value)}" for letter, value in volumes.items())
    most = max(volumes, key=lambda letter: volumes[letter])
    return [f"The front of {most} dominates most: hypervolume {written}."]


def notes_of(found: Comparison) -> list[str]:
    """Say how to read the numbers, and what they do not tell."""
    notes = [_volume_note(found)]
    if any(one.seeds for one in found.differences):
        notes.append(
            f"Differences are test {found.metric.upper()} of the one study's network minus that of the other, paired "
            "by training seed and by day of the test split; below zero the first errs less."
        )
    if judged := sum(one.p_value is not None for one in found.differences):
        notes.append(
            f"Verdicts are two-sided at 5 %: by Student's t over seeds, with Holm's correction for {judged} of them, "
            "and by a bootstrap over days where the studies keep them."
        )
    differing = {one.name for one in found.settings}
    if "limits" in differing:
        notes.append("The limits differ: each front holds networks inside the limits of its own study.")
    if any("latency" in network.costs for network in found.networks):
        notes.append("Each study scales milliseconds to its own machine: compare those of one machine alone.")
    return notes


def _volume_note(found: Comparison) -> str:
    """Say from where hypervolume is measured, or why it is not."""
    corner = found.reference_point
    if corner is None:
        return (
            "Hypervolume: none, for it needs one to three common objectives with an error among them, and studies that "
            "kept their reference points."
        )
    ends = zip(found.objectives, corner, strict=True)
    written = ", ".join(
        f"{name} {significant(value)} {OBJECTIVES[name].unit_of(found.unit)}".strip() for name, value in ends
    )
    return (
        f"Hypervolume ({volume_unit(found.objectives)}) is measured below one point for all ({written}): the "
        "worst of the studies' own reference points in each objective."
    )
