"""Readings as float32: refused where that loses what they say."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdsearch.errors import DataError

__all__ = ["as_float32"]

BLOCK_READINGS = 1 << 18
"""Readings looked at in one go, so that no further copy of all is made."""

LARGEST_ERROR = 0.05
"""Of rounding, as a share of the changes from row to row, both as root mean squares over a sensor's rows."""

LARGEST_ROUNDING = 2.0**-24
"""Of a reading in float32, as a share of it."""

REAL_CHANGE = 1e-14
"""Of the largest reading; smaller changes are rounding in float64, not traffic."""


def as_float32(values: NDArray[Any], path: Path, step_axis: int = 0) -> NDArray[np.float32]:
    """Convert readings to float32.

    Args:
        values: Numbers of any type, of any shape.
        path: The file, for the message.
        step_axis: The axis of time.

    Raises:
        DataError: A reading is too large for float32, or the changes of a sensor's readings are lost in rounding.
    """
    if values.dtype == np.float32:
        return np.asarray(values)
    if values.dtype.itemsize > 2 and values.dtype.kind in "fiu":
        _check(np.moveaxis(values, step_axis, 0) if values.ndim > step_axis else values, path)
    return values.astype(np.float32)


def _check(values: NDArray[Any], path: Path) -> None:
    """Compare rounding with changes, sensor by sensor; `values` are ``(step, ...)``."""
    changes, level = np.zeros(values.shape[1:]), np.zeros(values.shape[1:])
    for block in _blocks(values):
        level = np.fmax(level, np.fmax.reduce(np.abs(block), axis=0))
        if level.max() > np.finfo(np.float32).max:
            raise DataError(f"{path} holds a reading of {level.max():.3g}, more than 3.4e38; leave such cells empty")
        changes += _sum_of_squares(np.diff(block, axis=0))
    real = changes > (REAL_CHANGE * level) ** 2 * len(values)
    most = LARGEST_ERROR**2 * changes
    if not (doubtful := real & ((LARGEST_ROUNDING * level) ** 2 * len(values) > most)).any():
        return  # nearly always, so that rounding is not computed
    rounding = np.zeros(values.shape[1:])
    for block in _blocks(values):
        rounding += _sum_of_squares(block[:-1] - block[:-1].astype(np.float32))
    if (lost := doubtful & (rounding > most)).any():
        raise DataError(
            f"{path} holds readings as large as {level[lost][0]:,.0f} whose changes are lost in numbers of 32 bits; "
            "subtract a constant from all readings of such a sensor"
        )


def _blocks(values: NDArray[Any]) -> Iterator[NDArray[np.float64]]:
    """Give blocks of rows, NaN where a reading is not finite; each ends with the first row of the next."""
    rows = max(1, BLOCK_READINGS // max(1, values[:1].size))
    for first in range(0, len(values), rows):
        block = values[first : first + rows + 1].astype(np.float64, copy=False)
        finite = np.isfinite(block)
        yield block if finite.all() else np.where(finite, block, np.nan)


def _sum_of_squares(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum squares over rows, leaving out those that are missing."""
    np.square(values, out=values)
    total = np.add.reduce(values)
    return np.asarray(np.nansum(values, axis=0) if np.isnan(total).any() else total)
