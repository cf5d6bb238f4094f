"""Compare studies of one protocol and data: fronts, hypervolume, paired differences, and what was set otherwise."""

from __future__ import annotations

import math
from collections import Counter
from string import ascii_uppercase
from typing import TYPE_CHECKING

from kdsearch.errors import StudyError
from kdsearch.measure.objectives import OBJECTIVES, RUNTIMES
from kdsearch.report.comparison.model import ComparedNetwork, ComparedStudy, Comparison, FrontPoint
from kdsearch.report.comparison.pairs import best_of, paired_differences
from kdsearch.report.comparison.settings import differing_settings
from kdsearch.report.comparison.words import answer_of, notes_of
from kdsearch.report.front import log_hypervolume, non_dominated
from kdsearch.report.numbers import measured
from kdsearch.report.summary import candidates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kdsearch.record import Baseline
    from kdsearch.report.summary import StudySummary, TrialSummary
    from kdsearch.study.storage.meta import StudyMeta

__all__ = ["compare_studies"]

_COSTS = ("params", "flops", "latency")
"""Shown of every network, whatever was minimised."""
_MOST_OBJECTIVES = 3


def compare_studies(summaries: Sequence[StudySummary], metas: Sequence[StudyMeta]) -> Comparison:
    """Compare studies.

    Args:
        summaries: Two studies or more.
        metas: Their metadata, in the same order.

    Raises:
        StudyError: They may not be compared; the message says why.
    """
    _refuse_incomparable(summaries, metas)
    first, unit = summaries[0], next((one.unit for one in summaries if one.unit), "")
    common = [name for name in metas[0].objectives if all(name in meta.objectives for meta in metas)]
    metric = next((name for name in common if OBJECTIVES[name].is_error), "mae")
    costs = [name for name in common if not OBJECTIVES[name].is_error] or ["params"]
    corner = _reference_point(metas, common)
    lettered = dict(zip(ascii_uppercase, summaries, strict=False))
    studies = [_study(letter, one, metric, common, costs, corner) for letter, one in lettered.items()]
    found = Comparison(
        dataset=first.dataset,
        protocol=first.protocol,
        protocol_text=first.protocol_text,
        unit=unit,
        metric=metric,
        objectives=common,
        costs=costs,
        reference_point=corner,
        studies=studies,
        networks=[
            network for letter, one in lettered.items() for network in _networks(letter, one, metric, [*_COSTS, *costs])
        ],
        differences=paired_differences(lettered, metric),
        settings=differing_settings(summaries, metas),
        answer="",
        notes=[],
    )
    return found.model_copy(update={"answer": answer_of(found), "notes": notes_of(found)})


def _refuse_incomparable(summaries: Sequence[StudySummary], metas: Sequence[StudyMeta]) -> None:
    """Refuse studies whose numbers do not stand on one scale."""
    if not 2 <= len(metas) <= len(ascii_uppercase):
        raise StudyError(f"a comparison takes 2 to {len(ascii_uppercase)} studies, not {len(metas)}; name two or more")
    first, one = metas[0], summaries[0]
    for meta, summary in zip(metas[1:], summaries[1:], strict=True):
        both = f"studies {first.study!r} and {meta.study!r} cannot be compared"
        if meta.data_hash != first.data_hash:
            other = "readings differ" if meta.dataset == first.dataset else "data differ"
            raise StudyError(
                f"{both}: their {other} ({_both(first.dataset, meta.dataset)}); name studies of the same data"
            )
        if meta.protocol_hash != first.protocol_hash:
            raise StudyError(
                f"{both}: their protocols differ ({_both(first.protocol, meta.protocol)}); "
                "run one again under the protocol of the other"
            )
        if meta.runtime != first.runtime:
            raise StudyError(
                f"{both}: the latency of one is that of {RUNTIMES[first.runtime]}, of the other that of "
                f"{RUNTIMES[meta.runtime]}; run one again with --runtime {meta.runtime}"
            )
        if one.unit and summary.unit and one.unit != summary.unit:
            raise StudyError(
                f"{both}: their errors are in {one.unit} and in {summary.unit}; correct the unit of the data, and run "
                "one again"
            )
        one = one if one.unit else summary
    if not set.intersection(*(set(meta.objectives) for meta in metas)):
        each = "; ".join(f"{meta.study}: {', '.join(meta.objectives)}" for meta in metas)
        raise StudyError(
            f"the studies have no objective in common ({each}); run one again with an --objective of the other"
        )


