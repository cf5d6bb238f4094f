"""What a search can minimise: each objective is a name, a unit and how to read it from a record."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kdsearch.costs import Cost
from kdsearch.errors import StudyError
from kdsearch.measure.metrics import METRICS, Metric
from kdsearch.record import Baseline, Metrics
from kdsearch.table import Table, check_row

if TYPE_CHECKING:
    from kdsearch.measure.subject import Subject

__all__ = ["OBJECTIVES", "RUNTIMES", "Measured", "Objective", "error_objective", "parse_objectives", "reference_point"]


RUNTIMES = {"torch": "kdsearch's own form of each network", "onnx": "each network's exported file, under onnxruntime"}
"""Runtime of a study -> what its objective "latency" is the time of."""


class Measured(Protocol):
    """What an objective can be read from: the record of a trial, or a baseline."""

    @property
    def metrics(self) -> Metrics:
        """Errors, as far as they are known."""

    @property
    def cost(self) -> Cost | None:
        """Costs, if they are known."""


@dataclass(frozen=True)
class Objective:
    """One quantity of a trial; smaller is better.

    A cost of your own is one function and one row, in a file that a space or the command line imports::

        def bytes_of(subject, horizon):
            return float(sum(p.numel() * p.element_size() for p in subject.network.parameters()))

        OBJECTIVES.add(Objective("weight-bytes", "B", "bytes of the weights", measure=bytes_of))

    Attributes:
        name: As written after `--objective`.
        unit: Unit of the value; "" where it is that of the readings.
        sentence: For help texts.
        read: Takes a record or baseline; gives the value, or NaN where it does not hold it. By default what `measure`
            gave.
        is_error: Whether it is known after training only. The others are costs: known before, positive, and spanning
            orders of magnitude, so that they are drawn and compared in log scale.
        counted: Whether it is a number of things, which limits may write with k, M and G.
        measure: Takes a `kdsearch.measure.subject.Subject` and the horizon in steps; gives the cost, a finite number
            above 0. It is asked wherever costs are measured: for trials, the teacher, baselines and the confirmation.
    """

    name: str
    unit: str
    sentence: str
    read: Callable[[Measured], float] | None = None
    is_error: bool = False
    counted: bool = False
    measure: Callable[[Subject, int], float] | None = None

    def __post_init__(self) -> None:
        if self.read is None and self.measure is None:
            raise StudyError(f"the objective {self.name!r} needs read, or measure; say how its value is known")
        if self.is_error and self.measure is not None:
            raise StudyError(f"the objective {self.name!r} is an error, and measure is for costs; give it read alone")
        if self.read is not None:
            check_row("objective", self.name, self.sentence, self.read, ("record",))
        if self.measure is not None:
            check_row("objective", self.name, self.sentence, self.measure, ("subject", "horizon"))

    def unit_of(self, readings: str) -> str:
        """Give the unit of a value where that of the readings is `readings`."""
        return self.unit or (readings if self.is_error else "")

    def value(self, record: Measured) -> float:
        """Read the value from a record or baseline; NaN where it does not hold it."""
        if self.read is not None:
            return self.read(record)
        return math.nan if record.cost is None else record.cost.measured.get(self.name, math.nan)


def error_objective(metric: Metric) -> Objective:
    """Make a metric an objective: its value on the validation split, over all steps; the test split is not searched.

    >>> from kdsearch import METRICS
    >>> error_objective(METRICS["mae"]).sentence
    'mean absolute error'
    """
    return Objective(
        metric.name,
        metric.unit,
        metric.sentence,
        lambda record: record.metrics.get("val", {}).get(metric.name, {}).get("all", math.nan),
        is_error=True,
    )


def _cost(read: Callable[[Cost], float]) -> Callable[[Measured], float]:
    return lambda record: math.nan if record.cost is None else read(record.cost)


def _latency_p50(cost: Cost) -> float:
    return math.nan if cost.latency_ms is None else cost.latency_ms.p50


def _file_bytes(cost: Cost) -> float:
    return math.nan if cost.file_bytes is None else float(cost.file_bytes)


OBJECTIVES = Table(
    "objective",
    [
        *map(error_objective, METRICS.values()),
        Objective("latency", "ms", "median time of one forecast at batch 1", _cost(_latency_p50)),
        Objective("flops", "FLOP", "operations of one forecast", _cost(lambda cost: float(cost.flops)), counted=True),
        Objective(
            "params", "parameters", "trained parameters", _cost(lambda cost: float(cost.parameters)), counted=True
        ),
        Objective(
            "stored",
            "numbers",
            "trained parameters and the calendar",
            _cost(lambda cost: float(cost.stored_numbers)),
            counted=True,
        ),
        Objective("bytes", "B", "bytes of the exported ONNX file", _cost(_file_bytes), counted=True),
    ],
    mistake=StudyError,
)


def parse_objectives(text: str) -> list[Objective]:
    """Objectives from their comma-separated names.

    Raises:
        StudyError: At an unknown or repeated name.
    """
    names = [name.strip() for name in text.split(",")]
    if "" in names or len(set(names)) < len(names):
        raise StudyError(f"--objective {text!r} is not one or more different ones of {', '.join(OBJECTIVES)}")
    return [OBJECTIVES.choose(name) for name in names]


def reference_point(objectives: Sequence[str], baselines: Sequence[Baseline]) -> list[float] | None:
    """Find the worst corner of objective space in which a network has a claim; hypervolume is measured from it.

    For an error it is the smaller one of the baselines ("last value", "calendar profile"), for a network that
    loses to either has no claim; for a cost it is the teacher's.

    Args:
        objectives: Names, in the study's order.
        baselines: The study's baselines, the teacher among them.

    Returns:
        One value for each objective; None where one of them is not known.
    """
    corner = []
    for name in objectives:
        objective = OBJECTIVES[name]
        lines = [line for line in baselines if (line.role == "naive" if objective.is_error else line.role == "teacher")]
        values = [value for value in map(objective.value, lines) if math.isfinite(value)]
        corner.append(min(values, default=math.nan))
    return None if any(math.isnan(value) for value in corner) else corner
