"""Forecasts of a split, kept while they are scored: bounds, and errors by sensor and time, are read from them."""

import math
from collections.abc import Iterator
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kdsearch.data.clock import DAY_MINUTES, weekdays_and_minutes
from kdsearch.data.protocols import SplitSeries
from kdsearch.data.windows import WindowedSeries
from kdsearch.measure.accuracy import Forecasts, SplitScores, forecasts, scores
from kdsearch.models import Forecaster

__all__ = ["KeptForecasts", "scored_and_kept"]

MOST_VALUES = 16_000_000
"""Of a larger split every second window is kept, or every third, and so on: 64 MB of forecasts are enough for all."""


class KeptForecasts:
    """Forecasts of a split's windows, in order of time.

    Args:
        series: Series cut by a protocol.
        split: Name of the split.
        most_values: Number of forecast values from which on windows are left out.

    Attributes:
        starts: First rows of the windows that are kept, ``(window,)``.
    """

    def __init__(self, series: SplitSeries, split: str, most_values: int = MOST_VALUES) -> None:
        self._series, starts = series, series.splits[split].starts
        every = max(1, math.ceil(len(starts) * series.protocol.horizon * series.values.shape[1] / most_values))
        while math.gcd(every, DAY_MINUTES // series.source.interval_minutes) > 1:  # all hours of the day are to be met
            every += 1
        self.starts = starts[::every]
        self._pieces: list[NDArray[np.float32]] = []

    def passing(self, made: Forecasts) -> Iterator[tuple[Tensor, Tensor]]:
        """Keep forecasts of the whole split, in order, on their way to what scores them."""
        for starts, forecast in made:
            chosen = torch.from_numpy(np.isin(starts.cpu().numpy(), self.starts))
            self._pieces.append(self._series.quantity.possible(forecast.cpu()[chosen]).numpy())
            yield starts, forecast

    @cached_property
    def forecast(self) -> NDArray[np.float32]:
        """Forecasts in real units, ``(window, step, node)``, at least the quantity's smallest value."""
        return np.concatenate(self._pieces)

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Rows that are forecast, ``(window, step)``."""
        ahead = self._series.protocol.history + np.arange(self._series.protocol.horizon)
        return np.asarray(self.starts[:, None] + ahead)

    @cached_property
    def errors(self) -> NDArray[np.float32]:
        """Absolute errors, ``(window, step, node)``; NaN where no reading counts."""
        differences = np.abs(self._series.values[self.rows] - self.forecast)
        return np.where(self._series.measured[self.rows], differences, np.float32(np.nan))

    @cached_property
    def times(self) -> NDArray[np.datetime64]:
        """Local times that are forecast, ``(window, step)``."""
        return np.asarray(self._series.source.times[self.rows])

    @cached_property
    def hours(self) -> NDArray[np.int64]:
        """Hours of the day that are forecast, ``(window, step)``."""
        return weekdays_and_minutes(self.times)[1] // 60

    @cached_property
    def weekdays(self) -> NDArray[np.int64]:
        """Weekdays that are forecast, 0 for Monday, ``(window, step)``."""
        return weekdays_and_minutes(self.times)[0]

    @property
    def smallest(self) -> float:
        """The smallest value of the quantity; minus infinity where there is none."""
        return self._series.quantity.least


def scored_and_kept(
    network: Forecaster, data: WindowedSeries, series: SplitSeries, split: str
) -> tuple[SplitScores, KeptForecasts]:
    """Score a network over every window of a split, and keep its forecasts."""
    kept = KeptForecasts(series, split)
    return scores(kept.passing(forecasts(network, data, series.splits[split].starts)), series, split), kept
