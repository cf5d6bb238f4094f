"""A study in one object: what `kdsearch show --json` prints, the report page draws and `compare` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from kdsearch.record import Cost, CurvePoint, Metrics, Reference, TrialRecord
from kdsearch.report.confirmed import Confirmed, confirmed_of
from kdsearch.report.figures.hypervolume import VolumePoint, volume_history, volume_note
from kdsearch.report.front import knee, non_dominated, preferred
from kdsearch.report.preference import parse_weights, rule_of
from kdsearch.report.published.catalog import comparable_with
from kdsearch.report.published.point import PublishedPoint
from kdsearch.report.text import notes
from kdsearch.report.text.limits import Limit, limits_kept, read_limits
from kdsearch.study.constraints import violations
from kdsearch.study.objectives import OBJECTIVES

if TYPE_CHECKING:
    from kdsearch.study.storage.store import StoredTrial, StudyStore

__all__ = ["ObjectiveSummary", "StudySummary", "TrialSummary", "summarise"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class ObjectiveSummary(_Model):
    """One objective of the search; an empty unit is that of the readings."""

    name: str
    unit: str
    direction: Literal["minimize"] = "minimize"


class TrialSummary(_Model):
    """One trial.

    Attributes:
        objectives: Search objectives of a complete trial, latency from the quiet pass where there was one.
        metrics: Of the search, one seed; the test split is the mean of the confirmation and absent without one.
        cost: Of the quiet pass where there was one, else the first reading.
        twin_of: Always None, for programs that ask: twins are no trials of their own, they are in `confirmed`.
        feasible: Whether it keeps the limits of the search, with the costs that are shown here too.
        violations: Quantity -> how far it is beyond its limit, as a fraction of the limit, at most 0 where it is kept;
            those that are known.
        cpu_seconds: What the trial spent in the search.
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
    twin_of: None = None
    feasible: bool
    violations: dict[str, float] = Field(default_factory=dict)
    cpu_seconds: float = 0.0
    on_front: bool = False
    confirmed: Confirmed | None = None
    curve: list[CurvePoint] = Field(default_factory=list, exclude=True, repr=False)


