"""A study in one object, which `kdsearch show --json` prints and the report page draws."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from kdsearch.breakdown import Breakdown
from kdsearch.costs import Cost
from kdsearch.measure.metrics import METRICS
from kdsearch.measure.objectives import OBJECTIVES
from kdsearch.record import Baseline, CurvePoint, Metrics, of_role
from kdsearch.report.confirmed import Confirmed
from kdsearch.report.other_readings import other_readings
from kdsearch.report.published.point import PublishedPoint
from kdsearch.study.constraints import Constraint

__all__ = ["Limit", "ObjectiveSummary", "StudySummary", "TrialSummary", "VolumePoint", "candidates"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, serialize_by_alias=True)


class ObjectiveSummary(_Model):
    """One objective of the search."""

    name: str
    unit: str
    direction: Literal["minimize"] = "minimize"


class Limit(_Model):
    """One limit of the search, or of a reader.

    Attributes:
        name: The quantity, as in `OBJECTIVES`.
        text: In the form that studies keep, such as "params<=3%".
        limit: In absolute terms.
        afterwards: Whether a reader gave it to a study that has no limit as tight.
    """

    name: str
    text: str
    limit: float
    unit: str
    afterwards: bool = False

    @property
    def constraint(self) -> Constraint:
        """The limit as trials are judged by it."""
        return Constraint(self.name, self.limit)

    @property
    def words(self) -> str:
        """The limit for people: "params at most 8,964 parameters (3 % of the teacher's)"."""
        asked = Constraint.parse(self.text)
        further = [f"{100 * asked.limit:.6g} % of the teacher's"] if asked.of_teacher else []
        further += ["given afterwards"] if self.afterwards else []
        beside = f" ({', '.join(further)})" if further else ""
        amount = f"{self.limit:,.0f}" if self.limit >= 1000 else f"{self.limit:.6g}"
        return f"{self.name} at most {amount}{' ' if self.unit else ''}{self.unit}{beside}"


class VolumePoint(_Model):
    """The hypervolume of a search after one trial.

    Attributes:
        trial: Its number.
        finished: Trials that were finished so far, stopped and failed ones included, counted by number.
        cpu_seconds: What they spent together.
        hypervolume: Of their front (`kdsearch.report.front.log_hypervolume`).
    """

    trial: int
    finished: int
    cpu_seconds: float
    hypervolume: float


class TrialSummary(_Model):
    """One trial.

    Attributes:
        objectives: Search objectives of a complete trial, latency from the confirmation where there was one.
        metrics: Of the search, one seed; the test split is the mean of the confirmation and absent without one.
        cost: Of the confirmation where there was one, else the first reading.
        twin_of: Always None, for programs that ask: twins are no trials of their own, they are in `confirmed`.
        feasible: Whether it keeps all limits, with the costs that are shown here too.
        violations: Quantity -> how far it is beyond its limit, as a fraction of the limit, at most 0 where it is kept;
            those that are known.
        cpu_seconds: What the trial spent in the search.
        curve: Learning curve; drawn, not printed.
        baseline: Name of the baseline that it is too, where its network was trained beside the search.
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
    baseline: str | None = None

    @property
    def label(self) -> str:
        """Its number, with its name where it has one: "3", or "0, STID"."""
        return f"{self.number}" if self.baseline is None else f"{self.number}, {self.baseline}"

    @property
    def words(self) -> str:
        """What it is in words: "stid, taught with rd-l2", "stgcn, pruned, without a teacher"."""
        if self.baseline is not None:
            return self.baseline
        family, loss = self.params.get("family", "stgcn"), self.params.get("loss", "none")
        cut = [] if self.route == "student" else ["pruned"]
        return ", ".join([str(family), *cut, "without a teacher" if loss == "none" else f"taught with {loss}"])

    def values(self, objectives: list[str]) -> list[float]:
        """Give the objectives of these names, in this order."""
        return [self.objectives[name] for name in objectives]


