"""The one form of every dataset: readings, a mask of those really measured, times and a road graph."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.quantity import QuantityName
from kdsearch.data.repeats import repeated_weeks

__all__ = ["Series"]

MOSTLY = 0.5
"""Share of repeated readings from which on they are no filled gaps."""


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
        marked: Whether the source says that it filled a reading in, bool of the shape of `values`; None where it says
            nothing.
        holidays: Country whose holidays are a kind of day of their own (`kdsearch.data.kinds_of_day`).
        quantity: Kinds of quantity, one for each channel (`kdsearch.data.quantity`); empty where nothing is known.
        notes: What was taken for granted while it was read, one sentence each; a run says them.
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
    marked: NDArray[np.bool_] | None = None
    holidays: str | None = None
    quantity: tuple[QuantityName, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def present(self) -> NDArray[np.bool_]:
        """Mask of the readings that are there, measured or filled in, ``(step, node, channel)``."""
        return np.isfinite(self.values)

    @cached_property
    def filled_in(self) -> NDArray[np.bool_]:
        """Mask of the readings that the source filled in, ``(step, node, channel)``.

        They are those that it marks, and those that repeat the week before to the last digit. Where most readings do,
        the series itself was made so, and no gap was filled.
        """
        channels = range(self.values.shape[2])
        repeated = np.stack([repeated_weeks(self.values[:, :, channel], self.times) for channel in channels], axis=2)
        if repeated.mean() > MOSTLY:
            repeated[:] = False
        return repeated if self.marked is None else (repeated | self.marked) & self.present

    @property
    def measured(self) -> NDArray[np.bool_]:
        """Mask of the readings that were really measured, ``(step, node, channel)``."""
        return self.present & ~self.filled_in

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of readings, times, graph and quantities: two series with one hash give the same study."""
        digest = hashlib.sha256()
        for array in (self.values, self.times.astype("datetime64[m]").astype(np.int64), self.adjacency):
            digest.update(repr(array.shape).encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        digest.update(repr((self.interval_minutes, self.unit, self.channels)).encode())
        if self.grid is not None:
            digest.update(repr(self.grid).encode())
        if self.holidays is not None:
            digest.update(self.holidays.encode())
        if set(self.quantity) - {"none"}:
            digest.update(repr(self.quantity).encode())
        if self.marked is not None:
            digest.update(np.packbits(self.marked).tobytes())
        return digest.hexdigest()
