"""The losses of training: on the CPU in one compiled pass, elsewhere in their plain form.

A teacher enters live, by its features, or by a table of the distances between them that was made once. The passes over
a student take a table; for a live teacher one is made for a few slices at a time.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from kdsearch.distill import feature_kernels, losses, response_kernels
from kdsearch.distill.losses import Error, Reduction
from kdsearch.jit import takes_compiled

__all__ = [
    "bounded_response",
    "lagged_distances",
    "pair_distances",
    "response",
    "spatial_correlation",
    "spatial_from_distances",
    "temporal_correlation",
    "temporal_from_distances",
]

NUMBERS_AT_ONCE = 1 << 16
"""Distances of a table converted to float32 at a time: 256 KB, which stay in the processor's cache."""


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
    """Compute `losses.response`; with a `beta` of zero it is the error of plain training."""
    if not takes_compiled(student, teacher, target):
        return losses.response(student, teacher, target, measured, beta=beta, error=error, reduction=reduction)
    given = (x.contiguous() for x in (student, teacher, target, measured))
    total: Tensor = _Response.apply(*given, beta, error == "squared", reduction == "mean")  # type: ignore[no-untyped-call]
    return total


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
    """Compute `losses.bounded_response`."""
    if not takes_compiled(student, teacher, target):
        return losses.bounded_response(
            student, teacher, target, measured, alpha1=alpha1, error=error, reduction=reduction
        )
    taught, true, mask = (x.contiguous().view(-1).numpy() for x in (teacher, target, measured))
    goal = torch.empty(target.shape)
    response_kernels.attended(taught, true, mask, alpha1, goal.view(-1).numpy())
    return response(student, goal, goal, measured, beta=0.0, error=error, reduction=reduction)


def pair_distances(features: Tensor) -> Tensor:
    """Compute `losses.pair_distances`, without a tensor for each node."""
    if not takes_compiled(features):
        return losses.pair_distances(features)
    slices, nodes, _ = features.shape
    table = torch.empty(slices, nodes * (nodes - 1) // 2)
    feature_kernels.pair_distances(features.detach().transpose(1, 2).contiguous().numpy(), table.numpy())
    return table


def lagged_distances(features: Tensor, lags: int) -> Tensor:
    """Compute `losses.lagged_distances`, without a tensor for each lag and channel."""
    if not takes_compiled(features):
        return losses.lagged_distances(features, lags)
    batch, time, nodes, _ = features.shape
    table = torch.empty(batch, time, lags, nodes)
    feature_kernels.lagged_distances(features.detach().permute(0, 3, 1, 2).contiguous().numpy(), table.numpy())
    return table


def spatial_correlation(student: Tensor, teacher: Tensor, weight: Tensor, *, error: Error = "squared") -> Tensor:
    """Compute `losses.spatial_correlation`, with memory for the pairs of a few slices instead of all of them."""
    if not takes_compiled(student, teacher):
        return losses.spatial_correlation(student, teacher, weight, error=error)
    return _spatial(student, lambda part: pair_distances(teacher[part]), weight, error)


def spatial_from_distances(student: Tensor, distances: Tensor, weight: Tensor, *, error: Error = "squared") -> Tensor:
    """Compute `losses.spatial_from_distances`, with memory for the pairs of a few slices instead of all of them."""
    if not takes_compiled(student) or distances.device != student.device:
        return losses.spatial_from_distances(student, distances, weight, error=error)
    return _spatial(student, lambda part: distances[part].float().contiguous(), weight, error)


def temporal_correlation(student: Tensor, teacher: Tensor, span: int, *, error: Error = "squared") -> Tensor:
    """Compute `losses.temporal_correlation`, without a tensor for each lag and channel."""
    if not takes_compiled(student, teacher):
        return losses.temporal_correlation(student, teacher, span, error=error)
    return temporal_from_distances(student, lagged_distances(teacher, span - 1), error=error)


def temporal_from_distances(student: Tensor, distances: Tensor, *, error: Error = "squared") -> Tensor:
    """Compute `losses.temporal_from_distances`, without a tensor for each lag and channel."""
    if not takes_compiled(student) or distances.device != student.device:
        return losses.temporal_from_distances(student, distances, error=error)
    batch, time, nodes, _ = student.shape
    lags = distances.shape[2]
    total: Tensor = _Temporal.apply(student, distances, error == "squared")  # type: ignore[no-untyped-call]
    return total / (batch * (time - lags) * nodes * (lags * (lags + 1) / 2))


def _spatial(student: Tensor, distances: Callable[[slice], Tensor], weight: Tensor, error: Error) -> Tensor:
    nodes = student.shape[1]
    total: Tensor = _Spatial.apply(student, distances, weight, error == "squared")  # type: ignore[no-untyped-call]
    return total / (nodes * (nodes - 1) / 2 * weight.sum())


class _Response(torch.autograd.Function):
    """Error of a batch's outputs; its gradient is made with it, and kept."""

    @staticmethod
    def forward(
        ctx: Any,
        student: Tensor,
        teacher: Tensor,
        target: Tensor,
        measured: Tensor,
        beta: float,
        squared: bool,
        mean: bool,
    ) -> Tensor:
        """Reduce four contiguous tensors of one shape to a scalar."""
        gradient = torch.empty(student.shape)
        own, taught, true, mask = (x.view(-1).numpy() for x in (student, teacher, target, measured))
        grad = gradient.view(-1).numpy()
        total, count = response_kernels.response_pass(own, taught, true, mask, beta, squared, grad)
        ctx.share = 1 / max(count, 1) if mean else 1.0
        ctx.save_for_backward(gradient)
        return student.new_tensor(total * ctx.share)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None, None, None, None]:
        """Scale the kept gradient."""
        (gradient,) = ctx.saved_tensors
        return grads[0] * ctx.share * gradient, None, None, None, None, None, None


