"""Readings as float32: refused where that loses what they say."""

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
    """Compare rounding with changes, sensor by sensor, in blocks of rows; `values` are ``(step, ...)``."""
    rows = max(2, BLOCK_READINGS // max(1, values[:1].size))
    rounding, changes, level = (np.zeros(values.shape[1:]) for _ in range(3))
    for first in range(0, len(values), rows):
        block = values[first : first + rows + 1].astype(np.float64)  # one row of the next, for the change towards it
        block[~np.isfinite(block)] = np.nan
        largest = np.nanmax(np.abs(block), axis=0, initial=0, where=~np.isnan(block))
        if largest.max() > np.finfo(np.float32).max:
            raise DataError(f"{path} holds a reading of {largest.max():.3g}, more than 3.4e38; leave such cells empty")
        rounding += np.nansum((block[:rows] - block[:rows].astype(np.float32)) ** 2, axis=0)
        changes += np.nansum(np.diff(block, axis=0) ** 2, axis=0)
        level = np.maximum(level, largest)
    real = changes > (REAL_CHANGE * level) ** 2 * len(values)
    lost = real & (rounding > LARGEST_ERROR**2 * changes)
    if lost.any():
        raise DataError(
            f"{path} holds readings as large as {level[lost][0]:,.0f} whose changes are lost in numbers of 32 bits; "
            "subtract a constant from all readings of such a sensor"
        )
