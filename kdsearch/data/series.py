"""The one form of every dataset: readings, a mask of those really measured, times and a road graph."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["Series"]


@dataclass(frozen=True, eq=False)
class Series:
    """Readings of a sensor network.

    Attributes:
        name: The dataset's name.
        values: Readings, float32 ``(step, node, channel)``; NaN where nothing was measured. They are filled
            only after the split (`kdsearch.data.protocols`), so that no reading of one split leaks into another.
        times: Local time of each row, ``datetime64[m]``, ``(step,)``, strictly increasing; gaps are allowed.
        interval_minutes: Minutes between neighbouring steps.
        unit: Unit of the readings, one for each channel.
        channels: Names of the channels.
        adjacency: Non-negative edge weights, float64 ``(node, node)``, zero diagonal.
        sensor_ids: The source's own names of the nodes.
        grid: Rows and columns where the nodes are the cells of a grid, node = row * columns + column; else None.
        complete: Whether these are the files the public source offers, whole (checked by hash); None where no
            hash is known.
    """

    name: str
    values: NDArray[np.float32]
    times: NDArray[np.datetime64]
    interval_minutes: int
    unit: tuple[str, ...]
    channels: tuple[str, ...]
    adjacency: NDArray[np.float64]
    sensor_ids: tuple[str, ...]
    complete: bool | None = None
    grid: tuple[int, int] | None = None

    @property
    def measured(self) -> NDArray[np.bool_]:
        """Mask of the readings that were really measured, ``(step, node, channel)``."""
        return np.isfinite(self.values)

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of readings, times and graph: two series with one hash give the same study."""
        digest = hashlib.sha256()
        for array in (self.values, self.times.astype("datetime64[m]").astype(np.int64), self.adjacency):
            digest.update(repr(array.shape).encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        digest.update(repr((self.interval_minutes, self.unit, self.channels)).encode())
        if self.grid is not None:
            digest.update(repr(self.grid).encode())
        return digest.hexdigest()
