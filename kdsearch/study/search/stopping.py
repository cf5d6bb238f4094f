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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kdsearch.errors import StudyError
from kdsearch.record import CurvePoint, FinalPoint
from kdsearch.table import Table, check_row

__all__ = ["STOPPING_RULES", "StoppingRule", "TrialProgress", "outlook", "stop_reason"]

COST_TOLERANCE = 0.05
"""Costs that differ by less are equal: so far apart lie two first readings of the latency of one network."""


def outlook(curve: Sequence[CurvePoint], share: float) -> float:
    """Foresee the least error that a training may reach, which falls in each doubling of its epochs as in the last.

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


@dataclass(frozen=True)
class TrialProgress:
    """A trial as a stopping rule sees it, under way or ended.

    Attributes:
        number: The trial's number in its study.
        params: Its settings.
        curve: Its learning curve so far, with the points of earlier phases.
        share: Of its epochs that lie behind it, in [0, 1], those before a pruning apart from those after it; NaN where
            an earlier run stopped it.
        costs: Its cost objectives, in the study's order; known before it trains.
        error: Validation MAE at its end; None where it has not come to it, is stopped, or failed.
        state: RUNNING, or how it ended; only trials of this driver are seen under way.
    """

    number: int
    params: Mapping[str, Any]
    curve: Sequence[CurvePoint]
    share: float
    costs: tuple[float, ...]
    error: float | None = None
    state: Literal["RUNNING", "COMPLETE", "PRUNED", "FAIL"] = "RUNNING"


@dataclass(frozen=True)
class StoppingRule:
    """When a trial is not worth the rest of its epochs.

    One of your own is one function and one row, in a file that a space or the command line imports::

        def behind(trial, others):
            best = min((one.error for one in others if one.error is not None), default=None)
            if best is not None and trial.share >= 0.5 and trial.curve[-1].val_mae > 2 * best:
                return f"half of its epochs, and twice the error of the best trial, {best:.3g}"

        STOPPING_RULES.add(StoppingRule("behind", "twice the best error after half of the epochs", behind))

    Attributes:
        name: As written after `--stopping-rule`.
        sentence: What it stops, for help texts.
        reason: Takes a trial under way and the study's other trials; gives why it is to be stopped, or None. It is
            asked before the trial trains (with share 0), and at every validation before the last.
        foresees: Whether it extrapolates learning curves, and so needs schedules whose end can be foreseen.
    """

    name: str
    sentence: str
    reason: Callable[[TrialProgress, Sequence[TrialProgress]], str | None]
    foresees: bool = False

    def __post_init__(self) -> None:
        check_row("stopping rule", self.name, self.sentence, self.reason, ("trial", "others"))


def dominated(trial: TrialProgress, others: Sequence[TrialProgress]) -> str | None:
    """Stop a trial where a finished one that costs no more has less error than it may still reach."""
    error = outlook(trial.curve, trial.share)
    if not error > -math.inf:  # it has hardly begun; or it diverged, and will fail by itself
        return None
    finished = [FinalPoint(one.number, one.error, one.costs) for one in others if one.error is not None]
    return stop_reason(FinalPoint(trial.number, error, trial.costs), trial.share, finished)


STOPPING_RULES = Table(
    "stopping rule",
    [
        StoppingRule(
            "dominated",
            "what a finished trial of no more cost has beaten, even at the best that can be foreseen",
            dominated,
            foresees=True,
        ),
        StoppingRule("none", "nothing", lambda _trial, _others: None),
    ],
    mistake=StudyError,
)
