"""The readings of a file, before they have a graph and a protocol."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdsearch.errors import DataError

__all__ = ["Readings", "float32_of"]


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
        notes: What was taken for granted, one sentence each.
    """

    values: NDArray[np.float32]
    times: NDArray[np.datetime64]
    sensor_ids: tuple[str, ...] | None = None
    grid: tuple[int, int] | None = None
    marked: NDArray[np.bool_] | None = None
    notes: tuple[str, ...] = ()


def float32_of(values: NDArray[Any], file: object) -> NDArray[np.float32]:
    """Keep readings as float32, NaN where they are not finite.

    Raises:
        DataError: They are no plain numbers.
    """
    if values.dtype.kind not in "fiub":
        raise DataError(f"{file} holds values of type {values.dtype}; save the readings as plain numbers")
    found = np.asarray(values, dtype=np.float32)
    finite = np.isfinite(found)
    if not finite.all():
        found = np.where(finite, found, np.float32(np.nan))
    return found
