"""Records of trials, trainings and baselines: workers return them, the store keeps and the report reads them.

Nothing here needs torch.
"""

import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, computed_field, model_validator

from kdsearch.breakdown import Breakdown

__all__ = [
    "OTHER_READINGS",
    "Baseline",
    "Confirmation",
    "Cost",
    "CurvePoint",
    "DayErrors",
    "FinalPoint",
    "Latency",
    "Metrics",
    "Origin",
    "Pace",
    "Readings",
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
"""split ("val", "test") -> metric ("mae", "rmse", "mape", "wape") -> horizon in minutes ("15", ..., "all") -> value.

"all" pools every step of the horizon, not the reported ones alone; trials are ranked by it. Where the source filled
readings in, `OTHER_READINGS` name two more splits, in which the other readings count.
"""

Readings = Literal["measured", "published"]
OTHER_READINGS: dict[Readings, Readings] = {"published": "measured", "measured": "published"}
"""Readings that a protocol counts -> the others, whose errors are kept as those of the split "test-published"."""

DayErrors = dict[str, dict[str, tuple[float, float]]]
"""Horizon in minutes, or "all" -> day of the test split -> sum of absolute errors, and number of readings."""

PACE_TOLERANCE = 0.15
BUSY_SHARE = 0.25
"""Share of the cores that others may keep busy: one more process exceeds it on two cores; on many cores it takes enough
processes to slow memory and clock down."""
WAITED_SHARE = 0.1


def installed_versions(*others: str) -> dict[str, str]:
    """List the versions of the packages on which a trial's numbers depend.

    Args:
        others: Further packages, which workers may lack, such as optuna.
    """
    return {"python": platform.python_version()} | {name: version(name) for name in ("kdsearch", "torch", *others)}


class Latency(BaseModel):
    """Wall-clock milliseconds of one forecast of the whole horizon.

    Attributes:
        p50: Median of the readings.
        p95: Their 95th percentile.
        p2: Their 2nd percentile, by which two networks are compared; on one CPU thread that of the CPU time. Other
            processes affect it least, and a single reading of a clock that stood still does not decide it
            (`benchmarks/README.md` compares it with other statistics).
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
        """Give studies of kdsearch 0.1, which kept p50 and p95 alone and compared medians, the median as `p2`."""
        return fields if "p2" in fields else fields | {"p2": fields["p50"]}


class Cost(BaseModel):
    """Cost of keeping and running a forecaster.

    Attributes:
        parameters: Number of its weights, the trained parameters.
        stored_numbers: Number of its weights and of all other numbers that it keeps (its calendar profile).
        flops: Floating-point operations of one forecast of the whole horizon at batch 1.
        product_flops: The part of `flops` in matrix products and convolutions (2 per multiply-accumulate).
        uncounted_operators: Operators that ran without a known formula.
        file_bytes: Bytes of the exported ONNX file, foreseen to 2 %; those of the architecture's own file, but for a
            few digits of its metadata, once the network is confirmed. None where nobody asked for them.
        latency_ms: Latency at batch 1, scaled to the pace of the teacher's own quiet reading when the study began:
            timing the teacher in alternation makes readings of different days, or beside other trials, comparable. It
            is that of the exported file where the study's `runtime` is "onnx".
        latency_batch_ms: Latency of the paper's batch of 1140 windows, measured in the confirmation only.
        latency_ratio: `p2` at batch 1 divided by the teacher's, measured in alternation.
        latency_batch_ratio: The same at batch 1140.
        deployed_ms: Latency of the exported file under onnxruntime at batch 1, measured in the confirmation; None where
            files are not measured.
        deployed_ratio: Its `p2` divided by that of the teacher's file, measured in alternation.
        deployed_batch_ms: Latency of the file for 64 windows at once.
        deployed_batch_ratio: Its ratio to the teacher's file.
        deployed_memory_bytes: Largest memory that opening the file and one forecast take, of which onnxruntime itself
            takes some 11 MB; None where the system does not tell.
        measured: Name of an objective of the user's -> what it measured.
    """

    model_config = ConfigDict(frozen=True)

    parameters: int
    stored_numbers: int
    flops: int
    product_flops: int
    uncounted_operators: list[str] = Field(default_factory=list)
    file_bytes: int | None = None
    latency_ms: Latency | None = None
    latency_batch_ms: Latency | None = None
    latency_ratio: float | None = None
    latency_batch_ratio: float | None = None
    deployed_ms: Latency | None = None
    deployed_ratio: float | None = None
    deployed_batch_ms: Latency | None = None
    deployed_batch_ratio: float | None = None
    deployed_memory_bytes: int | None = None
    measured: dict[str, float] = Field(default_factory=dict)


class CurvePoint(BaseModel):
    """Point of the learning curve; CPU seconds count from the beginning of the trial.

    Attributes:
        val_errors: Metric -> error on the validation split over all steps; empty where the epoch was not validated.
    """

    model_config = ConfigDict(frozen=True)

    epoch: int
    phase: str
    cpu_seconds: float
    train_loss: float
    val_errors: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _of_mae_alone(cls, fields: Any) -> Any:
        """Take the MAE, which is all that studies of kdsearch 0.1 kept."""
        if not isinstance(fields, dict) or fields.get("val_errors") or fields.get("val_mae") is None:
            return fields
        return fields | {"val_errors": {"mae": fields["val_mae"]}}

    @computed_field  # type: ignore[prop-decorator]
    @property
    def val_mae(self) -> float | None:
        """Validation MAE; None where the epoch was not validated."""
        return self.val_errors.get("mae")


class TrialRecord(BaseModel):
    """Record of a trial: everything but its weights, which the store keeps beside it.

    `params` are the searched parameters exactly as the space gave them; with them, `seed` reproduces the trial.
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
"""Decides during a trial whether it goes on. It takes the record to keep if the trial stops, and the share of the
trial's epochs that are done: 0 before training, when the cost is known. Before a network is pruned, the epochs after
pruning count among those to come; once it is pruned, they alone count."""


def never_stop(record: TrialRecord, share: float) -> bool:  # noqa: ARG001
    """Let every training go on to its end."""
    return True


class Origin(BaseModel):
    """Versions and machine of a network's training: what moves its weights beside what was asked.

    Attributes:
        cores: Number of cores, each a thread inside an operator.
        precision: Precision of the factors in wide products.
        device: Kind of device.
    """

    model_config = ConfigDict(frozen=True)

    kdsearch: str
    torch: str
    cores: int
    precision: str
    device: str

    def difference(self, here: "Origin") -> str:
        """Say how a network's origin differs from where a run is; "" where it does not."""
        pairs = [(there, own) for there, own in zip(self._words(), here._words(), strict=True) if there != own]
        there, own = (", ".join(words) for words in zip(*pairs, strict=True)) if pairs else ("", "")
        return f", trained with {there}; here {own}" if pairs else ""

    def _words(self) -> tuple[str, ...]:
        cores = "1 core" if self.cores == 1 else f"{self.cores} cores"
        return f"kdsearch {self.kdsearch}", f"torch {self.torch}", cores, self.precision, self.device


Role = Literal["teacher", "base", "undistilled", "naive"]
"""Role of a baseline: the teacher; the paper's base; a small network trained without a teacher (STID); no network."""

_ROLES: dict[str, Role] = {"teacher": "teacher", "base": "base", "STID": "undistilled"}
"""Roles by name for studies that kept none; their other baselines are the last value and the calendar profile."""


class Baseline(BaseModel):
    """Baseline to compare trials with: the last value, the calendar profile alone, a STID, the base, the teacher.

    Attributes:
        name: Name, such as "last value".
        role: Role among the baselines.
        metrics: Errors on the validation split, and on the test split once the front is confirmed.
        days: Errors of each day of the test split.
        breakdown: Of a network on the test split; None before the front is confirmed, and in an older study.
        cost: Cost; None where nothing runs (last value).
        note: Note for the reader, such as the family.
        origin: Where its network was trained; None where there is no network, or an older study did not keep it.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    role: Role
    metrics: Metrics
    days: DayErrors = Field(default_factory=dict)
    breakdown: Breakdown | None = None
    cost: Cost | None = None
    note: str = ""
    origin: Origin | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_an_older_study(cls, values: Any) -> Any:
        """Derive the role of a baseline from its name, where a study kept no role."""
        if not isinstance(values, dict) or "role" in values:
            return values
        return values | {"role": _ROLES.get(str(values.get("name")), "naive")}

    @property
    def is_network(self) -> bool:
        """True for a network, which was trained and runs."""
        return self.role != "naive"


def of_role(baselines: Iterable[Baseline], role: Role) -> Baseline | None:
    """Find the first baseline of a role; None where there is none."""
    return next((one for one in baselines if one.role == role), None)


TrainingKind = Literal["own", "further", "twin", "cpu-twin"]


class Training(BaseModel):
    """Training of a network of the front.

    Attributes:
        number: The trial's number in its study.
        seed: Seed of this training.
        kind: "own" is the search's, "further" the same with another seed; "twin" has no teacher in the loss and trains
            for the same epochs, "cpu-twin" has none either and trains for the same CPU seconds.
        epochs: Number of epochs; None where an older study did not keep it.
        seconds: CPU seconds by phase, as in `TrialRecord`.
        metrics: Errors on the validation and test splits; only the confirmation scores the test split.
        days: Errors of each day of the test split; empty where an older study did not keep them.
        reason: Why it gave no network.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    seed: int
    kind: TrainingKind
    epochs: int | None = None
    seconds: dict[str, float] = Field(default_factory=dict)
    metrics: Metrics = Field(default_factory=dict)
    days: DayErrors = Field(default_factory=dict)
    reason: str | None = None

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of training, pruning and fine-tuning, without measuring and the teacher's own training."""
        return sum(spent for phase, spent in self.seconds.items() if phase != "measure")


class Pace(BaseModel):
    """Pace of the machine, and other work on it, while latencies were taken.

    Attributes:
        before: Median latency of the teacher alone, before the networks were timed, divided by that of the study's
            first quiet reading.
        after: The same after all were timed.
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
        """True where the teacher is faster or slower than at the first reading by more than the noise of timing."""
        return max(abs(self.before - 1), abs(self.after - 1)) > PACE_TOLERANCE

    @property
    def crowded(self) -> bool:
        """True where other processes were busy."""
        return (self.others or 0.0) > BUSY_SHARE or (self.waited or 0.0) > WAITED_SHARE


class Confirmation(BaseModel):
    """Confirmation of a candidate of the front.

    Attributes:
        number: The trial's number in its study.
        asked_seeds: Number of seeds that were asked for.
        trainings: One training of each kind for each of these seeds, failed ones with their reason. A network that is
            not distilled has no twins; a twin of the same epochs that takes the same CPU seconds is there as both.
        cost: Cost of the trial's own network, measured in alternation with the teacher.
        breakdown: Of the trial's own network on the test split; None where an older study did not keep it.
        pace: Pace of the machine meanwhile; None where an older study did not keep it.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    asked_seeds: int = 1
    trainings: list[Training]
    cost: Cost
    breakdown: Breakdown | None = None
    pace: Pace | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_an_older_study(cls, values: Any) -> Any:
        """Make trainings of kdsearch 0.1's lists: errors by seed, the trial's own first, and of equal-epoch twins."""
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
        """List the trainings of these kinds that gave a network, in the order of seeds."""
        return [training for training in self.trainings if training.kind in kinds and training.reason is None]

    @property
    def failed(self) -> list[Training]:
        """Trainings that gave no network."""
        return [training for training in self.trainings if training.reason is not None]


@dataclass(frozen=True)
class FinalPoint:
    """Final point of a trial that came to its end.

    Attributes:
        number: The trial's number in its study.
        error: The study's first error objective.
        costs: Its cost objectives, in the study's order; empty where the study has none.
    """

    number: int
    error: float
    costs: tuple[float, ...]
