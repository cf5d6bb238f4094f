"""A distance of 0 between two sensors, which one file writes for "no road" and another for "one place"."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdsearch.data.graph import adjacency_from_distances
from kdsearch.errors import DataError
from tests.graphs import adjacency, dense, graph, listed, numbered, write
from tests.real_data import real_data

CHAIN = [[0, 500, 0, 0], [500, 0, 600, 0], [0, 600, 0, 700], [0, 0, 700, 0]]
EVEN = [[0, 500, 0, 0], [500, 0, 500, 0], [0, 500, 0, 500], [0, 0, 500, 0]]
DIRECTED = [[0, 500, 0, 0], [0, 0, 600, 0], [0, 0, 0, 700], [800, 0, 0, 0]]
PAIR = [[0, 0, 500, 800, 1300], [0, 0, 500, 800, 1300], [500, 500, 0, 300, 800], [800, 800, 300, 0, 500]]
PAIR += [[1300, 1300, 800, 500, 0]]
"""The first two of five sensors are at one place."""
RING = [[0, 500, 0, 500], [500, 0, 500, 0], [0, 500, 0, 500], [500, 0, 500, 0]]
"""Two and two are at one place, or the four are a ring."""


@pytest.mark.parametrize("rows", [CHAIN, EVEN, DIRECTED], ids=["chain", "even chain", "one way"])
def test_no_road(tmp_path: Path, rows: list[list[float]]) -> None:
    """Sensors that were at one place would have the same distances to the others: these have not."""
    read = graph(write(tmp_path / "d.csv", *dense(rows)), "distances", numbered(4))
    expected = adjacency_from_distances(np.where(np.array(rows) == 0, np.inf, rows))
    np.testing.assert_array_equal(read.adjacency, expected)
    assert (read.adjacency > 0).sum() == np.count_nonzero(rows)
    assert "pairs of sensors, is read as no road; if they are at one place, write zero_is" in read.notes[0]


def test_one_place(tmp_path: Path) -> None:
    """Two sensors that are equally far from all others."""
    read = graph(write(tmp_path / "d.csv", *dense(PAIR)), "distances", numbered(5))
    assert read.adjacency[0, 1] == 1
    assert (read.adjacency > 0).sum() == 20
    assert "distance 0, between 1 pair of sensors that are equally far from all others" in read.notes[0]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (RING, "distance 0, between 2 pairs of sensors such as 0 and 2, may mean"),
        ([[0, 0], [0, 0]], "distance 0, between 1 pair of sensors such as 0 and 1, may mean"),
        ([[0, 500, 0], [500, 0, 500], [0, 500, 0]], 'write zero_is = "no road" or zero_is = "same place"'),
    ],
)
def test_what_is_not_certain_is_asked(tmp_path: Path, rows: list[list[float]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        graph(write(tmp_path / "d.csv", *dense(rows)), "distances", numbered(len(rows)))


@pytest.mark.parametrize("rows", [CHAIN, EVEN, DIRECTED, PAIR, RING])
@pytest.mark.parametrize("meaning", ["no road", "same place"])
def test_the_answer_is_taken(tmp_path: Path, rows: list[list[float]], meaning: str) -> None:
    path = write(tmp_path / "d.csv", *dense(rows))
    read = graph(path, "distances", numbered(len(rows)), zero_is=meaning)
    roads = np.count_nonzero(rows) if meaning == "no road" else len(rows) * (len(rows) - 1)
    assert (read.adjacency > 0).sum() == roads
    assert read.notes == ()


@pytest.mark.parametrize("mark", [-1, "-1.0", "inf", "", "nan"])
def test_other_marks_of_no_road(tmp_path: Path, mark: Any) -> None:
    """Infinite and empty cells, and -1, which is said."""
    lines = [
        ",".join(str(mark if (value == 0 and one != other) else value) for other, value in enumerate(row))
        for one, row in enumerate(CHAIN)
    ]
    read = graph(write(tmp_path / "d.csv", *lines), "distances", numbered(4))
    assert (read.adjacency > 0).sum() == 6
    assert read.notes == (("d.csv: 6 distances of -1 are read as no road",) if "-1" in str(mark) else ())


@pytest.mark.parametrize("mark", [0, -1, "inf"])
def test_all_pairs_in_a_list(tmp_path: Path, mark: Any) -> None:
    """The chain as a list of all its pairs."""
    pairs = [(one, other, CHAIN[one][other] or mark) for one in range(4) for other in range(4) if one != other]
    read = graph(write(tmp_path / "e.csv", *listed(*pairs)), "edges", numbered(4))
    np.testing.assert_array_equal(
        read.adjacency, adjacency(write(tmp_path / "d.csv", *dense(CHAIN)), "distances", numbered(4))
    )
    assert len(read.notes) == (mark != "inf")


def test_a_road_of_no_length_in_a_list(tmp_path: Path) -> None:
    """Nothing says what it means: it is asked. A self loop is none."""
    path = write(tmp_path / "e.csv", *listed((0, 1, 500), (1, 2, 0), (2, 3, 700), (3, 3, 0)))
    with pytest.raises(DataError, match="between 1 pair of sensors such as 1 and 2, may mean"):
        adjacency(path, "edges", numbered(4))
    assert adjacency(path, "edges", numbered(4), zero_is="same place")[1, 2] == 1
    assert adjacency(path, "edges", numbered(4), zero_is="no road")[1, 2] == 0


@given(seed=st.integers(0, 2**32 - 1), nodes=st.integers(8, 20))
@settings(max_examples=40, deadline=None)
def test_networks_of_either_kind(tmp_path_factory: pytest.TempPathFactory, seed: int, nodes: int) -> None:
    """A sparse network has its roads alone; distances between points, of which two are at one place, keep them all."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, 3000, (nodes, 2)).round(1)
    metres = np.hypot(*(places[:, None] - places).transpose(2, 0, 1)).round(2)
    roads = np.triu(rng.random((nodes, nodes)) < 2 / nodes, 1) | np.eye(nodes, k=1, dtype=bool)
    roads |= roads.T
    folder = tmp_path_factory.mktemp("d")
    sparse_file = write(folder / "s.csv", *dense(np.where(roads, metres, 0)))
    np.testing.assert_array_equal(
        adjacency(sparse_file, "distances", numbered(nodes)), adjacency_from_distances(np.where(roads, metres, np.inf))
    )
    metres[1], metres[:, 1] = metres[0], metres[:, 0]
    metres[1, 1] = metres[0, 1] = metres[1, 0] = 0
    complete = write(folder / "c.csv", *dense(metres))
    np.testing.assert_array_equal(adjacency(complete, "distances", numbered(nodes)), adjacency_from_distances(metres))


def test_the_stations_of_pemsd7m_at_one_place() -> None:
    """17 pairs of its stations are there by their coordinates; a folder of one's own reads them so, and says it."""
    path = real_data("pemsd7m-graph") / "pemsd7m-graph" / "W_228.csv"
    read = graph(path, "distances", numbered(228))
    assert (read.adjacency == 1).sum() == 34
    assert read.notes == (
        "W_228.csv: distance 0, between 17 pairs of sensors that are equally far from all others, is read as one "
        'place; if there is no road between them, write zero_is = "no road" under [graph] in dataset.toml',
    )
