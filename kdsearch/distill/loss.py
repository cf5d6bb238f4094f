"""How one batch is judged: a function for each loss, of what came out of the network, its taps and its teacher.

A function of this kind stands in a row of `kdsearch.distill.loss_table.LOSSES`, and takes the loss's weights, the
outputs, the features (None where the row asks for none) and a generator for what it draws.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from kdsearch.distill import fused, losses
from kdsearch.distill.loss_config import LossConfig
from kdsearch.distill.teacher_features import SpatialTable, TemporalTable
from kdsearch.errors import SpaceError

__all__ = [
    "Features",
    "Outputs",
    "bounded_responses",
    "correlations",
    "divergences",
    "drawn_slices",
    "responses",
    "task",
]


@dataclass(frozen=True)
class Outputs:
    """One batch at the output.

    Attributes:
        student: ``(..., node)``, scaled.
        target: The same shape, scaled as the student sees it.
        measured: bool, the same shape.
        teacher: The same shape, scaled as the student sees it; None where the loss's row asks for none.
        std: Real units in one scaled unit.
        offset: Real value of a scaled zero, the same shape.
    """

    student: Tensor
    target: Tensor
    measured: Tensor
    teacher: Tensor | None
    std: float
    offset: Tensor

    @property
    def teacher_outputs(self) -> Tensor:
        """The teacher's forecasts.

        Raises:
            SpaceError: Where the loss's row asks for none.
        """
        if self.teacher is None:
            raise SpaceError("the loss reads the teacher's outputs; write teacher='outputs' in its row")
        return self.teacher


@dataclass(frozen=True)
class Features:
    """One batch at the taps.

    Attributes:
        spatial: The student's ``(batch, time, node, channel)`` and the teacher's table, tap by tap.
        temporal: The same.
        segment_starts: Row of the series at which each segment begins, ``(batch,)``.
        forecasts: Windows in each segment; one window's feature is ``time - forecasts + 1`` steps long.
        spatial_weight: Weight of the spatial terms in the whole loss, as the loss's row says.
        temporal_weight: The same of the temporal terms.
    """

    spatial: list[tuple[Tensor, SpatialTable]]
    temporal: list[tuple[Tensor, TemporalTable]]
    segment_starts: Tensor
    forecasts: int
    spatial_weight: float = 0.0
    temporal_weight: float = 0.0


def task(config: LossConfig, outputs: Outputs, *_: object) -> Tensor:
    """Judge the forecasts by the readings alone: the error of plain training."""
    student, target = outputs.student, outputs.target
    return fused.response(
        student, target, target, outputs.measured, beta=0.0, error=config.error, reduction=config.reduction
    )


def responses(config: LossConfig, outputs: Outputs, *_: object) -> Tensor:
    """Judge the forecasts by the teacher's and by the readings: L_RD(L2), Eq 3."""
    return fused.response(
        outputs.student,
        outputs.teacher_outputs,
        outputs.target,
        outputs.measured,
        beta=config.beta,
        error=config.error,
        reduction=config.reduction,
    )


def divergences(config: LossConfig, outputs: Outputs, *_: object) -> Tensor:
    """Judge the forecasts by their divergence from the teacher's, Eq 1 or 2, and by the readings."""
    student, teacher = outputs.student, outputs.teacher_outputs
    if config.divergence == "softmax":
        divergence = losses.kl_divergence(
            student, teacher, outputs.measured, temperature=config.temperature, reduction=config.reduction
        )
    else:
        student, teacher = (scaled * outputs.std + outputs.offset for scaled in (student, teacher))
        divergence = losses.printed_divergence(student, teacher, outputs.measured, reduction=config.reduction)
    return config.beta * divergence + (1 - config.beta) * task(config, outputs)


def bounded_responses(config: LossConfig, outputs: Outputs, *_: object) -> Tensor:
    """Judge the forecasts by the teacher's where these err most, and by the readings elsewhere: L_ORD, Eq 6."""
    return fused.bounded_response(
        outputs.student,
        outputs.teacher_outputs,
        outputs.target,
        outputs.measured,
        alpha1=config.alpha1,
        error=config.error,
        reduction=config.reduction,
    )


def correlations(config: LossConfig, outputs: Outputs, features: Features | None, generator: torch.Generator) -> Tensor:
    """Judge the forecasts by L_ORD, and how features correlate over time and nodes: Eq 11 with its special cases.

    Args:
        config: Weights.
        outputs: What came out, what should have, and what the teacher said.
        features: At the taps, with the weights of both terms; None where these are zero.
        generator: Draws the slices of the spatial term, and of large graphs its nodes.

    Returns:
        A scalar.
    """
    loss = bounded_responses(config, outputs)
    if features is None:
        return loss
    if features.temporal_weight > 0:
        terms = [
            table.correlation(student, features.segment_starts, error=config.feature_error)
            for student, table in features.temporal
        ]
        loss = loss + features.temporal_weight * torch.stack(terms).mean()
    if features.spatial_weight > 0:
        terms = [
            table.correlation(
                *drawn_slices(student, features, config, generator), generator, error=config.feature_error
            )
            for student, table in features.spatial
        ]
        loss = loss + features.spatial_weight * torch.stack(terms).mean()
    return loss


def drawn_slices(
    student: Tensor, features: Features, config: LossConfig, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Draw slices of a student's feature in proportion to how many windows look at them, each of one weight.

    Neighbouring windows share slices: a slice in the middle of a segment belongs to more of them than one at its ends.

    Returns:
        Slices ``(slice, node, channel)``, the rows of the series at which they stand, and their weights.
    """
    batch, time = student.shape[:2]
    span = time - features.forecasts + 1
    position = torch.arange(time)
    counts = torch.minimum(position, torch.tensor(features.forecasts - 1)) - (position - span + 1).clamp(min=0) + 1
    weight = counts.to(torch.float32).repeat(batch)
    if config.slice_share < 1:
        wanted = max(1, round(config.slice_share * batch * time))
        drawn = torch.multinomial(weight, wanted, replacement=True, generator=generator).to(student.device)
        weight = torch.ones(wanted)
    else:
        drawn = torch.arange(batch * time, device=student.device)
    sample, step = drawn // time, drawn % time
    slices = student.transpose(2, 3)[sample, step].transpose(1, 2)  # nodes side by side, for the compiled loops
    return slices, features.segment_starts[sample] + step, weight.to(student)
