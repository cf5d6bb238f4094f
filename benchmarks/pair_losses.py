"""Claims on the feature losses: forward and backward against the plain forms, teacher's features given."""

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from benchmarks import plain_losses
from benchmarks.measuring import Claim, median_seconds, peak_bytes
from kdsearch.distill import fused

__all__ = ["claims"]

Loss = Callable[[Tensor, Tensor], Tensor]


def features(batch: int, time: int, nodes: int, channels: int) -> Tensor:
    """As networks give them: ``(batch, time, node, channel)``, nodes side by side in memory."""
    return torch.randn(batch, channels, time, nodes).permute(0, 2, 3, 1)


def ours(student: Tensor, teacher: Tensor) -> Tensor:
    """The fused spatial loss over all slices."""
    own, taught = (x.transpose(2, 3).flatten(0, 1).transpose(1, 2) for x in (student, teacher))
    return fused.spatial_correlation(own, taught, torch.ones(len(own)))


def step(loss: Loss, student: Tensor, teacher: Tensor) -> None:
    """Forward and backward."""
    loss(student.requires_grad_(), teacher).backward()  # type: ignore[no-untyped-call]
    student.grad = None


def spatial(loss: Loss, batch: int) -> Callable[[], None]:
    """A student of width 2 under its teacher, 170 nodes and 10 steps; one slice has warmed up what compiles."""
    step(loss, features(1, 1, 170, 2), features(1, 1, 170, 32))
    return partial(step, loss, features(batch, 10, 170, 2), features(batch, 10, 170, 32))


def ratio(batch: int, time: int, nodes: int, channels: tuple[int, int], repeats: int) -> float:
    """Plain divided by ours, of the spatial loss."""
    student, teacher = features(batch, time, nodes, channels[0]), features(batch, time, nodes, channels[1])
    forms = {"plain": plain_losses.spatial_correlation, "ours": ours}
    seconds = median_seconds({name: partial(step, loss, student, teacher) for name, loss in forms.items()}, repeats)
    return seconds["plain"] / seconds["ours"]


def temporal_ratio(repeats: int) -> float:
    """Plain divided by ours, of the temporal loss over windows of 10 steps."""
    student, teacher = features(50, 10, 170, 2), features(50, 10, 170, 32)
    forms: dict[str, Loss] = {
        "plain": plain_losses.temporal_correlation,
        "ours": partial(fused.temporal_correlation, span=10),
    }
    seconds = median_seconds({name: partial(step, loss, student, teacher) for name, loss in forms.items()}, repeats)
    return seconds["plain"] / seconds["ours"]


def claims() -> Iterator[Claim]:
    """One after the other, as they are measured."""
    yield Claim("L_SCD, 2 and 32 channels, 170 nodes, 50 x 10 slices", ratio(50, 10, 170, (2, 32), 3), 70)
    plain, own = (peak_bytes(partial(spatial, loss, 50)) for loss in (plain_losses.spatial_correlation, ours))
    yield Claim("L_SCD, 2 and 32 channels, 170 nodes, 50 x 10 slices: memory", plain / max(own, 1), 100)
    yield Claim("L_SCD, 32 and 32 channels, 228 nodes, 2 x 10 slices", ratio(2, 10, 228, (32, 32), 3), 12)
    yield Claim("L_SCD, 64 and 64 channels, 228 nodes, 2 x 10 slices", ratio(2, 10, 228, (64, 64), 3), 12)
    yield Claim("L_TCD, 2 and 32 channels, 170 nodes, 50 x 10 steps", temporal_ratio(5), 10)
