"""How one batch is judged by a recipe."""

from dataclasses import dataclass

import torch
from torch import Tensor

from kdsearch.distill import fused, losses
from kdsearch.distill.loss_config import LossConfig
from kdsearch.distill.teacher_features import SpatialTable, TemporalTable

__all__ = ["Features", "Outputs", "batch_loss", "drawn_slices", "response_loss"]


@dataclass(frozen=True)
class Outputs:
    """One batch at the output.

    Attributes:
        student: ``(..., node)``, scaled.
        target: The same shape, scaled as the student sees it.
        measured: bool, the same shape.
        teacher: The same shape, scaled as the student sees it; None for plain training.
        std: Real units in one scaled unit.
        offset: Real value of a scaled zero, the same shape.
    """

    student: Tensor
    target: Tensor
    measured: Tensor
    teacher: Tensor | None
    std: float
    offset: Tensor


@dataclass(frozen=True)
class Features:
    """One batch at the taps.

    Attributes:
        spatial: The student's ``(batch, time, node, channel)`` and the teacher's table, tap by tap.
        temporal: The same.
        segment_starts: Row of the series at which each segment begins, ``(batch,)``.
        forecasts: Windows in each segment; one window's feature is ``time - forecasts + 1`` steps long.
    """

    spatial: list[tuple[Tensor, SpatialTable]]
    temporal: list[tuple[Tensor, TemporalTable]]
    segment_starts: Tensor
    forecasts: int


def batch_loss(
    loss_config: LossConfig, outputs: Outputs, features: Features | None, generator: torch.Generator
) -> Tensor:
    """Judge one batch, Eq 11 with its special cases.

    Args:
        loss_config: Losses and weights.
        outputs: What came out, what should have, and what the teacher said.
        features: Needed where the recipe has a feature term.
        generator: Draws the slices of the spatial term, and of large graphs its nodes.

    Returns:
        A scalar.
    """
    loss = response_loss(loss_config, outputs)
    if features is None:
        return loss
    if loss_config.temporal_weight > 0:
        terms = [
            table.correlation(student, features.segment_starts, error=loss_config.feature_error)
            for student, table in features.temporal
        ]
        loss = loss + loss_config.temporal_weight * torch.stack(terms).mean()
    if loss_config.spatial_weight > 0:
        terms = [
            table.correlation(
                *drawn_slices(student, features, loss_config, generator), generator, error=loss_config.feature_error
            )
            for student, table in features.spatial
        ]
        loss = loss + loss_config.spatial_weight * torch.stack(terms).mean()
    return loss


def response_loss(loss_config: LossConfig, outputs: Outputs) -> Tensor:
    """What a recipe asks of the outputs; of losses that hear features alone, the error of plain training."""
    student, teacher, target, measured = outputs.student, outputs.teacher, outputs.target, outputs.measured
    if teacher is None or not loss_config.needs_teacher or loss_config.contrasts or loss_config.relates:
        return _task(loss_config, outputs)
    if loss_config.loss == "rd-l2":
        return fused.response(
            student,
            teacher,
            target,
            measured,
            beta=loss_config.beta,
            error=loss_config.error,
            reduction=loss_config.reduction,
        )
    if loss_config.loss == "rd-kl":
        return loss_config.beta * _divergence(loss_config, outputs, teacher) + (1 - loss_config.beta) * _task(
            loss_config, outputs
        )
    return fused.bounded_response(
        student,
        teacher,
        target,
        measured,
        alpha1=loss_config.alpha1,
        error=loss_config.error,
        reduction=loss_config.reduction,
    )


def _task(loss_config: LossConfig, outputs: Outputs) -> Tensor:
    """The error of plain training."""
    student, target = outputs.student, outputs.target
    return fused.response(
        student, target, target, outputs.measured, beta=0.0, error=loss_config.error, reduction=loss_config.reduction
    )


def _divergence(loss_config: LossConfig, outputs: Outputs, teacher: Tensor) -> Tensor:
    """Eq 1 in the recipe's reading."""
    if loss_config.divergence == "softmax":
        return losses.kl_divergence(
            outputs.student,
            teacher,
            outputs.measured,
            temperature=loss_config.temperature,
            reduction=loss_config.reduction,
        )
    student, teacher = (scaled * outputs.std + outputs.offset for scaled in (outputs.student, teacher))
    return losses.printed_divergence(student, teacher, outputs.measured, reduction=loss_config.reduction)


def drawn_slices(
    student: Tensor, features: Features, loss_config: LossConfig, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Slices of a student's feature, drawn in proportion to how many windows look at them, each with the same weight.

    Neighbouring windows share slices: a slice in the middle of a segment belongs to more of them than one at its ends.

    Returns:
        Slices ``(slice, node, channel)``, the rows of the series at which they stand, and their weights.
    """
    batch, time = student.shape[:2]
    span = time - features.forecasts + 1
    position = torch.arange(time)
    counts = torch.minimum(position, torch.tensor(features.forecasts - 1)) - (position - span + 1).clamp(min=0) + 1
    weight = counts.to(torch.float32).repeat(batch)
    if loss_config.slice_share < 1:
        wanted = max(1, round(loss_config.slice_share * batch * time))
        drawn = torch.multinomial(weight, wanted, replacement=True, generator=generator).to(student.device)
        weight = torch.ones(wanted)
    else:
        drawn = torch.arange(batch * time, device=student.device)
    sample, step = drawn // time, drawn % time
    slices = student.transpose(2, 3)[sample, step].transpose(1, 2)  # nodes side by side, for the compiled loops
    return slices, features.segment_starts[sample] + step, weight.to(student)
