"""The readings of a file, before they have a graph and a protocol."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.precision import as_float32
from kdsearch.errors import DataError

__all__ = ["Readings", "blocks_of", "float32_of"]

BLOCK_NUMBERS = 1 << 18


@dataclass(frozen=True)
class Readings:
    """The readings of a file.

    Attributes:
        values: ``(step, node, channel)`` float32, NaN where a cell is empty or not finite.
        times: ``(step,)`` ``datetime64[m]``, local time, increasing.
        sensor_ids: One for each node, None where the file holds none.
        grid: Rows and columns where the nodes are the cells of a grid, row by row; else None.
        marked: Whether the source says that it filled a reading in, bool of the shape of `values`; None where it says
            nothing.
        counted: Whether the file holds no times, so that they were counted from `start`.
        flags: Whether the file holds true and false, which are 1 and 0 here and may be a mask, but no readings.
        notes: What was taken for granted, one sentence each.
    """

    values: NDArray[np.float32]
    times: NDArray[np.datetime64]
    sensor_ids: tuple[str, ...] | None = None
    grid: tuple[int, int] | None = None
    marked: NDArray[np.bool_] | None = None
    counted: bool = False
    flags: bool = False
    notes: tuple[str, ...] = ()


def float32_of(values: NDArray[Any], file: object) -> NDArray[np.float32]:
    """Keep readings as float32, NaN where they are not finite.

    Args:
        values: Plain numbers; float32 are changed in place.
        file: Names the file for a message.

    Raises:
        DataError: They are no plain numbers, or float32 cannot hold their changes.
    """
    if values.dtype.kind not in "fiub":
        raise DataError(f"{file} holds values of type {values.dtype}; save the readings as plain numbers")
    found = as_float32(values, Path(str(file)))
    for rows in blocks_of(found):
        rows[~np.isfinite(rows)] = np.nan
    return found


def blocks_of(values: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """Give the rows of readings in blocks, as views: what is done to them takes no room of their size."""
    rows = max(1, BLOCK_NUMBERS // max(1, values[:1].size))
    for first in range(0, len(values), rows):
        yield values[first : first + rows]
