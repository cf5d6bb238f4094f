"""Positions of sensors, and the graph of distances between them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdsearch.data.positions import great_circle_metres, read_positions
from kdsearch.data.sensor_names import Sensors
from kdsearch.errors import DataError
from tests.graphs import IDS, adjacency, dense, graph, numbered, write
from tests.real_data import real_data

PLACES = np.array([[34.15, -118.31], [34.16, -118.31], [34.15, -118.25]])
NAMED = Sensors(IDS, named=True)


def rows(order: tuple[int, ...] = (0, 1, 2), form: str = "{id},{lat},{lon}") -> list[str]:
    """Lines of a table."""
    return [form.format(id=IDS[node], lat=PLACES[node, 0], lon=PLACES[node, 1]) for node in order]


def test_one_degree_of_the_meridian() -> None:
    """It is 111.195 km on a sphere of the mean radius; half the equator is the largest distance."""
    metres = great_circle_metres(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 180.0], [np.nan, np.nan]]))
    assert metres[0, 1] == pytest.approx(111_195, abs=1)
    assert metres[0, 2] == pytest.approx(np.pi * 6_371_008.8)
    assert np.isinf(metres[3, :3]).all()


@given(st.lists(st.tuples(st.floats(-90, 90), st.floats(-180, 180)), min_size=3, max_size=3))
def test_distances_are_a_metric(places: list[tuple[float, float]]) -> None:
    metres = great_circle_metres(np.array(places))
    assert (metres >= 0).all()
    np.testing.assert_array_equal(metres, metres.T)
    assert metres[0, 2] <= metres[0, 1] + metres[1, 2] + 1e-3


@pytest.mark.parametrize(
    ("header", "form", "more"),
    [
        ("id,lat,lon", "{id},{lat},{lon}", {}),
        ("index,sensor_id,latitude,longitude", "0,{id},{lat},{lon}", {}),
        (",ID,Fwy,Dir,District,Latitude,Longitude", "7,{id},5,S,7,{lat},{lon}", {}),
        ("Lng,Lat,Station", "{lon},{lat},{id}", {}),
        ("breite,laenge,messstelle", "{lat},{lon},{id}", {"latitude": "breite", "longitude": "laenge"}),
        ("id,lat,lon", "00{id},{lat},{lon}", {}),
        (None, "{id},{lat},{lon}", {}),
    ],
)
def test_tables_of_every_layout(tmp_path: Path, header: str | None, form: str, more: dict[str, Any]) -> None:
    """Columns by their usual names or by those that are given; the ids are found by what they are."""
    path = write(
        tmp_path / "p.csv", *([header] if header else []), *rows((2, 0, 1), form), form.format(id=5, lat=1, lon=1)
    )
    read = graph(path, "coordinates", **more)
    np.testing.assert_array_equal(read.positions, PLACES)
    assert read.notes == ()
    assert np.argwhere(np.triu(read.adjacency)).tolist() == [[0, 1]]
    assert read.adjacency[0, 1] == pytest.approx(np.exp(-(1.11195**2) / 10), abs=1e-5)


def test_rows_in_the_order_of_readings_without_ids(tmp_path: Path) -> None:
    read = graph(write(tmp_path / "p.csv", "id,lat,lon", *rows()), "coordinates", numbered(3))
    np.testing.assert_array_equal(read.positions, PLACES)
    assert read.notes == ("p.csv: positions are taken in the order of the readings",)


@pytest.mark.parametrize(
    ("lines", "sensors", "message"),
    [
        (["id,lat,lon", *rows(form="{id},{lon},{lat}")], NAMED, "'-118.31' is no latitude .*the other way round"),
        (["id,lat,lon", *rows(form="{id},{lon}11,{lat}000")], NAMED, "line 2, column 2: .*the other way|WGS 84"),
        (["id,y,x", "11,3778000,380000"], NAMED, "'3778000' is no latitude of -90 to 90 degrees; .* metres of a map"),
        (["id,lat,lon", "11,N34,8"], NAMED, "'N34' is no latitude .*degrees with a decimal point"),
        (["id,lat,lon", *rows((0, 1))], NAMED, "does not name sensor '13'"),
        (["id,lat,lon", *rows((0, 1))], numbered(3), "has 2 positions, the readings have 3 sensors without ids"),
        (
            ["id,breite,laenge", "11,1,2"],
            NAMED,
            "no column of the usual names of a latitude; write latitude = one of id",
        ),
        (["id,lat,latitude,lon", "11,1,1,2"], NAMED, "more than one column of the usual names of a latitude"),
        (["id,lat,lon", "11,1"], NAMED, "line 2: 2 cells where the first line has 3"),
    ],
)
def test_mistakes_in_a_table(tmp_path: Path, lines: list[str], sensors: Sensors, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_positions(write(tmp_path / "p.csv", *lines), sensors)
    assert "\n" not in str(caught.value)


def test_a_name_that_is_no_column(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column 'breite'; write latitude = one of id, lat, lon"):
        read_positions(write(tmp_path / "p.csv", "id,lat,lon", *rows()), NAMED, latitude="breite")


@pytest.mark.parametrize("nowhere", ["13,,", "13,0,0", "13,34.15,"])
def test_a_sensor_without_a_position(tmp_path: Path, nowhere: str) -> None:
    """It has no edge, and it is said; the point on the equator off Africa stands for no position."""
    read = graph(write(tmp_path / "p.csv", "id,lat,lon", *rows((0, 1)), nowhere), "coordinates")
    assert read.positions is not None
    assert np.isnan(read.positions[2]).all()
    assert not read.adjacency[2].any()
    assert read.notes == ("p.csv has no position of 1 of 3 sensors, such as 13",)


def test_positions_beside_another_graph(tmp_path: Path) -> None:
    write(tmp_path / "p.csv", "id,lat,lon", *rows())
    path = write(tmp_path / "w.csv", *dense(np.eye(3)[::-1]))
    read = graph(path, "weights", positions="p.csv")
    np.testing.assert_array_equal(read.positions, PLACES)
    np.testing.assert_array_equal(read.adjacency, adjacency(path, "weights"))


def test_sensors_far_apart(tmp_path: Path) -> None:
    """Stations of a highway are beyond the kernel of a city: the width that joins them is named."""
    path = write(tmp_path / "p.csv", "id,lat,lon", "11,48.1,11.5", "12,48.2,11.5", "13,48.3,11.5")
    with pytest.raises(DataError, match=r"no two sensors are near enough for an edge.*write sigma2_km2 = 490 under"):
        graph(path, "coordinates")
    assert graph(path, "coordinates", sigma2_km2=490).adjacency[0, 1] == pytest.approx(0.777, abs=0.001)


def test_the_detectors_of_metr_la() -> None:
    folder = real_data("metr-la") / "metr-la"
    ids = tuple(line.split(",")[1] for line in (folder / "graph_sensor_locations.csv").read_text().split()[1:])
    read = graph(folder / "graph_sensor_locations.csv", "coordinates", ids[::-1])
    assert read.positions is not None
    assert read.positions[-1].tolist() == [34.15497, -118.31829]
    assert (read.adjacency > 0).sum() == pytest.approx(2 * 1313, rel=0.5)


def test_the_stations_of_pemsd7m() -> None:
    """Distances along the earth are shorter than those of the published matrix, and most of the near pairs agree."""
    folder = real_data("pemsd7m-graph") / "pemsd7m-graph"
    by_place = adjacency(folder / "PeMSD7_M_Station_Info.csv", "coordinates", numbered(228)) > 0
    published = adjacency(folder / "W_228.csv", "distances", numbered(228)) > 0
    assert (by_place & published).sum() > 0.9 * published.sum()
