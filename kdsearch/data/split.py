"""A series cut by a protocol: its readings, which of them count, and the windows of its splits."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.protocol import Protocol
from kdsearch.data.quantity import Quantity
from kdsearch.data.series import Series
from kdsearch.record import Readings

__all__ = ["Split", "SplitSeries"]


@dataclass(frozen=True, eq=False)
class Split:
    """One split of the rows: train, val or test.

    Attributes:
        first: First row.
        last: One past the last row.
        starts: First row of each window of the split, int64, ascending; before `first` where inputs reach back.
    """

    first: int
    last: int
    starts: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SplitSeries:
    """A series cut by a protocol.

    Attributes:
        source: The series as it was loaded.
        protocol: The protocol, its history in steps of the series. Where no reading is missing, or none was filled in
            by the source, it is the papers' own: there is no difference.
        values: The forecast channel in real units, float32 ``(step, node)``, filled as the protocol says. Of all
            channels together, node = channel * nodes + node of the series.
        present: Whether there is a reading, bool ``(step, node)``; elsewhere `values` was filled.
        filled_in: Whether the source filled it in, bool ``(step, node)``.
        splits: "train", "val" and "test".
    """

    source: Series
    protocol: Protocol
    values: NDArray[np.float32]
    present: NDArray[np.bool_]
    filled_in: NDArray[np.bool_]
    splits: dict[str, Split]

    @cached_property
    def measured(self) -> NDArray[np.bool_]:
        """Readings that count, bool ``(step, node)``; metrics, losses, calendar and scaler count nothing else.

        They are those that were really measured or, where the protocol takes the file as published, all that are there.
        """
        return self.counted(self.protocol.readings)

    def counted(self, readings: Readings) -> NDArray[np.bool_]:
        """Mask the readings that count where a protocol takes those measured, or all as published."""
        return self.present if readings == "published" else self.present & ~self.filled_in

    @property
    def unit(self) -> str:
        """Unit of the forecast channel, or of all of them."""
        return self.source.unit[self.protocol.channel or 0]

    @property
    def quantity(self) -> Quantity:
        """Kind of quantity of the forecast channel, or of all of them."""
        return self.protocol.quantity(self.source)

    @property
    def flows(self) -> int:
        """Number of channels that are forecast together."""
        return int(self.values.shape[1] // self.source.values.shape[1])

    @property
    def grid(self) -> tuple[int, int, int] | None:
        """``(flow, row, column)`` where the nodes are the cells of a grid, in this order; else None."""
        return None if self.source.grid is None else (self.flows, *self.source.grid)

    @cached_property
    def mean_reading(self) -> float:
        """Mean size of the measured readings of the train split, real units; 0 where there are none."""
        train = slice(self.splits["train"].first, self.splits["train"].last)
        readings = self.values[train][self.measured[train]]
        return float(np.abs(readings).mean(dtype=np.float64)) if readings.size else 0.0

    @cached_property
    def adjacency(self) -> NDArray[np.float64]:
        """Edge weights ``(node, node)``; of several channels together, no edge joins two of them."""
        if self.flows == 1:
            return self.source.adjacency
        return np.asarray(np.kron(np.eye(self.flows), self.source.adjacency), dtype=np.float64)

    @property
    def active_share(self) -> float:
        """Share of the series' nodes with any forecast reading above zero in the train split.

        Errors per active cell, as the ST-ResNet papers report for BikeNYC, are RMSE over ``active_share ** 0.5``: 81 of
        128 cells hold stations, and their factor is 1.2571.
        """
        train = self.splits["train"]
        above = (self.values[train.first : train.last] > 0).any(axis=0)
        return float(above.reshape(self.flows, -1).any(axis=0).mean())

    def training_weights(self) -> NDArray[np.float64]:
        """Count how often each row enters the scaler, ``(step,)``; zero outside the train split.

        Of a row only the readings enter that count; where the file is taken as published, filled gaps enter too.
        """
        weights = np.zeros(len(self.values))
        train = self.splits["train"]
        if self.protocol.scaler != "windows":
            weights[train.first : train.last] = 1.0
            return weights
        length = self.protocol.history + self.protocol.horizon
        np.add.at(weights, train.starts, 1.0)
        np.add.at(weights, train.starts + length, -1.0)
        return np.cumsum(weights)
