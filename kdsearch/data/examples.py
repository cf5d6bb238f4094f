"""Windows of real readings that a study keeps, so that its networks' files can be checked wherever they are made."""

import io
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.split import SplitSeries

__all__ = ["ExampleWindows"]

MOST_WINDOWS = 16
MOST_READINGS = 100_000
"""Of all windows together, at four bytes each; two windows are kept whatever their size."""


@dataclass(frozen=True, eq=False)
class ExampleWindows:
    """Windows of the test split, evenly spread over it.

    Attributes:
        readings: In real units, NaN where missing, float32 ``(window, history, node)``.
        times: Local time of each window's last reading, ``datetime64[s]``, ``(window,)``.
    """

    readings: NDArray[np.float32]
    times: NDArray[np.datetime64]

    @classmethod
    def of(cls, series: SplitSeries) -> Self:
        """Choose them."""
        starts, history = series.splits["test"].starts, series.protocol.history
        most = max(2, min(MOST_WINDOWS, MOST_READINGS // (history * series.values.shape[1])))
        chosen = starts[np.unique(np.linspace(0, len(starts) - 1, most).astype(np.int64))]
        rows = chosen[:, None] + np.arange(history)
        readings = np.where(series.present[rows], series.values[rows], np.float32(np.nan))
        return cls(readings, series.source.times[rows[:, -1]].astype("datetime64[s]"))

    def to_bytes(self) -> bytes:
        """Pack compressed arrays; reading them runs no code."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, readings=self.readings, times=self.times.astype(np.int64))
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Unpack the bytes of `to_bytes`."""
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return cls(arrays["readings"], arrays["times"].astype("datetime64[s]"))
