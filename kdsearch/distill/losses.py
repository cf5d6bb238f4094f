"""Distillation losses of Izadi et al. (2024, arXiv 2401.11798), Eq 1 to 10, as pure functions of tensors.

Where the paper leaves a choice, the default is the reading that works and the printed form is the option:

* ``||.||_2`` stands over scalars: "squared" errors (default, as STGCN is trained) or "absolute" ones (as printed).
* Eq 2, 3 and 6 are sums over batch and nodes, Eq 8 and 10 means: "mean" (default) for all, or "sum" as printed.
* Eq 1 is not a divergence when fed with regression outputs: "softmax" (default) compares the distributions over nodes
  that a softmax at a temperature gives; "printed" takes ``y_t log(y_t / y_s)`` of real-unit readings above `FLOOR`.
* Eq 5 scales by the minimum and maximum over the whole batch: per sample, a student would follow the teacher for at
  least one node in N, and the paper's Table 3 reports less.

Outputs, targets and their `measured` mask are ``(..., node)``; entries that were not measured count nowhere.
"""

from typing import Literal

import torch
from torch import Tensor

__all__ = [
    "Divergence",
    "Error",
    "Reduction",
    "attention",
    "bounded_response",
    "kl_divergence",
    "lagged_distances",
    "pair_distances",
    "pointwise",
    "printed_divergence",
    "reduced",
    "response",
    "spatial_correlation",
    "spatial_from_distances",
    "temporal_correlation",
    "temporal_from_distances",
]

Error = Literal["squared", "absolute"]
Reduction = Literal["mean", "sum"]
Divergence = Literal["softmax", "printed"]

FLOOR = 1.0
"""Real-unit readings below this are raised to it in the printed Eq 1, whose logarithm needs positive numbers."""


def pointwise(a: Tensor, b: Tensor, error: Error) -> Tensor:
    """Compute the paper's ``||a - b||_2`` of scalars, entry by entry."""
    return (a - b).square() if error == "squared" else (a - b).abs()


def reduced(entries: Tensor, measured: Tensor, reduction: Reduction) -> Tensor:
    """Sum or mean over the measured entries; zero where there are none."""
    total = (entries * measured).sum()
    return total if reduction == "sum" else total / measured.sum().clamp(min=1)


def response(
    student: Tensor,
    teacher: Tensor,
    target: Tensor,
    measured: Tensor,
    *,
    beta: float,
    error: Error = "squared",
    reduction: Reduction = "mean",
) -> Tensor:
    """Compute L_RD(L2), Eq 3: ``beta ||y_s - y_t|| + (1 - beta) ||y_s - T||``."""
    entries = beta * pointwise(student, teacher, error) + (1 - beta) * pointwise(student, target, error)
    return reduced(entries, measured, reduction)


def kl_divergence(
    student: Tensor, teacher: Tensor, measured: Tensor, *, temperature: float = 1.0, reduction: Reduction = "mean"
) -> Tensor:
    """Compute the KL of Eq 1 of softmax distributions over nodes, teacher first, times the squared temperature.

    The nodes of one step form one distribution; a node that was not measured takes part in it but not in the sum.
    """
    p = torch.log_softmax(teacher / temperature, dim=-1)
    q = torch.log_softmax(student / temperature, dim=-1)
    return (
        reduced(p.exp() * (p - q), measured, reduction)
        * temperature**2
        * (student.shape[-1] if reduction == "mean" else 1)
    )


def printed_divergence(student: Tensor, teacher: Tensor, measured: Tensor, *, reduction: Reduction = "mean") -> Tensor:
    """Compute Eq 1 as printed: ``y_t log(y_t / y_s)`` of real-unit outputs, at least `FLOOR`; it has no lower bound."""
    student, teacher = student.clamp(min=FLOOR), teacher.clamp(min=FLOOR)
    return reduced(teacher * (teacher / student).log(), measured, reduction)


def attention(teacher: Tensor, target: Tensor, measured: Tensor, *, alpha1: float) -> Tensor:
    """Mark entries for the teacher, Eq 4 to 6: its error, scaled to [0, 1] over the batch, exceeds `alpha1`.

    Returns:
        bool, True for the entries that follow the teacher; its mean is the paper's teacher attention ratio.
    """
    difference = (teacher - target).abs()
    infinity = torch.finfo(difference.dtype).max
    low = torch.where(measured, difference, infinity).min()
    high = torch.where(measured, difference, -infinity).max()
    scaled = (difference - low) / (high - low).clamp(min=torch.finfo(difference.dtype).tiny)
    return (scaled > alpha1) & measured


