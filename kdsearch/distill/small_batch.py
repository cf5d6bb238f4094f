"""One small batch with which a loss is tried: no data, no training."""

from dataclasses import replace

import torch
from torch import Tensor

from kdsearch.distill.loss import Features, Outputs
from kdsearch.distill.loss_config import LossConfig
from kdsearch.distill.loss_table import Loss
from kdsearch.distill.losses import lagged_distances, pair_distances
from kdsearch.distill.teacher_features import SpatialTable, TemporalTable

__all__ = ["judge_small_batch", "small_batch_outputs"]


def judge_small_batch(
    row: Loss, config: LossConfig, outputs: Outputs | None = None
) -> tuple[Tensor | tuple[Tensor, ...], Tensor]:
    """Judge a small batch by a loss, drawing alike each time.

    Args:
        row: The loss.
        config: Its weights.
        outputs: The batch at the output; `small_batch_outputs` where None.

    Returns:
        What the loss gave, and the student's forecasts, which have a gradient.
    """
    outputs = small_batch_outputs(row) if outputs is None else outputs
    student = outputs.student.detach().requires_grad_()
    features = _features(row, config) if row.teacher == "features" else None
    generator = torch.Generator().manual_seed(0)
    return row.judge(config, replace(outputs, student=student), features, generator), student


def small_batch_outputs(row: Loss) -> Outputs:
    """Draw the outputs of one batch, ``(segment, forecast, step, node)``; every seventh entry was not measured."""
    generator = torch.Generator().manual_seed(2)
    student, target, taught = torch.randn(3, 2, 4, 3, 5, generator=generator)
    measured = (torch.arange(student.numel()) % 7 > 0).view_as(student)
    return Outputs(
        student, target, measured, taught if row.needs_teacher else None, 10.0, torch.full_like(target, 50.0)
    )


def _features(row: Loss, config: LossConfig) -> Features:
    """Draw the taps of the same batch: segments of 4 windows from rows 3 and 20, whose features are 3 steps long."""
    generator = torch.Generator().manual_seed(3)
    own, taught = torch.randn(2, 2, 6, 5, 2, generator=generator), torch.randn(2, 1, 30, 5, 8, generator=generator)
    return Features(
        spatial=[(own[0], SpatialTable(pair_distances(taught[0][0]).numpy()))],
        temporal=[(own[1], TemporalTable(lagged_distances(taught[1], 2)[0].numpy()))],
        segment_starts=torch.tensor([3, 20]),
        forecasts=4,
        spatial_weight=row.spatial_weight(config),
        temporal_weight=row.temporal_weight(config),
    )
