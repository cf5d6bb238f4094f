"""The graph without positions."""

import numpy as np
import pytest

from kdsearch.data.checked import CheckedSeries
from kdsearch.report.data_page import network
from kdsearch.report.data_page.network import (
    draw_adjacency,
    draw_neighbours,
    gather_adjacency,
    gather_neighbours,
)


def test_weights_stand_where_the_file_has_them(checked: CheckedSeries) -> None:
    data = gather_adjacency(checked)
    np.testing.assert_array_equal(np.nan_to_num(data.weights), checked.series.adjacency.astype(np.float32))
    assert np.isnan(data.weights).sum() == 13
    assert draw_adjacency(data).data[0].zmax == pytest.approx(0.9)


def test_many_sensors_share_rows_with_their_largest_weight(
    checked: CheckedSeries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "MOST_ROWS", 2)
    data = gather_adjacency(checked)
    assert (data.sensors, data.together) == (("A & B", '"quoted"'), 2)
    np.testing.assert_array_equal(np.nan_to_num(data.weights), np.array([[0.9, 0.4], [0, 0]], np.float32))
    assert draw_adjacency(data).layout.xaxis.title.text == "to sensor, 2 in a row"


def test_neighbours_are_counted_in_either_direction(checked: CheckedSeries) -> None:
    data = gather_neighbours(checked)
    assert data.sensors.tolist() == [1, 2, 1]
    (bars,) = draw_neighbours(data).data
    assert (list(bars.x), list(bars.customdata)) == ([0, 1, 2], ["0", "1", "2"])
