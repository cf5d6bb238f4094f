"""The metrics of an error: a row says which differences are summed, what counts, and how a sum becomes the value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kdsearch.data.quantity import QUANTITIES
from kdsearch.errors import StudyError
from kdsearch.table import Table, check_row

if TYPE_CHECKING:
    from torch import Tensor

    from kdsearch.data.quantity import Quantity

__all__ = ["MAPE_FLOOR_WORDS", "METRICS", "Metric"]

MAPE_FLOOR_WORDS = QUANTITIES["none"].mape_floor_words
"""Of a quantity of which nothing is known; that of others is in the protocol's words."""


@dataclass(frozen=True)
class Metric:
    """One way to measure errors.

    Attributes:
        name: As tables and objectives call it.
        unit: Of the value; "" where it is that of the readings.
        sentence: For help texts.
        term: Takes differences (forecast less truth, float64) and truths of one shape; gives what is summed.
        value: Takes the sum and the weight of what was summed, by default its number; gives the value.
        counts: Takes truths, the mean size of the training readings and what kind of quantity they are; gives which of
            the measured truths count. All of them where None.
        weight: Takes truths; gives the weight of each. 1 where None.
    """

    name: str
    unit: str
    sentence: str
    term: Callable[[Tensor, Tensor], Tensor]
    value: Callable[[float, float], float]
    counts: Callable[[Tensor, float, Quantity], Tensor] | None = None
    weight: Callable[[Tensor], Tensor] | None = None

    def __post_init__(self) -> None:
        check_row("metric", self.name, self.sentence, self.term, ("difference", "truth"))
        check_row("metric", self.name, self.sentence, self.value, ("total", "count"))
        if self.counts is not None:
            check_row("metric", self.name, self.sentence, self.counts, ("truth", "mean", "quantity"))
        if self.weight is not None:
            check_row("metric", self.name, self.sentence, self.weight, ("truth",))


METRICS = Table(  # those that come with kdsearch take arrays of numpy too
    "metric",
    [
        Metric(
            "mae", "", "mean absolute error", lambda difference, _: abs(difference), lambda total, count: total / count
        ),
        Metric(
            "rmse",
            "",
            "root of the mean squared error",
            lambda difference, _: difference**2,
            lambda total, count: (total / count) ** 0.5,
        ),
        Metric(
            "mape",
            "%",
            f"mean absolute error as a share of the truth, where that is above {MAPE_FLOOR_WORDS}",
            lambda difference, truth: abs(difference) / truth,
            lambda total, count: 100 * total / count,
            counts=lambda truth, mean, quantity: truth > quantity.mape_floor(mean),
        ),
        Metric(
            "wape",
            "%",
            "absolute errors as a share of all truths together",
            lambda difference, _: abs(difference),
            lambda total, weight: 100 * total / weight,
            weight=abs,
        ),
    ],
    mistake=StudyError,
)
