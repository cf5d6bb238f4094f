"""Recipes: which losses, with which weights, and how one batch is judged by them."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from kdsearch.distill import fused, losses
from kdsearch.distill.losses import Divergence, Error, Reduction
from kdsearch.distill.teacher_features import SpatialTable, TemporalTable

__all__ = [
    "FEATURE_LOSSES",
    "Features",
    "LossName",
    "Outputs",
    "Recipe",
    "drawn_slices",
    "recipe_loss",
    "response_loss",
]

LossName = Literal["none", "rd-l2", "rd-kl", "ord", "tcd", "scd", "stcd", "skd", "lightst"]

FEATURE_LOSSES = frozenset({"tcd", "scd", "stcd", "skd"})
"""The losses that listen to a teacher's features too, from tables that were made before."""


@dataclass(frozen=True)
class Recipe:
    """A loss of a paper with its weights: Izadi et al. where none is named.

    Attributes:
        loss: "none" is plain training; "tcd" and "scd" are the paper's ablation rows, L_ORD with one feature term;
            "lightst" is LightST's Eq 8, "skd" our approximation of SKD (`kdsearch.distill.skd`). ST-MLP's distillation
            is "rd-l2" of absolute errors.
        beta: Share of the teacher in Eq 2 and 3.
        temperature: Of the softmax in the divergence.
        alpha1: Scaled teacher error above which the teacher is followed, Eq 6.
        alpha2: Share of the spatial term in Eq 11.
        alpha3: Weight of the feature terms in Eq 11.
        alpha: Share of what "skd" distills.
        error: How deviations at the output are measured, "squared" or "absolute".
        feature_error: How differences of correlations are measured, Eq 8 and 10: "squared" or, as printed, "absolute".
        reduction: "mean" or, as printed in Eq 2, 3 and 6, "sum".
        divergence: "softmax" or, as printed in Eq 1, "printed".
        slice_share: Share of the time slices that spatial and contrastive terms look at in a step, drawn at random:
            unbiased.
        lambda1: LightST's weight of the divergence between embeddings.
        lambda2: LightST's weight of the two contrastive terms.
        tau1: LightST's temperature in the divergence.
        tau2: LightST's temperature in the spatial contrast.
        tau3: LightST's temperature in the temporal contrast.
        joint: Whether LightST's teacher trains on with its student, as the paper has it and its code does not.
    """

    loss: LossName = "none"
    beta: float = 0.5
    temperature: float = 1.0
    alpha1: float = 0.5
    alpha2: float = 0.5
    alpha3: float = 0.1
    alpha: float = 0.5
    error: Error = "squared"
    feature_error: Error = "squared"
    reduction: Reduction = "mean"
    divergence: Divergence = "softmax"
    slice_share: float = 0.1
    lambda1: float = 10.0
    lambda2: float = 1.0
    tau1: float = 1.0
    tau2: float = 0.1
    tau3: float = 0.1
    joint: bool = False

    @property
    def needs_teacher(self) -> bool:
        """Whether the loss listens to a teacher at all."""
        return self.loss != "none"

    @property
    def contrasts(self) -> bool:
        """Whether it compares embeddings, for which the teacher runs in every step."""
        return self.loss == "lightst"

    @property
    def relates(self) -> bool:
        """Whether it compares relations between nodes, in terms whose gradients are revised."""
        return self.loss == "skd"

    @property
    def needs_features(self) -> bool:
        """Whether it also listens to the tables of the teacher's features."""
        return self.hears_spatial or self.temporal_weight > 0

    @property
    def hears_spatial(self) -> bool:
        """Whether it compares the features of a step's nodes."""
        return self.spatial_weight > 0 or self.relates

    @property
    def spatial_weight(self) -> float:
        """Weight of L_SCD in the whole loss, Eq 11."""
        return self.alpha3 * {"scd": 1.0, "stcd": self.alpha2}.get(self.loss, 0.0)

    @property
    def temporal_weight(self) -> float:
        """Weight of L_TCD in the whole loss, Eq 11."""
        return self.alpha3 * {"tcd": 1.0, "stcd": 1 - self.alpha2}.get(self.loss, 0.0)


@dataclass(frozen=True)
class Outputs:
    """One batch at the output.

    Attributes:
        student: ``(..., node)``, scaled.
        target: The same shape, scaled as the student sees it.
        measured: bool, the same shape.
        teacher: The same shape, scaled as the student sees it; None for plain training.
        deviation: Real units in one scaled unit.
        offset: Real value of a scaled zero, the same shape.
    """

    student: Tensor
    target: Tensor
    measured: Tensor
    teacher: Tensor | None
    deviation: float
    offset: Tensor


