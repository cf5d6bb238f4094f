"""Windows gathered by index from one tensor on the device; no loader, no copies of overlapping windows."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kdsearch.data.clock import clock
from kdsearch.data.fill import FILLS, carried_forward
from kdsearch.data.profile import Scaler
from kdsearch.data.protocols import SplitSeries

__all__ = ["WindowedSeries", "consecutive_windows", "segments"]


class WindowedSeries:
    """A split series as a network sees it.

    Attributes:
        scaled: ``(step, node)``, the network's input. A causal fill holds a node's last input over its gaps: the last
            reading of raw input, the last deviation of input that is one.
        values: ``(step, node)``, real units.
        measured: ``(step, node)``, bool: the readings that count.
        offsets: ``(step, node)``, real units; ``value = scaled * std + offset``.
        std: The scaler's std, one number.
        clock: ``(step, 2)``, time of day in [0, 1) and weekday, 0 for Monday.
    """

    def __init__(self, series: SplitSeries, scaler: Scaler, device: torch.device) -> None:
        offsets = scaler.offsets(series.source.times, series.values.shape[1])
        self.values = torch.tensor(series.values, device=device)
        self.measured = torch.tensor(series.measured, device=device)
        self.offsets = torch.tensor(offsets, device=device)
        self.clock = torch.tensor(clock(series.source.times), device=device)
        self.std = scaler.std
        self.scaled = (self.values - self.offsets) / self.std
        if FILLS[series.protocol.fill].causal:
            known = np.where(series.present, self.scaled.cpu().numpy(), np.float32(np.nan))
            self.scaled = torch.tensor(carried_forward(known), device=device)
        self.history, self.horizon = series.protocol.history, series.protocol.horizon
        self.device = device

    def inputs(self, starts: Tensor, length: int = 1, *, with_clock: bool) -> Tensor:
        """Gather the inputs of `length` consecutive windows from each start.

        Args:
            starts: First rows of the windows, ``(batch,)``.
            length: Windows from each start.
            with_clock: Whether the network takes the time as input (`Forecaster.clock`).

        Returns:
            ``(batch, history + length - 1, node, channel)``: the reading and, if asked for, the two of `clock`.
        """
        rows = starts[:, None] + torch.arange(self.history + length - 1, device=self.device)
        readings = self.scaled[rows]
        if not with_clock:
            return readings[..., None]
        times = self.clock[rows][:, :, None].expand(*readings.shape, 2)
        return torch.stack([readings, times[..., 0], times[..., 1]]).permute(1, 2, 3, 0)  # each channel in one piece

    def target_rows(self, starts: Tensor, length: int = 1, steps: int | None = None) -> Tensor:
        """Find the rows that the windows forecast: ``(batch, forecast, step)``, by default over the whole horizon."""
        ahead = torch.arange(steps or self.horizon, device=self.device) + self.history
        return starts[:, None, None] + torch.arange(length, device=self.device)[:, None] + ahead

    def to_real(self, scaled: Tensor, rows: Tensor) -> Tensor:
        """Bring network outputs ``(..., node)`` for these rows ``(...)`` to real units."""
        return scaled * self.std + self.offsets[rows]

    def to_scaled(self, real: Tensor, rows: Tensor) -> Tensor:
        """Invert `to_real`."""
        return (real - self.offsets[rows]) / self.std


def consecutive_windows(starts: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Group the starts of neighbouring windows: ascending ``(window,)`` cut wherever one is missing."""
    return np.split(starts, np.flatnonzero(np.diff(starts) != 1) + 1)


def segments(
    starts: NDArray[np.int64], length: int, windows_in_batch: int, generator: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Draw batches of segments, each of `length` consecutive windows, in random order.

    Each unbroken run of windows is cut at a new random offset, so that borders move from epoch to epoch; the windows
    left over at a run's ends, fewer than `length` in all, wait for another epoch. A run shorter than `length` is never
    used. With `length` 1 these are plain random windows and every one comes once.

    Args:
        starts: First rows of the windows, ascending.
        length: Consecutive windows in a segment.
        windows_in_batch: Windows in a batch; the last batch may be smaller.
        generator: Random generator of order and offsets.

    Yields:
        First rows of the segments of one batch, ``(segment,)``.
    """
    cut: list[NDArray[np.int64]] = []
    for run in consecutive_windows(starts):
        spare = len(run) % length if len(run) >= length else len(run)
        offset = int(generator.integers(spare + 1))
        cut.append(run[offset : offset + (len(run) - spare) : length])
    segment_starts = generator.permutation(np.concatenate(cut))
    size = max(1, windows_in_batch // length)
    for position in range(0, len(segment_starts), size):
        yield segment_starts[position : position + size]
