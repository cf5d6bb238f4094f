"""Baselines that are no network of a study: the last value, the calendar profile alone, forecasts from a file."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from kdsearch.data.answers import Answers
from kdsearch.data.profile import Profile, fit_profile
from kdsearch.data.protocols import SplitSeries
from kdsearch.measure.accuracy import Forecasts, scores
from kdsearch.record import Baseline, Role

__all__ = ["answers_baseline", "last_value_forecasts", "naive_baselines", "profile_forecasts"]


def last_value_forecasts(series: SplitSeries, split: str) -> Iterator[tuple[Tensor, Tensor]]:
    """Repeat each node's last reading."""
    starts = series.splits[split].starts
    last = series.values[starts + series.protocol.history - 1]
    repeated = np.repeat(last[:, None], series.protocol.horizon, axis=1)
    yield torch.from_numpy(starts), torch.from_numpy(repeated)


def profile_forecasts(series: SplitSeries, profile: Profile, split: str) -> Iterator[tuple[Tensor, Tensor]]:
    """Forecast each node's calendar profile, whatever was just measured."""
    starts = series.splits[split].starts
    ahead = series.protocol.history + np.arange(series.protocol.horizon)
    expected = profile.rows(series.source.times)[starts[:, None] + ahead]
    yield torch.from_numpy(starts), torch.from_numpy(expected)


def naive_baselines(series: SplitSeries, splits: tuple[str, ...]) -> list[Baseline]:
    """Score the last value and the calendar profile alone; a network that loses to one of them has no claim."""
    profile = fit_profile(series, "table")
    stored = f"{profile.stored_numbers:,} stored numbers"
    return [
        _scored("last value", lambda split: last_value_forecasts(series, split), series, splits),
        _scored("calendar profile", lambda split: profile_forecasts(series, profile, split), series, splits, stored),
    ]


def answers_baseline(answers: Answers, series: SplitSeries, splits: tuple[str, ...]) -> Baseline:
    """Score forecasts from a file on those of these splits of which it has them."""

    def made(split: str) -> Forecasts:
        yield torch.from_numpy(series.splits[split].starts), torch.from_numpy(answers.forecasts[split])

    there = tuple(split for split in splits if split in answers.forecasts)
    return _scored(answers.name, made, series, there, "forecasts from a file", "answers")


def _scored(
    name: str,
    make: Callable[[str], Forecasts],
    series: SplitSeries,
    splits: tuple[str, ...],
    note: str = "",
    role: Role = "naive",
) -> Baseline:
    """Score the forecasts of a baseline on these splits."""
    found = {split: scores(make(split), series, split) for split in splits}
    metrics = {kind: errors for one in found.values() for kind, errors in one.metrics.items()}
    days = found["test"].days if "test" in found else {}
    return Baseline(name=name, role=role, metrics=metrics, days=days, note=note)
