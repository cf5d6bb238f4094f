"""The sentences that begin a report: the best network that fits the limits, and what was chosen from the front."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kdsearch.measure.objectives import OBJECTIVES
from kdsearch.record import of_role
from kdsearch.report.numbers import error, listed, mae, significant, spread
from kdsearch.report.other_readings import on_other_readings
from kdsearch.report.preference import rule_of
from kdsearch.report.text.gains import share_of
from kdsearch.report.text.notes import named

if TYPE_CHECKING:
    from kdsearch.costs import Cost
    from kdsearch.record import Baseline
    from kdsearch.report.summary import TrialSummary

__all__ = ["answer"]


def answer(
    chosen: TrialSummary | None,
    baselines: list[Baseline],
    weights: dict[str, float] | None = None,
    unit: str = "",
    *,
    better: Baseline | None = None,
    limited: bool = False,
) -> str:
    """Say what the chosen network costs and how well it does against the teacher, and what chose it.

    Args:
        chosen: The network; None where there is none.
        baselines: Those of the study.
        weights: Those by which it was chosen; None for the knee.
        unit: Unit of the readings.
        better: A baseline that is better and keeps the limits; it is named first.
        limited: Whether there are limits.
    """
    teacher = of_role(baselines, "teacher")
    first = "" if better is None else f"{_on_baseline(better, chosen, teacher, unit, limited=limited)} "
    if chosen is None:
        return f"{first}No trial has finished inside the limits, so there is no front yet."
    it = "The knee of the front" if weights is None else f"By {rule_of(weights)} the choice from the front"
    if teacher is None or chosen.cost is None:
        own = f"trial {chosen.number} ({chosen.words})"
        return f"{first}{it} is {own}, with validation MAE {error(mae(chosen.metrics), unit)}."
    size = share_of(chosen.cost.parameters, teacher)
    return (
        f"{first}{it}, trial {chosen.number} ({chosen.words}), keeps {size}{_speed(chosen.cost)}, and has "
        f"validation MAE {error(mae(chosen.metrics), unit)} against the teacher's {error(mae(teacher.metrics))}."
        f"{_on_test(chosen, teacher, unit)}{on_other_readings(chosen.metrics, teacher.metrics, unit)}"
    )


def _on_baseline(
    better: Baseline, chosen: TrialSummary | None, teacher: Baseline | None, unit: str, *, limited: bool
) -> str:
    """Say that a baseline is better than the chosen trial, what it costs and how well it does."""
    won = [] if chosen is None else [n for n, value in chosen.objectives.items() if OBJECTIVES[n].value(better) < value]
    merits = [] if chosen is None else [f"is better than trial {chosen.number} in {listed(won)}"]
    merits += ["keeps the limits"] if limited else []
    name = named(better)
    begun = f"{name[0].upper()}{name[1:]} {' and '.join(merits) or 'is the best network so far'}"
    own = f"validation MAE {error(mae(better.metrics), unit)}"
    if better.cost is None or teacher is None or better.role == "teacher":
        return f"{begun}: it has {own}."
    return (
        f"{begun}: it has {share_of(better.cost.parameters, teacher)}{_speed(better.cost)}, and has {own} against "
        f"the teacher's {error(mae(teacher.metrics))}.{_on_test(better, teacher, unit)}"
        f"{on_other_readings(better.metrics, teacher.metrics, unit)}"
    )


def _speed(cost: Cost) -> str:
    ratio, latency = cost.latency_ratio, cost.latency_ms
    own = "" if latency is None else f" in {significant(latency.p50, 2)} ms"
    return "" if ratio is None else f", forecasts{own}, {significant(1 / ratio, 2)} times as fast"


def _on_test(network: TrialSummary | Baseline, teacher: Baseline, unit: str) -> str:
    """Write the error of the test split, where there is one for both."""
    if "test" not in network.metrics or "test" not in teacher.metrics:
        return ""
    own, theirs = error(mae(network.metrics, split="test"), unit), error(mae(teacher.metrics, split="test"))
    confirmed = getattr(network, "confirmed", None)
    over = ""
    if confirmed is not None:
        std, seeds = mae(confirmed.standard_deviation, split="test"), len(confirmed.seeds)
        over = " with one seed" if math.isnan(std) else f" ± {spread(std)} over {seeds} seeds"
    return f" On the test split it has {own}{over} against {theirs}."