def _both(one: str, other: str) -> str:
    return f"{one} and {other}" if one != other else f"both are named {one}"


def _reference_point(metas: Sequence[StudyMeta], objectives: list[str]) -> list[float] | None:
    """Choose the worst of the studies' own reference points in each objective; None where one study has none."""
    if len(objectives) > _MOST_OBJECTIVES or not any(OBJECTIVES[name].is_error for name in objectives):
        return None
    points = [
        dict(zip(meta.objectives, meta.reference_point, strict=True))
        for meta in metas
        if meta.reference_point is not None
    ]
    return [max(point[name] for point in points) for name in objectives] if len(points) == len(metas) else None


def _study(
    letter: str,
    summary: StudySummary,
    metric: str,
    objectives: list[str],
    costs: list[str],
    corner: list[float] | None,
) -> ComparedStudy:
    """Gather what tables and figures show of one study."""
    teacher = summary.teacher
    volume = None
    if corner is not None:
        values = [trial.values(objectives) for trial in candidates(summary.trials, objectives)]
        volume = log_hypervolume(values, corner, [not OBJECTIVES[name].is_error for name in objectives])
    planes = {} if teacher is None else {name: _plane(teacher, name, metric) for name in costs}
    return ComparedStudy(
        letter=letter,
        study=summary.study,
        begun=summary.created,
        command=summary.command,
        trials=dict(Counter(trial.state for trial in summary.trials)),
        cpu_seconds=sum(trial.cpu_seconds for trial in summary.trials),
        hypervolume=volume,
        fronts={name: _front(summary, name, metric) for name in costs},
        teacher={name: plane for name, plane in planes.items() if all(map(math.isfinite, plane))},
    )


def _plane(network: TrialSummary | Baseline, cost: str, metric: str) -> tuple[float, float]:
    """Read one cost and the validation error."""
    return OBJECTIVES[cost].value(network), measured(network.metrics, metric, "all", "val")


def _front(summary: StudySummary, cost: str, metric: str) -> list[FrontPoint]:
    """Choose the complete trials inside the limits that no other betters in error and this cost."""
    complete = [trial for trial in summary.trials if trial.state == "COMPLETE" and trial.feasible]
    points = [(trial.number, *_plane(trial, cost, metric)) for trial in complete]
    finite = [point for point in points if all(map(math.isfinite, point))]
    kept = non_dominated([point[1:] for point in finite])
    front = [
        FrontPoint(trial=point[0], cost=point[1], error=point[2]) for point, on in zip(finite, kept, strict=True) if on
    ]
    return sorted(front, key=lambda point: (point.cost, point.trial))


def _networks(letter: str, summary: StudySummary, metric: str, costs: Sequence[str]) -> list[ComparedNetwork]:
    """Gather the networks of a study's own front, best error first, and its teacher."""
    best = best_of(summary, metric)
    chosen = {"knee": summary.knee, "best": None if best is None else best.number}
    every: list[tuple[list[str], TrialSummary | Baseline]] = [
        ([name for name, number in chosen.items() if number == trial.number], trial) for trial in summary.front_trials
    ]
    every += [(["teacher"], one) for one in [summary.teacher] if one is not None]
    return [_network(letter, names, one, metric, costs) for names, one in every]


def _network(
    letter: str, names: list[str], one: TrialSummary | Baseline, metric: str, costs: Sequence[str]
) -> ComparedNetwork:
    confirmed = getattr(one, "confirmed", None)
    known = {name: OBJECTIVES[name].value(one) for name in dict.fromkeys(costs)}
    return ComparedNetwork(
        study=letter,
        names=names,
        trial=getattr(one, "number", None),
        validation=_known(measured(one.metrics, metric, "all", "val")),
        test=_known(measured(one.metrics, metric, "all", "test")),
        standard_deviation=None
        if confirmed is None
        else _known(measured(confirmed.standard_deviation, metric, "all", "test")),
        seeds=[] if confirmed is None else confirmed.seeds,
        costs={name: value for name, value in known.items() if math.isfinite(value)},
    )


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
