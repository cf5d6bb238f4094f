"""Bars of readings: nothing is lost, and outliers do not press the others flat."""

import numpy as np
import pytest
from numpy.typing import NDArray

from kdsearch.data.checked import CheckedSeries
from kdsearch.report.data_page.distribution import draw_distributions, gather_distributions
from tests.report.data_page.conftest import with_series


def test_bars_hold_all_readings(checked: CheckedSeries) -> None:
    for channel, data in enumerate(gather_distributions(checked)):
        readings = checked.series.values[:, :, channel]
        readings = readings[np.isfinite(readings)]
        assert data.shares.sum() == pytest.approx(100)
        for low, high, share in zip(data.edges[:-1], data.edges[1:], data.shares, strict=True):
            assert share == pytest.approx(100 * ((readings >= low) & (readings < high)).mean())
        assert (data.below, data.above) == (False, False)


def _one_channel(checked: CheckedSeries, values: NDArray[np.float32]) -> CheckedSeries:
    return with_series(checked, values=values[:, :, None], channels=("flow",), unit=("vehicles/h",))


def test_a_sentinel_far_away_is_in_the_last_bar_and_the_picture_says_so(checked: CheckedSeries) -> None:
    values = np.random.default_rng(0).integers(0, 100, (480, 4)).astype(np.float32)
    values[7, 2] = 65535
    (data,) = gather_distributions(_one_channel(checked, values))
    assert data.edges[-1] == 100
    assert (data.below, data.above) == (False, True)
    figure = draw_distributions([data])
    (heading,) = figure.layout.annotations
    assert heading.text == "the last bar holds all readings from 99 on"
    assert data.shares[-1] == pytest.approx(100 * (values >= 99).mean())


@pytest.mark.parametrize("value", [0.0, -1.5, 42.0])
def test_readings_that_are_all_alike_have_one_bar(checked: CheckedSeries, value: float) -> None:
    (data,) = gather_distributions(_one_channel(checked, np.full((480, 4), value, np.float32)))
    assert data.shares.tolist() == [100]
    assert data.edges[0] <= value < data.edges[1]


def test_a_channel_without_a_reading_has_no_panel(checked: CheckedSeries) -> None:
    values = checked.series.values.copy()
    values[:, :, 0] = np.nan
    assert [data.channel for data in gather_distributions(with_series(checked, values=values))] == ["speed, km/h"]
