"""Loops of the response losses, compiled by numba: loss and gradient in one pass over a batch's outputs.

Arrays are of one dimension and contiguous, float32 but for the mask; entries that were not measured count nowhere.
"""

import numpy as np
from numpy.typing import NDArray

from kdsearch.jit import compiled, inlined

__all__ = ["attended", "response_pass"]

Array = NDArray[np.float32]
Mask = NDArray[np.bool_]

ZERO, ONE, TWO = np.float32(0), np.float32(1), np.float32(2)

PIECE = 4096
"""Entries summed in float32; such sums are added in float64."""


@inlined
def _side(d: np.float32) -> np.float32:
    """Compute the gradient of ``|d|``."""
    return np.float32(d > ZERO) - np.float32(d < ZERO)


@compiled
def response_pass(
    student: Array, teacher: Array, target: Array, measured: Mask, beta: float, squared: bool, gradient: Array
) -> tuple[float, int]:
    """Sum ``beta e(student - teacher) + (1 - beta) e(student - target)`` over the measured entries.

    Args:
        student: ``(entry,)``.
        teacher: ``(entry,)``.
        target: ``(entry,)``.
        measured: ``(entry,)``.
        beta: Share of the teacher.
        squared: Whether e squares its argument, or takes it absolute.
        gradient: ``(entry,)``; filled with the gradient of the sum, zero where nothing was measured.

    Returns:
        The sum, and the number of measured entries.
    """
    own, other = np.float32(beta), np.float32(1 - beta)
    total, count = 0.0, 0
    for begin in range(0, len(student), PIECE):
        end = min(begin + PIECE, len(student))
        part, seen = ZERO, ZERO
        for j in range(begin, end):
            there = np.float32(measured[j])
            apart, wrong = student[j] - teacher[j], student[j] - target[j]
            if squared:
                part += there * (own * apart * apart + other * wrong * wrong)
            else:
                part += there * (own * abs(apart) + other * abs(wrong))
            seen += there
        total += float(part)
        count += int(seen)
        for j in range(begin, end):  # separate from the sums, see `compiled`
            there = np.float32(measured[j])
            apart, wrong = student[j] - teacher[j], student[j] - target[j]
            if squared:
                gradient[j] = there * TWO * (own * apart + other * wrong)
            else:
                gradient[j] = there * (own * _side(apart) + other * _side(wrong))
    return total, count


@compiled
def attended(teacher: Array, target: Array, measured: Mask, alpha1: float, goal: Array) -> None:
    """Choose a student's goal by Eq 6: the target, or the teacher where its error by Eq 5 is above `alpha1`.

    Args:
        teacher: ``(entry,)``.
        target: ``(entry,)``.
        measured: ``(entry,)``.
        alpha1: The threshold.
        goal: ``(entry,)``; filled.
    """
    low, high = np.float32(np.inf), np.float32(-np.inf)
    for j in range(len(teacher)):
        difference = abs(teacher[j] - target[j])
        low = min(low, difference if measured[j] else low)
        high = max(high, difference if measured[j] else high)
    width, threshold = max(high - low, np.float32(np.finfo(np.float32).tiny)), np.float32(alpha1)
    for j in range(len(teacher)):
        follows = measured[j] and (abs(teacher[j] - target[j]) - low) / width > threshold
        goal[j] = teacher[j] if follows else target[j]
