"""Road graphs: the rule over distances, and every file format of a graph."""

import hashlib
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError
from scipy import sparse

from kdsearch.data.graph import WITHOUT_ROADS, adjacency_from_distances, grid_adjacency
from kdsearch.data.graph_files import read_ids, read_matrix
from kdsearch.data.graph_source import GraphSource
from kdsearch.data.load import load_series
from kdsearch.data.sensor_names import Sensors
from kdsearch.errors import DataError
from tests.graphs import IDS, adjacency, dense, graph, numbered, write
from tests.real_data import real_data

WEIGHTS = np.array([[1.0, 0.5, 0.0], [0.25, 1.0, 0.75], [0.0, 0.75, 1.0]])
BARE = WEIGHTS - np.eye(3)


def test_rule_by_hand() -> None:
    """1 km, 2.6 km and 2.7 km at 10 km^2 and threshold 0.5: two edges, the last one is too long."""
    distances = np.array([[0.0, 1000.0, 2600.0], [1000.0, 0.0, 2700.0], [2600.0, 2700.0, 0.0]])
    weights = adjacency_from_distances(distances)
    expected = np.zeros((3, 3))
    expected[0, 1] = expected[1, 0] = np.exp(-0.1)
    expected[0, 2] = expected[2, 0] = np.exp(-0.676)
    np.testing.assert_allclose(weights, expected, rtol=1e-15)


@given(
    distances=arrays(
        np.float64, (5, 5), elements=st.one_of(st.floats(0, 1e5), st.just(float("inf")), st.just(float("nan")))
    ),
    threshold=st.floats(0.01, 1),
)
@settings(max_examples=100, deadline=None)
def test_rule_laws(distances: np.ndarray[Any, Any], threshold: float) -> None:
    """Weights are 0 or between the threshold and 1, nothing joins a node to itself, nearer is never weaker."""
    weights = adjacency_from_distances(distances, threshold=threshold)
    assert (np.diag(weights) == 0).all()
    assert ((weights == 0) | ((weights >= threshold) & (weights <= 1))).all()
    off = ~np.eye(5, dtype=bool) & ~np.isnan(distances)
    order = np.argsort(distances[off])
    assert (np.diff(weights[off][order]) <= 0).all()


@given(st.integers(1, 6), st.integers(1, 6))
def test_cells_of_a_grid_are_joined_where_they_share_a_side(rows: int, columns: int) -> None:
    """Exactly those whose rows and columns differ by one in all, with weight 1."""
    places = [(row, column) for row in range(rows) for column in range(columns)]
    distance = [[abs(a - c) + abs(b - d) for c, d in places] for a, b in places]
    np.testing.assert_array_equal(grid_adjacency(rows, columns), np.array(distance) == 1)


def test_rule_on_the_road_graph_of_pemsd7m() -> None:
    """The public distances of 228 stations give a symmetric graph of 1,664 directed edges with three isolated nodes."""
    path = real_data("pemsd7m-graph") / "pemsd7m-graph" / "W_228.csv"
    weights = adjacency_from_distances(read_matrix(path, 228).values)
    assert weights.shape == (228, 228)
    np.testing.assert_array_equal(weights, weights.T)
    assert (weights > 0).sum() == 1664
    assert (weights.sum(axis=0) == 0).sum() == 3


@pytest.mark.parametrize(
    "lines",
    [
        ("from,to,cost", "11,12,1000", "12,13,2000"),
        ("11,12,1000", "12,13,2000"),
        ("from,to,cost", "0,1,1000", "1,2,2000"),
        ("from,to,cost", "11,12,1000", "12,13,2000", "13,99,5", "12,11,1500"),
    ],
)
def test_edge_list(tmp_path: Path, lines: tuple[str, ...]) -> None:
    """Listed pairs are edges both ways, by id or number; foreign segments are left out, the shorter of two counts."""
    weights = adjacency(write(tmp_path / "e.csv", *lines), "edges")
    expected = np.zeros((3, 3))
    expected[0, 1] = expected[1, 0] = np.exp(-0.1)
    expected[1, 2] = expected[2, 1] = np.exp(-0.4)
    np.testing.assert_allclose(weights, expected)