class StudySummary(_Model):
    """One study.

    Attributes:
        seed: Training seed of every trial of the search.
        front: Numbers of the trials that no other betters, by the first objective.
        knee: The trial of the front to take home if in doubt: by the reader's weights where there are some
            (`kdsearch.report.front.preferred`), else the knee (`kdsearch.report.front.knee`).
        weights: Objective -> weight, as given; None without.
        rule: What chose it, in words: "the knee" or "your weights mae 2, latency 1".
        limits: Of the search, in absolute terms.
        reference_point: Where hypervolume is measured from; one value for each objective, in its unit.
        hypervolume: Of the front, with costs in decades; None without a reference point.
        hypervolume_history: The same after each finished trial.
        published: Errors in papers that may stand beside the test errors here; mostly none.
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
    weights: dict[str, float] | None
    rule: str
    limits: list[Limit]
    reference_point: list[float] | None
    hypervolume: float | None
    hypervolume_history: list[VolumePoint]
    references: list[Reference]
    published: list[PublishedPoint]
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
    def metric(self) -> str:
        """Which error figures show: the first that was minimised, MAE where none was."""
        return next((one.name for one in self.objectives if OBJECTIVES[one.name].is_error), "mae")

    def kind(self, trial: TrialSummary) -> str:
        """What a trial is called in tables and figures: its route, after its family where the study has several."""
        families = {str(one.params.get("family", "")) for one in self.trials}
        if len(families) < 2:
            return trial.route
        family = str(trial.params.get("family", "stgcn"))
        return family if trial.route == "student" else f"{family}, {trial.route}"

    @property
    def chosen_word(self) -> str:
        """What the chosen network is called in tables and figures."""
        return "knee" if self.weights is None else "preferred"

    @property
    def front_trials(self) -> list[TrialSummary]:
        """Trials in the order of `front`."""
        by_number = {trial.number: trial for trial in self.trials}
        return [by_number[number] for number in self.front]

    def best(self, count: int) -> list[TrialSummary]:
        """So many finished trials inside the limits, least first objective first."""
        names = [objective.name for objective in self.objectives]
        return sorted(_candidates(self.trials, names), key=lambda trial: _values(trial, names))[:count]

    @property
    def horizons(self) -> list[str]:
        """Reported horizons in minutes, ascending, without "all"."""
        metrics = [line.metrics for line in self.references] + [trial.metrics for trial in self.trials]
        found = {minutes for one in metrics for minutes in one.get("val", {}).get("mae", {})}
        return sorted(found - {"all"}, key=float)


def summarise(store: StudyStore, prefer: str | None = None) -> StudySummary:
    """Reads a study and says what it found.

    The front holds the complete trials inside the limits that no other betters in the search objectives, which are of
    the validation split. Where the quiet pass has measured a network, its costs replace the first readings.

    Args:
        store: An open study.
        prefer: Weights that choose from the front in place of the knee, such as "mae=2,latency=1".

    Returns:
        Everything that the report shows; its JSON is what `kdsearch show --json` prints.

    Raises:
        StudyError: Where the weights are not of the study's objectives, or no numbers above 0.
    """
    meta = store.meta
    weights = None if prefer is None else parse_weights(prefer, meta.objectives)
    references = store.references()
    limits = read_limits(meta.constraints, next((line for line in references if line.name == "teacher"), None))
    trials = [_summarise_trial(trial, meta.objectives, limits) for trial in store.trials()]
    front = _front(trials, meta.objectives)
    chosen = _choice(front, meta.objectives, weights)
    numbers = [trial.number for trial in front]
    trials = [trial.model_copy(update={"on_front": trial.number in numbers}) for trial in trials]
    history = volume_history(trials, meta.objectives, meta.reference_point)
    said = [limits_kept(trials, limits), volume_note(history, meta.objectives, meta.reference_point)]
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
        weights=weights,
        rule=rule_of(weights),
        limits=limits,
        reference_point=meta.reference_point,
        hypervolume=history[-1].hypervolume if history else None,
        hypervolume_history=history,
        references=references,
        published=comparable_with(meta),
        answer=notes.answer(chosen, references, weights),
        notes=warnings + notes.findings(trials, references) + [sentence for sentence in said if sentence],
        warnings=warnings,
        data_note=meta.data_note,
        protocol_text=meta.protocol_text,
        created=meta.created,
        command=meta.command,
        versions=meta.versions,
    )


def _summarise_trial(stored: StoredTrial, objectives: list[str], limits: list[Limit]) -> TrialSummary:
    record, confirmation = stored.record, stored.confirmation
    if record is None:
        record = TrialRecord(state="FAIL", route=str(stored.params.get("route", "")), params=stored.params, seed=0)
    confirmed = None if confirmation is None else confirmed_of(confirmation)
    if confirmed is not None:
        test = {"test": confirmed.mean["test"]} if "test" in confirmed.mean else {}
        record = record.model_copy(update={"cost": confirmed.cost, "metrics": record.metrics | test})
    complete = stored.state == "COMPLETE"
    judged = complete or stored.state == "PRUNED"
    beyond = violations([limit.constraint for limit in limits], record) if judged else {}
    return TrialSummary(
        number=stored.number,
        state=stored.state,
        reason=stored.reason or record.reason,
        route=record.route,
        params=stored.params,
        objectives={name: OBJECTIVES[name].read(record) for name in objectives} if complete else {},
        metrics=record.metrics,
        cost=record.cost,
        feasible=stored.feasible and all(value <= 0 for value in beyond.values()),
        violations=beyond,
        cpu_seconds=sum(record.seconds.values()),
        confirmed=confirmed,
        curve=record.curve,
    )


def _candidates(trials: list[TrialSummary], objectives: list[str]) -> list[TrialSummary]:
    """Finished trials inside the limits, all objectives known."""
    return [
        trial
        for trial in trials
        if trial.feasible and trial.objectives and np.isfinite(_values(trial, objectives)).all()
    ]


def _front(trials: list[TrialSummary], objectives: list[str]) -> list[TrialSummary]:
    """The front's trials by their first objective."""
    candidates = _candidates(trials, objectives)
    if not candidates:
        return []
    on_front = non_dominated([_values(trial, objectives) for trial in candidates])
    best = [trial for trial, chosen in zip(candidates, on_front, strict=True) if chosen]
    return sorted(best, key=lambda trial: _values(trial, objectives))


def _choice(front: list[TrialSummary], objectives: list[str], weights: dict[str, float] | None) -> TrialSummary | None:
    """The trial of the front to take home."""
    if not front:
        return None
    values = [_values(trial, objectives) for trial in front]
    logarithmic = [not OBJECTIVES[name].is_error for name in objectives]
    if weights is None:
        return front[knee(values, logarithmic)]
    return front[preferred(values, logarithmic, list(weights.values()))]


def _values(trial: TrialSummary, objectives: list[str]) -> list[float]:
    return [trial.objectives[name] for name in objectives]