def bounded_response(
    student: Tensor,
    teacher: Tensor,
    target: Tensor,
    measured: Tensor,
    *,
    alpha1: float,
    error: Error = "squared",
    reduction: Reduction = "mean",
) -> Tensor:
    """Compute L_ORD, Eq 6: towards the target, but towards the teacher where the two disagree most."""
    goal = torch.where(attention(teacher, target, measured, alpha1=alpha1), teacher, target)
    return reduced(pointwise(student, goal, error), measured, reduction)


def spatial_correlation(student: Tensor, teacher: Tensor, weight: Tensor, *, error: Error = "squared") -> Tensor:
    """Compute L_SCD, Eq 9 and 10: mean over slices and node pairs of the difference in mean absolute channel distance.

    Args:
        student: ``(slice, node, channel)``; a slice is one step of one sample.
        teacher: ``(slice, node, channel)``, channels may differ.
        weight: ``(slice,)``, the count of each slice; the loss is the weighted mean.
        error: Measure of the difference of two correlations.
    """
    return spatial_from_distances(student, pair_distances(teacher), weight, error=error)


def spatial_from_distances(student: Tensor, distances: Tensor, weight: Tensor, *, error: Error = "squared") -> Tensor:
    """Compute L_SCD from a teacher's known `pair_distances` ``(slice, pair)``, in any precision."""
    difference = pointwise(pair_distances(student), distances.to(student), error)
    return (difference.sum(dim=1) * weight).sum() / (difference.shape[1] * weight.sum())


def pair_distances(features: Tensor) -> Tensor:
    """Compute Eq 9, ``(slice, node, channel)`` -> ``(slice, pair)``, pairs i < j, without a tensor of differences."""
    nodes, channels = features.shape[1:]
    first, second = torch.triu_indices(nodes, nodes, offset=1, device=features.device)
    return torch.cdist(features, features, p=1.0)[:, first, second] / channels


def temporal_correlation(student: Tensor, teacher: Tensor, span: int, *, error: Error = "squared") -> Tensor:
    """Compute L_TCD, Eq 7 and 8: mean over samples, nodes, step pairs of the difference in mean absolute distance.

    The distances are those between channels.

    Args:
        student: ``(batch, time, node, channel)``; every `span` consecutive steps are one sample's feature.
        teacher: The same with its own channels.
        span: Steps of a sample's feature, T; pairs lie less than T apart.
        error: Measure of the difference of two correlations.
    """
    return temporal_from_distances(student, lagged_distances(teacher, span - 1), error=error)


def temporal_from_distances(student: Tensor, distances: Tensor, *, error: Error = "squared") -> Tensor:
    """Compute L_TCD from a teacher's known `lagged_distances` ``(batch, time, lag, node)``, in any precision."""
    batch, time, nodes, _ = student.shape
    lags = distances.shape[2]
    difference = pointwise(lagged_distances(student, lags), distances.to(student), error)
    total = student.new_zeros(())
    for lag in range(1, lags + 1):
        counts = _pair_counts(time, lags + 1, lag).to(student)
        total = total + (difference[:, : time - lag, lag - 1].sum(dim=(0, 2)) * counts).sum()
    return total / (batch * (time - lags) * nodes * (lags * (lags + 1) / 2))


def lagged_distances(features: Tensor, lags: int) -> Tensor:
    """Compute Eq 7 for steps 1 to `lags` apart: ``(batch, time, lag, node)``, zero where there is no later step."""

    def distance(lag: int) -> Tensor:
        apart = (features[:, lag:] - features[:, :-lag]).abs().mean(dim=-1)
        return torch.nn.functional.pad(apart, (0, 0, 0, lag))

    return torch.stack([distance(lag) for lag in range(1, lags + 1)], dim=2)


def _pair_counts(time: int, span: int, lag: int) -> Tensor:
    """Count those of the ``time - span + 1`` samples that hold each pair (t, t + lag): ``(time - lag,)``."""
    first = torch.arange(time - lag)
    return torch.minimum(first, torch.tensor(time - span)) - (first + lag - span + 1).clamp(min=0) + 1
