"""A study in one object: what `kdsearch show --json` prints, the report page draws and `compare` reads."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from kdsearch.record import Confirmation, Cost, CurvePoint, Metrics, Reference, TrialRecord
from kdsearch.report import notes
from kdsearch.report.front import knee, non_dominated
from kdsearch.report.numbers import mae
from kdsearch.study.objectives import OBJECTIVES

if TYPE_CHECKING:
    from collections.abc import Callable

    from kdsearch.study.store import StoredTrial, StudyStore

__all__ = ["Confirmed", "ObjectiveSummary", "StudySummary", "TrialSummary", "Twin", "summarise"]

_ERRORS = ("mae", "rmse", "mape")  # objectives that span less than orders of magnitude


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class ObjectiveSummary(_Model):
    """One objective of the search; an empty unit is that of the readings."""

    name: str
    unit: str
    direction: Literal["minimize"] = "minimize"


class Twin(_Model):
    """The same network, seeds and epochs without a teacher.

    Attributes:
        mean: Of validation and test split over the seeds.
        standard_deviation: Of the sample of seeds; empty with one seed.
        differences: split -> MAE without the teacher minus MAE with it, one for each seed; positive where the teacher
            helped.
        mean_difference: split -> mean of `differences`.
    """

    mean: Metrics
    standard_deviation: Metrics
    differences: dict[str, list[float]]
    mean_difference: dict[str, float]


class Confirmed(_Model):
    """A candidate of the front after the quiet pass: several seeds, latency with nothing else running.

    Attributes:
        seeds: Training seeds.
        mean: Of validation and test split over the seeds.
        standard_deviation: Of the sample of seeds; empty with one seed.
        cost: Measured in the quiet pass.
        twin: Without a teacher; None where the trial was not distilled.
    """

    seeds: list[int]
    mean: Metrics
    standard_deviation: Metrics
    cost: Cost
    twin: Twin | None = None


class TrialSummary(_Model):
    """One trial.

    Attributes:
        objectives: Search objectives of a complete trial, latency from the quiet pass where there was one.
        metrics: Of the search, one seed; the test split is the mean of the confirmation and absent without one.
        cost: Of the quiet pass where there was one, else the first reading.
        twin_of: The trial whose settings this one repeats without a teacher. Twins of the quiet pass are no trials of
            their own; they are in `confirmed`.
        feasible: Whether it keeps the limits of the search.
        curve: Learning curve; drawn, not printed.
    """

    number: int
    state: str
    reason: str | None
    route: str
    params: dict[str, Any]
    objectives: dict[str, float]
    metrics: Metrics
    cost: Cost | None
    twin_of: int | None = None
    feasible: bool
    on_front: bool = False
    confirmed: Confirmed | None = None
    curve: list[CurvePoint] = Field(default_factory=list, exclude=True, repr=False)


class StudySummary(_Model):
    """One study.

    Attributes:
        seed: Training seed of every trial of the search.
        front: Numbers of the trials that no other betters, by the first objective.
        knee: The trial of the front to take home if in doubt (`kdsearch.report.front.knee`).
        answer: One sentence: what the knee costs and how well it does, against the teacher.
        notes: Sentences that a reader should see with the numbers, the warnings first.
        warnings: Those of the notes that must not be overlooked.
    """

    study: str
    dataset: str
    protocol: str
    seed: int
    objectives: list[ObjectiveSummary]
    trials: list[TrialSummary]
    front: list[int]
    knee: int | None
    references: list[Reference]
    answer: str
    notes: list[str]
    warnings: list[str]
    data_note: str
    protocol_text: str
    created: str
    command: str
    versions: dict[str, str]

    @property
    def teacher(self) -> Reference | None:
        """The reference that networks are compared with."""
        return next((reference for reference in self.references if reference.name == "teacher"), None)

    @property
    def front_trials(self) -> list[TrialSummary]:
        """Trials in the order of `front`."""
        by_number = {trial.number: trial for trial in self.trials}
        return [by_number[number] for number in self.front]

    @property
    def horizons(self) -> list[str]:
        """Reported horizons in minutes, ascending, without "all"."""
        metrics = [line.metrics for line in self.references] + [trial.metrics for trial in self.trials]
        found = {minutes for one in metrics for minutes in one.get("val", {}).get("mae", {})}
        return sorted(found - {"all"}, key=float)


def summarise(store: StudyStore) -> StudySummary:
    """Reads a study and says what it found.

    The front holds the complete trials inside the limits that no other betters in the search objectives, which are of
    the validation split. Where the quiet pass has measured a network, its costs replace the first readings.

    Args:
        store: An open study.

    Returns:
        Everything that the report shows; its JSON is what `kdsearch show --json` prints.
    """
    meta = store.meta
    trials = [_summarise_trial(trial, meta.objectives) for trial in store.trials()]
    front = _front(trials, meta.objectives)
    chosen = _knee(front, meta.objectives)
    numbers = [trial.number for trial in front]
    trials = [trial.model_copy(update={"on_front": trial.number in numbers}) for trial in trials]
    references = store.references()
    warnings = notes.warnings(trials, references)
    return StudySummary(
        study=meta.study,
        dataset=meta.dataset,
        protocol=meta.protocol,
        seed=meta.seed,
        objectives=[ObjectiveSummary(name=name, unit=OBJECTIVES[name].unit) for name in meta.objectives],
        trials=trials,
        front=numbers,
        knee=None if chosen is None else chosen.number,
        references=references,
        answer=notes.answer(chosen, references),
        notes=warnings + notes.findings(trials, references),
        warnings=warnings,
        data_note=meta.data_note,
        protocol_text=meta.protocol_text,
        created=meta.created,
        command=meta.command,
        versions=meta.versions,
    )


def _summarise_trial(stored: StoredTrial, objectives: list[str]) -> TrialSummary:
    record, confirmation = stored.record, stored.confirmation
    if record is None:
        record = TrialRecord(state="FAIL", route=str(stored.params.get("route", "")), params=stored.params, seed=0)
    confirmed = None if confirmation is None else _confirmed(confirmation)
    if confirmed is not None:
        test = {"test": confirmed.mean["test"]} if "test" in confirmed.mean else {}
        record = record.model_copy(update={"cost": confirmed.cost, "metrics": record.metrics | test})
    complete = stored.state == "COMPLETE"
    return TrialSummary(
        number=stored.number,
        state=stored.state,
        reason=stored.reason or record.reason,
        route=record.route,
        params=stored.params,
        objectives={name: OBJECTIVES[name].read(record) for name in objectives} if complete else {},
        metrics=record.metrics,
        cost=record.cost,
        feasible=stored.feasible,
        confirmed=confirmed,
        curve=record.curve,
    )


def _confirmed(confirmation: Confirmation) -> Confirmed:
    return Confirmed(
        seeds=confirmation.seeds,
        mean=_over_seeds(confirmation.metrics, statistics.fmean),
        standard_deviation=_spread(confirmation.metrics),
        cost=confirmation.cost,
        twin=_twin(confirmation) if confirmation.twin_metrics else None,
    )


def _twin(confirmation: Confirmation) -> Twin:
    with_teacher, without = confirmation.metrics, confirmation.twin_metrics
    differences = {
        split: [mae(two, split=split) - mae(one, split=split) for one, two in zip(with_teacher, without, strict=True)]
        for split in ("val", "test")
        if split in without[0]
    }
    return Twin(
        mean=_over_seeds(without, statistics.fmean),
        standard_deviation=_spread(without),
        differences=differences,
        mean_difference={split: statistics.fmean(values) for split, values in differences.items()},
    )


def _spread(metrics: list[Metrics]) -> Metrics:
    return _over_seeds(metrics, statistics.stdev) if len(metrics) > 1 else {}


def _over_seeds(metrics: list[Metrics], reduce: Callable[[list[float]], float]) -> Metrics:
    return {
        split: {
            metric: {horizon: reduce([one[split][metric][horizon] for one in metrics]) for horizon in horizons}
            for metric, horizons in metrics[0][split].items()
        }
        for split in ("val", "test")
        if split in metrics[0]
    }


def _front(trials: list[TrialSummary], objectives: list[str]) -> list[TrialSummary]:
    """The front's trials by their first objective."""
    candidates = [
        trial
        for trial in trials
        if trial.feasible and trial.objectives and np.isfinite(_values(trial, objectives)).all()
    ]
    if not candidates:
        return []
    on_front = non_dominated([_values(trial, objectives) for trial in candidates])
    best = [trial for trial, chosen in zip(candidates, on_front, strict=True) if chosen]
    return sorted(best, key=lambda trial: _values(trial, objectives))


def _knee(front: list[TrialSummary], objectives: list[str]) -> TrialSummary | None:
    if not front:
        return None
    logarithmic = [name not in _ERRORS for name in objectives]
    return front[knee([_values(trial, objectives) for trial in front], logarithmic)]


def _values(trial: TrialSummary, objectives: list[str]) -> list[float]:
    return [trial.objectives[name] for name in objectives]
