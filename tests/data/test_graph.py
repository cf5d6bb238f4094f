"""Road graphs: the rule over distances, and every file format of a graph."""

import os
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from kdsearch.data.graph import adjacency_from_distances, grid_adjacency, read_adjacency
from kdsearch.data.graph_files import read_ids, read_matrix, read_pickled_graph
from kdsearch.data.graph_source import GraphSource
from kdsearch.data.load import load_series
from kdsearch.errors import DataError
from tests.real_data import real_data

IDS = ("11", "12", "13")
WEIGHTS = np.array([[1.0, 0.5, 0.0], [0.25, 1.0, 0.75], [0.0, 0.75, 1.0]])
BARE = WEIGHTS - np.eye(3)


def read(path: Path, kind: str, ids: tuple[str, ...] = IDS, named: bool = True, **more: Any) -> np.ndarray[Any, Any]:
    """Adjacency of a file."""
    source = GraphSource.model_validate({"file": path.name, "kind": kind, **more})
    return read_adjacency(source, path.parent, ids, named)


def write(path: Path, *lines: str) -> Path:
    """A text file of these lines."""
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


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
    weights = adjacency_from_distances(read_matrix(path).values)
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
    weights = read(write(tmp_path / "e.csv", *lines), "edges")
    expected = np.zeros((3, 3))
    expected[0, 1] = expected[1, 0] = np.exp(-0.1)
    expected[1, 2] = expected[2, 1] = np.exp(-0.4)
    np.testing.assert_allclose(weights, expected)


def test_edge_list_one_way_and_in_kilometres(tmp_path: Path) -> None:
    """`symmetric = false` keeps the direction; `unit_metres` scales the cost."""
    weights = read(write(tmp_path / "e.csv", "11,12,1"), "edges", symmetric=False, unit_metres=1000)
    assert weights[0, 1] == pytest.approx(np.exp(-0.1))
    assert weights[1, 0] == 0


def test_edge_list_without_costs(tmp_path: Path) -> None:
    """Roads without a length weigh 1."""
    weights = read(write(tmp_path / "e.csv", "from,to", "11,12"), "edges")
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
        read(write(tmp_path / "e.csv", *lines), "edges")


def dense(rows: np.ndarray[Any, Any]) -> list[str]:
    """Lines of a matrix without header."""
    return [",".join(str(value) for value in row) for row in rows]


def test_weights_as_they_stand(tmp_path: Path) -> None:
    """A dense matrix keeps its directions and loses its diagonal; `symmetric` takes the larger weight."""
    path = write(tmp_path / "w.csv", *dense(WEIGHTS))
    np.testing.assert_array_equal(read(path, "weights"), BARE)
    both = read(path, "weights", symmetric=True)
    assert both[1, 0] == both[0, 1] == 0.5


@pytest.mark.parametrize("row_ids", [False, True])
def test_matrix_with_ids_is_put_into_the_order_of_the_readings(tmp_path: Path, row_ids: bool) -> None:
    """A header in another order is followed, with and without ids before the rows."""
    order = [2, 0, 1]
    names = [IDS[number] for number in order]
    rows = dense(WEIGHTS[np.ix_(order, order)])
    lines = [",".join(["", *names] if row_ids else names)]
    lines += [f"{name},{row}" if row_ids else row for name, row in zip(names, rows, strict=True)]
    np.testing.assert_array_equal(read(write(tmp_path / "w.csv", *lines), "weights"), BARE)


def test_sparse_weights(tmp_path: Path) -> None:
    """An adjacency matrix saved by scipy."""
    sparse.save_npz(tmp_path / "adj.npz", sparse.csc_matrix(WEIGHTS))
    np.testing.assert_array_equal(read(tmp_path / "adj.npz", "weights"), BARE)


def test_distance_matrix_with_gaps(tmp_path: Path) -> None:
    """Empty and infinite distances are no road."""
    weights = read(write(tmp_path / "d.csv", "0,1000,inf", "1000,0,", "inf,,0"), "distances")
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
        read(write(tmp_path / "w.csv", *lines), kind)


def test_damaged_sparse_file(tmp_path: Path) -> None:
    """A dense npz is no sparse matrix."""
    np.savez(tmp_path / "adj.npz", a=np.zeros(3))
    with pytest.raises(DataError, match="not a sparse matrix saved by scipy"):
        read(tmp_path / "adj.npz", "weights")


