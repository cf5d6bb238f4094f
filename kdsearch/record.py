"""What is known of one trial: the record that workers return, the store keeps and the report reads. No torch here."""

import platform
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "Confirmation",
    "Cost",
    "CurvePoint",
    "GoOn",
    "Latency",
    "Metrics",
    "Reference",
    "TrialRecord",
    "installed_versions",
    "to_the_end",
]

Metrics = dict[str, dict[str, dict[str, float]]]
"""split ("val", "test") -> metric ("mae", "rmse", "mape") -> horizon in minutes ("15", ..., "all") -> value.

"all" pools every step of the horizon, not the reported ones alone; it is what trials are ranked by.
"""


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
        fastest: The least of them, by which two networks are compared; on one CPU thread the least CPU time, which
            leaves out what other processes took in between. Beside trainings the ratio of medians moves by a third
            and more, that of the fastest readings by a few per cent (`benchmarks/latency_beside_training.py`).
    """

    model_config = ConfigDict(frozen=True)

    p50: float
    p95: float
    fastest: float
    batch: int
    threads: int
    device: str
    repeats: int

    @model_validator(mode="before")
    @classmethod
    def _of_an_older_study(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """Studies of kdsearch 0.1 kept percentiles alone, and compared medians."""
        return fields if "fastest" in fields else fields | {"fastest": fields["p50"]}


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


GoOn = Callable[[TrialRecord, float], bool]
"""Asked during a trial whether it is to go on: with the record that is kept of it otherwise, and the share of its
epochs behind it, counted from where the network has its final size; 0 as soon as its cost is known."""


def to_the_end(record: TrialRecord, share: float) -> bool:  # noqa: ARG001
    """For a training that nothing stops."""
    return True


class Reference(BaseModel):
    """A line that every trial is compared with: last value, the calendar profile alone, the teacher.

    Attributes:
        name: "last value", "calendar profile" or "teacher".
        metrics: Of the validation split, and of the test split once the front was confirmed.
        cost: None where nothing runs (last value).
        note: What a reader must know, such as a teacher that loses to a reference line.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    metrics: Metrics
    cost: Cost | None = None
    note: str = ""


class Confirmation(BaseModel):
    """The quiet pass over one candidate of the front: nothing else ran beside it.

    Attributes:
        number: The trial's number in its study.
        asked_seeds: How many seeds were asked for; a training that failed is missing from `seeds`.
        seeds: Training seeds, the trial's own first; one entry of `metrics` for each.
        metrics: Of the validation and the test split; the test split is scored here and nowhere else.
        cost: Measured on the trial's own network, in alternation with the teacher.
        twin_metrics: The same seeds and epochs without a teacher in the loss, for distilled trials; empty otherwise.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    asked_seeds: int = 1
    seeds: list[int]
    metrics: list[Metrics]
    cost: Cost
    twin_metrics: list[Metrics] = Field(default_factory=list)
