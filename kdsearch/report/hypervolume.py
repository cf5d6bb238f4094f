"""Hypervolume over the search: how much of objective space the front dominates after each trial."""

from __future__ import annotations

import math

from kdsearch.measure.objectives import OBJECTIVES
from kdsearch.report.front import gained_volume, in_decades
from kdsearch.report.numbers import significant
from kdsearch.report.summary import TrialSummary, VolumePoint

__all__ = ["volume_history", "volume_note", "volume_unit"]

_FINISHED = ("COMPLETE", "PRUNED", "FAIL")
_NEARLY_ALL = 0.9


def volume_history(
    trials: list[TrialSummary], objectives: list[str], reference_point: list[float] | None
) -> list[VolumePoint]:
    """Measure the hypervolume of the feasible trials after each finished trial.

    Args:
        trials: By number; their objectives are those of the report, confirmed where they were confirmed.
        objectives: Names.
        reference_point: The study's; without one there is no history.
    """
    if reference_point is None:
        return []
    logarithmic = [not OBJECTIVES[name].is_error for name in objectives]
    corner = in_decades([reference_point], logarithmic)[0]
    front: list[list[float]] = []
    history: list[VolumePoint] = []
    spent, volume = 0.0, 0.0
    for trial in trials:
        if trial.state not in _FINISHED:
            continue
        spent += trial.cpu_seconds
        values = [trial.objectives.get(name, math.nan) for name in objectives]
        usable = trial.feasible and all(map(math.isfinite, values))
        if usable and not any(_no_worse(one, values) for one in front):  # else the volume is as before
            point, *others = in_decades([values, *front], logarithmic)
            volume += gained_volume(point, others, corner)
            front = [*(one for one in front if not _no_worse(values, one)), values]
        history.append(
            VolumePoint(trial=trial.number, finished=len(history) + 1, cpu_seconds=spent, hypervolume=volume)
        )
    return history


def _no_worse(one: list[float], other: list[float]) -> bool:
    return all(own <= its for own, its in zip(one, other, strict=True))


def volume_unit(objectives: list[str]) -> str:
    """Name what a hypervolume is measured in: "mae times decades of latency"."""
    return " times ".join(name if OBJECTIVES[name].is_error else f"decades of {name}" for name in objectives)


def volume_note(
    history: list[VolumePoint], objectives: list[str], reference_point: list[float] | None, unit: str = ""
) -> str | None:
    """Say what the hypervolume is, from where it is measured and how soon it was reached.

    Args:
        history: Of the search.
        objectives: Its names.
        reference_point: One value for each; None where the study has none.
        unit: Unit of the readings.
    """
    if not history or reference_point is None:
        return None
    ends = zip(objectives, reference_point, strict=True)
    corner = ", ".join(f"{name} {significant(value)} {OBJECTIVES[name].unit_of(unit)}".strip() for name, value in ends)
    last = history[-1].hypervolume
    if last == 0:
        return f"Hypervolume: no feasible trial is below the reference point ({corner}) in every objective."
    soon = next(point for point in history if point.hypervolume >= _NEARLY_ALL * last)
    return (
        f"Hypervolume: {significant(last)} ({volume_unit(objectives)}) below the reference point ({corner}); "
        f"{100 * _NEARLY_ALL:g} % of it was reached after {soon.finished} of {len(history)} trials."
    )
