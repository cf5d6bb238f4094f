"""The calendar profile and the scaler."""

from dataclasses import replace

import numpy as np
import pytest

from kdsearch.data.profile import ProfileKind, Scaler, fit_profile, fit_scaler, unseen_days
from kdsearch.data.protocols import PROTOCOLS, SplitSeries, split_series
from kdsearch.data.series import Series


def calendar_series() -> Series:
    """Four weeks in which a reading is a smooth function of weekday group and time of day, and nothing else."""
    steps = 28 * 96
    times = np.datetime64("2024-03-04T00:00", "m") + np.arange(steps) * np.timedelta64(15, "m")
    phase = 2 * np.pi * (np.arange(steps) % 96) / 96
    group = np.select([np.arange(steps) // 96 % 7 == 5, np.arange(steps) // 96 % 7 == 6], [1, 2], 0)
    values = np.stack([50 + 10 * group + (3 + node) * np.sin(phase) for node in range(3)], axis=1)
    return Series(
        "calendar",
        values[:, :, None].astype(np.float32),
        times,
        15,
        ("km/h",),
        ("speed",),
        np.zeros((3, 3)),
        ("a", "b", "c"),
    )


@pytest.mark.parametrize("kind", ["table", "low-rank"])
def test_a_calendar_is_recovered(kind: str) -> None:
    """Weekday groups and times of day are told apart; smoothing 25 minutes at 15-minute steps keeps one slot."""
    source = calendar_series()
    series = split_series(source, PROTOCOLS["stgcn"])
    profile = fit_profile(series, kind)  # type: ignore[arg-type]
    np.testing.assert_allclose(profile.rows(source.times), source.values[:, :, 0], atol=2e-3)


def test_a_low_rank_profile_is_small(series: SplitSeries) -> None:
    """What it stores is counted: components times (harmonics of three groups and nodes)."""
    table, low_rank = fit_profile(series, "table"), fit_profile(series, "low-rank")
    assert table.stored_numbers == 3 * 96 * 5
    assert low_rank.stored_numbers == 5 * (3 * 17 + 5)
    assert low_rank.factors is not None
    assert low_rank.stored_numbers < table.stored_numbers


@pytest.mark.parametrize("kind", ["table", "low-rank"])
def test_a_kind_of_day_without_a_training_day_gets_the_level_alone(kind: ProfileKind) -> None:
    """A week from Monday trains on working days: what a Saturday or Sunday looks like, nobody knows."""
    whole = calendar_series()
    week = split_series(replace(whole, values=whole.values[: 7 * 96], times=whole.times[: 7 * 96]), PROTOCOLS["stgcn"])
    profile = fit_profile(week, kind)
    for group in (1, 2):
        np.testing.assert_allclose(profile.table[group], np.full((96, 3), 50), atol=2e-2)
    assert np.ptp(profile.table[0], axis=0).min() > 5
    assert unseen_days(week) == ["Saturday", "Sunday"]
    assert unseen_days(split_series(whole, PROTOCOLS["stgcn"])) == []


def test_offsets_and_deviation_standardise_the_training_part(series: SplitSeries) -> None:
    for profile in (None, fit_profile(series, "table")):
        scaler = fit_scaler(series, profile)
        scaled = (series.values - scaler.offsets(series.source.times, 5)) / scaler.std
        weights = series.training_weights()
        assert np.average(scaled.mean(axis=1), weights=weights) == pytest.approx(0, abs=1e-4)
        assert np.average(np.square(scaled).mean(axis=1), weights=weights) == pytest.approx(1, rel=1e-3)


def test_the_profile_is_counted_and_the_two_scaling_numbers_are_not(series: SplitSeries) -> None:
    assert Scaler(0.0, 1.0, None).stored_numbers == 0
    profile = fit_profile(series, "low-rank")
    assert Scaler(0.0, 1.0, profile).stored_numbers == profile.stored_numbers


@pytest.mark.parametrize("with_profile", [False, True])
def test_the_range_of_the_training_rows_becomes_minus_one_to_one(with_profile: bool) -> None:
    """Of all nodes together, of deviations where there is a profile; later readings may lie beyond."""
    source = calendar_series()
    noise = np.random.default_rng(0).normal(0, 3, source.values.shape).astype(np.float32)
    source = replace(source, values=source.values + noise)
    source.values[-50:] += 500
    series = split_series(source, replace(PROTOCOLS["stgcn"], scaler="min-max"))
    scaler = fit_scaler(series, fit_profile(series, "table") if with_profile else None)
    scaled = (series.values - scaler.offsets(source.times, 3)) / scaler.std
    train = scaled[: series.splits["train"].last]
    assert (train.min(), train.max()) == (pytest.approx(-1, abs=1e-5), pytest.approx(1, abs=1e-5))
    assert train.min(axis=0).max() > -0.999  # one node has the smallest, not each
    assert scaled.max() > 2
    if not with_profile:
        rows = source.values[: series.splits["train"].last]
        assert scaler.mean == pytest.approx((rows.min() + rows.max()) / 2)
        assert scaler.std == pytest.approx((rows.max() - rows.min()) / 2)


def test_readings_that_never_change_have_a_scale_of_their_own() -> None:
    """A division by the range would be one by zero."""
    source = replace(calendar_series(), values=np.full((28 * 96, 3, 1), 7, dtype=np.float32))
    series = split_series(source, replace(PROTOCOLS["stgcn"], scaler="min-max"))
    assert fit_scaler(series, None).std > 0
