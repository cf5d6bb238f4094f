"""How the learning rate changes in the course of a training, by name."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kdsearch.errors import SpaceError
from kdsearch.table import Table, check_row

__all__ = ["SCHEDULES", "Schedule"]

WARM_UP_STEPS = 100


@dataclass(frozen=True)
class Schedule:
    """A learning rate over the steps of a training.

    Attributes:
        name: As written after `schedule`.
        sentence: For help texts.
        rate: Takes the highest rate, the step, how many steps there are, and the epoch; gives the step's rate.
        foreseeable: Whether early stopping may foresee the end of a training from the curves of others: with a rate
            that falls to zero at the end, validation errors of different trainings fall alike.
    """

    name: str
    sentence: str
    rate: Callable[[float, int, int, int], float]
    foreseeable: bool = False

    def __post_init__(self) -> None:
        check_row("schedule", self.name, self.sentence, self.rate, ("highest", "step", "total", "epoch"))


def cosine(highest: float, step: int, total: int, _epoch: int) -> float:
    """Rise in 100 steps, or a fifth of all, then fall to zero as half a cosine."""
    warm_up = min(WARM_UP_STEPS, total // 5)
    if step < warm_up:
        return highest * (step + 1) / warm_up
    return highest * 0.5 * (1 + float(np.cos(np.pi * (step - warm_up) / max(1, total - warm_up))))


def staircase(highest: float, _step: int, _total: int, epoch: int) -> float:
    """Fall by a factor of 0.7 every 5 epochs, as STGCN was published."""
    return highest * 0.7 ** (epoch // 5)


def constant(highest: float, _step: int, _total: int, _epoch: int) -> float:
    """Stay at the highest rate."""
    return highest


SCHEDULES = Table(
    "schedule",
    [
        Schedule("cosine", "falls to zero after 100 warm-up steps", cosine, foreseeable=True),
        Schedule("staircase", "the paper's factor 0.7 every 5 epochs", staircase),
        Schedule("constant", "stays where it is", constant),
    ],
    mistake=SpaceError,
)
