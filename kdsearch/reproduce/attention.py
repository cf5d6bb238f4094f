"""Table 3: the share of a student's targets that comes from the teacher, Eq 4 to 6."""

import numpy as np
import torch

from kdsearch.data.protocols import SplitSeries
from kdsearch.data.windows import WindowedSeries
from kdsearch.distill.losses import attention
from kdsearch.distill.teacher import Teacher
from kdsearch.trial.teachers import TrainedNetwork

__all__ = ["teacher_share"]


def teacher_share(series: SplitSeries, teacher: TrainedNetwork, *, alpha1: float, batch: int, seed: int) -> float:
    """Count the share of measured targets that L_ORD replaces by the teacher's output, in one pass of random batches.

    It depends on the teacher and on `alpha1` alone, not on the student, and, since Eq 5 scales by the largest error of
    a batch, on the batch's size.

    Args:
        series: Series cut by a protocol.
        teacher: An iterating teacher gives its output for the next step, a direct one those for every step.
        alpha1: Scaled error above which the teacher is followed.
        batch: Windows in a batch.
        seed: Seed of the windows' order.
    """
    data = WindowedSeries(series, teacher.checkpoint.scaler, torch.device("cpu"))
    starts = series.splits["train"].starts
    outputs = Teacher(teacher.forecasts, starts, data)
    steps = min(teacher.checkpoint.network(data.device).outputs, data.horizon)
    followed = counted = 0
    order = np.random.default_rng(seed).permutation(starts)
    for first in range(0, len(order), batch):
        segment_starts = torch.from_numpy(order[first : first + batch])
        rows = data.target_rows(segment_starts, 1, steps)
        measured = data.measured[rows]
        chosen = attention(outputs.outputs(segment_starts, 1, steps), data.scaled[rows], measured, alpha1=alpha1)
        followed, counted = followed + int(chosen.sum()), counted + int(measured.sum())
    return followed / counted
