"""Verdicts on claims, from differences that are paired by seed and by day of the test split.

Seeds of one comparison share a teacher and a test split: their spread is that of training alone. The days of the test
split say how much another week would change the difference. A claim is decided where both stand out of the noise, and
after a correction for the number of claims that are judged together.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

__all__ = [
    "LEVEL",
    "Days",
    "Interval",
    "Outcome",
    "Verdict",
    "compared",
    "corrected",
    "corrected_together",
    "interval_over_days",
]

LEVEL = 0.05
"""Probability, both sides together, that chance alone is taken for a difference anywhere in a table."""
RESAMPLES = 10_000

Verdict = Literal["held", "not held", "within noise", "not decided"]
Interval = tuple[float, float]
Days = Mapping[str, tuple[float, float]]
"""Day -> sum of absolute errors, and number of readings."""


@dataclass(frozen=True)
class Outcome:
    """Comparison of two sides.

    Attributes:
        gains: Error of the other side minus error of the claimed side, seed by seed; positive as claimed.
        verdict: "held" where the claimed side errs less by more than chance, "not held" where it errs more by more than
            chance, "within noise" between them, "not decided" where `reason` says why.
        p_value: Of Student's t over the seeds, two-sided; None where it is not decided.
        corrected_p_value: The same after Holm's correction; None before it.
        over_seeds: 95 % interval of the mean gain over seeds.
        over_days: 95 % interval of the mean gain over days; None with fewer than two days, or where they are not known.
        days: Number of days of the test split; 0 where they are not known.
        reason: Why nothing is decided.
    """

    gains: tuple[float, ...]
    verdict: Verdict = "not decided"
    p_value: float | None = None
    corrected_p_value: float | None = None
    over_seeds: Interval | None = None
    over_days: Interval | None = None
    days: int = 0
    reason: str = ""

    @property
    def mean(self) -> float:
        """Mean gain; NaN without a pair."""
        return statistics.fmean(self.gains) if self.gains else math.nan


def compared(gains: Sequence[float], days: Sequence[tuple[Days, Days]] = ()) -> Outcome:
    """Compare two sides by Student's t over paired seeds, and by a bootstrap over paired days.

    Args:
        gains: Paired differences, positive as claimed.
        days: For each seed the errors of the claimed side and of the other side, by day of the test split.

    Returns:
        The outcome without its verdict, which `corrected` gives; or "not decided" with its reason.
    """
    kept = tuple(gains)
    if reason := _undecidable(kept):
        return Outcome(kept, reason=reason)
    from scipy import stats  # noqa: PLC0415 - slow to import, and most reports need it not

    mean, error = statistics.fmean(kept), statistics.stdev(kept) / math.sqrt(len(kept))
    freedom = len(kept) - 1
    half = error * float(stats.t.ppf(1 - LEVEL / 2, freedom))
    over_days, number = interval_over_days(days)
    return Outcome(
        kept,
        p_value=2 * float(stats.t.sf(abs(mean) / error, freedom)),
        over_seeds=(mean - half, mean + half),
        over_days=over_days,
        days=number,
    )


def _undecidable(gains: tuple[float, ...]) -> str:
    """Say why differences decide nothing, however large they are; "" where they may."""
    if len(gains) < 2:
        return f"{len(gains)} pair{'s' if not gains else ''} of seeds"
    if not all(map(math.isfinite, gains)):
        return "an error is not finite"
    if max(gains) - min(gains) <= 1e-9 * max(map(abs, gains)):
        return "an exact tie" if max(map(abs, gains)) == 0 else "every seed gives the same difference"
    return ""


def interval_over_days(seeds: Sequence[tuple[Days, Days]]) -> tuple[Interval | None, int]:
    """Resample the days of the test split, each a block: 95 % interval of the mean gain, and the number of days.

    Each pair is of the claimed side and of the other side; the interval is None with fewer than two days.

    The percentiles are Hesterberg's expanded ones ("What Teachers Should Know About the Bootstrap", 2015, section
    4.2.2): plain ones are too narrow for a few days.
    """
    names = sorted(set.intersection(*(own.keys() & other.keys() for own, other in seeds))) if seeds else []
    if len(names) < 2:
        return None, len(names)
    from scipy import stats  # noqa: PLC0415 - slow to import, and most reports need it not

    differences = np.mean([[other[day][0] - own[day][0] for day in names] for own, other in seeds], axis=0)
    readings = np.array([seeds[0][0][day][1] for day in names])
    freedom = len(names) - 1
    tail = float(stats.norm.cdf(-math.sqrt(len(names) / freedom) * stats.t.ppf(1 - LEVEL / 2, freedom)))
    found = stats.bootstrap(
        (differences, readings),
        lambda some, counts, axis: some.sum(axis=axis) / counts.sum(axis=axis),
        n_resamples=RESAMPLES,
        paired=True,
        vectorized=True,
        confidence_level=min(1 - 2 * tail, 1 - 1e-12),
        method="percentile",
        rng=np.random.default_rng(0),
    )
    return (float(found.confidence_interval.low), float(found.confidence_interval.high)), len(names)


def corrected(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Judge comparisons that are shown together, with Holm's correction for their number.

    Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics, 1979. What is
    shown twice, such as a claim whose sides take the same time for the same epochs, counts once.
    """
    distinct = {outcome.gains: outcome.p_value for outcome in outcomes if outcome.p_value is not None}
    corrections, largest = dict[tuple[float, ...], float](), 0.0
    for rank, (gains, p_value) in enumerate(sorted(distinct.items(), key=lambda one: one[1])):
        largest = max(largest, min(1.0, (len(distinct) - rank) * p_value))
        corrections[gains] = largest
    return [
        replace(one, corrected_p_value=corrections[one.gains], verdict=_verdict(one, corrections[one.gains]))
        if one.gains in corrections
        else one
        for one in outcomes
    ]


def corrected_together(groups: Sequence[Mapping[str, Outcome]]) -> list[dict[str, Outcome]]:
    """Judge the comparisons of several lines of a table as `corrected` does."""
    judged = iter(corrected([outcome for group in groups for outcome in group.values()]))
    return [{name: next(judged) for name in group} for group in groups]


def _verdict(outcome: Outcome, p_value: float) -> Verdict:
    low, high = outcome.over_days or (outcome.mean, outcome.mean)
    if p_value > LEVEL or low * high <= 0 or low * outcome.mean < 0:
        return "within noise"
    return "held" if outcome.mean > 0 else "not held"
