"""Errors in real units, as sums and counts over a whole part, so that the batch size cannot change them."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kdsearch.data.protocols import SplitSeries
from kdsearch.data.quantity import QUANTITIES, Quantity
from kdsearch.data.windows import WindowedSeries, consecutive_windows
from kdsearch.measure.metrics import METRICS
from kdsearch.models import Forecaster
from kdsearch.record import OTHER_READINGS, DayErrors, Metrics

__all__ = [
    "ErrorSums",
    "Forecasts",
    "SplitScores",
    "errors",
    "forecasts",
    "network_scores",
    "quick_validation",
    "scores",
]

Forecasts = Iterable[tuple[Tensor, Tensor]]
"""Pairs of window starts ``(window,)`` and their forecasts in real units ``(window, horizon, node)``."""

SEGMENT_WINDOWS = 96
"""Windows at once of a direct network; the first 11 steps of a segment have no window of their own."""

ITERATED_WINDOWS = 48
"""Windows at once of an iterated network: what it keeps of them, 0.6 MB a window of the teacher's, has to stay in the
processor's cache."""


class ErrorSums:
    """Running sums of every metric for each step of the horizon, in float64.

    Args:
        horizon: Steps.
        mean_reading: Mean size of the training readings, real units.
        quantity: What kind of quantity they are.
    """

    def __init__(self, horizon: int, mean_reading: float, quantity: Quantity = QUANTITIES["none"]) -> None:
        self._mean_reading, self._quantity = mean_reading, quantity
        self._totals = {name: torch.zeros(horizon, dtype=torch.float64) for name in METRICS}
        self._counts = {name: torch.zeros(horizon, dtype=torch.float64) for name in METRICS}

    def add(self, forecast: Tensor, truth: Tensor, measured: Tensor) -> None:
        """Add windows; all arguments are ``(window, horizon, node)``, real units."""
        difference = torch.where(measured, (forecast - truth).to(torch.float64), 0.0)
        for name, metric in METRICS.items():
            counted = (
                measured
                if metric.counts is None
                else measured & metric.counts(truth, self._mean_reading, self._quantity)
            )
            terms = torch.where(counted, metric.term(difference, torch.where(counted, truth, 1.0)), 0.0)
            self._totals[name] += terms.sum(dim=(0, 2)).cpu()
            weights = counted if metric.weight is None else torch.where(counted, metric.weight(truth), 0.0)
            self._counts[name] += weights.sum(dim=(0, 2), dtype=torch.float64).cpu()

    def metrics(self, reported_minutes: dict[int, int]) -> dict[str, dict[str, float]]:
        """Give every metric for each reported step and, as "all", pooled over all steps; none where nothing counted."""
        columns: dict[str, slice] = {"all": slice(None)}
        columns |= {str(minutes): slice(step - 1, step) for step, minutes in reported_minutes.items()}
        table: dict[str, dict[str, float]] = {name: {} for name in METRICS}
        for column, steps in columns.items():
            for name, metric in METRICS.items():
                if count := float(self._counts[name][steps].sum()):
                    table[name][column] = metric.value(float(self._totals[name][steps].sum()), count)
        return table


class _DaySums:
    """Running sums of absolute errors for each day and step of the horizon, in float64."""

    def __init__(self, series: SplitSeries) -> None:
        self._days, day = np.unique(series.source.times.astype("datetime64[D]"), return_inverse=True)
        self._day_of_row = torch.from_numpy(day)
        self._sums = torch.zeros(2, len(self._days), series.protocol.horizon, dtype=torch.float64)

    def add(self, rows: Tensor, forecast: Tensor, truth: Tensor, measured: Tensor) -> None:
        """Add windows ``(window, horizon, node)`` whose targets are the rows ``(window, horizon)``."""
        days, steps = self._day_of_row[rows], torch.arange(rows.shape[1]).expand(rows.shape)
        difference = torch.where(measured, (forecast - truth).to(torch.float64).abs(), 0.0)
        for sums, added in zip(self._sums, (difference, measured.to(torch.float64)), strict=True):
            sums.index_put_((days, steps), added.sum(dim=2), accumulate=True)

    def days(self, reported_minutes: dict[int, int]) -> DayErrors:
        """Give sums and numbers for each reported step and, as "all", over all steps; of days with readings alone."""
        columns = {str(minutes): slice(step - 1, step) for step, minutes in reported_minutes.items()}
        found: DayErrors = {}
        for column, steps in (columns | {"all": slice(None)}).items():
            totals, counts = self._sums[:, :, steps].sum(dim=2).tolist()
            cells = zip(self._days, totals, counts, strict=True)
            found[column] = {str(day): (total, count) for day, total, count in cells if count}
        return found


