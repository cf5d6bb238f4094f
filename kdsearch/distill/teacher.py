"""What a training has of its teacher: forecasts and features made before, and its network where a loss runs it."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kdsearch.data.windows import WindowedSeries
from kdsearch.distill.teacher_features import TeacherTables
from kdsearch.models import Forecaster

__all__ = ["Teacher"]


class Teacher:
    """A teacher's forecasts for every training window, and more where a loss asks for it.

    Args:
        forecasts: Real units ``(window, horizon, node)``, one row for each of `starts`.
        starts: First rows of the training windows, ascending.
        data: The series as the student sees it.
        tables: Of its features; None where the loss compares none.
        network: The teacher itself and the series as it sees it; needed where the loss compares embeddings.
    """

    def __init__(
        self,
        forecasts: NDArray[np.float32],
        starts: NDArray[np.int64],
        data: WindowedSeries,
        tables: TeacherTables | None = None,
        network: tuple[Forecaster, WindowedSeries] | None = None,
    ) -> None:
        self.tables, self.network = tables, network
        rows = data.target_rows(torch.from_numpy(starts).to(data.device))[:, 0]
        self._forecasts = data.to_scaled(torch.from_numpy(forecasts).to(data.device), rows)
        position = np.full(int(starts[-1]) + 1, -1)
        position[starts] = np.arange(len(starts))
        self._position = torch.from_numpy(position).to(data.device)

    def outputs(self, segment_starts: Tensor, length: int, steps: int) -> Tensor:
        """Look up the forecasts for the windows of each segment, scaled as the student's.

        Returns:
            ``(segment, length, steps, node)``.
        """
        windows = segment_starts[:, None] + torch.arange(length, device=segment_starts.device)
        return self._forecasts[self._position[windows], :steps]
