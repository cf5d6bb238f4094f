"""How to train: epochs, batches, learning rate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.windows import consecutive_windows
from kdsearch.models.precision import Precision
from kdsearch.training.schedules import SCHEDULES

__all__ = ["Plan", "fitting_segment", "steps_per_epoch"]

LEAST_SEGMENTS = 5
"""Of a batch, whose windows would be too alike with fewer: 5 segments of 5 windows train as well for each epoch as 50
random windows do, in half of their time (`benchmarks/README.md`)."""


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes:
        epochs: Passes over the training windows.
        learning_rate: Its highest value.
        batch: Windows in a batch.
        segment: Consecutive windows that share one pass through the network, fewer where `fitting_segment` says so;
            1 draws every window for itself.
        optimiser: As in `OPTIMISERS`.
        schedule: As in `SCHEDULES`.
        gradient_norm: Gradients are clipped to it; zero leaves them as they are.
        averaged: Share of the steps, the last ones, of whose weights the network gets the mean (Izmailov et al.,
            "Averaging Weights Leads to Wider Optima and Better Generalization", UAI 2018); 0 keeps the last ones.
        precision: Of the factors in wide convolutions' products; "bfloat16" pays where the processor multiplies it.
    """

    epochs: int
    learning_rate: float
    batch: int = 50
    segment: int = 10
    optimiser: str = "adam"
    schedule: str = "cosine"
    gradient_norm: float = 1.0
    averaged: float = 0.0
    precision: Precision = "float32"

    def rate(self, step: int, total: int, epoch: int) -> float:
        """Give the learning rate of a step, of so many in all."""
        return SCHEDULES.choose(self.schedule).rate(self.learning_rate, step, total, epoch)


def steps_per_epoch(plan: Plan, starts: NDArray[np.int64]) -> int:
    """Count the batches of an epoch, the last small one included."""
    cut = sum(len(run) // plan.segment for run in consecutive_windows(starts))
    return -(-cut // max(1, plan.batch // plan.segment))


def fitting_segment(plan: Plan, starts: NDArray[np.int64]) -> int:
    """Find the longest segment, at most the plan's, of which a batch holds enough and nine in ten windows are part.

    Where days or gaps cut the series into short runs, a long segment would leave many windows out of every epoch.
    """
    runs = [len(run) for run in consecutive_windows(starts)]
    segment = min(plan.segment, max(1, plan.batch // LEAST_SEGMENTS))
    while segment > 1 and sum(run // segment * segment for run in runs) < 0.9 * len(starts):
        segment -= 1
    return segment
