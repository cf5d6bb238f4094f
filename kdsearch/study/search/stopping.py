"""Early stopping with several objectives: what a network costs is known before it is trained, its error is not.

Domhan et al. 2015, "Speeding Up Automatic Hyperparameter Optimization of Deep Neural Networks by Extrapolation of
Learning Curves", end a training when its extrapolated curve is unlikely to beat the best result so far. Here the best
is taken among the finished trials that cost no more in any objective, so that a trial is stopped when one of them
dominates even what it may still reach, in each of the study's own error objectives. A network that is cheaper than all
finished ones, in one cost and by more than the noise of measuring it, is never stopped, and costlier ones stop nobody.

The extrapolation is an optimist's twice: each doubling of the epochs to come may lower the error as much as the last
one did, and the rest of the epochs as much as it did for the tenth of the finished trials that gained most. A curve
that stays level while the learning rate is high, and falls when the rate does, still ends below it at times:
`benchmarks/README.md` has what that costs.
Comparing errors at the same epoch instead, as successive halving does (ASHA, Li et al. 2020; for several objectives
Schmucker et al. 2021), stops networks that learn slowly at first and end best: those that learn the readings themselves
begin far behind those that learn the deviation from a calendar profile (`benchmarks/README.md`).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kdsearch.errors import StudyError
from kdsearch.record import CurvePoint
from kdsearch.table import Table, check_row

__all__ = ["STOPPING_RULES", "StoppingRule", "TrialProgress", "best_gain", "outlook", "stop_reason"]

COST_TOLERANCE = 0.05
"""Costs that are timed and differ by less are equal: so far apart lie two first readings of the latency of one network.
What is counted, such as parameters, has no noise and no tolerance."""


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
        metrics: Names of the study's error objectives, in its order: keys of `CurvePoint.val_errors`.
        tolerances: Of each cost, as a share of it: smaller differences are noise.
        errors: Its error objectives at its end; None where it has not come to it, is stopped, or failed.
        state: RUNNING, or how it ended; only trials of this driver are seen under way.
    """

    number: int
    params: Mapping[str, Any]
    curve: Sequence[CurvePoint]
    share: float
    costs: tuple[float, ...]
    metrics: tuple[str, ...] = ("mae",)
    tolerances: tuple[float, ...] = ()
    errors: tuple[float, ...] | None = None
    state: Literal["RUNNING", "COMPLETE", "PRUNED", "FAIL"] = "RUNNING"

    @property
    def error(self) -> float | None:
        """The first of `errors`."""
        return None if self.errors is None else self.errors[0]

    def costs_no_more(self, other: "TrialProgress") -> bool:
        """Tell whether none of its costs is above the other's by more than noise."""
        tolerances = other.tolerances or (0.0,) * len(other.costs)
        return all(
            mine <= (1 + tolerance) * its
            for mine, its, tolerance in zip(self.costs, other.costs, tolerances, strict=True)
        )


def outlook(curve: Sequence[CurvePoint], share: float, metric: str = "mae") -> float:
    """Foresee the least error that a training may reach, which falls in each doubling of its epochs as in the last.

    Args:
        curve: Learning curve so far, with the points of earlier phases.
        share: Of its epochs that lie behind it, in [0, 1]; of a pruned network those after its last cut, and before
            it is pruned of all that it would have if it were not.
        metric: Of the error.

    Returns:
        The validation error at the end; minus infinity where the last phase has not begun, has fewer than two points,
        or was not measured by the metric.
    """
    points = [
        (point.epoch, point.val_errors[metric])
        for point in curve
        if point.phase == curve[-1].phase and metric in point.val_errors
    ]
    if share == 0 or len(points) < 2:
        return -math.inf
    epoch, error = points[-1]
    half_epoch, half_error = next((point for point in points[:-1] if 2 * point[0] >= epoch), points[-2])
    per_doubling = max(0.0, half_error - error) / math.log2(epoch / half_epoch)
    return error - per_doubling * math.log2(1 / share)


def stop_reason(trial: TrialProgress, foreseen: tuple[float, ...], others: Sequence[TrialProgress]) -> str | None:
    """Why a trial is to be stopped, or None where it may go on.

    Args:
        trial: The trial.
        foreseen: Of each of its error objectives the least that it may still come to.
        others: The study's other trials.
    """
    better = [
        (one.errors, one.number)
        for one in others
        if one.errors is not None
        and one.costs_no_more(trial)
        and all(its <= least for its, least in zip(one.errors, foreseen, strict=True))
    ]
    if not better:
        return None
    errors, number = min(better)
    return (
        f"stopped after {100 * trial.share:.0f} % of its epochs: it was heading for {_words(trial.metrics, foreseen)}, "
        f"and trial {number}, which costs no more, ended with {_words(trial.metrics, errors)}"
    )


def _words(metrics: Sequence[str], errors: Sequence[float]) -> str:
    return " and ".join(f"{name.upper()} {error:.4g}" for name, error in zip(metrics, errors, strict=True))


@dataclass(frozen=True)
class StoppingRule:
    """When a trial is not worth the rest of its epochs.

    One of your own is one function and one row, in a file that a space or the command line imports::

        def behind(trial, others):
            best = min((one.error for one in others if one.error is not None), default=None)
            if best is not None and trial.share >= 0.5 and trial.curve[-1].val_errors[trial.metrics[0]] > 2 * best:
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
    """Stop a trial where a finished one that costs no more has no more of any error than it may still reach."""
    foreseen = []
    for metric in trial.metrics:
        error = outlook(trial.curve, trial.share, metric)
        if not error > -math.inf:  # it has hardly begun; or it diverged, and will fail by itself
            return None
        foreseen.append(min(error, trial.curve[-1].val_errors[metric] * best_gain(trial, others, metric)))
    return stop_reason(trial, tuple(foreseen), others)


def best_gain(trial: TrialProgress, others: Sequence[TrialProgress], metric: str) -> float:
    """Find the factor by which the error of finished trials fell in the epochs that this one has still to train.

    Returns:
        That of the tenth that gained most; 1 where no other trial has come to its end.
    """
    phase, factors = trial.curve[-1].phase, []
    for one in others:
        points = [point for point in one.curve if point.phase == phase and metric in point.val_errors]
        if one.errors is None or not points or one.curve[-1].phase != phase:
            continue
        last = points[-1]
        reached = next(point for point in points if point.epoch >= trial.share * last.epoch)
        factors.append(last.val_errors[metric] / reached.val_errors[metric])
    return sorted(factors)[len(factors) // 10] if factors else 1.0


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