def test_edge_list_one_way_and_in_kilometres(tmp_path: Path) -> None:
    """`symmetric = false` keeps the direction; `unit_metres` scales the cost."""
    weights = adjacency(write(tmp_path / "e.csv", "11,12,1"), "edges", symmetric=False, unit_metres=1000)
    assert weights[0, 1] == pytest.approx(np.exp(-0.1))
    assert weights[1, 0] == 0


def test_edge_list_without_costs(tmp_path: Path) -> None:
    """Roads without a length weigh 1."""
    weights = adjacency(write(tmp_path / "e.csv", "from,to", "11,12"), "edges")
    assert weights[0, 1] == weights[1, 0] == 1
    assert weights.sum() == 2


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("from,to,cost", "11,12,-1"), "the cost of 11 to 12 is -1.0"),
        (("from,to,cost", "11,12,"), "the cost of 11 to 12 is nan"),
        (("from,to,cost", "a,b,1"), "no segment joins two sensors .*'a'.*'11'"),
        (("from,to,cost", "11,12,x"), "line 2, column 3: 'x' is not a number"),
        (("from,to,cost", "11,12"), "line 2: 2 cells"),
        (("a,b,c,d", "1,2,3,4"), "has 4 columns"),
    ],
)
def test_edge_list_mistakes(tmp_path: Path, lines: tuple[str, ...], message: str) -> None:
    """Every mistake ends in one sentence with the place."""
    with pytest.raises(DataError, match=message):
        adjacency(write(tmp_path / "e.csv", *lines), "edges")


def test_weights_as_they_stand(tmp_path: Path) -> None:
    """A dense matrix keeps its directions and loses its diagonal; `symmetric` takes the larger weight."""
    path = write(tmp_path / "w.csv", *dense(WEIGHTS))
    np.testing.assert_array_equal(adjacency(path, "weights"), BARE)
    both = adjacency(path, "weights", symmetric=True)
    assert both[1, 0] == both[0, 1] == 0.5


@pytest.mark.parametrize("row_ids", [False, True])
def test_matrix_with_ids_is_put_into_the_order_of_the_readings(tmp_path: Path, row_ids: bool) -> None:
    """A header in another order is followed, with and without ids before the rows."""
    order = [2, 0, 1]
    names = [IDS[number] for number in order]
    rows = dense(WEIGHTS[np.ix_(order, order)])
    lines = [",".join(["", *names] if row_ids else names)]
    lines += [f"{name},{row}" if row_ids else row for name, row in zip(names, rows, strict=True)]
    np.testing.assert_array_equal(adjacency(write(tmp_path / "w.csv", *lines), "weights"), BARE)


def test_sparse_weights(tmp_path: Path) -> None:
    """An adjacency matrix saved by scipy."""
    sparse.save_npz(tmp_path / "adj.npz", sparse.csc_matrix(WEIGHTS))
    np.testing.assert_array_equal(adjacency(tmp_path / "adj.npz", "weights"), BARE)


def test_distance_matrix_with_gaps(tmp_path: Path) -> None:
    """Empty and infinite distances are no road; the diagonal may be empty."""
    for corner in ("", "0"):
        path = write(tmp_path / "d.csv", f"{corner},1000,2000", f"1000,{corner},1500", f"2000,1500,{corner}")
        assert (adjacency(path, "distances", numbered(3)) > 0).sum() == 6
    weights = adjacency(write(tmp_path / "d.csv", "0,1000,inf", "1000,0,", "inf,,0"), "distances")
    assert (weights > 0).sum() == 2


