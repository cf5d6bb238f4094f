"""The feature losses as they are trained with: on the CPU in one compiled pass, elsewhere in their plain form."""

from typing import Any

import torch
from torch import Tensor

from kdsearch.compiled import takes_compiled
from kdsearch.distill import losses
from kdsearch.distill.kernels import spatial_pass, temporal_pass
from kdsearch.distill.losses import Error

__all__ = ["spatial_correlation", "temporal_correlation"]


def spatial_correlation(student: Tensor, teacher: Tensor, weight: Tensor, *, error: Error = "squared") -> Tensor:
    """`losses.spatial_correlation`, with memory for one row of pairs instead of all of them."""
    if not takes_compiled(student, teacher):
        return losses.spatial_correlation(student, teacher, weight, error=error)
    nodes = student.shape[1]
    total: Tensor = _Spatial.apply(student, teacher, weight, error == "squared")  # type: ignore[no-untyped-call]
    return total / (nodes * (nodes - 1) / 2 * weight.sum())


def temporal_correlation(student: Tensor, teacher: Tensor, span: int, *, error: Error = "squared") -> Tensor:
    """`losses.temporal_correlation`, without a tensor for each lag."""
    if not takes_compiled(student, teacher):
        return losses.temporal_correlation(student, teacher, span, error=error)
    batch, time, nodes, _ = student.shape
    total: Tensor = _Temporal.apply(student, teacher, span, error == "squared")  # type: ignore[no-untyped-call]
    return total / (batch * (time - span + 1) * nodes * (span * (span - 1) / 2))


class _Spatial(torch.autograd.Function):
    """Weighted sum over slices and pairs; its gradient is made with it, and kept."""

    @staticmethod
    def forward(ctx: Any, student: Tensor, teacher: Tensor, weight: Tensor, squared: bool) -> Tensor:
        """``(slice, node, channel)`` twice and ``(slice,)`` -> a scalar."""
        own, taught = (features.transpose(1, 2).contiguous().numpy() for features in (student, teacher))
        gradient = torch.empty(own.shape)
        total = spatial_pass(own, taught, weight.contiguous().numpy(), squared, gradient.numpy())
        ctx.save_for_backward(gradient.transpose(1, 2))
        return student.new_tensor(total)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None, None, None]:
        """The kept gradient, scaled."""
        (gradient,) = ctx.saved_tensors
        return slopes[0] * gradient, None, None, None


class _Temporal(torch.autograd.Function):
    """Sum over samples and pairs of steps; its gradient is made with it, and kept."""

    @staticmethod
    def forward(ctx: Any, student: Tensor, teacher: Tensor, span: int, squared: bool) -> Tensor:
        """``(batch, time, node, channel)`` twice -> a scalar."""
        own, taught = (features.permute(0, 3, 1, 2).contiguous().numpy() for features in (student, teacher))
        gradient = torch.empty(own.shape)
        total = temporal_pass(own, taught, span, squared, gradient.numpy())
        ctx.save_for_backward(gradient.permute(0, 2, 3, 1))
        return student.new_tensor(total)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None, None, None]:
        """The kept gradient, scaled."""
        (gradient,) = ctx.saved_tensors
        return slopes[0] * gradient, None, None, None
