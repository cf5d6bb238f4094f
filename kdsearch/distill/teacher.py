"""A frozen teacher as a student hears it: outputs made once and kept, features when they are asked for."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kdsearch.data.windows import WindowedSeries
from kdsearch.distill.taps import tapped
from kdsearch.models import Forecaster

__all__ = ["Teacher"]


class Teacher:
    """Answers for every training window.

    Args:
        network: Frozen; only its features are asked for, its outputs come from the table.
        data: The series as the teacher sees it.
        forecasts: Real units ``(window, horizon, node)``, one row for each of `starts`.
        starts: First rows of the training windows, ascending.
    """

    def __init__(
        self, network: Forecaster, data: WindowedSeries, forecasts: NDArray[np.float32], starts: NDArray[np.int64]
    ) -> None:
        self.network = network.eval().requires_grad_(False)
        self.data = data
        self._forecasts = torch.from_numpy(forecasts).to(data.device)
        position = np.full(int(starts[-1]) + 1, -1)
        position[starts] = np.arange(len(starts))
        self._position = torch.from_numpy(position).to(data.device)

    def outputs(self, firsts: Tensor, length: int, steps: int) -> Tensor:
        """Forecasts for the windows of each segment, real units: ``(segment, length, steps, node)``."""
        windows = firsts[:, None] + torch.arange(length, device=firsts.device)
        return self._forecasts[self._position[windows], :steps]

    @torch.no_grad()
    def features(self, firsts: Tensor, length: int) -> dict[str, Tensor]:
        """Tap name -> ``(segment, time, node, channel)`` over the same segments."""
        with tapped(self.network, (*self.network.spatial_taps, *self.network.temporal_taps)) as features:
            self.network(self.data.inputs(firsts, length))
        return features
