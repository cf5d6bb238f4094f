"""Verdicts on claims, from paired differences over few seeds."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scipy import stats

__all__ = ["LEVEL", "Outcome", "Verdict", "verdict"]

LEVEL = 0.05
"""Probability, on either side, that chance alone is taken for a difference."""

Verdict = Literal["held", "not held", "within noise", "not decided"]


@dataclass(frozen=True)
class Outcome:
    """Comparison of two sides over paired seeds.

    Attributes:
        verdict: "held" where the claimed side errs less by more than chance, "not held" where it errs more by more than
            chance, "within noise" between them, "not decided" with fewer than two pairs.
        gains: Error of the other side minus error of the claimed side, seed by seed; positive as claimed.
    """

    verdict: Verdict
    gains: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean gain; NaN without a pair."""
        return statistics.fmean(self.gains) if self.gains else math.nan


def verdict(gains: Sequence[float]) -> Outcome:
    """Test paired differences by Student's t, one side at a time, at `LEVEL`.

    Args:
        gains: Paired differences, positive as claimed.
    """
    kept = tuple(gains)
    if len(kept) < 2:
        return Outcome("not decided", kept)
    mean, error = statistics.fmean(kept), statistics.stdev(kept) / math.sqrt(len(kept))
    beyond = abs(mean) > error * float(stats.t.ppf(1 - LEVEL, len(kept) - 1))
    if not beyond:
        return Outcome("within noise", kept)
    return Outcome("held" if mean > 0 else "not held", kept)
