"""Networks as points in the plane of error and cost, with what the pointer shows of them."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kdsearch.measure.objectives import OBJECTIVES
from kdsearch.report.numbers import count, error, magnitude, measured, share, significant
from kdsearch.report.text.limits import limits_broken

if TYPE_CHECKING:
    from kdsearch.costs import Cost
    from kdsearch.measure.objectives import Measured
    from kdsearch.record import Baseline, Metrics, Role
    from kdsearch.report.summary import StudySummary, TrialSummary

__all__ = ["Mark", "OverSeeds", "baseline_mark", "shown_error", "trial_mark"]

_ALWAYS_WRITTEN = {"params", "flops", "latency"}
"""Costs that the pointer shows in every study."""


@dataclass(frozen=True)
class OverSeeds:
    """Validation error of a network that was trained with several seeds: its mean and standard deviation."""

    mean: float
    standard_deviation: float
    seeds: int


@dataclass(frozen=True)
class Mark:
    """One network in the plane.

    Attributes:
        cost: In the unit of its objective.
        error: Of the validation split.
        text: What the pointer shows, in plotly's HTML.
        kind: That of a trial, which decides its colour.
        loss: That of a trial, which decides its symbol.
        on_front: Whether it is on the front of the search.
        feasible: Whether it keeps the limits of the search.
        role: That of a baseline; None for a trial.
        over_seeds: Of its confirmation with several seeds; None without one.
    """

    cost: float
    error: float
    text: str
    kind: str = ""
    loss: str = ""
    on_front: bool = False
    feasible: bool = True
    role: Role | None = None
    over_seeds: OverSeeds | None = None


def trial_mark(trial: TrialSummary, cost: str, summary: StudySummary) -> Mark | None:
    """Make the point of a trial; None where its cost or error is not known.

    Args:
        trial: Of the study.
        cost: Name of a cost objective.
        summary: The study.
    """
    at, value = OBJECTIVES[cost].value(trial), shown_error(trial.metrics, summary)
    if trial.cost is None or not (math.isfinite(at) and math.isfinite(value)):
        return None
    loss = str(trial.params.get("loss", "none"))
    params = [f"{name}: {value}" for name, value in trial.params.items()]
    outside = [] if trial.feasible else [f"outside the limits: {', '.join(limits_broken(trial, summary.limits))}"]
    lines = [f"trial {trial.number}", *_result_lines(trial, trial.cost, summary), *outside, "", *params]
    over_seeds = _over_seeds(trial, summary)
    return Mark(
        at, value, _hover(lines), summary.kind(trial), loss, trial.on_front, trial.feasible, over_seeds=over_seeds
    )


def _over_seeds(trial: TrialSummary, summary: StudySummary) -> OverSeeds | None:
    confirmed = trial.confirmed
    if confirmed is None:
        return None
    mean, deviation = (shown_error(one, summary) for one in (confirmed.mean, confirmed.standard_deviation))
    return OverSeeds(mean, deviation, len(confirmed.seeds)) if math.isfinite(mean + deviation) else None


def baseline_mark(baseline: Baseline, cost: str, summary: StudySummary) -> Mark | None:
    """Make the point of a baseline; None where its cost or error is not known."""
    at, value = OBJECTIVES[cost].value(baseline), shown_error(baseline.metrics, summary)
    if baseline.cost is None or not (math.isfinite(at) and math.isfinite(value)):
        return None
    text = _hover([baseline.name, *_result_lines(baseline, baseline.cost, summary)])
    return Mark(at, value, text, role=baseline.role)


def shown_error(metrics: Metrics, summary: StudySummary, horizon: str = "all") -> float:
    """Read a validation error of the metric that figures show; NaN where it was not measured."""
    return measured(metrics, summary.metric, horizon, "val")


def _result_lines(network: Measured, cost: Cost, summary: StudySummary) -> list[str]:
    """Write errors and costs as the pointer shows them."""
    errors = " / ".join(error(shown_error(network.metrics, summary, minutes)) for minutes in summary.horizons)
    teacher = summary.teacher
    of_teacher = ""
    if teacher is not None and teacher.cost is not None and teacher.cost is not cost:
        of_teacher = f" ({share(cost.parameters / teacher.cost.parameters)} of the teacher's)"
    value = error(shown_error(network.metrics, summary), summary.unit_of(summary.metric))
    lines = [
        f"validation {summary.metric.upper()} {value}",
        f"at {' / '.join(summary.horizons)} minutes {errors}",
        f"{count(cost.parameters)} parameters{of_teacher}",
        f"{magnitude(cost.flops)}FLOPs",
    ]
    if cost.latency_ms is not None:
        p50, p95 = significant(cost.latency_ms.p50), significant(cost.latency_ms.p95)
        lines.append(f"latency {p50} ms (95 %: {p95} ms)")
    return lines + _further_costs(network, summary)


def _further_costs(network: Measured, summary: StudySummary) -> list[str]:
    """Write the costs among the study's objectives that the other lines do not have, as far as they are known."""
    objectives = [OBJECTIVES[one.name] for one in summary.objectives if one.name not in _ALWAYS_WRITTEN]
    values = [(one, one.value(network)) for one in objectives if not one.is_error]
    return [f"{one.name} {significant(value)} {one.unit}".strip() for one, value in values if math.isfinite(value)]


def _hover(lines: list[str]) -> str:
    """Write lines of data as plotly's HTML, the first in bold."""
    first, *rest = (html.escape(line) for line in lines)
    return "<br>".join([f"<b>{first}</b>", *rest])