@pytest.mark.parametrize(
    ("lines", "kind", "message"),
    [
        (("1,0.5", "0.5,1"), "weights", "of 2 sensors, the readings of 3"),
        (("1,0,0", "0,1,-1", "0,0,1"), "weights", "row 2, column 3: -1.0"),
        (("1,0,0", "0,1,", "0,0,1"), "weights", "row 2, column 3: nan"),
        (("1,0,0", "0,1,inf", "0,0,1"), "weights", "row 2, column 3: inf"),
        (("0,1,1", "1,0,-5", "1,1,0"), "distances", "row 2, column 3: -5.0"),
        (("1,0,0", "0,1,0"), "weights", "must be square"),
        (("11,12,99", "1,0,0", "0,1,0", "0,0,1"), "weights", "does not name sensor '13'"),
        ((",11,12,13", "11,1,0,0", "13,0,1,0", "12,0,0,1"), "weights", "column '12' where it has row '13'"),
    ],
)
def test_matrix_mistakes(tmp_path: Path, lines: tuple[str, ...], kind: str, message: str) -> None:
    """Matrices that are not of these sensors, or hold what is no weight, are refused."""
    with pytest.raises(DataError, match=message):
        adjacency(write(tmp_path / "w.csv", *lines), kind)


def test_damaged_sparse_file(tmp_path: Path) -> None:
    """A dense npz is no sparse matrix."""
    np.savez(tmp_path / "adj.npz", a=np.zeros(3))
    with pytest.raises(DataError, match="not a sparse matrix saved by scipy"):
        adjacency(tmp_path / "adj.npz", "weights")


def test_ids_file(tmp_path: Path) -> None:
    """Ids in one line with commas, as DCRNN writes them, or one in each line."""
    assert read_ids(write(tmp_path / "a.txt", "11,12,13")) == IDS
    assert read_ids(write(tmp_path / "b.txt", *IDS)) == IDS


def test_a_graph_of_more_sensors_is_joined_by_id(tmp_path: Path) -> None:
    """A part of METR-LA's readings has the whole of its graph; without ids nothing says which sensors they are."""
    path = tmp_path / "adj_mx.pkl"
    path.write_bytes(pickle.dumps([list(IDS), {one: i for i, one in enumerate(IDS)}, WEIGHTS]))
    np.testing.assert_array_equal(adjacency(path, "dcrnn-pickle", (IDS[2], IDS[0])), BARE[np.ix_([2, 0], [2, 0])])
    with pytest.raises(DataError, match="ids do not join them; give both the same sensors, or both ids"):
        adjacency(path, "dcrnn-pickle", numbered(2))


@pytest.mark.parametrize(("name", "nodes", "edges"), [("metr-la", 29, 152), ("pems-bay", 67, 129)])
def test_parts_of_the_public_networks_have_their_roads(name: str, nodes: int, edges: int) -> None:
    source = load_series(name, real_data(name))
    assert source.values.shape[1] == nodes
    assert (source.adjacency > 0).sum() == edges


PUBLIC = {
    "pemsd7m": "b8a46a8a80657334aba3fd1831d8257df5bf95b5d5d89df2ea7b9e3299213bee",
    "pemsd8": "7c0a15ac6dff365cb0399e04147c354ea8b7bb144074838f0df816ae4c5cb314",
    "los-loop": "9083533114d9001da444deba978239adf5b4c7e00f81a8c5b408ad2b7c429fdd",
    "metr-la": "929d78afbad7e1e6e1b8c9f4fcd9cdc96ebfa86ed9a33ec97893f1244f54fd7e",
    "pems-bay": "80460bf7a1bc5be1e1d9d4a132a709883294cbe469b400e02bb54225039ca3a7",
}
"""SHA-256 of their float64 adjacencies: what was trained on them stands on these bits."""


@pytest.mark.parametrize("name", PUBLIC)
def test_the_public_graphs_bit_for_bit(name: str) -> None:
    series = load_series(name, real_data(name))
    assert hashlib.sha256(series.adjacency.tobytes()).hexdigest() == PUBLIC[name]


networks = st.integers(2, 6).flatmap(
    lambda nodes: arrays(np.float64, (nodes, nodes), elements=st.integers(0, 1000).map(lambda parts: parts / 1000))
)


