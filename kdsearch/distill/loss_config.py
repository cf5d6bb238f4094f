"""Recipes: which losses, with which weights, and how one batch is judged by them."""

from dataclasses import dataclass
from typing import Literal

from kdsearch.distill.losses import Divergence, Error, Reduction

__all__ = ["FEATURE_LOSSES", "LossConfig", "LossName"]

LossName = Literal["none", "rd-l2", "rd-kl", "ord", "tcd", "scd", "stcd", "skd", "lightst"]

FEATURE_LOSSES = frozenset({"tcd", "scd", "stcd", "skd"})
"""The losses that listen to a teacher's features too, from tables that were made before."""


@dataclass(frozen=True)
class LossConfig:
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
        return self.uses_spatial_features or self.temporal_weight > 0

    @property
    def uses_spatial_features(self) -> bool:
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