@dataclass(frozen=True)
class Features:
    """One batch at the taps.

    Attributes:
        spatial: The student's ``(batch, time, node, channel)`` and the teacher's table, tap by tap.
        temporal: The same.
        firsts: Row of the series at which each stretch begins, ``(batch,)``.
        forecasts: Windows in each stretch; one window's feature is ``time - forecasts + 1`` steps long.
    """

    spatial: list[tuple[Tensor, SpatialTable]]
    temporal: list[tuple[Tensor, TemporalTable]]
    firsts: Tensor
    forecasts: int


def recipe_loss(recipe: Recipe, outputs: Outputs, features: Features | None, generator: torch.Generator) -> Tensor:
    """Judge one batch, Eq 11 with its special cases.

    Args:
        recipe: Losses and weights.
        outputs: What came out, what should have, and what the teacher said.
        features: Needed where the recipe has a feature term.
        generator: Draws the slices of the spatial term, and of large graphs its nodes.

    Returns:
        A scalar.
    """
    loss = response_loss(recipe, outputs)
    if features is None:
        return loss
    if recipe.temporal_weight > 0:
        terms = [
            table.correlation(student, features.firsts, error=recipe.feature_error)
            for student, table in features.temporal
        ]
        loss = loss + recipe.temporal_weight * torch.stack(terms).mean()
    if recipe.spatial_weight > 0:
        terms = [
            table.correlation(
                *drawn_slices(student, features, recipe, generator), generator, error=recipe.feature_error
            )
            for student, table in features.spatial
        ]
        loss = loss + recipe.spatial_weight * torch.stack(terms).mean()
    return loss


def response_loss(recipe: Recipe, outputs: Outputs) -> Tensor:
    """What a recipe asks of the outputs; of losses that hear features alone, the error of plain training."""
    student, teacher, target, measured = outputs.student, outputs.teacher, outputs.target, outputs.measured
    if teacher is None or not recipe.needs_teacher or recipe.contrasts or recipe.relates:
        return _task(recipe, outputs)
    if recipe.loss == "rd-l2":
        return fused.response(
            student, teacher, target, measured, beta=recipe.beta, error=recipe.error, reduction=recipe.reduction
        )
    if recipe.loss == "rd-kl":
        return recipe.beta * _divergence(recipe, outputs, teacher) + (1 - recipe.beta) * _task(recipe, outputs)
    return fused.bounded_response(
        student, teacher, target, measured, alpha1=recipe.alpha1, error=recipe.error, reduction=recipe.reduction
    )


def _task(recipe: Recipe, outputs: Outputs) -> Tensor:
    """The error of plain training."""
    student, target = outputs.student, outputs.target
    return fused.response(
        student, target, target, outputs.measured, beta=0.0, error=recipe.error, reduction=recipe.reduction
    )


def _divergence(recipe: Recipe, outputs: Outputs, teacher: Tensor) -> Tensor:
    """Eq 1 in the recipe's reading."""
    if recipe.divergence == "softmax":
        return losses.kl_divergence(
            outputs.student, teacher, outputs.measured, temperature=recipe.temperature, reduction=recipe.reduction
        )
    student, teacher = (scaled * outputs.deviation + outputs.offset for scaled in (outputs.student, teacher))
    return losses.printed_divergence(student, teacher, outputs.measured, reduction=recipe.reduction)


def drawn_slices(
    student: Tensor, features: Features, recipe: Recipe, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Slices of a student's feature, drawn in proportion to how many windows look at them, each with the same weight.

    Neighbouring windows share slices: a slice in the middle of a stretch belongs to more of them than one at its ends.

    Returns:
        Slices ``(slice, node, channel)``, the rows of the series at which they stand, and their weights.
    """
    batch, time = student.shape[:2]
    span = time - features.forecasts + 1
    position = torch.arange(time)
    counts = torch.minimum(position, torch.tensor(features.forecasts - 1)) - (position - span + 1).clamp(min=0) + 1
    weight = counts.to(torch.float32).repeat(batch)
    if recipe.slice_share < 1:
        wanted = max(1, round(recipe.slice_share * batch * time))
        drawn = torch.multinomial(weight, wanted, replacement=True, generator=generator).to(student.device)
        weight = torch.ones(wanted)
    else:
        drawn = torch.arange(batch * time, device=student.device)
    sample, step = drawn // time, drawn % time
    slices = student.transpose(2, 3)[sample, step].transpose(1, 2)  # nodes side by side, for the compiled loops
    return slices, features.firsts[sample] + step, weight.to(student)
