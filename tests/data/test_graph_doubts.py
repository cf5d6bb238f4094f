"""Graphs whose numbers look as if they had another unit, or were of another kind."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kdsearch.data.load import load_series
from kdsearch.errors import DataError
from tests.graphs import adjacency, dense, graph, listed, numbered, write
from tests.real_data import real_data


def ring(nodes: int, length: float) -> list[str]:
    """A list of as many roads as sensors, about that long."""
    return listed(*((one, (one + 1) % nodes, length * (1 + one / nodes)) for one in range(nodes)))


def complete(nodes: int, width: float) -> list[str]:
    """A matrix of distances between points of a square."""
    places = np.random.default_rng(0).uniform(0, width, (nodes, 2))
    return dense(np.hypot(*(places[:, None] - places).transpose(2, 0, 1)).round(3))


@pytest.mark.parametrize(
    ("lines", "kind", "message"),
    [
        (listed((0, 1, 5.2), (1, 2, 7.5), (2, 3, 11)), "edges", "5.2 to 11 m look like kilometres.*unit_metres = 1000"),
        (listed((0, 1, 0.01), (1, 2, 0.99), (2, 3, 0.5)), "edges", 'write kind = "weighted-edges" if they are weights'),
        (ring(4, 0.4), "edges", "unit_metres = 1000 if they are kilometres, 1609.344 if miles, or 1 if metres"),
        (complete(4, 12.0), "distances", "look like kilometres"),
        (dense(np.eye(4) + 0.5), "distances", 'write kind = "weights" if they are weights'),
        (ring(4, 40_000), "edges", "no two sensors are near enough for an edge, distances of 40,000 to 70,000 m"),
        (complete(4, 5e6), "distances", r"beyond 2\.63 km; write unit_metres = \.\.\. if they are not metres .*, else"),
    ],
)
def test_what_cannot_be_metres_is_asked(tmp_path: Path, lines: list[str], kind: str, message: str) -> None:
    path = write(tmp_path / "g.csv", *lines)
    with pytest.raises(DataError, match=message) as caught:
        graph(path, kind, numbered(4))
    assert "\n" not in str(caught.value)
    read = graph(path, kind, numbered(4), unit_metres=1)  # she says that they are
    assert len(read.notes) == 1


def test_a_network_of_308_stations_in_kilometres(tmp_path: Path) -> None:
    """Every pair would be an edge of weight 1."""
    path = write(tmp_path / "g.csv", *complete(308, 60.0))
    with pytest.raises(DataError, match="look like kilometres"):
        adjacency(path, "distances", numbered(308))
    weights = adjacency(path, "distances", numbered(308), unit_metres=1000)
    assert 0 < (weights > 0).mean() < 0.05


@pytest.mark.parametrize(
    ("lines", "kind", "words"),
    [
        (ring(9, 120), "edges", "nearly every edge weighs more than 0.99"),
        (complete(9, 250), "distances", "to tell near from far"),
        (ring(9, 2000), "edges", "5 of 9 sensors have no edge, for edges end at 2.63 km"),
        (ring(9, 1500), "weighted-edges", 'if they are distances, write kind = "edges"'),
        (dense([[0, 1500, 3000], [1500, 0, 0], [3000, 0, 0]]), "weights", 'if they are distances, write kind = "dist'),
        (dense(np.zeros((3, 3))), "weights", "has no weight above 0 between two sensors"),
        (dense([["0", "inf", "inf"], ["inf", "0", "inf"], ["", "", "0"]]), "distances", "has no road between two"),
    ],
)
def test_what_is_odd_is_said(tmp_path: Path, lines: list[str], kind: str, words: str) -> None:
    nodes = 9 if len(lines) > 3 else 3
    notes = graph(write(tmp_path / "g.csv", *lines), kind, numbered(nodes)).notes
    assert len(notes) == 1
    assert words in notes[0]


@pytest.mark.parametrize("length", [120.0, 40_000.0, 2e5])
def test_the_width_that_is_named_tells_near_from_far(tmp_path: Path, length: float) -> None:
    path = write(tmp_path / "g.csv", *ring(9, length))
    try:
        (words,) = graph(path, "edges", numbered(9)).notes
    except DataError as error:
        words = str(error)
    sigma2 = float(words.partition("sigma2_km2 = ")[2].split()[0])
    read = graph(path, "edges", numbered(9), sigma2_km2=sigma2)
    assert read.notes == ()
    weights = read.adjacency[read.adjacency > 0]
    assert weights.size == 18
    assert 0.5 < weights.min() < weights.max() < 0.9


@pytest.mark.parametrize(
    ("lines", "kind", "more"),
    [
        (ring(9, 600), "edges", {}),
        (ring(9, 0.6), "edges", {"unit_metres": 1000}),
        (complete(9, 3000), "distances", {}),
        (["from,to", "0,1", "1,8", "2,3", "4,5"], "edges", {}),
        (dense(np.eye(9) + np.eye(9, k=1)), "weights", {}),
        (["0"], "distances", {}),
    ],
)
def test_no_false_alarm(tmp_path: Path, lines: list[str], kind: str, more: dict[str, Any]) -> None:
    assert (
        graph(
            write(tmp_path / "g.csv", *lines), kind, numbered(min(9, len(lines)) if kind != "edges" else 9), **more
        ).notes
        == ()
    )


@pytest.mark.parametrize("name", ["pemsd7m", "pemsd8", "los-loop", "bikenyc"])
def test_no_false_alarm_on_public_networks(name: str) -> None:
    notes = load_series(name, real_data(name)).notes
    assert [note for note in notes if not note.startswith("taken from the built-in dataset")] == []


def test_no_false_alarm_on_mannheim() -> None:
    """Weights with ids in another order than the readings, and a diagonal of zeros."""
    folder = real_data("mannheim") / "mannheim"
    ids = (folder / "timeseries_data_with-NaN.csv").read_text(encoding="utf-8").split("\n", 1)[0].split(",")[1:]
    read = graph(folder / "adj_mx.csv", "weights", tuple(ids))
    assert read.notes == ()
    assert read.adjacency[ids.index("24555545"), ids.index("1946017834")] == 0.8210468373138601
