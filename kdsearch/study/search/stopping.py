"""Early stopping with several objectives: what a network costs is known before it is trained, its error is not.

Domhan et al. 2015, "Speeding Up Automatic Hyperparameter Optimization of Deep Neural Networks by Extrapolation of
Learning Curves", end a training when its extrapolated curve is unlikely to beat the best result so far. Here the best
is taken among the finished trials that cost no more in any objective, so that a trial is stopped when one of them
dominates even what it may still reach: the cheapest network is never stopped, and costlier ones stop nobody.

The extrapolation is an optimist's: that each doubling of the epochs to come lowers the error as much as the last one
did. Learning curves flatten out, so a curve rarely ends below it, and it asks no more of the curve than two points.
Comparing errors at the same epoch instead, as successive halving does (ASHA, Li et al. 2020; for several objectives
Schmucker et al. 2021), stops networks that learn slowly at first and end best: those that learn the readings themselves
begin far behind those that learn the deviation from a calendar profile (`benchmarks/README.md`).
"""

import math
from collections.abc import Sequence

from kdsearch.record import CurvePoint, FinalPoint

__all__ = ["outlook", "stop_reason"]

COST_TOLERANCE = 0.05
"""Costs that differ by less are equal: so far apart lie two first readings of the latency of one network."""


def outlook(curve: Sequence[CurvePoint], share: float) -> float:
    """The error that a training may still reach: in each doubling of its epochs it falls as much as in the last one.

    Args:
        curve: Learning curve so far, with the points of earlier phases.
        share: Of its epochs that lie behind it, in [0, 1]; of a pruned network those after its last cut, and before
            it is pruned of all that it would have if it were not.

    Returns:
        The validation MAE at the end; minus infinity where the last phase has not begun or has fewer than two points.
    """
    points = [
        (point.epoch, point.val_mae) for point in curve if point.phase == curve[-1].phase and point.val_mae is not None
    ]
    if share == 0 or len(points) < 2:
        return -math.inf
    epoch, error = points[-1]
    half_epoch, half_error = next((point for point in points[:-1] if 2 * point[0] >= epoch), points[-2])
    per_doubling = max(0.0, half_error - error) / math.log2(epoch / half_epoch)
    return error - per_doubling * math.log2(1 / share)


def stop_reason(mine: FinalPoint, share: float, finished: Sequence[FinalPoint]) -> str | None:
    """Why a trial is to be stopped, or None where it may go on.

    Args:
        mine: The best that it may still come to.
        share: Of its epochs that lie behind it.
        finished: Other trials.
    """
    as_cheap = [
        other
        for other in finished
        if all(cost <= (1 + COST_TOLERANCE) * own for cost, own in zip(other.costs, mine.costs, strict=True))
    ]
    best = min(as_cheap, key=lambda other: other.error, default=None)
    if best is None or mine.error < best.error:
        return None
    return (
        f"stopped after {100 * share:.0f} % of its epochs: it was heading for an error of {mine.error:.4g}, "
        f"and trial {best.number}, which costs no more, ended with {best.error:.4g}"
    )
