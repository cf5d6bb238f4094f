"""A stopping rule of your own: successive halving without waiting (ASHA, Li et al. 2020) over learning curves.

kdsearch run --import examples/own_stopping_rule.py --space demo --stopping-rule asha --trials 6
"""

from collections.abc import Sequence

from kdsearch import STOPPING_RULES, StoppingRule, TrialProgress

RUNGS = (8, 4, 2)
"""Epochs at which a trial has to be among the better half."""


def error_at(trial: TrialProgress, epochs: int) -> float | None:
    """Find a trial's first validation error after so many epochs, by the study's own metric."""
    metric = trial.metrics[0]
    reached = (point.val_errors[metric] for point in trial.curve if point.epoch >= epochs and point.val_errors)
    return next(reached, None)


def asha(trial: TrialProgress, others: Sequence[TrialProgress]) -> str | None:
    """Stop a trial that is in the worse half of those that reached its last rung."""
    for rung in RUNGS:
        own = error_at(trial, rung)
        if own is not None:
            there = [error for one in others if (error := error_at(one, rung)) is not None]
            better = sum(error < own for error in there)
            return (
                f"{better} of {len(there)} trials were better after {rung} epochs" if 2 * better > len(there) else None
            )
    return None


STOPPING_RULES.add(StoppingRule("asha", "the worse half at 2, 4 and 8 epochs", asha))
