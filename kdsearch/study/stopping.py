"""Early stopping with several objectives: what a network costs is known before it is trained, its error is not.

Asynchronous successive halving (ASHA, Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning") compares
trials at rungs of training and lets the better share of them go on. It knows one objective. Its forms for several
(MO-ASHA, Schmucker et al. 2021) rank by non-dominated sorting, under which a tiny network survives every rung for its
cost alone, however badly it learns. Here cost is no part of the ranking, it says who is compared: a trial's peers at a
rung are those that cost no more in any objective, and it goes on while it is among the better of its peers. What is
stopped would have to overtake networks that are as cheap and learn better; the cheapest network has no peer but itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["EIGHTHS", "Rung", "last_rung", "verdict"]

EIGHTHS = (1, 2, 4)
"""Rungs: eighths of a trial's own epochs, after the last cut where it is pruned; before the first one nothing is
stopped. Shares and not epochs, because a learning rate that falls over the whole training makes the error at epoch 10
of 20 and at epoch 10 of 80 two different things."""

SURVIVORS = 1 / 3
"""Share of its peers, itself among them, to whose better part a trial must belong to go on."""

ENOUGH = 2
"""A trial is not stopped for fewer better peers than this: one may be luck."""

COST_TOLERANCE = 0.05
"""Costs that differ by less are equal: so far apart lie two first readings of the latency of one network."""


@dataclass(frozen=True)
class Rung:
    """A trial at a rung.

    Attributes:
        number: The trial's number in its study.
        eighth: One of `EIGHTHS`.
        error: Validation MAE there.
        costs: Its cost objectives, in the study's order; empty where the study has none.
    """

    number: int
    eighth: int
    error: float
    costs: tuple[float, ...]


def last_rung(share: float) -> int | None:
    """The last of `EIGHTHS` that a share of a trial's own epochs has reached; None before the first."""
    return max((rung for rung in EIGHTHS if rung <= 8 * share + 1e-9), default=None)


def verdict(mine: Rung, others: Sequence[Rung]) -> str | None:
    """Why a trial is to be stopped, or None where it may go on.

    Args:
        mine: The trial at its rung.
        others: Other trials at the same rung, whatever became of them.
    """
    peers = [
        other
        for other in others
        if all(cost <= (1 + COST_TOLERANCE) * own for cost, own in zip(other.costs, mine.costs, strict=True))
    ]
    better = sorted((peer for peer in peers if peer.error < mine.error), key=lambda peer: peer.error)
    if len(better) < max(ENOUGH, SURVIVORS * (len(peers) + 1)):
        return None
    named = ", ".join(str(peer.number) for peer in better[:3])
    return (
        f"stopped after {mine.eighth}/8 of its epochs: {len(better)} of {len(peers)} trials that cost no more had less "
        f"error there than its {mine.error:.4g} (trials {named}{', ...' if len(better) > 3 else ''})"
    )