class StudySummary(_Model):
    """One study.

    Attributes:
        unit: Unit of the readings, and of MAE and RMSE; "" where an older study did not keep it.
        runtime: Of what the objective latency is the time, one of `kdsearch.measure.objectives.RUNTIMES`.
        seed: Training seed of every trial of the search.
        front: Numbers of the trials that no other betters, by the first objective.
        knee: The trial of the front that was chosen: by the reader's weights where there are some
            (`kdsearch.report.front.preferred`), else the knee (`kdsearch.report.front.knee`).
        weights: Objective -> weight, as given; None without.
        rule: What chose it, in words: "the knee" or "your weights mae 2, latency 1".
        limits: Of the search and of the reader, in absolute terms.
        reference_point: Where hypervolume is measured from; one value for each objective, in its unit.
        hypervolume: Of the front, with costs in decades; None without a reference point.
        hypervolume_history: The same after each finished trial.
        published: Errors in papers that may stand beside the test errors here; mostly none.
        better_baseline: Name of the baseline network that keeps the limits and is in no objective worse than the
            chosen one; the answer begins with it.
        answer: What the chosen network is, what it costs, how well it does and what it beats.
        answer_sentences: The same, sentence by sentence; drawn, not printed.
        notes: Sentences that a reader should see with the numbers, the warnings first.
        warnings: Those of the notes that must not be overlooked.
        nodes: Names of the nodes, sensors with their channel where there are several; drawn, not printed, and empty
            where an older study did not keep them.
    """

    study: str
    dataset: str
    protocol: str
    unit: str = ""
    runtime: str = "torch"
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
    baselines: list[Baseline] = Field(
        validation_alias=AliasChoices("baselines", "references"), serialization_alias="references"
    )
    published: list[PublishedPoint]
    better_baseline: str | None = None
    answer: str
    answer_sentences: list[str] = Field(default_factory=list, exclude=True, repr=False)
    notes: list[str]
    warnings: list[str]
    data_note: str
    protocol_text: str
    created: str
    command: str
    versions: dict[str, str]
    nodes: list[str] = Field(default_factory=list, exclude=True, repr=False)

    @property
    def chosen(self) -> TrialSummary | None:
        """The trial of the front that was chosen."""
        return next((trial for trial in self.trials if trial.number == self.knee), None)

    @property
    def breakdowns(self) -> dict[str, Breakdown]:
        """Errors and coverage by sensor and time where they are known: the chosen network, the teacher, the others."""
        chosen = self.chosen
        found = (
            {}
            if chosen is None or chosen.confirmed is None
            else {f"trial {chosen.number} ({self.chosen_word})": chosen.confirmed.breakdown}
        )
        found |= {one.name: one.breakdown for one in sorted(self.baselines, key=lambda one: one.role != "teacher")}
        return {name: each for name, each in found.items() if each is not None}

    @property
    def teacher(self) -> Baseline | None:
        """The baseline that is the teacher."""
        return of_role(self.baselines, "teacher")

    @property
    def metric(self) -> str:
        """The error that figures show: the first that was minimised, MAE where none was."""
        return next((one.name for one in self.objectives if OBJECTIVES[one.name].is_error), "mae")

    def titled(self, metric: str) -> str:
        """Write a metric with its unit: "MAE, mph"."""
        unit = self.unit_of(metric)
        return f"{metric.upper()}, {unit}" if unit else metric.upper()

    def unit_of(self, metric: str) -> str:
        """Give a metric's unit, its own or that of the readings."""
        return METRICS[metric].unit or self.unit

    @property
    def other_readings(self) -> str | None:
        """Readings beside those that count, where errors over them differ (`kdsearch.report.other_readings`)."""
        return other_readings([one.metrics for one in self.baselines] + [trial.metrics for trial in self.trials])

    @property
    def has_files(self) -> bool:
        """Whether the exported file of a network of the front was asked for."""
        return any(trial.cost is not None and trial.cost.file_bytes is not None for trial in self.front_trials)

    def kind(self, trial: TrialSummary) -> str:
        """Name a trial's kind for tables and figures: its route, after its family where the study has several."""
        families = {str(one.params.get("family", "")) for one in self.trials}
        if len(families) < 2:
            return trial.route
        family = str(trial.params.get("family", "stgcn"))
        return family if trial.route == "student" else f"{family}, {trial.route}"

    @property
    def chosen_word(self) -> str:
        """The word for the chosen network in tables and figures."""
        return "knee" if self.weights is None else "preferred"

    @property
    def front_trials(self) -> list[TrialSummary]:
        """Trials in the order of `front`."""
        by_number = {trial.number: trial for trial in self.trials}
        return [by_number[number] for number in self.front]

    def best(self, count: int) -> list[TrialSummary]:
        """List so many of the finished trials inside the limits, least first objective first."""
        names = [objective.name for objective in self.objectives]
        return sorted(candidates(self.trials, names), key=lambda trial: trial.values(names))[:count]

    @property
    def horizons(self) -> list[str]:
        """Reported horizons in minutes, ascending, without "all"."""
        metrics = [one.metrics for one in self.baselines] + [trial.metrics for trial in self.trials]
        found = {minutes for one in metrics for minutes in one.get("val", {}).get("mae", {})}
        return sorted(found - {"all"}, key=float)


def candidates(trials: list[TrialSummary], objectives: list[str]) -> list[TrialSummary]:
    """Choose the finished trials inside the limits whose objectives are all known."""
    return [
        trial for trial in trials if trial.feasible and trial.objectives and np.isfinite(trial.values(objectives)).all()
    ]
