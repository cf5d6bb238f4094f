"""Weekday and time of day of local times."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["DAY_MINUTES", "clock", "usual_spacing", "weekdays_and_minutes"]

DAY_MINUTES = 24 * 60


def weekdays_and_minutes(times: NDArray[np.datetime64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Compute weekday, 0 for Monday, and minute of the day: ``(step,)`` -> two of ``(step,)``."""
    days = times.astype("datetime64[D]")
    weekday = (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    return weekday, (times.astype("datetime64[m]") - days.astype("datetime64[m]")).astype(np.int64)


def usual_spacing(times: NDArray[np.datetime64]) -> tuple[int, float]:
    """Find the most frequent seconds between neighbouring times, and the share of the neighbours that are so far apart.

    Args:
        times: At least two, ``(step,)``, increasing.
    """
    seconds, counts = np.unique(np.diff(times).astype("timedelta64[s]").astype(np.int64), return_counts=True)
    return int(seconds[counts.argmax()]), float(counts.max() / counts.sum())


def clock(times: NDArray[np.datetime64]) -> NDArray[np.float32]:
    """Compute the clock input of each step: time of day in [0, 1) and weekday, ``(step, 2)``."""
    weekday, minute = weekdays_and_minutes(times)
    return np.stack([minute / DAY_MINUTES, weekday], axis=1).astype(np.float32)
