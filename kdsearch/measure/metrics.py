"""The metrics of an error: a row says which differences are summed, what counts, and how a sum becomes the value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kdsearch.errors import StudyError
from kdsearch.table import Table, check_row

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["METRICS", "Metric"]


@dataclass(frozen=True)
class Metric:
    """One way to measure errors.

    Attributes:
        name: As tables and objectives call it.
        unit: Of the value; "" where it is that of the readings.
        sentence: For help texts.
        term: Takes differences (forecast less truth, float64) and truths of one shape; gives what is summed.
        value: Takes the sum and the number of what was summed; gives the value.
        counts: Takes truths; gives which of the measured ones count. All of them where None.
    """

    name: str
    unit: str
    sentence: str
    term: Callable[[Tensor, Tensor], Tensor]
    value: Callable[[float, float], float]
    counts: Callable[[Tensor], Tensor] | None = None

    def __post_init__(self) -> None:
        check_row("metric", self.name, self.sentence, self.term, ("difference", "truth"))
        check_row("metric", self.name, self.sentence, self.value, ("total", "count"))


METRICS = Table(
    "metric",
    [
        Metric(
            "mae", "", "mean absolute error", lambda difference, _: difference.abs(), lambda total, count: total / count
        ),
        Metric(
            "rmse",
            "",
            "root of the mean squared error",
            lambda difference, _: difference.square(),
            lambda total, count: (total / count) ** 0.5,
        ),
        Metric(
            "mape",
            "%",
            "mean absolute error as a share of the truth, where that is above zero",
            lambda difference, truth: difference.abs() / truth,
            lambda total, count: 100 * total / count,
            counts=lambda truth: truth > 0,
        ),
    ],
    mistake=StudyError,
)
