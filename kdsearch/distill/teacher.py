"""A teacher for students: its outputs were made before, and its network runs only where a loss needs it."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kdsearch.data.windows import WindowedSeries
from kdsearch.distill.lightst import LiveTeacher
from kdsearch.distill.loss_config import LossConfig
from kdsearch.distill.teacher_features import TeacherTables
from kdsearch.models import Forecaster

__all__ = ["Teacher"]


class Teacher:
    """Teacher outputs for every training window.

    Args:
        forecasts: Real units ``(window, horizon, node)``, one row for each of `starts`.
        starts: First rows of the training windows, ascending.
        data: The series as the student sees it.
        tables: Tables of its features; None where no loss uses features.
        network: The teacher itself and the series as it sees it; needed where a loss uses embeddings.
    """

    def __init__(
        self,
        forecasts: NDArray[np.float32],
        starts: NDArray[np.int64],
        data: WindowedSeries,
        tables: TeacherTables | None = None,
        network: tuple[Forecaster, WindowedSeries] | None = None,
    ) -> None:
        self.tables, self._network = tables, network
        rows = data.target_rows(torch.from_numpy(starts).to(data.device))[:, 0]
        self._forecasts = data.to_scaled(torch.from_numpy(forecasts).to(data.device), rows)
        position = np.full(int(starts[-1]) + 1, -1)
        position[starts] = np.arange(len(starts))
        self._position = torch.from_numpy(position).to(data.device)

    def outputs(self, segment_starts: Tensor, length: int, steps: int) -> Tensor:
        """Look up the forecasts for each segment's windows, scaled like the student's.

        Returns:
            ``(segment, length, steps, node)``.
        """
        windows = segment_starts[:, None] + torch.arange(length, device=segment_starts.device)
        return self._forecasts[self._position[windows], :steps]

    def beside(self, student: Forecaster, data: WindowedSeries, loss_config: LossConfig) -> LiveTeacher:
        """Set up the teacher to run beside a student, which sees `data`."""
        if self._network is None:
            raise ValueError(f"loss {loss_config.loss} needs the teacher's network")
        return LiveTeacher(*self._network, student, data, loss_config)
