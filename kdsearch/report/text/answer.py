"""The sentences that begin a report: the best network that fits the limits, and what was chosen from the front."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kdsearch.measure.objectives import OBJECTIVES
from kdsearch.record import of_role
from kdsearch.report.confirmed import days_of
from kdsearch.report.numbers import between, count, error, listed, mae, share, significant, spread, with_unit
from kdsearch.report.other_readings import on_other_readings
from kdsearch.report.preference import rule_of
from kdsearch.report.summary import TrialSummary
from kdsearch.report.text.notes import named
from kdsearch.report.verdicts import Days, interval_over_days

if TYPE_CHECKING:
    from kdsearch.costs import Cost
    from kdsearch.record import Baseline

__all__ = ["answer"]


def answer(
    chosen: TrialSummary | None,
    baselines: list[Baseline],
    weights: dict[str, float] | None = None,
    unit: str = "",
    *,
    better: Baseline | None = None,
    limited: bool = False,
) -> list[str]:
    """Say what the chosen network is, what it costs, how well it does, and what it beats beyond the noise.

    Args:
        chosen: The network; None where there is none.
        baselines: Those of the study.
        weights: Those by which it was chosen; None for the knee.
        unit: Unit of the readings.
        better: A baseline that is better and keeps the limits; it is named first.
        limited: Whether there are limits.

    Returns:
        Sentences, the first of which says what it is and what it costs.
    """
    sentences = []
    if better is not None:
        begun = f"{_merits(better, chosen, limited=limited)}: {_costs_and_error(better, baselines, unit)}."
        sentences += [begun, *_further(better, baselines, unit)]
    if chosen is None:
        sentences.append("No trial has finished inside the limits, so there is no front yet.")
    else:
        it = "The knee of the front" if weights is None else f"By {rule_of(weights)} the choice from the front"
        own = f"{it} is trial {chosen.number} ({chosen.words})"
        sentences.append(f"{own}: {_costs_and_error(chosen, baselines, unit)}.")
        sentences += _further(chosen, baselines, unit)
    return sentences


def _merits(better: Baseline, chosen: TrialSummary | None, *, limited: bool) -> str:
    """Name a baseline, and say in what it is better than the chosen trial."""
    won = [] if chosen is None else [n for n, value in chosen.objectives.items() if OBJECTIVES[n].value(better) < value]
    merits = [] if chosen is None else [f"is better than trial {chosen.number} in {listed(won)}"]
    merits += ["keeps the limits"] if limited else []
    name = named(better)
    return f"{name[0].upper()}{name[1:]} {' and '.join(merits) or 'is the best network so far'}"


def _costs_and_error(network: TrialSummary | Baseline, baselines: list[Baseline], unit: str) -> str:
    """Write size, speed and validation error, with the teacher's beside them where it is another network."""
    teacher = of_role(baselines, "teacher")
    own = f"validation MAE {error(mae(network.metrics), unit)}"
    if teacher is None or network is teacher or network.cost is None:
        return own if network.cost is None else f"{count(network.cost.parameters)} parameters, {own}"
    beside = f"the teacher: {error(mae(teacher.metrics))}"
    return f"{_size(network.cost, teacher)}{_speed(network.cost)}, {own} ({beside})"


def _size(cost: Cost, teacher: Baseline) -> str:
    beside = "" if teacher.cost is None else f" ({share(cost.parameters / teacher.cost.parameters)} of the teacher's)"
    return f"{count(cost.parameters)} parameters{beside}"


def _speed(cost: Cost) -> str:
    ratio, latency = cost.latency_ratio, cost.latency_ms
    if ratio is None:
        return ""
    times = f"{significant(1 / ratio, 2)} times as fast as the teacher"
    return f", {times}" if latency is None else f", {significant(latency.p50, 2)} ms for a forecast ({times})"


def _further(network: TrialSummary | Baseline, baselines: list[Baseline], unit: str) -> list[str]:
    """Write its error on the test split, what it beats there, and its error over the other readings."""
    teacher = of_role(baselines, "teacher")
    if teacher is None or network is teacher:
        return []
    others = on_other_readings(network.metrics, teacher.metrics, unit)
    sentences = (_on_test(network, teacher, unit), _over_days(network, baselines, unit), others.strip())
    return [sentence for sentence in sentences if sentence]


def _on_test(network: TrialSummary | Baseline, teacher: Baseline, unit: str) -> str:
    """Write the error of the test split, where there is one for both."""
    if "test" not in network.metrics or "test" not in teacher.metrics:
        return ""
    own, theirs = error(mae(network.metrics, split="test"), unit), error(mae(teacher.metrics, split="test"))
    confirmed = network.confirmed if isinstance(network, TrialSummary) else None
    over = ""
    if confirmed is not None:
        std, seeds = mae(confirmed.standard_deviation, split="test"), len(confirmed.seeds)
        over = " with one seed" if math.isnan(std) else f" ± {spread(std)} over {seeds} seeds"
    return f"On the test split it errs by {own}{over}, the teacher by {theirs}."


def _over_days(network: TrialSummary | Baseline, baselines: list[Baseline], unit: str) -> str:
    """Say which baselines it beats and which beat it by more than the days of the test split differ."""
    own, itself = _days_and_name(network)
    less, more, level, days = list[str](), list[str](), list[str](), 0
    for other in baselines:
        interval, number = interval_over_days([(each, days_of(other)) for each in own])
        if interval is None or other.name == itself:
            continue
        days, (low, high) = number, interval
        if low > 0:
            less.append(f"{named(other)} (by {between([low, high])})")
        elif high < 0:
            more.append(f"{named(other)} (by {between([-high, -low])})")
        else:
            level.append(named(other))
    found = [f"it errs {word} than {listed(names)}" for word, names in (("less", less), ("more", more)) if names]
    found += [f"its difference to {listed(level)} is within the noise"] if level else []
    what = with_unit("intervals of 95 %,", unit).removesuffix(",")
    return f"Over the {days} days of the test split ({what}) {'; '.join(found)}." if found else ""


def _days_and_name(network: TrialSummary | Baseline) -> tuple[list[Days], str | None]:
    """Read errors by day of each training, and the name of the baseline that it is."""
    if not isinstance(network, TrialSummary):
        return [days_of(network)], network.name
    return [] if network.confirmed is None else network.confirmed.days, network.baseline