@given(weights=networks, seed=st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_all_files_of_one_graph_give_the_same_bits(
    tmp_path_factory: pytest.TempPathFactory, weights: np.ndarray[Any, Any], seed: int
) -> None:
    """List, matrix, matrix with ids in any order with or without ids before the rows, sparse npz, and pickles."""
    folder, nodes = tmp_path_factory.mktemp("g"), len(weights)
    np.fill_diagonal(weights, 0)
    ids = tuple(f"S{node}" for node in range(nodes))
    order = np.random.default_rng(seed).permutation(nodes)
    names, turned = [ids[node] for node in order], weights[np.ix_(order, order)]
    rows = dense(turned)
    files = [
        (write(folder / "w.csv", *dense(weights)), "weights"),
        (write(folder / "h.csv", ",".join(names), *rows), "weights"),
        (write(folder / "b.csv", ",".join(["", *names]), *map(",".join, zip(names, rows, strict=True))), "weights"),
    ]
    if weights.any():
        edges = [f"{ids[one]},{ids[other]},{float(weights[one, other])!r}" for one, other in np.argwhere(weights)]
        files.append((write(folder / "e.csv", "from,to,weight", *edges), "weighted-edges"))
    sparse.save_npz(folder / "s.npz", sparse.csr_matrix(weights))
    files.append((folder / "s.npz", "weights"))
    for protocol in (0, 2, 5):
        path = folder / f"{protocol}.pkl"
        path.write_bytes(pickle.dumps([names, {}, turned], protocol))
        files.append((path, "dcrnn-pickle"))
    for path, kind in files:
        assert adjacency(path, kind, ids, symmetric=False).tobytes() == weights.tobytes(), path.name


@given(weights=networks)
@settings(max_examples=20, deadline=None)
def test_distances_as_list_and_as_matrix_give_the_same_bits(
    tmp_path_factory: pytest.TempPathFactory, weights: np.ndarray[Any, Any]
) -> None:
    folder, nodes = tmp_path_factory.mktemp("g"), len(weights)
    metres = np.where(weights > 0, 50 + 1500 * weights, np.inf)
    np.fill_diagonal(metres, 0)
    edges = [f"{one},{other},{metres[one, other]}" for one, other in np.argwhere((metres > 0) & (metres < np.inf))]
    assume(edges)
    more = {"symmetric": False, "first_node": 0}
    one = adjacency(write(folder / "e.csv", *edges), "edges", numbered(nodes), **more)
    other = adjacency(write(folder / "d.csv", *dense(metres)), "distances", numbered(nodes))
    assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize(
    ("header", "sensors", "note"),
    [
        ("0,1,2", Sensors(IDS, named=True), "its ids only count its columns"),
        ("1,2,3", Sensors(IDS, named=True), "its ids only count its columns"),
        ("a,b,c", numbered(3), "the readings have no ids"),
        ("0,1,2", numbered(3), None),
        ("1,2,3", numbered(3), None),
        ("011,012,013", Sensors(IDS, named=True), "such as '011' for '11'"),
    ],
)
def test_a_matrix_whose_ids_are_others(tmp_path: Path, header: str, sensors: Sensors, note: str | None) -> None:
    """Column numbers and other spellings are no other sensors; what is taken for granted is said."""
    read = graph(write(tmp_path / "w.csv", header, *dense(WEIGHTS)), "weights", sensors)
    np.testing.assert_array_equal(read.adjacency, BARE)
    assert len(read.notes) == (note is not None)
    assert note is None or note in read.notes[0]


def test_column_numbers_in_another_order(tmp_path: Path) -> None:
    """A header of numbers is followed where the readings have no ids."""
    order = [2, 0, 1]
    path = write(tmp_path / "w.csv", "3,1,2", *dense(WEIGHTS[np.ix_(order, order)]))
    np.testing.assert_array_equal(adjacency(path, "weights", numbered(3)), BARE)


@pytest.mark.parametrize(
    ("header", "sensors", "message"),
    [
        ("11,12,11", Sensors(IDS, named=True), "names sensor '11' twice"),
        ("21,22,23", Sensors(IDS, named=True), "does not name sensor '11'"),
        ("2,1,0", Sensors(IDS, named=True), "does not name sensor '11'"),
        ("11,12,13", numbered(2), "of 3 sensors, the readings of 2, .* both ids$"),
        ("11,12,13", numbered(7, steps=3), 'of 3 sensors, the readings of 7, .* axes = "node step"'),
    ],
)
def test_a_matrix_of_other_sensors(tmp_path: Path, header: str, sensors: Sensors, message: str) -> None:
    with pytest.raises(DataError, match=message):
        adjacency(write(tmp_path / "w.csv", header, *dense(WEIGHTS)), "weights", sensors)


def test_a_part_of_a_larger_network_is_said(tmp_path: Path) -> None:
    path = write(tmp_path / "w.csv", "11,12,13", *dense(WEIGHTS))
    assert graph(path, "weights", IDS[1:]).notes == ("w.csv is of a larger network: 1 of its 3 sensors are left out",)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "edges"}, "wants file = ..."),
        ({"kind": "none", "file": "g.csv"}, "reads no file"),
        ({"kind": "correlation", "file": "g.csv"}, "reads no file"),
        ({"kind": "coordinates", "file": "g.csv", "positions": "p.csv"}, "leave out positions"),
        ({"kind": "edges", "file": "g.csv", "first_node": 2}, "first_node"),
        ({"kind": "edges", "file": "g.csv", "unit_metres": float("inf")}, "unit_metres"),
    ],
)
def test_keys_that_do_not_fit(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        GraphSource.model_validate(fields)


def test_a_folder_without_a_graph(tmp_path: Path) -> None:
    """No edge, correlations, or positions beside a list: what a folder says is in its series."""
    lines = [f"{one % 97},{2 * (one % 97)},{one * (one + 400) % 7}" for one in range(400)]
    write(tmp_path / "readings.csv", "11,12,13", *lines)
    toml = 'start = 2024-03-01T00:00:00\ninterval_minutes = 15\nunit = "km/h"\nchannels = ["speed"]\n'
    toml += '[series]\nfile = "readings.csv"\nheader = true\n[graph]\n'
    card = write(tmp_path / "dataset.toml", toml + 'kind = "none"')
    series = load_series(str(tmp_path))
    assert not series.adjacency.any()
    assert series.notes == (WITHOUT_ROADS,)
    write(card, toml + 'kind = "correlation"')
    series = load_series(str(tmp_path))
    assert series.adjacency[0, 1] == pytest.approx(1)
    assert series.notes == ("the graph is of correlations of at least 0.5 in the first half of the rows",)
    write(card, toml + 'file = "g.csv"\nkind = "edges"\npositions = "p.csv"')
    write(tmp_path / "g.csv", "11,12,1000")
    with pytest.raises(DataError, match=r"put p\.csv into that folder"):
        load_series(str(tmp_path))
    write(tmp_path / "p.csv", "id,lat,lon", "13,3,3", "12,2,2", "11,1,1")
    positions = load_series(str(tmp_path)).positions
    assert positions is not None
    assert positions.tolist() == [[1, 1], [2, 2], [3, 3]]


def test_readings_on_their_side(tmp_path: Path) -> None:
    """An array of 6 sensors and 40 steps with a list of the 6 is refused, and read with its axes."""
    np.savez(tmp_path / "r.npz", data=np.random.default_rng(0).uniform(40, 60, (6, 40)))
    write(tmp_path / "g.csv", "from,to,cost", *(f"{one},{one + 1},900" for one in range(5)))
    toml = 'start = 2024-03-01T00:00:00\ninterval_minutes = 15\nunit = "km/h"\nchannels = ["speed"]\n'
    toml += '[graph]\nfile = "g.csv"\nkind = "edges"\n[series]\nfile = "r.npz"\n'
    card = write(tmp_path / "dataset.toml", toml)
    with pytest.raises(DataError, match=r'holds 6 rows of 40 columns.*axes = "node step"'):
        load_series(str(tmp_path))
    write(card, toml + 'axes = "node step"')
    series = load_series(str(tmp_path))
    assert series.values.shape == (40, 6, 1)
    assert (series.adjacency > 0).sum() == 10
    write(card, toml + 'axes = "step node"')
    assert load_series(str(tmp_path)).notes[0].startswith("g.csv names 6 of 40 sensors")
