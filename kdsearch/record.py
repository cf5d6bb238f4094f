"""What is known of one trial: the record that workers return, the store keeps and the report reads. No torch here."""

import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "Baseline",
    "Confirmation",
    "Cost",
    "CurvePoint",
    "FinalPoint",
    "Latency",
    "Metrics",
    "Pace",
    "Role",
    "ShouldContinue",
    "Training",
    "TrainingKind",
    "TrialRecord",
    "installed_versions",
    "never_stop",
    "of_role",
]

Metrics = dict[str, dict[str, dict[str, float]]]
"""split ("val", "test") -> metric ("mae", "rmse", "mape") -> horizon in minutes ("15", ..., "all") -> value.

"all" pools every step of the horizon, not the reported ones alone; it is what trials are ranked by.
"""

PACE_TOLERANCE = 0.15
BUSY_SHARE = 0.25
"""A busy quarter of the cores: on two cores one more process, on many enough to share memory and clock with."""
WAITED_SHARE = 0.1


def installed_versions(*others: str) -> dict[str, str]:
    """Versions of what decides a trial's numbers.

    Args:
        others: Further packages; workers have no optuna.
    """
    return {"python": platform.python_version()} | {name: version(name) for name in ("kdsearch", "torch", *others)}


class Latency(BaseModel):
    """Wall-clock milliseconds of one forecast of the whole horizon.

    Attributes:
        p50: Median of the readings.
        p95: Their 95th percentile.
        p2: Their 2nd percentile, by which two networks are compared; on one CPU thread that of the CPU time. Of what
            other processes do to a reading it holds least, and a clock that once stood still does not decide it
            (`benchmarks/README.md` compares it with others).
    """

    model_config = ConfigDict(frozen=True)

    p50: float
    p95: float
    p2: float
    batch: int
    threads: int
    device: str
    repeats: int

    @model_validator(mode="before")
    @classmethod
    def _of_an_older_study(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """Studies of kdsearch 0.1 kept percentiles alone, and compared medians."""
        return fields if "p2" in fields else fields | {"p2": fields["p50"]}


class Cost(BaseModel):
    """What a forecaster costs to keep and to run.

    Attributes:
        parameters: Trained parameters.
        stored_numbers: Trained parameters and every other number the forecaster keeps (its calendar profile).
        flops: Floating-point operations of one forecast of the whole horizon at batch 1.
        product_flops: The part of `flops` in matrix products and convolutions (2 per multiply-accumulate).
        uncounted_operators: Operators that ran and for which no formula is known.
        latency_ms: Batch 1, scaled to the pace of the teacher's own quiet reading when the study began: readings taken
            on different days, or beside other trials, are made comparable by timing the teacher in alternation.
        latency_batch_ms: The paper's batch of 1140 windows, measured in the quiet pass only.
        latency_ratio: Fastest reading at batch 1 divided by the reference network's, measured in alternation.
        latency_batch_ratio: The same at batch 1140.
    """

    model_config = ConfigDict(frozen=True)

    parameters: int
    stored_numbers: int
    flops: int
    product_flops: int
    uncounted_operators: list[str] = Field(default_factory=list)
    latency_ms: Latency | None = None
    latency_batch_ms: Latency | None = None
    latency_ratio: float | None = None
    latency_batch_ratio: float | None = None


class CurvePoint(BaseModel):
    """One point of the learning curve; CPU seconds count from the beginning of the trial."""

    model_config = ConfigDict(frozen=True)

    epoch: int
    phase: str
    cpu_seconds: float
    train_loss: float
    val_mae: float | None = None


class TrialRecord(BaseModel):
    """Everything known of one trial, except its weights, which the store keeps beside it.

    `params` are the searched parameters exactly as the space gave them; `seed` with them gives the trial again.
    """

    model_config = ConfigDict(frozen=True)

    state: Literal["COMPLETE", "PRUNED", "FAIL"]
    reason: str | None = None
    route: str
    params: dict[str, Any]
    seed: int
    metrics: Metrics = Field(default_factory=dict)
    cost: Cost | None = None
    shrink_error: float | None = None
    seconds: dict[str, float] = Field(default_factory=dict)
    curve: list[CurvePoint] = Field(default_factory=list)
    versions: dict[str, str] = Field(default_factory=dict)
    data_hash: str = ""
    protocol_hash: str = ""
    teacher_hash: str | None = None


ShouldContinue = Callable[[TrialRecord, float], bool]
"""Asked during a trial whether it is to go on: with the record that is kept of it otherwise, and the share of its
epochs behind it; 0 before it trains, when its cost is known. A network that will be pruned has before it the epochs
after that too; once it is pruned, those alone count."""


def never_stop(record: TrialRecord, share: float) -> bool:  # noqa: ARG001
    """For a training that nothing stops."""
    return True


Role = Literal["teacher", "base", "undistilled", "naive"]
"""What a baseline is: the teacher; the paper's base; a small network trained without a teacher (STID); no network."""

_ROLES: dict[str, Role] = {"teacher": "teacher", "base": "base", "STID": "undistilled"}
"""Of the baselines that studies kept before they kept roles; the others were last value and calendar profile."""


class Baseline(BaseModel):
    """What every trial is compared with: the last value, the calendar profile alone, a STID, the base, the teacher.

    Attributes:
        name: Such as "last value".
        role: What it is.
        metrics: Of the validation split, and of the test split once the front was confirmed.
        cost: None where nothing runs (last value).
        note: What a reader must know, such as the family.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    role: Role
    metrics: Metrics
    cost: Cost | None = None
    note: str = ""

    @model_validator(mode="before")
    @classmethod
    def _of_an_older_study(cls, values: Any) -> Any:
        """Give a baseline the role that its name stood for, where a study kept none."""
        if not isinstance(values, dict) or "role" in values:
            return values
        return values | {"role": _ROLES.get(str(values.get("name")), "naive")}

    @property
    def is_network(self) -> bool:
        """Whether it was trained and runs."""
        return self.role != "naive"


def of_role(baselines: Iterable[Baseline], role: Role) -> Baseline | None:
    """Find the first baseline of a role; None where there is none."""
    return next((one for one in baselines if one.role == role), None)


TrainingKind = Literal["own", "further", "twin", "cpu-twin"]


class Training(BaseModel):
    """One training of a network of the front.

    Attributes:
        number: The trial's number in its study.
        seed: Of this training.
        kind: "own" is the search's, "further" the same with another seed; "twin" has no teacher in the loss and trains
            for the same epochs, "cpu-twin" neither and for the same CPU seconds.
        epochs: None where an older study did not keep them.
        seconds: CPU seconds by phase, as in `TrialRecord`.
        metrics: Of the validation and the test split; the test split is scored in the quiet pass and nowhere else.
        reason: Why it gave no network.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    seed: int
    kind: TrainingKind
    epochs: int | None = None
    seconds: dict[str, float] = Field(default_factory=dict)
    metrics: Metrics = Field(default_factory=dict)
    reason: str | None = None

    @property
    def cpu_seconds(self) -> float:
        """Of training, pruning and fine-tuning; measuring is not counted, nor is the teacher's own training."""
        return sum(spent for phase, spent in self.seconds.items() if phase != "measure")


class Pace(BaseModel):
    """How quiet the machine was while latencies were taken.

    Attributes:
        before: Median latency of the teacher alone, before the networks were timed, divided by that of the study's
            first quiet reading.
        after: The same when all were timed.
        others: Share of the machine's cores that other processes kept busy meanwhile, from its load average; None where
            timing took too short for that, or the system does not say.
        waited: Share of the time in which timing had no core; None on a GPU or with several threads.
    """

    model_config = ConfigDict(frozen=True)

    before: float
    after: float
    others: float | None = None
    waited: float | None = None

    @property
    def moved(self) -> bool:
        """Whether the teacher is faster or slower than at the first reading by more than timing's own noise."""
        return max(abs(self.before - 1), abs(self.after - 1)) > PACE_TOLERANCE

    @property
    def crowded(self) -> bool:
        """Whether other processes were busy."""
        return (self.others or 0.0) > BUSY_SHARE or (self.waited or 0.0) > WAITED_SHARE


class Confirmation(BaseModel):
    """The quiet pass over one candidate of the front.

    Attributes:
        number: The trial's number in its study.
        asked_seeds: How many seeds were asked for.
        trainings: One of each kind for each of these seeds, those that failed with their reason. A network that is not
            distilled has no twins; a twin of the same epochs that takes the same CPU seconds is there as both.
        cost: Measured on the trial's own network, in alternation with the teacher.
        pace: Of the machine meanwhile; None where an older study did not keep it.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    asked_seeds: int = 1
    trainings: list[Training]
    cost: Cost
    pace: Pace | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_an_older_study(cls, values: Any) -> Any:
        """Studies of kdsearch 0.1 kept errors by seed, the trial's own first, and those of twins of the same epochs."""
        if not isinstance(values, dict) or "trainings" in values or "seeds" not in values:
            return values
        values = dict(values)
        seeds, metrics, twins = values.pop("seeds"), values.pop("metrics"), values.pop("twin_metrics", [])
        kinds = ["own", *["further"] * (len(seeds) - 1), *["twin"] * len(twins)]
        return values | {
            "trainings": [
                {"number": values["number"], "seed": seed, "kind": kind, "metrics": errors}
                for seed, kind, errors in zip([*seeds, *seeds], kinds, [*metrics, *twins], strict=False)
            ]
        }

    def trained(self, *kinds: TrainingKind) -> list[Training]:
        """Trainings of these kinds that gave a network, by seed as they were asked for."""
        return [training for training in self.trainings if training.kind in kinds and training.reason is None]

    @property
    def failed(self) -> list[Training]:
        """Trainings that gave none."""
        return [training for training in self.trainings if training.reason is not None]


@dataclass(frozen=True)
class FinalPoint:
    """Where a trial ended; of one under way the best that it may still come to.

    Attributes:
        number: The trial's number in its study.
        error: Validation MAE.
        costs: Its cost objectives, in the study's order; empty where the study has none.
    """

    number: int
    error: float
    costs: tuple[float, ...]