def python2_pickle() -> bytes:
    """The bytes that Python 2's numpy wrote for ``[ids, index, weights]``: protocol 2, strings of bytes."""
    matrix = np.asarray(WEIGHTS, dtype="<f4").tobytes()
    short = b"".join
    array = short(
        [
            b"cnumpy.core.multiarray\n_reconstruct\n",
            b"cnumpy\nndarray\nK\x00\x85U\x01b\x87R",
            b"(K\x01K\x03K\x03\x86cnumpy\ndtype\nU\x02f4K\x00K\x01\x87R",
            b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89",
            b"U" + bytes([len(matrix)]) + matrix + b"tb",
        ]
    )
    ids = b"](" + b"".join(b"U\x02" + one.encode() for one in IDS) + b"e"
    index = b"}(" + b"".join(b"U\x02" + one.encode() + b"K" + bytes([i]) for i, one in enumerate(IDS)) + b"u"
    return b"\x80\x02](" + ids + index + array + b"e."


@pytest.mark.parametrize("protocol", [None, 2, 3, 4])
def test_dcrnn_pickle(tmp_path: Path, protocol: int | None) -> None:
    """DCRNN's graph, as Python 2 wrote it and as others have pickled it again."""
    path = tmp_path / "adj_mx.pkl"
    index = {one: number for number, one in enumerate(IDS)}
    path.write_bytes(
        python2_pickle() if protocol is None else pickle.dumps([list(IDS), index, WEIGHTS], protocol=protocol)
    )
    np.testing.assert_array_equal(read(path, "dcrnn-pickle"), BARE)
    turned = read(path, "dcrnn-pickle", ids=IDS[::-1])
    np.testing.assert_array_equal(turned, BARE[::-1, ::-1])
    np.testing.assert_array_equal(read(path, "dcrnn-pickle", ids=("0", "1", "2"), named=False), BARE)


class Hostile:
    """Writes a file when it is unpickled by pickle itself."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return os.mkdir, (str(self.path),)


def test_hostile_pickle_is_not_run(tmp_path: Path) -> None:
    """A pickle that would run a command is refused, and the command is not run."""
    target = tmp_path / "proof"
    path = tmp_path / "adj_mx.pkl"
    path.write_bytes(pickle.dumps([list(IDS), {}, Hostile(target)]))
    with pytest.raises(DataError, match=r"asks for \w+\.mkdir"):
        read_pickled_graph(path)
    assert not target.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x80\x02garbage", "does not read"),
        (b"", "does not read"),
        (pickle.dumps([1, 2]), "not DCRNN's list"),
        (pickle.dumps([["a"], {}, WEIGHTS]), r"1 ids for a matrix of shape \(3, 3\)"),
        (pickle.dumps([OrderedDict(), {}, WEIGHTS]), "asks for collections.OrderedDict"),
        (pickle.dumps([list(IDS), {}, WEIGHTS.astype(object)]), "type object"),
    ],
)
def test_other_pickles_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """Damaged pickles and pickles of other things."""
    path = tmp_path / "adj_mx.pkl"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_pickled_graph(path)


@given(content=st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_no_pickle_ends_in_anything_but_a_sentence(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Random bytes are refused with a DataError, never with another exception."""
    path = tmp_path_factory.mktemp("pkl") / "adj_mx.pkl"
    path.write_bytes(content)
    with pytest.raises(DataError):
        read_pickled_graph(path)


def test_ids_file(tmp_path: Path) -> None:
    """Ids in one line with commas, as DCRNN writes them, or one in each line."""
    assert read_ids(write(tmp_path / "a.txt", "11,12,13")) == IDS
    assert read_ids(write(tmp_path / "b.txt", *IDS)) == IDS


def test_a_graph_of_more_sensors_is_joined_by_id(tmp_path: Path) -> None:
    """A part of METR-LA's readings has the whole of its graph; without ids nothing says which sensors they are."""
    path = tmp_path / "adj_mx.pkl"
    path.write_bytes(pickle.dumps([list(IDS), {one: i for i, one in enumerate(IDS)}, WEIGHTS]))
    np.testing.assert_array_equal(read(path, "dcrnn-pickle", ids=(IDS[2], IDS[0])), BARE[np.ix_([2, 0], [2, 0])])
    with pytest.raises(DataError, match="ids do not join them; give both the same sensors, or both ids"):
        read(path, "dcrnn-pickle", ids=("0", "1"), named=False)


@pytest.mark.parametrize(("name", "nodes", "edges"), [("metr-la", 29, 152), ("pems-bay", 67, 129)])
def test_parts_of_the_public_networks_have_their_roads(name: str, nodes: int, edges: int) -> None:
    source = load_series(name, real_data(name))
    assert source.values.shape[1] == nodes
    assert (source.adjacency > 0).sum() == edges
