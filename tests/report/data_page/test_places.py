"""The map, and the grid."""

import numpy as np
import pytest

from kdsearch.data.checked import CheckedSeries
from kdsearch.report.data_page import places
from kdsearch.report.data_page.places import draw_grid, draw_map, gather_grid, gather_map
from tests.report.data_page.conftest import SCRIPT, with_series


def test_the_map_shows_sensors_with_a_position_and_who_is_joined(checked: CheckedSeries) -> None:
    data = gather_map(checked)
    assert data.ids == ("A & B", SCRIPT, '"quoted"')
    assert data.edges.tolist() == [[0, 1], [1, 2]]
    assert data.title == "2 joined pairs<br>1 sensors have no position"
    flow = checked.series.values[:, :, 0]
    assert data.means == pytest.approx(np.nanmean(flow[:, :3], axis=0))
    assert data.measured == pytest.approx([100, 100 * 432 / 480, 100])


def test_of_many_edges_the_strongest_are_drawn(checked: CheckedSeries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "MOST_EDGES", 1)
    data = gather_map(checked)
    assert data.edges.tolist() == [[0, 1]]
    assert data.title.startswith("the 1 strongest of 2 joined pairs")


def test_lines_lead_from_sensor_to_sensor(checked: CheckedSeries) -> None:
    figure = draw_map(gather_map(checked))
    lines = figure.data[0]
    np.testing.assert_array_equal(lines.x, [8.0, 8.1, np.nan, 8.1, 8.0, np.nan])
    np.testing.assert_array_equal(lines.y, [49.0, 49.1, np.nan, 49.1, 49.2, np.nan])
    assert figure.layout.yaxis.scaleratio == pytest.approx(1 / np.cos(np.radians(49.1)))


def test_a_sensor_without_a_reading_is_a_cross(checked: CheckedSeries) -> None:
    values = checked.series.values.copy()
    values[:, 1, 0] = np.nan
    _, crosses, dots = draw_map(gather_map(with_series(checked, values=values))).data
    assert crosses.text == ("<b>&lt;script&gt;alert(1)&lt;/script&gt;</b><br>no reading<br>0.0 % measured",)
    assert crosses.marker.symbol == "x-thin"
    assert len(dots.text) == 2


def test_positions_of_which_none_is_known_are_an_empty_map(checked: CheckedSeries) -> None:
    draw_map(gather_map(with_series(checked, positions=np.full((4, 2), np.nan))))


def test_the_grid_has_the_shape_and_means_of_its_cells(checked: CheckedSeries) -> None:
    data = gather_grid(with_series(checked, grid=(2, 2)))
    assert list(data.means) == ["flow&lt;i&gt;, vehicles &amp; bicycles/h", "speed, km/h"]
    flow = data.means["flow&lt;i&gt;, vehicles &amp; bicycles/h"]
    assert flow[1, 0] == pytest.approx(checked.series.values[:, 2, 0].mean())
    figure = draw_grid(data)
    assert figure.layout.yaxis2.autorange == "reversed"
    assert figure.layout.yaxis2.scaleanchor == "x2"
