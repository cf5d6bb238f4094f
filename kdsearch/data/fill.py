"""What stands in a network's input where a reading is missing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["FILLS", "Fill", "FillName", "carried_forward"]

FillName = Literal["causal", "interpolated", "zero"]


@dataclass(frozen=True)
class Fill:
    """One way to fill gaps.

    Attributes:
        words: What it does, for the head of a study.
        values: Takes readings ``(step, node)``, NaN where missing, and the first and last rows of the splits; gives
            finite readings.
        causal: Whether no reading after a gap fills it. Then a network's own input is filled, in place of the readings.
        every_split: Whether each split must hold a reading of every node; else the train split alone must.
    """

    words: str
    values: Callable[[NDArray[np.float32], Sequence[tuple[int, int]]], NDArray[np.float32]]
    causal: bool = False
    every_split: bool = False


def carried_forward(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Hold each node's last value over its gaps: ``(step, node)``, NaN where missing, to finite values.

    Before its first value a node takes the mean of those that others hold at that step, and 0 where none has begun.
    """
    held = np.array(pd.DataFrame(values).ffill(), dtype=np.float32)
    silent = np.isnan(held)
    if not silent.any():
        return held
    begun = np.maximum((~silent).sum(axis=1), 1)
    others = np.where(silent, 0, held).sum(axis=1, dtype=np.float64) / begun
    return np.where(silent, others[:, None], held).astype(np.float32)


def _causal(values: NDArray[np.float32], _: Sequence[tuple[int, int]]) -> NDArray[np.float32]:
    return carried_forward(values)


def _interpolated(values: NDArray[np.float32], splits: Sequence[tuple[int, int]]) -> NDArray[np.float32]:
    """Fill linearly in time inside each split; before its first reading a node takes that one."""
    pieces = [pd.DataFrame(values[first:last]).interpolate(limit_direction="both") for first, last in splits]
    return np.concatenate([piece.to_numpy(dtype=np.float32) for piece in pieces])


def _zero(values: NDArray[np.float32], _: Sequence[tuple[int, int]]) -> NDArray[np.float32]:
    return np.nan_to_num(values, nan=0.0)


FILLS: dict[FillName, Fill] = {
    "causal": Fill("a gap holds the last reading, or the last deviation from the calendar", _causal, causal=True),
    "interpolated": Fill(
        "gaps interpolated inside a part, as the papers do, so that one at the end of a history looks ahead",
        _interpolated,
        every_split=True,
    ),
    "zero": Fill("a missing reading is a zero in the input, as in the papers", _zero),
}
"""The papers' fills are for tables beside theirs (`Protocol.published`); everything else fills causally."""
