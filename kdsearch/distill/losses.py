"""Distillation losses of Izadi et al. (2024, arXiv 2401.11798), Eq 1 to 10, as pure functions of tensors.

Where the paper leaves a choice, the default is the reading that works and the printed form is the option:

* ``||.||_2`` stands over scalars: "squared" errors (default, as STGCN is trained) or "absolute" ones (as printed).
* Eq 2, 3 and 6 are sums over batch and nodes, Eq 8 and 10 means: "mean" (default) for all, or "sum" as printed.
* Eq 1 is not a divergence when fed with regression outputs: "softmax" (default) compares the distributions over nodes
  that a softmax at a temperature gives; "printed" takes ``y_t log(y_t / y_s)`` of real-unit readings above `FLOOR`.
* Eq 5 scales by the minimum and maximum over the whole batch: per sample, the teacher could never be heard by less than
  one node in N, and the paper's Table 3 reports less.

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
    "pointwise",
    "printed_divergence",
    "reduced",
    "response",
    "spatial_correlation",
    "temporal_correlation",
]

Error = Literal["squared", "absolute"]
Reduction = Literal["mean", "sum"]
Divergence = Literal["softmax", "printed"]

FLOOR = 1.0
"""Real-unit readings below this are raised to it in the printed Eq 1, whose logarithm needs positive numbers."""


def pointwise(a: Tensor, b: Tensor, error: Error) -> Tensor:
    """The paper's ``||a - b||_2`` of scalars, entry by entry."""
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
    """L_RD(L2), Eq 3: ``beta ||y_s - y_t|| + (1 - beta) ||y_s - T||``."""
    entries = beta * pointwise(student, teacher, error) + (1 - beta) * pointwise(student, target, error)
    return reduced(entries, measured, reduction)


def kl_divergence(
    student: Tensor, teacher: Tensor, measured: Tensor, *, temperature: float = 1.0, reduction: Reduction = "mean"
) -> Tensor:
    """KL of Eq 1 between the softmax distributions over nodes, teacher first, times the squared temperature.

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
    """Eq 1 as printed: ``y_t log(y_t / y_s)`` of real-unit outputs, raised to `FLOOR`; it has no lower bound."""
    student, teacher = student.clamp(min=FLOOR), teacher.clamp(min=FLOOR)
    return reduced(teacher * (teacher / student).log(), measured, reduction)


def attention(teacher: Tensor, target: Tensor, measured: Tensor, *, alpha1: float) -> Tensor:
    """Eq 4 to 6: where the teacher's error, scaled to [0, 1] over the batch, exceeds `alpha1`, the student hears it.

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
    """L_ORD, Eq 6: towards the target, but towards the teacher where the two disagree most."""
    goal = torch.where(attention(teacher, target, measured, alpha1=alpha1), teacher, target)
    return reduced(pointwise(student, goal, error), measured, reduction)


def spatial_correlation(student: Tensor, teacher: Tensor, weight: Tensor, *, error: Error = "squared") -> Tensor:
    """L_SCD, Eq 9 and 10: mean over slices and node pairs of the difference in mean absolute channel distance.

    Args:
        student: ``(slice, node, channel)``; a slice is one step of one sample.
        teacher: ``(slice, node, channel)``, channels may differ.
        weight: ``(slice,)``, how often each slice counts; the loss is the weighted mean.
        error: How the difference of two correlations is measured.
    """
    nodes = student.shape[1]
    difference = pointwise(_channel_distance(student), _channel_distance(teacher), error)
    pairs = nodes * (nodes - 1)
    return (difference.sum(dim=(1, 2)) * weight).sum() / (pairs * weight.sum())


def _channel_distance(features: Tensor) -> Tensor:
    """Eq 9: ``(slice, node, channel)`` -> ``(slice, node, node)``, without the ``(node, node, channel)`` tensor."""
    return torch.cdist(features, features, p=1.0) / features.shape[-1]


def temporal_correlation(student: Tensor, teacher: Tensor, span: int, *, error: Error = "squared") -> Tensor:
    """L_TCD, Eq 7 and 8: mean over samples, nodes and step pairs of the difference in mean absolute channel distance.

    Args:
        student: ``(batch, time, node, channel)``; every `span` consecutive steps are one sample's feature.
        teacher: The same with its own channels.
        span: Steps of a sample's feature, T; pairs lie less than T apart.
        error: How the difference of two correlations is measured.
    """
    batch, time, nodes, _ = student.shape
    samples = time - span + 1
    total = student.new_zeros(())
    for lag in range(1, span):
        difference = pointwise(_lagged_distance(student, lag), _lagged_distance(teacher, lag), error)
        total = total + (difference.sum(dim=(0, 2)) * _pair_counts(time, span, lag).to(student)).sum()
    return total / (batch * samples * nodes * (span * (span - 1) / 2))


def _lagged_distance(features: Tensor, lag: int) -> Tensor:
    """Eq 7 for one distance in time: ``(batch, time - lag, node)``."""
    return (features[:, lag:] - features[:, :-lag]).abs().mean(dim=-1)


def _pair_counts(time: int, span: int, lag: int) -> Tensor:
    """In how many of the ``time - span + 1`` samples each pair (t, t + lag) lies: ``(time - lag,)``."""
    first = torch.arange(time - lag)
    return torch.minimum(first, torch.tensor(time - span)) - (first + lag - span + 1).clamp(min=0) + 1
