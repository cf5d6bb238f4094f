"""What a forecaster costs: numbers kept, operations, latency, bytes, and how quiet the machine was; no torch here."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Cost", "Latency", "Pace"]


PACE_TOLERANCE = 0.15

BUSY_SHARE = 0.25
"""Share of the cores that others may keep busy: one more process exceeds it on two cores; on many cores it takes enough
processes to slow memory and clock down."""

WAITED_SHARE = 0.1


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
