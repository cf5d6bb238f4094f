"""Bounds: what they promise of exchangeable errors, and of a series that drifts."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.profile import Scaler, fit_profile
from kdsearch.data.protocols import PROTOCOLS, SplitSeries, split_series
from kdsearch.measure.accuracy import scores
from kdsearch.measure.baselines import last_value_forecasts, profile_forecasts
from kdsearch.measure.bounds import Bounds, adapted_scale, bounds_around, calibrated, conformal_quantile
from kdsearch.measure.breakdown import breakdown_of
from kdsearch.measure.kept import KeptForecasts
from kdsearch.testing import ring_road

MINUTES = {1: 15, 3: 45}


@pytest.fixture(scope="module")
def long() -> SplitSeries:
    """Sixty days of the ring."""
    return split_series(ring_road(days=60), PROTOCOLS["stgcn"])


def kept_of(series: SplitSeries, split: str) -> KeptForecasts:
    """Keep the forecasts that repeat the last reading."""
    kept = KeptForecasts(series, split)
    scores(kept.passing(last_value_forecasts(series, split)), series, split)
    return kept


def noisy(series: SplitSeries, seed: int, drift: float = 0.0) -> SplitSeries:
    """Replace the readings by noise around 50, of another size for each node; in the test split it grows."""
    generator = np.random.default_rng(seed)
    noise = generator.standard_normal(series.values.shape) * (1 + np.arange(series.values.shape[1]))
    test = series.splits["test"]
    noise[test.first :] *= 1 + drift
    return replace(series, values=(50 + noise).astype(np.float32))


def around_fifty(series: SplitSeries, split: str) -> KeptForecasts:
    """Keep forecasts of 50, whose errors are the noise of `noisy`."""
    kept = KeptForecasts(series, split)
    starts = torch.from_numpy(series.splits[split].starts)
    fifty = torch.full((len(starts), series.protocol.horizon, series.values.shape[1]), 50.0)
    list(kept.passing([(starts, fifty)]))
    return kept


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 80), st.floats(0.5, 0.99), st.integers(0, 2**31))
def test_the_quantile_is_that_of_split_conformal_prediction(size: int, level: float, seed: int) -> None:
    values = np.random.default_rng(seed).standard_normal(size).astype(np.float32)
    place = math.ceil((size + 1) * level)
    assert conformal_quantile(values, level) == np.sort(values)[min(place, size) - 1]


def test_of_exchangeable_errors_the_share_inside_is_the_level() -> None:
    """Nine values calibrate, the tenth is new: over many draws the share is ``ceil(10 * 0.8) / 10``, exactly."""
    draws = np.random.default_rng(0).standard_normal((4000, 10)).astype(np.float32)
    inside = sum(draw[9] <= conformal_quantile(draw[:9], 0.8) for draw in draws)
    low, high = stats.binom.interval(0.9999, len(draws), 0.8)
    assert low <= inside <= high


def test_bounds_of_noise_hold_what_they_promise_for_every_sensor(long: SplitSeries) -> None:
    """The errors of other sensors are up to five times as large; overlapping windows share readings."""
    one = noisy(long, 3)
    found = breakdown_of(around_fifty(one, "test"), calibrated(around_fifty(one, "val")), MINUTES)
    inside, count, width = found.fixed.overall
    readings = one.splits["test"].last - one.splits["test"].first
    low, high = stats.binom.interval(0.999, 2 * readings, 0.9)  # of the quantile too
    assert low / (2 * readings) <= inside / count <= high / (2 * readings)
    assert [each[0] / each[1] for each in found.fixed.sensor] == pytest.approx([0.9] * 5, abs=0.05)
    assert found.fixed.sensor[4][2] > 3 * found.fixed.sensor[0][2]
    assert width / count == pytest.approx(2 * 1.645 * 3, rel=0.2)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.5, 0.9), st.floats(0.01, 0.09), st.integers(0, 23), st.integers(0, 2**31))
def test_bounds_are_around_the_forecast_and_wider_for_a_higher_level(
    level: float, more: float, hour: int, seed: int
) -> None:
    series = noisy(split_series(ring_road(), PROTOCOLS["stgcn"]), seed)
    kept = around_fifty(series, "val")
    hours = np.full((2, series.protocol.horizon), hour)
    narrow, wide = (calibrated(kept, one).radius(hours) for one in (level, level + more))
    assert narrow.shape == (2, series.protocol.horizon, 5)
    assert (narrow > 0).all()
    assert (wide >= narrow).all()
    forecast = np.random.default_rng(seed).exponential(2, narrow.shape).astype(np.float32)
    lower, upper = bounds_around(forecast, narrow, 0.0)
    assert (lower >= 0).all()
    assert ((lower <= forecast) & (forecast <= upper)).all()


def test_a_sensor_without_a_reading_has_the_usual_radius(series: SplitSeries) -> None:
    """And one whose forecasts were exact has some."""
    present = series.present.copy()
    present[:, 1] = False
    values = series.values.copy()
    values[:, 2] = 7.0
    bounds = calibrated(kept_of(replace(series, present=present, values=values), "val"))
    assert bounds.by_sensor[1] == np.median(np.delete(bounds.by_sensor, 1))
    assert 0 < bounds.by_sensor[2] < 0.01 * bounds.by_sensor[0]
    assert np.isfinite(bounds.by_step).all()


def test_exact_forecasts_have_finite_bounds(series: SplitSeries) -> None:
    bounds = calibrated(kept_of(replace(series, values=np.full_like(series.values, 4.0)), "val"))
    assert all(np.isfinite(part).all() for part in (bounds.by_sensor, bounds.by_hour, bounds.by_step))


def test_forecasts_that_are_no_numbers_have_no_bounds(series: SplitSeries) -> None:
    """A teacher that diverged is named by what shows its error, and by no warning of numpy."""
    kept = KeptForecasts(series, "val")
    starts = torch.from_numpy(series.splits["val"].starts)
    list(kept.passing([(starts, torch.full((len(starts), series.protocol.horizon, 5), math.nan))]))
    assert np.isnan(calibrated(kept).radius(kept.hours)).all()


def test_hours_that_are_hard_have_wider_bounds(long: SplitSeries) -> None:
    """The last value is wrong where the day changes fastest."""
    kept = kept_of(long, "val")
    bounds, met = calibrated(kept), np.unique(kept.hours)
    mean = [np.nanmean(kept.errors[kept.hours == hour]) for hour in met]
    assert met[np.argmax(bounds.by_hour[met])] in met[np.argsort(mean)[-3:]]
    assert bounds.by_hour[met].max() > 2 * bounds.by_hour[met].min()
    assert (np.delete(bounds.by_hour, met) == 1).all()


def test_a_drift_is_followed_by_the_adaptive_form(long: SplitSeries) -> None:
    """Noise that doubles: the fixed bounds hold 59 % of it, as their radius does of a normal distribution."""
    one = noisy(long, 5, drift=1.0)
    found = breakdown_of(around_fifty(one, "test"), calibrated(around_fifty(one, "val")), MINUTES)
    fixed, adaptive = (each.overall[0] / each.overall[1] for each in (found.fixed, found.adaptive))
    assert fixed == pytest.approx(2 * stats.norm.cdf(1.645 / 2) - 1, abs=0.04)
    assert adaptive > 0.85


def test_a_scale_knows_no_truth_before_its_time() -> None:
    """The truth of step s of a window is known s + 1 rows later; windows with gaps between them too."""
    starts = np.array([0, 1, 2, 6, 7])
    scores_ = np.full((5, 2, 1), 9.0, dtype=np.float32)
    used = adapted_scale(scores_, starts, 0.9, rate=0.1)[:, :, 0]
    assert np.log(used[:, 0]) == pytest.approx(0.09 * np.array([0, 1, 2, 3, 4]), abs=1e-6)
    assert np.log(used[:, 1]) == pytest.approx(0.09 * np.array([0, 0, 1, 3, 3]), abs=1e-6)
    scores_[-1] = np.nan  # of the newest window nothing is known, and its factor is the same
    assert (adapted_scale(scores_, starts, 0.9, rate=0.1)[:, :, 0] == used).all()


def test_a_reading_that_does_not_count_moves_no_scale() -> None:
    found = adapted_scale(np.full((6, 2, 3), np.nan, dtype=np.float32), np.arange(6), 0.9)
    assert (found == 1).all()


def test_in_the_long_run_the_share_inside_is_the_level_whatever_the_errors_are() -> None:
    """Proposition 4.1 of Gibbs and Candès: the distance shrinks as one over the number of steps."""
    generator = np.random.default_rng(1)
    size = np.exp(2 * np.sin(np.arange(6000) / 300))[:, None, None]
    errors = (np.abs(generator.standard_cauchy((6000, 1, 4))) * size).astype(np.float32)
    used = adapted_scale(errors, np.arange(6000), 0.9)
    assert (errors <= used).mean((0, 1)) == pytest.approx([0.9] * 4, abs=0.02)


def test_the_breakdown_adds_up_to_the_errors_of_the_split(series: SplitSeries) -> None:
    kept = KeptForecasts(series, "test")
    made = profile_forecasts(series, fit_profile(series, "table"), "test")
    found = scores(kept.passing(made), series, "test")
    parts = breakdown_of(kept, calibrated(kept_of(series, "val")), MINUTES)
    mae = found.metrics["test"]["mae"]["all"]
    for cells in (parts.sensor, parts.hour, parts.weekday):
        assert sum(total for total, _ in cells) / sum(count for _, count in cells) == pytest.approx(mae, rel=1e-4)
    assert (len(parts.sensor), len(parts.hour), len(parts.weekday)) == (5, 24, 7)
    for covered in (parts.fixed, parts.adaptive):
        for cells_ in (covered.week.values(), covered.sensor):
            assert np.sum([*cells_], axis=0) == pytest.approx(covered.overall, rel=1e-4)
        assert set(covered.horizon) == {"15", "45"}
    assert all(np.datetime64(day).astype(int) % 7 == 4 for day in parts.fixed.week)  # 1970-01-05 was a Monday


def test_bounds_end_at_the_smallest_value(series: SplitSeries) -> None:
    """Of a quantity that is never below zero, forecasts near zero have narrower bounds."""
    source = replace(series.source, quantity=("speed",))
    low = replace(noisy(series, 2), source=source)
    assert low.quantity.smallest == 0
    free = replace(low, source=replace(source, quantity=("none",)))
    widths = []
    for one in (low, free):
        kept = KeptForecasts(one, "test")
        starts = torch.from_numpy(one.splits["test"].starts)
        list(kept.passing([(starts, torch.full((len(starts), one.protocol.horizon, 5), 1.0))]))
        bounds = Bounds(0.9, np.full(5, 4.0, np.float32), np.ones(24, np.float32), np.ones(9, np.float32))
        _, count, width = breakdown_of(kept, bounds, MINUTES).fixed.overall
        widths.append(width / count)
    assert widths == pytest.approx([5.0, 8.0])


def test_of_a_large_split_every_second_or_third_window_is_kept(series: SplitSeries) -> None:
    """All hours of the day are met whatever is left out: a day has 96 windows, and 25 has no factor of it."""
    windows = len(series.splits["val"].starts)
    kept = KeptForecasts(series, "val", most_values=windows * series.protocol.horizon * 5 // 4)
    scores(kept.passing(last_value_forecasts(series, "val")), series, "val")
    assert list(kept.starts) == list(series.splits["val"].starts[::5])
    assert kept.forecast.shape == (len(kept.starts), series.protocol.horizon, 5)
    whole = kept_of(series, "val")
    assert (kept.errors[1] == whole.errors[5]).all()


def test_a_checkpoint_keeps_its_bounds_and_an_older_one_has_none(series: SplitSeries) -> None:
    bounds = calibrated(kept_of(series, "val"))
    parts: tuple[Any, Any, Any, Any] = ({"family": "none"}, {}, Scaler(0.0, 1.0, None), np.zeros((5, 5)))
    again = Checkpoint.from_bytes(Checkpoint(*parts, bounds).to_bytes()).bounds
    assert again is not None
    assert again.level == bounds.level
    for name in ("by_sensor", "by_hour", "by_step"):
        assert (getattr(again, name) == getattr(bounds, name)).all()
        assert getattr(again, name).dtype == np.float32
    assert Checkpoint.from_bytes(Checkpoint(*parts).to_bytes()).bounds is None
