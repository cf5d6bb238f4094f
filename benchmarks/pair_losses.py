"""Claims on the feature losses: forward and backward against the plain forms, teacher's features or tables given."""

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
    """Draw features in a network's layout: ``(batch, time, node, channel)``, nodes side by side in memory."""
    return torch.randn(batch, channels, time, nodes).permute(0, 2, 3, 1)


def ours(student: Tensor, teacher: Tensor) -> Tensor:
    """Compute the fused spatial loss over all slices."""
    own, taught = (x.transpose(2, 3).flatten(0, 1).transpose(1, 2) for x in (student, teacher))
    return fused.spatial_correlation(own, taught, torch.ones(len(own)))


def from_table(student: Tensor, table: Tensor) -> Tensor:
    """Compute the fused spatial loss over all slices from a teacher's float16 table, as training does."""
    own = student.transpose(2, 3).flatten(0, 1).transpose(1, 2)
    return fused.spatial_from_distances(own, table, torch.ones(len(own)))


def spatial_table(teacher: Tensor) -> Tensor:
    """Make the table of a teacher's feature: ``(slice, pair)``."""
    return fused.pair_distances(teacher.flatten(0, 1)).half()


def step(loss: Loss, student: Tensor, teacher: Tensor) -> None:
    """Run forward and backward."""
    loss(student.requires_grad_(), teacher).backward()  # type: ignore[no-untyped-call]
    student.grad = None


def spatial(loss: Loss, batch: int) -> Callable[[], None]:
    """Set up a student of width 2 with its teacher, 170 nodes and 10 steps; one slice has warmed up compilation."""
    step(loss, features(1, 1, 170, 2), features(1, 1, 170, 32))
    return partial(step, loss, features(batch, 10, 170, 2), features(batch, 10, 170, 32))


def spatial_from_table(batch: int) -> Callable[[], None]:
    """Set up the same student with a table; the copy of a batch's rows is made in the call, and counts."""
    step(from_table, features(1, 1, 170, 2), torch.rand(1, 170 * 169 // 2).half())
    kept = torch.full((batch * 10, 170 * 169 // 2), 0.5, dtype=torch.float16)  # never more than itself in memory
    student = features(batch, 10, 170, 2)
    return lambda: step(from_table, student, kept.clone())


def ratio(plain: Callable[[], None], own: Callable[[], None], repeats: int) -> float:
    """Divide the plain form's time by ours."""
    seconds = median_seconds({"plain": plain, "ours": own}, repeats)
    return seconds["plain"] / seconds["ours"]


def spatial_ratio(batch: int, time: int, nodes: int, channels: tuple[int, int], *, kept: bool = False) -> float:
    """Measure the ratio of the spatial loss; with the teacher's table where it is kept, else with its features."""
    student, teacher = features(batch, time, nodes, channels[0]), features(batch, time, nodes, channels[1])
    own = partial(step, from_table, student, spatial_table(teacher)) if kept else partial(step, ours, student, teacher)
    return ratio(partial(step, plain_losses.spatial_correlation, student, teacher), own, 3)


def temporal_ratio(*, kept: bool = False) -> float:
    """Measure the ratio of the temporal loss over windows of 10 steps, with table or features alike."""
    student, teacher = features(50, 10, 170, 2), features(50, 10, 170, 32)
    own = partial(step, partial(fused.temporal_correlation, span=10), student, teacher)
    if kept:
        own = partial(step, fused.temporal_from_distances, student, fused.lagged_distances(teacher, 9).half())
    return ratio(partial(step, plain_losses.temporal_correlation, student, teacher), own, 5)


def claims() -> Iterator[Claim]:
    """Measure the claims one after the other."""
    published = "L_SCD, 2 and 32 channels, 170 nodes, 50 x 10 slices"
    yield Claim(published, spatial_ratio(50, 10, 170, (2, 32)), 70)
    yield Claim(f"{published}, cached teacher", spatial_ratio(50, 10, 170, (2, 32), kept=True), 70)
    plain, own = (peak_bytes(partial(spatial, loss, 50)) for loss in (plain_losses.spatial_correlation, ours))
    yield Claim(f"{published}: memory", plain / max(own, 1), 100)
    yield Claim(
        f"{published}, cached teacher: memory", plain / max(peak_bytes(partial(spatial_from_table, 50)), 1), 100
    )
    yield Claim("L_SCD, 32 and 32 channels, 228 nodes, 2 x 10 slices", spatial_ratio(2, 10, 228, (32, 32)), 12)
    yield Claim("L_SCD, 64 and 64 channels, 228 nodes, 2 x 10 slices", spatial_ratio(2, 10, 228, (64, 64)), 12)
    yield Claim("L_TCD, 2 and 32 channels, 170 nodes, 50 x 10 steps", temporal_ratio(), 10)
    yield Claim("L_TCD, 2 and 32 channels, 170 nodes, 50 x 10 steps, cached teacher", temporal_ratio(kept=True), 30)
