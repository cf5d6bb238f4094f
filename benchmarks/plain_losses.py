"""The feature losses as their equations stand: broadcast differences, a tensor for all pairs and channels."""

from torch import Tensor

__all__ = ["spatial_correlation", "temporal_correlation"]


def spatial_correlation(student: Tensor, teacher: Tensor) -> Tensor:
    """Compute L_SCD, Eq 9 and 10, of ``(batch, time, node, channel)`` features, over all ordered pairs."""
    own, taught = ((x[:, :, :, None] - x[:, :, None]).abs().mean(dim=-1) for x in (student, teacher))
    nodes = student.shape[2]
    return (own - taught).square().sum() / (student.shape[0] * student.shape[1] * nodes * (nodes - 1))


def temporal_correlation(student: Tensor, teacher: Tensor) -> Tensor:
    """Compute L_TCD, Eq 7 and 8, of ``(batch, time, node, channel)`` features, over all ordered pairs."""
    own, taught = ((x[:, :, None] - x[:, None]).abs().mean(dim=-1) for x in (student, teacher))
    batch, time, nodes, _ = student.shape
    return (own - taught).square().sum() / (batch * nodes * time * (time - 1))
