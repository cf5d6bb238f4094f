"""What a search can minimise: each objective is a name, a unit and how to read it from a record."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from kdsearch.errors import StudyError
from kdsearch.record import Baseline, Cost, Metrics

__all__ = ["OBJECTIVES", "Measured", "Objective", "parse_objectives", "reference_point"]


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

    Attributes:
        name: As written after `--objective`.
        unit: Unit of the value; "" where it is that of the readings.
        read: The value, or NaN where the record does not hold it.
        is_error: Whether it is known after training only. The others are costs: known before, positive, and spanning
            orders of magnitude, so that they are drawn and compared in log scale.
    """

    name: str
    unit: str
    read: Callable[[Measured], float]
    is_error: bool = False


def _validation(metric: str) -> Callable[[Measured], float]:
    """Error of the validation split, all steps of the horizon pooled; the test split is not for searching."""
    return lambda record: record.metrics.get("val", {}).get(metric, {}).get("all", math.nan)


def _cost(read: Callable[[Cost], float]) -> Callable[[Measured], float]:
    return lambda record: math.nan if record.cost is None else read(record.cost)


def _latency_p50(cost: Cost) -> float:
    return math.nan if cost.latency_ms is None else cost.latency_ms.p50


OBJECTIVES: dict[str, Objective] = {
    objective.name: objective
    for objective in (
        Objective("mae", "", _validation("mae"), is_error=True),
        Objective("rmse", "", _validation("rmse"), is_error=True),
        Objective("mape", "%", _validation("mape"), is_error=True),
        Objective("latency", "ms", _cost(_latency_p50)),
        Objective("flops", "FLOP", _cost(lambda cost: float(cost.flops))),
        Objective("params", "parameters", _cost(lambda cost: float(cost.parameters))),
        Objective("stored", "numbers", _cost(lambda cost: float(cost.stored_numbers))),
    )
}


def parse_objectives(text: str) -> list[Objective]:
    """Objectives from their comma-separated names.

    Raises:
        StudyError: At an unknown or repeated name.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in OBJECTIVES]
    if unknown or not names or len(set(names)) < len(names):
        wrong = repr(unknown[0]) if unknown else repr(text)
        raise StudyError(f"--objective {wrong} is not one or more different ones of {', '.join(OBJECTIVES)}")
    return [OBJECTIVES[name] for name in names]


def reference_point(objectives: Sequence[str], baselines: Sequence[Baseline]) -> list[float] | None:
    """The worst corner of objective space in which a network has a claim: what hypervolume is measured from.

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
        values = [value for value in map(objective.read, lines) if math.isfinite(value)]
        corner.append(min(values, default=math.nan))
    return None if any(math.isnan(value) for value in corner) else corner
