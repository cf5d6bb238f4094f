"""Means and spreads of a confirmation, over the seeds of a network and of its twins."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from kdsearch.breakdown import Breakdown
from kdsearch.costs import Cost, Pace
from kdsearch.record import Baseline, Confirmation, Metrics, Training
from kdsearch.report.numbers import mae
from kdsearch.report.verdicts import Days

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Confirmed", "Twin", "confirmed_of", "days_of"]


class Twin(BaseModel):
    """The same network and seeds without a teacher in the loss.

    Attributes:
        seeds: Those of which both the network and its twin are there.
        epochs: Of each training; None where an older study did not keep them.
        cpu_seconds: Of each training, the teacher's own not counted; empty where an older study did not keep them.
        cpu_share: CPU seconds of the twins divided by those of the network with the same seeds.
        mean: Of validation and test split over the seeds.
        standard_deviation: Of the sample of seeds; empty with one seed.
        differences: split -> MAE without the teacher minus MAE with it, one for each seed; positive where the teacher
            helped.
        mean_difference: split -> mean of `differences`.
        days: For each of `seeds` the errors of the network and of its twin by day of the test split; not printed, and
            empty where an older study did not keep them.
    """

    model_config = ConfigDict(frozen=True)

    seeds: list[int]
    epochs: int | None = None
    cpu_seconds: list[float] = Field(default_factory=list)
    cpu_share: float | None = None
    mean: Metrics
    standard_deviation: Metrics
    differences: dict[str, list[float]]
    mean_difference: dict[str, float]
    days: list[tuple[Days, Days]] = Field(default_factory=list, exclude=True, repr=False)


class Confirmed(BaseModel):
    """A confirmed network of the front, trained with several seeds.

    The confirmation is a quiet pass: it times networks when all trainings are over, beside nothing else of kdsearch.

    Attributes:
        seeds: Training seeds that gave a network, the search's own first.
        asked_seeds: How many were asked for.
        epochs: Of each training; None where an older study did not keep them.
        cpu_seconds: Of each training, the teacher's own not counted; empty where an older study did not keep them.
        mean: Of validation and test split over the seeds.
        standard_deviation: Of the sample of seeds; empty with one seed.
        cost: Measured in the confirmation.
        breakdown: Errors and coverage of the search's own network on the test split, by sensor and time; not printed,
            and None where an older study did not keep it.
        pace: How quiet the machine was meanwhile; None where an older study did not keep it.
        twin: Without a teacher in the loss, trained for the same epochs; None where the trial was not distilled.
        cpu_twin: The same, trained for the same CPU seconds.
        failed: Trainings that gave no network, with their reasons.
        errors: Errors of each training; not printed.
        days: Errors of each training by day of the test split; not printed, and empty where an older study did not keep
            them.
    """

    model_config = ConfigDict(frozen=True)

    seeds: list[int]
    asked_seeds: int = 1
    epochs: int | None = None
    cpu_seconds: list[float] = Field(default_factory=list)
    mean: Metrics
    standard_deviation: Metrics
    cost: Cost
    breakdown: Breakdown | None = Field(default=None, exclude=True, repr=False)
    pace: Pace | None = None
    twin: Twin | None = None
    cpu_twin: Twin | None = None
    failed: list[Training] = Field(default_factory=list)
    errors: list[Metrics] = Field(default_factory=list, exclude=True, repr=False)
    days: list[Days] = Field(default_factory=list, exclude=True, repr=False)


def confirmed_of(confirmation: Confirmation) -> Confirmed:
    """Summarise a confirmation by means and spreads over its seeds."""
    trained = confirmation.trained("own", "further")
    metrics = [training.metrics for training in trained]
    return Confirmed(
        seeds=[training.seed for training in trained],
        asked_seeds=max(confirmation.asked_seeds, len(trained)),
        epochs=trained[0].epochs,
        cpu_seconds=_cpu_seconds(trained),
        mean=_over_seeds(metrics, statistics.fmean),
        standard_deviation=_spread(metrics),
        cost=confirmation.cost,
        breakdown=confirmation.breakdown,
        pace=confirmation.pace,
        twin=_twin(trained, confirmation.trained("twin")),
        cpu_twin=_twin(trained, confirmation.trained("cpu-twin")),
        failed=confirmation.failed,
        errors=metrics,
        days=[days_of(training) for training in trained],
    )


def _twin(trained: list[Training], twins: list[Training]) -> Twin | None:
    by_seed = {twin.seed: twin for twin in twins}
    pairs = [(one, by_seed[one.seed]) for one in trained if one.seed in by_seed]
    if not pairs:
        return None
    kept = [twin for _, twin in pairs]
    without = [twin.metrics for twin in kept]
    differences = {
        split: [mae(two.metrics, split=split) - mae(one.metrics, split=split) for one, two in pairs]
        for split in ("val", "test")
        if split in without[0]
    }
    seconds, twin_seconds = _cpu_seconds([one for one, _ in pairs]), _cpu_seconds(kept)
    return Twin(
        seeds=[twin.seed for twin in kept],
        epochs=kept[0].epochs,
        cpu_seconds=twin_seconds,
        cpu_share=sum(twin_seconds) / sum(seconds) if seconds and twin_seconds else None,
        mean=_over_seeds(without, statistics.fmean),
        standard_deviation=_spread(without),
        differences=differences,
        mean_difference={split: statistics.fmean(values) for split, values in differences.items()},
        days=[(days_of(one), days_of(two)) for one, two in pairs],
    )


def days_of(scored: Training | Baseline) -> Days:
    """Read the errors over the whole horizon by day of the test split; empty where a study did not keep them."""
    return scored.days.get("all", {})


def _cpu_seconds(trainings: list[Training]) -> list[float]:
    return [training.cpu_seconds for training in trainings if training.seconds]


def _spread(metrics: list[Metrics]) -> Metrics:
    return _over_seeds(metrics, statistics.stdev) if len(metrics) > 1 else {}


def _over_seeds(metrics: list[Metrics], reduce: Callable[[list[float]], float]) -> Metrics:
    return {
        split: {
            metric: {horizon: reduce([one[split][metric][horizon] for one in metrics]) for horizon in horizons}
            for metric, horizons in metrics[0][split].items()
        }
        for split in metrics[0]
    }
