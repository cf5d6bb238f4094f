"""Bounds around a forecast, calibrated on the validation split, and their scale in a series that drifts.

Split conformal prediction with normalised errors (Lei et al., "Distribution-Free Predictive Inference for Regression",
JASA 2018, section 5.2): an error is divided by the scale of its sensor and hour of day; the quantile of what is left,
one for each step, is the radius in that scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from kdsearch.measure.kept import KeptForecasts

__all__ = ["LEVEL", "Bounds", "adapted_scale", "bounds_around", "calibrated", "conformal_quantile"]

LEVEL = 0.9
"""Share of the readings that the bounds are to hold."""

RATE = 0.05
"""How far one reading moves a scale. A larger one holds more alike at every sensor, with wider bounds
(docs/how-it-works.md)."""

LEAST_SCALE = 1e-3
"""Of a sensor, as a share of the mean over all: one whose forecasts were exact gets no bounds of no width."""


@dataclass(frozen=True, eq=False)
class Bounds:
    """The radius of bounds as a product: a forecast's bounds are ``forecast -/+ by_sensor * by_hour * by_step``.

    A table of every step and sensor holds up to ten times as many numbers, and scores worse (docs/how-it-works.md).

    Attributes:
        level: Share of the readings that they are to hold.
        by_sensor: Mean absolute error of each node, real units, ``(node,)`` float32.
        by_hour: Scale of each hour of the day that is forecast, local time, ``(24,)`` float32.
        by_step: Quantile of the normalised errors of each step, ``(step,)`` float32.
    """

    level: float
    by_sensor: NDArray[np.float32]
    by_hour: NDArray[np.float32]
    by_step: NDArray[np.float32]

    def radius(self, hours: NDArray[np.int64]) -> NDArray[np.float32]:
        """Compute the radius in real units: hours of the forecast times ``(..., step)`` -> ``(..., step, node)``."""
        return (self.by_hour[hours] * self.by_step)[..., None] * self.by_sensor


def bounds_around(
    forecast: NDArray[np.float32], radius: NDArray[np.float32], smallest: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give lower and upper bounds of forecasts in real units; none is below the quantity's smallest value.

    Args:
        forecast: At least the smallest value.
        radius: Of the same shape, from `Bounds.radius`, times `adapted_scale` where the readings before are known.
        smallest: The quantity's smallest value; minus infinity where there is none.
    """
    return np.maximum(forecast - radius, np.float32(smallest)), forecast + radius


def conformal_quantile(values: NDArray[np.float32], level: float) -> float:
    """Give the ``ceil((n + 1) * level)``-th smallest of n values, the largest where there are fewer; NaN without any.

    An exchangeable further value is at most this one with a probability of at least the level.
    """
    if not values.size:
        return math.nan
    place = min(values.size, math.ceil((values.size + 1) * level)) - 1
    return float(np.partition(values, place)[place])


def calibrated(kept: KeptForecasts, level: float = LEVEL) -> Bounds:
    """Calibrate bounds on the forecasts of a split that trained nothing; only readings that count do.

    A sensor without such a reading takes the median scale, an hour without one the scale 1, and a step without one the
    quantile of all steps.
    """
    errors = kept.errors
    by_sensor = _mean(errors, (0, 1))
    known = by_sensor[np.isfinite(by_sensor)]
    if not known.size:  # the network's forecasts are no numbers, and its bounds are none
        return Bounds(level, by_sensor, np.ones(24, np.float32), np.full(errors.shape[1], np.nan, np.float32))
    least = LEAST_SCALE * known.mean() or 1.0  # where every forecast was exact
    by_sensor = np.where(np.isfinite(by_sensor), by_sensor, np.median(known)).clip(least)
    left = errors / by_sensor
    by_hour = np.ones(24, dtype=np.float32)
    for hour in np.unique(kept.hours):
        share = float(_mean(left[kept.hours == hour], (0, 1)))
        by_hour[hour] = max(share, LEAST_SCALE) if math.isfinite(share) else 1.0
    left /= by_hour[kept.hours][..., None]
    steps = [conformal_quantile(one[np.isfinite(one)], level) for one in np.moveaxis(left, 1, 0)]
    by_step = np.array(steps, dtype=np.float32)
    by_step[np.isnan(by_step)] = conformal_quantile(left[np.isfinite(left)], level)
    return Bounds(level, by_sensor, by_hour, by_step)


def _mean(errors: NDArray[np.float32], axes: tuple[int, ...]) -> NDArray[np.float32]:
    """Average over what is not NaN; NaN where nothing is left."""
    counts = np.isfinite(errors).sum(axes)
    sums = np.nansum(errors, axes, dtype=np.float64)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan).astype(np.float32)


def adapted_scale(
    scores: NDArray[np.float32], starts: NDArray[np.int64], level: float, rate: float = RATE
) -> NDArray[np.float32]:
    """Follow a series that drifts: the factor of the radius for each window, from the truths known by then.

    Adaptive conformal inference (Gibbs and Candès, "Adaptive Conformal Inference Under Distribution Shift", NeurIPS
    2021, equation 2) for each step and node. What is updated is the logarithm of the radius in place of the level, so
    that nothing but the bounds has to be kept; the update is that of Angelopoulos et al., "Conformal PID Control for
    Time Series Prediction", NeurIPS 2023, equation 4. A reading outside widens by ``rate * level``, one inside narrows
    by ``rate * (1 - level)``: in the long run the share inside is the level, whatever the series does.

    Args:
        scores: Absolute errors divided by the radius, ``(window, step, node)``; NaN where no reading counts, or none is
            there yet: for the bounds of the newest window it stands last, with NaN alone.
        starts: First row of each window, ascending, ``(window,)``. A window knows the truth of step s, from 0, of those
            that start at least s + 1 rows before it.
        level: As in `Bounds`.
        rate: How far one reading moves a scale.

    Returns:
        Factors ``(window, step, node)``; 1 until the first truth of a step is known.
    """
    windows, steps, nodes = scores.shape
    every = np.arange(steps)
    known = np.searchsorted(starts, starts[:, None] - 1 - every, side="right")  # (window, step): truths known by then
    used = np.empty((windows, steps, nodes), dtype=np.float32)
    logarithm, done = np.zeros((steps, nodes)), np.zeros(steps, dtype=np.int64)
    for window in range(windows):
        while (fresh := done < known[window]).any():
            at = np.minimum(done, windows - 1)
            one = scores[at, every]
            counts = fresh[:, None] & ~np.isnan(one)
            logarithm += np.where(counts, rate * ((one > used[at, every]) - (1 - level)), 0.0)
            done += fresh
        used[window] = np.exp(logarithm)
    return used
