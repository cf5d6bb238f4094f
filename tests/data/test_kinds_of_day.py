"""Holidays as a kind of day."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.kinds_of_day import kind_names, kinds_of_day
from kdsearch.data.load import load_series
from kdsearch.data.profile import ProfileKind, Scaler, fit_profile, unseen_days
from kdsearch.data.protocols import PROTOCOLS, split_series
from kdsearch.data.series import Series
from kdsearch.errors import DataError


def week_of_christmas(holidays: str | None) -> Series:
    """Eight weeks from the first of December 2024, busy on working days and quiet on Sundays and holidays."""
    times = np.datetime64("2024-12-02T00:00", "m") + np.arange(8 * 7 * 48) * np.timedelta64(30, "m")
    quiet = np.maximum(kinds_of_day(times, "US"), 1) > 1
    wave = 20 * np.sin(np.arange(len(times)) * 2 * np.pi / 48)
    noise = np.random.default_rng(0).normal(0, 0.5, (len(times), 2))
    values = (np.where(quiet, 10, 50 + wave)[:, None] + noise).astype(np.float32)[:, :, None]
    series = Series("xmas", values, times, 30, ("km/h",), ("speed",), 1.0 - np.eye(2), ("a", "b"))
    return replace(series, holidays=holidays)


def test_days_have_their_kind() -> None:
    """A holiday is one whatever its weekday; no country has none."""
    days = np.array(["2024-12-24T09:00", "2024-12-25T23:59", "2024-12-28T00:00", "2025-01-01T00:00"], "datetime64[m]")
    assert kinds_of_day(days, None).tolist() == [0, 0, 1, 0]
    assert kinds_of_day(days, "US").tolist() == [0, 3, 1, 3]
    assert kinds_of_day(np.array(["2024-06-20", "2024-11-01"], "datetime64[m]"), "DE-BW").tolist() == [0, 3]
    assert kind_names("US")[3] == "a holiday in US"


@pytest.mark.parametrize("kind", ["table", "low-rank"])
def test_a_calendar_knows_holidays(kind: ProfileKind) -> None:
    """New Year's Day is quiet; without them it is a busy Wednesday, and drags all Wednesdays down."""
    new_year = np.array(["2025-01-01T12:00"], "datetime64[m]")
    for holidays, quiet in (("US", True), (None, False)):
        series = split_series(week_of_christmas(holidays), PROTOCOLS["six-two-two"])
        profile = fit_profile(series, kind)
        assert profile.table.shape[0] == 3 + quiet
        assert (profile.rows(new_year).max() < 20) == quiet
        packed = Checkpoint({"family": "none"}, {}, Scaler(0.0, 1.0, profile), np.zeros((2, 2)))
        kept = Checkpoint.from_bytes(packed.to_bytes()).scaler.profile
        assert kept is not None
        np.testing.assert_allclose(kept.rows(series.source.times), profile.rows(series.source.times), rtol=1e-5)


def test_a_holiday_that_no_training_day_is_is_named() -> None:
    """Martin Luther King's day, the third Monday of January, after a training part of January alone."""
    whole = week_of_christmas("US")
    later = whole.times >= np.datetime64("2025-01-02")
    series = split_series(
        replace(whole, values=whole.values[later], times=whole.times[later]), PROTOCOLS["six-two-two"]
    )
    assert unseen_days(series) == ["a holiday in US"]


def test_a_country_that_is_none_is_refused(tmp_path: Path) -> None:
    for country, fine in (("US", True), ("Atlantis", False), ("DE-XX", False)):
        folder = tmp_path / country
        folder.mkdir()
        (folder / "dataset.toml").write_text(
            'start = "2024-01-01T00:00"\ninterval_minutes = 60\nunit = "km/h"\nchannels = ["speed"]\n'
            f'holidays = "{country}"\n[series]\nfile = "r.csv"\nheader = false\n'
            '[graph]\nfile = "g.csv"\nkind = "weights"\n'
        )
        (folder / "r.csv").write_text("0,1\n2,3\n")
        (folder / "g.csv").write_text("0,1\n1,0\n")
        if fine:
            assert load_series(str(folder)).holidays == country
        else:
            with pytest.raises(DataError, match=f"holidays = '{country}' names no country"):
                load_series(str(folder))
