"""Numbers of fewer bits: the one rule by which weights and calendars become whole multiples of a scale."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["CALENDAR_LEVELS", "WEIGHT_LEVELS", "Numbers", "restored", "rounded_to_levels"]

Numbers = Literal["float", "int8"]

WEIGHT_LEVELS = 127
CALENDAR_LEVELS = 32767
"""Largest stored numbers. A calendar has 16 bits: with 8 its steps would be as large as the errors of forecasts."""

Pairs = tuple[NDArray[Any], NDArray[np.float32]]


def rounded_to_levels(values: NDArray[np.float32], channel_dim: int, largest: int) -> Pairs:
    """Round each channel to whole multiples of a scale of its own.

    Returns:
        The multiples, of the shape of `values`, and the scales ``(channel,)``.
    """
    others = tuple(dim for dim in range(values.ndim) if dim != channel_dim)
    scales = np.abs(values).max(axis=others, keepdims=True, initial=0.0) / np.float32(largest)
    multiples = np.rint(np.divide(values, scales, out=np.zeros_like(values), where=scales > 0))
    return multiples.astype(np.int8 if largest == WEIGHT_LEVELS else np.int16), scales.ravel().astype(np.float32)


def restored(values: NDArray[np.float32], channel_dim: int, largest: int) -> NDArray[np.float32]:
    """Round, and multiply by the scales again: the numbers with which a file of fewer bits computes."""
    multiples, scales = rounded_to_levels(values, channel_dim, largest)
    shape = [1] * values.ndim
    shape[channel_dim] = -1
    return np.asarray(multiples * scales.reshape(shape), dtype=np.float32)
