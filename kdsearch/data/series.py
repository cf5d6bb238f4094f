"""The one form of every dataset: readings, a mask of those really measured, times and a road graph."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.quantity import QuantityName
from kdsearch.data.repeats import repeated_weeks

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Series"]

BLOCK_NODES, BLOCK_NUMBERS = 64, 1 << 19
"""Nodes, and readings, that are looked at together at most: there is no room for a second copy of all."""

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
        positions: Latitude and longitude of each node in degrees, float64 ``(node, 2)``, NaN where one is not known;
            None where none is.
        graph_rows: First rows that the graph was computed from; 0 where it does not come from readings.
        quantity: Kinds of quantity, one for each channel (`kdsearch.data.quantity`); empty where nothing is known.
        zone: Time zone of the place, such as "Europe/Berlin"; None where it is not known.
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
    positions: NDArray[np.float64] | None = None
    graph_rows: int = 0
    zone: str | None = None

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
        filled_in = np.zeros(self.values.shape, dtype=np.bool_)
        for channel, nodes, marks in self.filled_in_blocks():
            filled_in[:, nodes, channel] = marks
        return filled_in

    @staticmethod
    def from_frame(
        frame: "pd.DataFrame",
        *,
        unit: str | Sequence[str],
        channels: str | Sequence[str] = ("readings",),
        interval_minutes: int | None = None,
        adjacency: "pd.DataFrame | NDArray[np.float64] | None" = None,
        name: str = "frame",
        **keys: Any,
    ) -> "Series":
        """Take a frame of pandas, wide or long, as files are taken.

        >>> import numpy as np, pandas as pd
        >>> times = pd.date_range("2024-03-01", periods=96, freq="15min")
        >>> frame = pd.DataFrame(np.arange(192.0).reshape(96, 2) % 7, index=times, columns=["north", "south"])
        >>> Series.from_frame(frame, unit="km/h").values.shape
        (96, 2, 1)

        Args:
            frame: A row for each step and a column for each sensor, with the times as index or column; or any other
                layout of tables.
            unit: Unit of the readings, one for all channels or one for each.
            channels: Names of the channels.
            interval_minutes: Minutes between steps; the most frequent one where None.
            adjacency: Edge weights ``(node, node)``; a frame is joined by the ids of its rows and columns. No edges
                where None.
            name: Name of the dataset.
            keys: Further keys of `dataset.toml`, those of `[series]` too, such as ``timezone="Europe/Berlin"`` or
                ``sensor="station"``.

        Raises:
            DataError: A key is unknown, or a cell is no number or no time.
            DataQuestion: What a column holds, or a time means, is not certain.
        """
        from kdsearch.data.in_memory import series_of_frame  # noqa: PLC0415 - it makes series from tables

        return series_of_frame(frame, name, unit, channels, interval_minutes, adjacency, keys)

    def filled_in_blocks(self) -> Iterator[tuple[int, slice, NDArray[np.bool_]]]:
        """Give `filled_in` some nodes at a time: channel, nodes, marks ``(step, node)``.

        It takes no room of the size of the readings, which `filled_in` does.
        """
        for channel, nodes, marks in self._repeated():
            if self._made_of_repeats:
                marks[:] = False
            if self.marked is not None:
                said = self.marked[:, nodes, channel] & np.isfinite(self.values[:, nodes, channel])
                np.logical_or(marks, said, out=marks)
            yield channel, nodes, marks

    @cached_property
    def _made_of_repeats(self) -> bool:
        """Whether most readings repeat the week before; it looks no further than it must."""
        repeated, unseen, most = 0, self.values.size, MOSTLY * self.values.size
        for _, _, marks in self._repeated():
            repeated, unseen = repeated + int(marks.sum()), unseen - marks.size
            if repeated > most or repeated + unseen <= most:
                break
        return repeated > most

    def _repeated(self) -> Iterator[tuple[int, slice, NDArray[np.bool_]]]:
        """Mark repeated weeks, some nodes at a time: channel, nodes, ``(step, node)``."""
        steps, nodes, channels = self.values.shape
        together = min(BLOCK_NODES, max(1, BLOCK_NUMBERS // steps))
        for channel in range(channels):
            for first in range(0, nodes, together):
                block = slice(first, first + together)
                yield channel, block, repeated_weeks(self.values[:, block, channel], self.times)

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
            digest.update(np.ascontiguousarray(array).data)
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
