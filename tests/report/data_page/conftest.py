"""A small series with everything that a page shows: gaps, zeros, copied weeks, two channels, places and roads."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kdsearch.data.checked import CheckedSeries
from kdsearch.data.series import Series

SCRIPT = "<script>alert(1)</script>"
"""The id of a sensor, which must come out as text."""

STEPS, WEEK = 21 * 24, 7 * 24


def _values() -> NDArray[np.float32]:
    hours = np.arange(STEPS)[:, None, None]
    waves = 300 + 100 * np.sin(hours / 24 * 2 * np.pi + np.arange(4)[:, None] + np.arange(2))
    noise = np.random.default_rng(0).normal(0, 9, waves.shape)
    values = np.round(waves + noise).astype(np.float32)
    values[:48, 1] = np.nan
    values[100:124, 2] = 0
    values[WEEK : 2 * WEEK, 3] = values[:WEEK, 3]
    return values


@pytest.fixture
def checked() -> CheckedSeries:
    """Three weeks of hours of four sensors; a day is left out."""
    there = np.ones(STEPS, dtype=bool)
    there[300:324] = False
    roads = np.zeros((4, 4))
    roads[0, 1] = roads[1, 0] = 0.9
    roads[1, 2] = 0.4
    series = Series(
        name="town & <b>country</b>",
        values=_values()[there],
        times=(np.datetime64("2024-03-04T00:00", "m") + np.arange(STEPS) * np.timedelta64(60, "m"))[there],
        interval_minutes=60,
        unit=("vehicles & bicycles/h", "km/h"),
        channels=("flow<i>", "speed"),
        adjacency=roads,
        sensor_ids=("A & B", SCRIPT, '"quoted"', "D"),
        positions=np.array([[49.0, 8.0], [49.1, 8.1], [49.2, 8.0], [np.nan, np.nan]]),
        notes=("columns & rows <taken>",),
    )
    return CheckedSeries(series, title="Roads <of> the town")


def with_series(checked: CheckedSeries, **changes: Any) -> CheckedSeries:
    """The same, of a series with changes."""
    return CheckedSeries(replace(checked.series, **changes), checked.title)
