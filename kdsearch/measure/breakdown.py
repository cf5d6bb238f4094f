"""Errors and coverage of a test split by sensor, time and horizon."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdsearch.breakdown import Breakdown, Covered, CoveredSums, Sums
from kdsearch.measure.bounds import Bounds, adapted_scale, bounds_around
from kdsearch.measure.kept import KeptForecasts

__all__ = ["breakdown_of"]


def breakdown_of(kept: KeptForecasts, bounds: Bounds, reported_minutes: dict[int, int]) -> Breakdown:
    """Break errors and coverage of a split down.

    Args:
        kept: Forecasts of the split.
        bounds: Calibrated on another split.
        reported_minutes: As `Protocol.reported_minutes` gives them.
    """
    counts = np.isfinite(kept.errors)
    errors = np.where(counts, kept.errors, 0.0)
    radius = bounds.radius(kept.hours)
    adapted = radius * adapted_scale(kept.errors / radius, kept.starts, bounds.level)
    return Breakdown(
        sensor=list(_pairs(errors.sum((0, 1), dtype=np.float64), counts.sum((0, 1)))),
        hour=list(_pairs(*_by(kept.hours, 24, errors, counts))),
        weekday=list(_pairs(*_by(kept.weekdays, 7, errors, counts))),
        level=bounds.level,
        fixed=_covered(kept, radius, reported_minutes),
        adaptive=_covered(kept, adapted, reported_minutes),
    )


def _pairs(totals: NDArray[Any], counts: NDArray[Any]) -> Iterator[Sums]:
    """Give sums to six digits, beside numbers."""
    return ((_six(total), int(count)) for total, count in zip(totals, counts, strict=True))


def _six(number: float) -> float:
    """Round to six digits: some thousand of these numbers are kept for a network."""
    return float(f"{number:.6g}")


def _by(keys: NDArray[np.int64], length: int, *parts: NDArray[Any]) -> list[NDArray[Any]]:
    """Sum each of the parts ``(window, step, node)`` by keys ``(window, step)``."""
    return [np.bincount(keys.ravel(), part.sum(-1, dtype=np.float64).ravel(), length) for part in parts]


def _covered(kept: KeptForecasts, radius: NDArray[np.float32], reported_minutes: dict[int, int]) -> Covered:
    """Count the readings inside the bounds of this radius, and add up their widths."""
    counts = np.isfinite(kept.errors)
    lower, upper = bounds_around(kept.forecast, radius, kept.smallest)
    width = np.where(counts, upper - lower, 0.0).astype(np.float64)
    parts: tuple[NDArray[Any], ...] = (kept.errors <= radius, counts, width)  # no error that is NaN is inside

    def sums(*each: Any) -> CoveredSums:
        inside, number, widths = each
        return int(inside), int(number), _six(float(widths))

    monday = (kept.times.astype("datetime64[D]") - kept.weekdays).astype("datetime64[D]")
    weeks, week = np.unique(monday, return_inverse=True)
    by_step, by_sensor = ([part.sum(axes) for part in parts] for axes in ((0, 2), (0, 1)))
    by_week = _by(week.reshape(kept.hours.shape), len(weeks), *parts)
    return Covered(
        overall=sums(*(part.sum() for part in parts)),
        horizon={str(minutes): sums(*(one[step - 1] for one in by_step)) for step, minutes in reported_minutes.items()},
        week={str(day): sums(*each) for day, *each in zip(weeks, *by_week, strict=True) if each[1]},
        sensor=[sums(*each) for each in zip(*by_sensor, strict=True)],
    )
