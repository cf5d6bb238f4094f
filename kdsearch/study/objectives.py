"""What a search can minimise: each objective is a name, a unit and how to read it from a record."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from kdsearch.record import Cost, TrialRecord

__all__ = ["OBJECTIVES", "Objective"]


@dataclass(frozen=True)
class Objective:
    """One quantity of a trial; smaller is better.

    Attributes:
        name: As written after `--objective`.
        unit: Unit of the value; "" where it is that of the readings.
        read: The value, or NaN where the record does not hold it.
        is_error: Whether it is known after training only; a cost is known before.
    """

    name: str
    unit: str
    read: Callable[[TrialRecord], float]
    is_error: bool = False


def _validation(metric: str) -> Callable[[TrialRecord], float]:
    """Error of the validation split, all steps of the horizon pooled; the test split is not for searching."""
    return lambda record: record.metrics.get("val", {}).get(metric, {}).get("all", math.nan)


def _cost(read: Callable[[Cost], float]) -> Callable[[TrialRecord], float]:
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
