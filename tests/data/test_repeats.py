import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kdsearch.data.facts import facts_of
from kdsearch.data.load import load_series
from kdsearch.data.protocols import PROTOCOLS, split_series
from kdsearch.data.repeats import LEAST_CHANGES, repeated_weeks
from kdsearch.pipeline.dataset import split_dataset
from tests.real_data import real_data

WEEK = 7 * 24
"""Steps of an hour."""


TIMES = np.datetime64("2024-01-01T00:00", "m") + np.arange(3 * WEEK + 24) * np.timedelta64(60, "m")
"""Three weeks and a day of hours."""


def noise() -> NDArray[np.float32]:
    """Readings of three detectors, no two alike."""
    return np.random.default_rng(0).normal(200, 50, (len(TIMES), 3)).astype(np.float32)


def test_measured_readings_do_not_repeat() -> None:
    assert not repeated_weeks(noise(), TIMES).any()


@given(first=st.integers(WEEK, 3 * WEEK), steps=st.integers(1, 200))
def test_a_copied_stretch_is_found_whole_where_it_is_long_enough(first: int, steps: int) -> None:
    """Of the copied detector alone, and the week it was copied from counts as measured."""
    readings = noise()
    behind = min(first + steps, len(TIMES))
    for step in range(first, behind):
        readings[step, 1] = readings[step - WEEK, 1]
    expected = np.zeros(readings.shape, dtype=np.bool_)
    expected[first:behind, 1] = behind - first >= LEAST_CHANGES
    np.testing.assert_array_equal(repeated_weeks(readings, TIMES), expected)


def test_a_quiet_detector_is_no_copy() -> None:
    """A bicycle stand of zeros equals itself a week before, and was measured."""
    readings = noise()
    readings[:, 2] = 0
    assert not repeated_weeks(readings, TIMES).any()


def test_missing_readings_equal_nothing() -> None:
    readings = noise()
    readings[:, 0] = np.nan
    assert not repeated_weeks(readings, TIMES).any()


def test_weeks_are_counted_by_the_clock_and_not_by_rows() -> None:
    """A day without rows shifts them; what has no row a week before is no copy."""
    readings = noise()
    readings[WEEK:, 1] = np.resize(readings[:WEEK, 1], len(TIMES) - WEEK)
    there = np.ones(len(TIMES), dtype=np.bool_)
    there[30:54] = False
    found = repeated_weeks(readings[there], TIMES[there])
    after = TIMES[there] >= TIMES[WEEK]
    lost = np.isin(TIMES[there], TIMES[30:54] + np.timedelta64(7, "D"))
    np.testing.assert_array_equal(found[:, 1], after & ~lost)


def test_a_sixth_of_the_public_pemsd8_was_never_measured() -> None:
    """35 of 170 detectors give the same week again and again; every run says so, and `data check` too."""
    root = real_data("pemsd8")
    source = load_series("pemsd8", root)
    series = split_series(source, PROTOCOLS["stgcn"])
    repeated = repeated_weeks(series.values, source.times)
    assert (repeated[WEEK * 12 :].mean(axis=0) > 0.9).sum() == 35
    assert facts_of(source).channels[0].filled_in_share == pytest.approx(0.1675, abs=1e-4)
    for readings, words in (("measured", "which are left out of training"), ("published", "a network that knows")):
        note = split_dataset("pemsd8", "stgcn", root, readings=readings)[1]
        assert "; the source filled in 23 % of the test readings" in note
        assert words in note


def test_los_loop_has_no_second_week_to_repeat() -> None:
    assert "filled in" not in split_dataset("los-loop", "stgcn", real_data("los-loop"))[1]
