"""A graph of the readings themselves, for networks whose roads nobody has written down."""

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.clock import weekdays_and_minutes

__all__ = ["correlation_adjacency"]

LEAST_STEPS = 100
"""Common steps that a correlation wants; of fewer, chance makes too many."""

STILL = 1e-12
"""Share of the squared readings below which deviations are rounding."""


def correlation_adjacency(
    values: NDArray[np.float32], times: NDArray[np.datetime64], threshold: float
) -> NDArray[np.float64]:
    """Join sensors whose first channel moves together.

    Correlated are the deviations from each sensor's mean at that time of day, for the daily rise and fall joins all
    sensors alike.

    Args:
        values: Readings, ``(step, node, channel)``, NaN where there is none.
        times: Of the steps, ``(step,)``.
        threshold: Correlations below it become 0.

    Returns:
        Correlations float64 ``(node, node)``, symmetric, zero diagonal.
    """
    readings = values[:, :, 0].astype(np.float64)
    _, minutes = weekdays_and_minutes(times)
    there = np.isfinite(readings)
    for minute in np.unique(minutes):
        rows = minutes == minute
        count = there[rows].sum(axis=0)
        total = np.where(there[rows], readings[rows], 0.0).sum(axis=0)
        readings[rows] -= np.divide(total, count, out=np.zeros_like(total), where=count > 0)
    moved, mask = np.where(there, readings, 0.0), there.astype(np.float64)
    moved[:, (moved**2).sum(axis=0) < STILL * np.nansum(values[:, :, 0].astype(np.float64) ** 2, axis=0)] = 0.0
    together = mask.T @ mask
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = moved.T @ mask / together
        square = (moved**2).T @ mask / together - mean**2
        correlation = (moved.T @ moved / together - mean * mean.T) / np.sqrt(square * square.T)
    weights = np.where((together >= LEAST_STEPS) & (correlation >= max(threshold, 1e-6)), correlation, 0.0)
    np.fill_diagonal(weights, 0.0)
    return np.minimum((weights + weights.T) / 2, 1.0)
