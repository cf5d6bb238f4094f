"""One look at all readings, against plain sums over all of them."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from kdsearch.data.series import BLOCK_NODES, Series
from kdsearch.data.tally import MOST_SPANS, tally_of

WEEK = 7 * 24


def series_of(values: NDArray[np.float32], minutes: int = 60) -> Series:
    """Make a series of readings ``(step, node, channel)`` from a Friday morning on."""
    steps, nodes, channels = values.shape
    return Series(
        name="plain",
        values=values,
        times=np.datetime64("2024-03-01T05:00", "m") + np.arange(steps) * np.timedelta64(minutes, "m"),
        interval_minutes=minutes,
        unit=("km/h",) * channels,
        channels=tuple(map(str, range(channels))),
        adjacency=np.zeros((nodes, nodes)),
        sensor_ids=tuple(map(str, range(nodes))),
    )


@pytest.fixture
def series() -> Series:
    """More nodes than are looked at together, a copied week, gaps, zeros, marks, and a silent node."""
    values = np.random.default_rng(0).normal(60, 9, (3 * WEEK, 2 * BLOCK_NODES + 3, 2)).astype(np.float32)
    values[WEEK : 2 * WEEK, 5, 0] = values[:WEEK, 5, 0]
    values[::7, 70], values[3::11, 2, 1], values[:, 130] = np.nan, 0, np.nan
    return series_of(values)


@pytest.mark.parametrize("marked", [False, True])
def test_counts_and_sums_are_those_of_all_readings(series: Series, marked: bool) -> None:
    marks = np.random.default_rng(1).random(series.values.shape) < 0.1
    one = replace(series, marked=marks if marked else None)
    tally, values, filled_in = tally_of(one), one.values, one.filled_in
    assert filled_in[WEEK : 2 * WEEK, 5, 0].all()
    day = ((one.times - tally.origin).astype(int) // tally.span_minutes).astype(int)
    for counts, wanted in (
        (tally.present, np.isfinite(values)),
        (tally.zero, values == 0),
        (tally.filled_in, filled_in),
        (tally.measured, one.measured),
    ):
        for number, span in enumerate(tally.spans):
            np.testing.assert_array_equal(counts[number], wanted[day == span].sum(axis=0))
    known = np.where(one.measured, values, 0).astype(np.float64)
    np.testing.assert_allclose(tally.sums, known.sum(axis=0))
    np.testing.assert_allclose(tally.step_sums, known.sum(axis=1))
    np.testing.assert_array_equal(tally.step_counts, one.measured.sum(axis=1))
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(tally.means, known.sum(axis=0) / one.measured.sum(axis=0))
    there = np.delete(np.arange(values.shape[1]), 130)
    np.testing.assert_array_equal(tally.smallest[there], np.nanmin(values[:, there], axis=0))
    np.testing.assert_array_equal(tally.largest[there], np.nanmax(values[:, there], axis=0))
    assert np.isnan([tally.smallest[130], tally.largest[130], tally.means[130]]).all()


def test_a_series_that_is_made_of_one_week_has_nothing_filled_in() -> None:
    """Unless it is marked."""
    week = np.random.default_rng(0).normal(60, 9, (WEEK, 3, 1)).astype(np.float32)
    made = series_of(np.tile(week, (4, 1, 1)))
    assert not made.filled_in.any()
    assert not tally_of(made).filled_in.any()
    marks = np.zeros(made.values.shape, dtype=bool)
    marks[3, 1] = True
    assert tally_of(replace(made, marked=marks)).filled_in.sum() == 1


@pytest.mark.parametrize(
    ("minutes", "steps", "span"),
    [
        (5, 1, 5),
        (5, 12 * 24, 10),
        (60, 3 * WEEK, 180),
        (60, 24 * 238, 1440),
        (60, 24 * 1000, 10080),
        (1440, 900, 10080),
    ],
)
def test_spans_have_a_length_of_the_clock_and_are_not_too_many(minutes: int, steps: int, span: int) -> None:
    tally = tally_of(series_of(np.ones((steps, 1, 1), np.float32), minutes))
    assert tally.span_minutes == span
    assert tally.spans[-1] < MOST_SPANS
    assert str(tally.origin) == "2024-03-01T00:00"
    assert tally.rows.sum() == steps


def test_spans_without_rows_are_left_out() -> None:
    whole = series_of(np.ones((48, 1, 1), np.float32))
    kept = np.r_[0:10, 30:48]
    tally = tally_of(replace(whole, values=whole.values[kept], times=whole.times[kept]))
    assert tally.span_minutes == 60
    assert tally.spans.tolist() == [*range(5, 15), *range(35, 53)]