@dataclass(frozen=True)
class SplitScores:
    """Scores of forecasts on one split.

    Attributes:
        metrics: Errors of the split and, where the source filled readings in, those over the other readings.
        days: Errors of each of its days.
    """

    metrics: Metrics
    days: DayErrors


def scores(made: Forecasts, series: SplitSeries, split: str) -> SplitScores:
    """Score forecasts of a split."""
    kinds = {split: series.protocol.readings}
    if series.filled_in.any():
        other = OTHER_READINGS[series.protocol.readings]
        kinds[f"{split}-{other}"] = other
    masks = {name: torch.from_numpy(series.counted(readings)) for name, readings in kinds.items()}
    sums = {name: _sums(series) for name in kinds}
    by_day, minutes = _DaySums(series), _reported_minutes(series)
    for rows, forecast, truth in _beside_truth(made, series):
        for name, mask in masks.items():
            sums[name].add(forecast, truth, mask[rows])
        by_day.add(rows, forecast, truth, masks[split][rows])
    return SplitScores({name: one.metrics(minutes) for name, one in sums.items()}, by_day.days(minutes))


def errors(made: Forecasts, series: SplitSeries) -> dict[str, dict[str, float]]:
    """Metric -> horizon -> value of these forecasts."""
    measured, sums = torch.from_numpy(series.measured), _sums(series)
    for rows, forecast, truth in _beside_truth(made, series):
        sums.add(forecast, truth, measured[rows])
    return sums.metrics(_reported_minutes(series))


def _sums(series: SplitSeries) -> ErrorSums:
    return ErrorSums(series.protocol.horizon, series.mean_reading, series.quantity)


def _beside_truth(made: Forecasts, series: SplitSeries) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Give the rows of forecasts ``(window, horizon)``, the forecasts and the readings ``(window, horizon, node)``.

    A forecast below what the quantity can be counts as the smallest value. Losses see the forecasts as they are made.
    """
    values, ahead = torch.from_numpy(series.values), series.protocol.history + torch.arange(series.protocol.horizon)
    for starts, forecast in made:
        rows = starts.cpu()[:, None] + ahead
        yield rows, series.quantity.possible(forecast.cpu()), values[rows]


def _reported_minutes(series: SplitSeries) -> dict[int, int]:
    return series.protocol.reported_minutes(series.source.interval_minutes)


@torch.inference_mode()
def forecasts(network: Forecaster, data: WindowedSeries, starts: NDArray[np.int64]) -> Iterator[tuple[Tensor, Tensor]]:
    """Forecast the whole horizon after every window, in real units and in order.

    Neighbouring windows go through the network together, so that what they have in common is computed once.
    """
    network.eval()
    at_once = SEGMENT_WINDOWS if network.outputs >= data.horizon else ITERATED_WINDOWS
    pieces = [
        run[first : first + at_once] for run in consecutive_windows(starts) for first in range(0, len(run), at_once)
    ]
    for length, alike in itertools.groupby(pieces, key=len):
        segment_starts = torch.tensor([piece[0] for piece in alike], device=data.device)
        for some in torch.split(segment_starts, max(1, at_once // length)):
            scaled = network.forecast_segments(data.inputs(some, length, with_clock=network.clock), data.horizon)
            real = data.to_real(scaled, data.target_rows(some, length))
            yield (some[:, None] + torch.arange(length, device=data.device)).flatten(), real.flatten(0, 1)


def network_scores(network: Forecaster, data: WindowedSeries, series: SplitSeries, split: str) -> SplitScores:
    """Score a network over every window of a split."""
    return scores(forecasts(network, data, series.splits[split].starts), series, split)


def quick_validation(network: Forecaster, data: WindowedSeries, series: SplitSeries) -> dict[str, float]:
    """Give the validation errors over the whole horizon for a learning curve: metric -> value.

    Iterated networks, which take a step at a time, forecast an eighth of the windows: every eighth segment of eight.
    """
    starts = series.splits["val"].starts
    seen = starts if network.outputs >= data.horizon else starts[np.arange(len(starts)) % 64 < 8]
    return {name: values["all"] for name, values in errors(forecasts(network, data, seen), series).items() if values}
