"""A loss's name and the numbers that weigh it; what the loss is stands in its row of `LOSSES`."""

from dataclasses import dataclass

from kdsearch.distill.losses import Divergence, Error, Reduction

__all__ = ["LossConfig"]


@dataclass(frozen=True)
class LossConfig:
    """A loss with its weights: those of Izadi et al. where no paper is named.

    A loss of the user's own reads those of these fields that come nearest to what it needs, such as `beta` for a share,
    `alpha3` for the weight of a further term, or `temperature` for a scale. There are no others.

    Attributes:
        loss: Its name, as in `kdsearch.distill.loss_table.LOSSES`.
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

    loss: str = "none"
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
