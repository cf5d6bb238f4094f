"""Results of a study of arms, in the form that tables and claims need."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from kdsearch.costs import Cost
from kdsearch.record import Baseline, Metrics, Training
from kdsearch.report.confirmed import days_of
from kdsearch.report.verdicts import Days, Outcome, compared
from kdsearch.reproduce.arms import Arm, Claim, Row
from kdsearch.study.storage.store import StoredTrial, StudyStore

__all__ = ["ArmResult", "Kind", "arm_outcome", "claim_outcomes", "longer", "read_arms", "row_metrics"]

Kind = Literal["own", "twin", "cpu-twin"]


@dataclass(frozen=True)
class ArmResult:
    """Result of one arm.

    Attributes:
        arm: Its settings.
        cost: Cost of its network; None where the arm failed.
        runs: Kind -> seed -> training. "own" are those of the arm itself, "twin" the same without a teacher in the
            loss for the same epochs, "cpu-twin" for the same CPU seconds; plain arms have "own" alone.
        reason: Why it gave no network.
    """

    arm: Arm
    cost: Cost | None
    runs: dict[Kind, dict[int, Training]] = field(default_factory=dict)
    reason: str | None = None

    def errors(self, kind: Kind = "own", metric: str = "mae", horizon: str = "all") -> dict[int, float]:
        """Read the test errors, by seed."""
        return {
            seed: training.metrics["test"][metric][horizon]
            for seed, training in sorted(self.runs.get(kind, {}).items())
        }

    def cpu_seconds(self, kind: Kind = "own") -> float:
        """Average the CPU seconds of its trainings."""
        return statistics.fmean(training.cpu_seconds for training in self.runs[kind].values())


def read_arms(store: StudyStore, arms: Mapping[str, Arm]) -> dict[str, ArmResult]:
    """Read the results of the arms that the study has run to an end, by name."""
    trials = store.trials()
    found: dict[str, ArmResult] = {}
    for name, arm in arms.items():
        own = [trial for trial in trials if arm.params.items() <= trial.params.items() and trial.state != "WAITING"]
        for trial in sorted(own, key=lambda one: one.state != "COMPLETE")[:1]:
            found[name] = _result(arm, trial)
    return found


def _result(arm: Arm, trial: StoredTrial) -> ArmResult:
    if trial.confirmation is None:
        return ArmResult(arm, None, reason=trial.reason or f"{trial.state.lower()}, and not confirmed")
    runs: dict[Kind, dict[int, Training]] = {}
    for training in trial.confirmation.trained("own", "further", "twin", "cpu-twin"):
        kind: Kind = "own" if training.kind == "further" else training.kind
        runs.setdefault(kind, {})[training.seed] = training
    return ArmResult(arm, trial.confirmation.cost, runs)


def row_metrics(row: Row, results: Mapping[str, ArmResult], baselines: Sequence[Baseline]) -> list[Metrics]:
    """Read the metrics of a table's row, one entry for each training: a baseline has one, a missing arm none."""
    lines = {line.name: line for line in baselines}
    if row.source in lines:
        return [lines[row.source].metrics]
    result = results.get(row.source)
    runs = {} if result is None else result.runs.get(row.kind, {})
    return [training.metrics for _, training in sorted(runs.items())]


def longer(slow: Sequence[ArmResult], fast: ArmResult, kind: Kind = "own") -> Arm | None:
    """Give the faster arm as many epochs as fit into the slower ones' CPU seconds; None where it is not faster."""
    seconds = statistics.fmean(result.cpu_seconds(kind) for result in slow)
    epochs = round(int(fast.arm.params["epochs"]) * seconds / fast.cpu_seconds())
    if epochs <= int(fast.arm.params["epochs"]):
        return None
    name = _longer_name(fast.arm.name, [result.arm.name for result in slow], kind)
    why = name.removeprefix(fast.arm.name).replace(" for ", "for the CPU seconds of ", 1)
    return Arm(name, f"{fast.arm.cite}; {why}", {**fast.arm.params, "epochs": epochs})


def _longer_name(fast: str, slow: Sequence[str], kind: Kind) -> str:
    return f"{fast} for {' and '.join(slow)}{'' if kind == 'own' else ' without a teacher'}"


def claim_outcomes(claim: Claim, results: Mapping[str, ArmResult]) -> dict[str, Outcome]:
    """Compare the sides of a claim at equal epochs and at equal CPU seconds, by test MAE over the whole horizon.

    At equal CPU seconds the other side is the twin that trained as long, or the arm of `longer`; without such an arm
    it is the other side as it is, which takes no less time.
    """
    if not all(name in results and results[name].runs for name in (*claim.better, *claim.worse)):
        return {}
    better = [results[name] for name in claim.better]
    if not claim.worse:
        others: dict[str, _Side] = {"epochs": _Side(better, "twin"), "seconds": _Side(better, "cpu-twin")}
    else:
        worse = [results[name] for name in claim.worse]
        long = [results.get(_longer_name(one.arm.name, claim.better, claim.kind), one) for one in worse]
        others = {"epochs": _Side(worse, "own"), "seconds": _Side(long, "own")}
    own = _Side(better, claim.kind)
    return {budget: _compared(own, other) for budget, other in others.items()}


def arm_outcome(own: ArmResult, other: ArmResult) -> Outcome:
    """Compare an arm with another, by test MAE over the whole horizon."""
    return _compared(_Side([own], "own"), _Side([other], "own"))


@dataclass(frozen=True)
class _Side:
    """One side of a claim: the mean of some arms, seed by seed.

    Attributes:
        arms: The arms.
        kind: Which of their trainings.
    """

    arms: Sequence[ArmResult]
    kind: Kind

    def errors(self) -> dict[int, float]:
        """Average the errors over arms, for the seeds that all of them have."""
        errors = [arm.errors(self.kind) for arm in self.arms]
        seeds = set.intersection(*(set(one) for one in errors))
        return {seed: statistics.fmean(one[seed] for one in errors) for seed in seeds}

    def days(self, seed: int) -> Days:
        """Average the errors of a seed over arms, day by day; empty where a study did not keep them."""
        kept = [days_of(arm.runs[self.kind][seed]) for arm in self.arms]
        return {
            day: (statistics.fmean(one[day][0] for one in kept), readings)
            for day, (_, readings) in kept[0].items()
            if all(day in one for one in kept)
        }


def _compared(own: _Side, other: _Side) -> Outcome:
    """Pair the sides by seed and by day."""
    its, theirs = own.errors(), other.errors()
    seeds = sorted(its.keys() & theirs.keys())
    return compared(
        [theirs[seed] - its[seed] for seed in seeds], [(own.days(seed), other.days(seed)) for seed in seeds]
    )