class _Spatial(torch.autograd.Function):
    """Weighted sum over slices and pairs; its gradient is made with it, and kept."""

    @staticmethod
    def forward(
        ctx: Any, student: Tensor, distances: Callable[[slice], Tensor], weight: Tensor, squared: bool
    ) -> Tensor:
        """Reduce ``(slice, node, channel)``, the teacher's ``(slice, pair)`` by slices and ``(slice,)`` to a scalar."""
        own, weights = student.transpose(1, 2).contiguous().numpy(), weight.contiguous().numpy()
        slices, _, nodes = own.shape
        gradient = torch.empty(own.shape)
        grads, total = gradient.numpy(), 0.0
        at_once = max(1, NUMBERS_AT_ONCE // (nodes * (nodes - 1) // 2 + 1))
        for first in range(0, slices, at_once):
            part = slice(first, first + at_once)
            total += feature_kernels.spatial_pass(
                own[part], distances(part).numpy(), weights[part], squared, grads[part]
            )
        ctx.save_for_backward(gradient.transpose(1, 2))
        return student.new_tensor(total)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None]:
        """Scale the kept gradient."""
        (gradient,) = ctx.saved_tensors
        return grads[0] * gradient, None, None, None


class _Temporal(torch.autograd.Function):
    """Sum over samples and pairs of steps; its gradient is made with it, and kept."""

    @staticmethod
    def forward(ctx: Any, student: Tensor, distances: Tensor, squared: bool) -> Tensor:
        """Reduce ``(batch, time, node, channel)`` and the teacher's ``(batch, time, lag, node)`` to a scalar."""
        own, taught = student.permute(0, 3, 1, 2).contiguous().numpy(), distances.float().contiguous().numpy()
        gradient = torch.empty(own.shape)
        total = feature_kernels.temporal_pass(own, taught, squared, gradient.numpy())
        ctx.save_for_backward(gradient.permute(0, 2, 3, 1))
        return student.new_tensor(total)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        """Scale the kept gradient."""
        (gradient,) = ctx.saved_tensors
        return grads[0] * gradient, None, None
