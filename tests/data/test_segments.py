"""Edge lists: headers, ids that are written otherwise, column numbers from 0 or from 1, and what is left out."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdsearch.data.sensor_names import Sensors
from kdsearch.errors import DataError
from tests.graphs import IDS, adjacency, graph, listed, numbered, write

NEAR, FAR = np.exp(-0.1), np.exp(-0.4)
CHAIN = np.array([[0, NEAR, 0], [NEAR, 0, FAR], [0, FAR, 0]])
"""11 to 12 are 1 km, 12 to 13 are 2 km."""


@pytest.mark.parametrize(
    "header",
    ["from,to,distance", "source,target,length_m", "FROM,TO,COST", "i,j,d", '"from","to","cost"', "A,B,metres"],
)
def test_a_header_has_any_names(tmp_path: Path, header: str) -> None:
    path = write(tmp_path / "e.csv", header, "11,12,1000", "12,13,2000")
    np.testing.assert_allclose(adjacency(path, "edges"), CHAIN)
    assert graph(path, "edges").notes == ()


@pytest.mark.parametrize("header", ["from,to", "Source,Target", "start,end", "u,v", "origin,destination"])
def test_a_header_of_two_columns(tmp_path: Path, header: str) -> None:
    """It is no segment, so that it is not among those left out."""
    read = graph(write(tmp_path / "e.csv", header, "11,12", "12,13"), "edges")
    np.testing.assert_array_equal(read.adjacency, CHAIN > 0)
    assert read.notes == ()


@pytest.mark.parametrize(
    "lines", [("11,12,NA", "12,13,5"), ("a,b,n/a", "b,c,5"), ("from,to,cost", "11,12,?")], ids=",".join
)
def test_a_cost_that_is_no_number_makes_no_header(tmp_path: Path, lines: tuple[str, ...]) -> None:
    with pytest.raises(DataError, match=r"column 3: .* is not a number|the cost of \w+ to \w+ is nan"):
        graph(write(tmp_path / "e.csv", *lines), "edges", (*IDS, "a", "b", "c"))


def test_a_list_of_names_without_a_header(tmp_path: Path) -> None:
    """The first line of two names is a segment like the others."""
    read = graph(write(tmp_path / "e.csv", "north,east", "east,south"), "edges", ("north", "east", "south"))
    np.testing.assert_array_equal(read.adjacency, CHAIN > 0)


@pytest.mark.parametrize(
    ("ids", "segments"),
    [
        (IDS, [("0011", "12.0", 1000), ("12.0", 13, 2000)]),
        (("0011", "0012", "0013"), [(11, 12, 1000), (12, "0013", 2000)]),
        (("11.0", "12.0", "13.0"), [(11, 12, 1000), (12, 13, 2000)]),
        (("S-11", "S-12", "S-13"), [("s-11", "S-12", 1000), ("S-12", "s-13", 2000)]),
    ],
)
def test_ids_written_otherwise(tmp_path: Path, ids: tuple[str, ...], segments: list[tuple[Any, ...]]) -> None:
    """Zeros in front, `.0` behind and capitals are no difference where no two sensors become one; it is said."""
    read = graph(write(tmp_path / "e.csv", *listed(*segments)), "edges", ids)
    np.testing.assert_allclose(read.adjacency, CHAIN)
    assert len(read.notes) == 1
    assert "of its sensors otherwise than the readings, such as" in read.notes[0]


def test_ids_that_differ_in_zeros_alone(tmp_path: Path) -> None:
    """Exact ids come first: 11 and 011 are two sensors."""
    path = write(tmp_path / "e.csv", *listed(("11", "011", 1000)))
    read = graph(path, "edges", ("011", "12", "11"))
    assert np.argwhere(read.adjacency).tolist() == [[0, 2], [2, 0]]
    assert read.notes == ()
    with pytest.raises(DataError, match="no segment joins two sensors"):
        adjacency(path, "edges", ("0011", "12", "13"))
    both = write(tmp_path / "e.csv", *listed(("0011", "12", 1000), ("11", "12", 500)))
    assert graph(both, "edges").notes == (
        "e.csv: 1 of 2 segments join no two sensors of the readings and are left out: 0011 to 12",
    )


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    """With examples, and without the self loops that some lists have."""
    path = write(
        tmp_path / "e.csv", *listed((11, 12, 1000), (12, 99, 5), (99, 98, 5), (97, 11, 5), (96, 95, 5), (99, 99, 0))
    )
    assert graph(path, "edges").notes == (
        "e.csv: 4 of 5 segments join no two sensors of the readings and are left out: "
        "12 to 99, 99 to 98, 97 to 11, ...",
    )
    assert not graph(write(tmp_path / "e.csv", *listed((11, 12, 1000), (12, 12, 0))), "edges").notes


@pytest.mark.parametrize("sensors", [numbered(3), Sensors(("400001", "400017", "400030"), named=True)])
@pytest.mark.parametrize("form", ["{}", "{}.0", "0{}"])
@pytest.mark.parametrize("first", [0, 1])
def test_column_numbers_from_0_and_from_1(tmp_path: Path, sensors: Sensors, form: str, first: int) -> None:
    """A list that names the first or the last column tells where it counts from; from 1 is said."""
    ends = [form.format(first + number) for number in range(3)]
    read = graph(
        write(tmp_path / "e.csv", *listed((ends[0], ends[1], 1000), (ends[1], ends[2], 2000))), "edges", sensors
    )
    np.testing.assert_allclose(read.adjacency, CHAIN)
    assert ["numbers the sensors from 1" in note for note in read.notes] == [True] * first


def test_a_header_of_column_numbers_is_no_obstacle(tmp_path: Path) -> None:
    """Readings saved with a header 0, 1, 2 have no other ids than column numbers."""
    path = write(tmp_path / "e.csv", *listed((1, 2, 1000), (2, 3, 2000)))
    np.testing.assert_allclose(adjacency(path, "edges", ("0", "1", "2")), CHAIN)
    assert adjacency(path, "edges", ("1", "2", "3"))[0, 1] == NEAR
    ids = write(tmp_path / "e.csv", *listed((1, 2, 1000)))
    assert adjacency(ids, "edges", ("0", "1", "2", "3"))[1, 2] == NEAR


@pytest.mark.parametrize(
    ("segments", "sensors", "message"),
    [
        ([(0, 1, 1000), (2, 3, 1000)], numbered(3), "its ends are 0 to 3, and the readings have 3 sensors, not 4"),
        ([(1, 2, 1000)], numbered(4), "which may be counted from 0 or from 1; write first_node = 0 or first_node = 1"),
        ([(0, 7, 1000)], numbered(3), "its end 7 is no column of the readings, which are 0 to 2"),
        ([(1, 7, 1000)], numbered(3), "its end 7 is no column of the readings"),
        ([("", 1, 1000)], numbered(3), "line 2: an end of the segment is empty"),
        ([("a", 1, 1000)], numbered(3), "its end 'a' is no column number, and the readings have no ids .* ids_file"),
        ([(-1, 1, 1000)], numbered(3), "its end '-1' is no column number"),
        ([(0, 1, 1000), (1, 2, 1000)], Sensors(("1", "2", "3"), named=True), "for 0 is no id .* first_node = 0"),
        ([(401, 402, 1000)], Sensors(("A", "B"), named=True), "it names '401', the readings name 'A'"),
        ([(11, 11, 0)], Sensors(IDS, named=True), "no segment joins two sensors"),
    ],
)
def test_what_is_not_certain_is_asked(
    tmp_path: Path, segments: list[tuple[Any, ...]], sensors: Sensors, message: str
) -> None:
    path = write(tmp_path / "e.csv", *listed(*segments))
    with pytest.raises(DataError, match=message) as caught:
        graph(path, "edges", sensors)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("first", "edge"), [(0, [1, 2]), (1, [0, 1])])
def test_the_answer_is_taken(tmp_path: Path, first: int, edge: list[int]) -> None:
    """`first_node` says where a list counts from, and that its ends are column numbers rather than ids."""
    path = write(tmp_path / "e.csv", *listed((1, 2, 1000)))
    for sensors in (numbered(4), Sensors(("1", "2", "3", "4"), named=True)):
        read = graph(path, "edges", sensors, first_node=first)
        assert np.argwhere(np.triu(read.adjacency)).tolist() == [edge]
    with pytest.raises(DataError, match="its end 0 is no column of the readings, which are 1 to 3"):
        graph(write(tmp_path / "e.csv", *listed((0, 1, 9))), "edges", numbered(3), first_node=1)


@pytest.mark.parametrize("first", [0, 1])
def test_rows_that_are_sensors(tmp_path: Path, first: int) -> None:
    """A list of 20 sensors beside readings of 20 steps and 29,952 columns; nothing of 29,952 x 29,952 is made."""
    path = write(tmp_path / "e.csv", *listed(*((first + one, first + one + 1, 400) for one in range(19))))
    with pytest.raises(DataError, match=r'20 steps of 29,952 sensors; .*axes = "node step"'):
        graph(path, "edges", numbered(29_952, steps=20))
    with pytest.raises(DataError, match=r'2,000,000 sensors takes .*names 20; .*axes = "node step"'):
        graph(path, "edges", numbered(2_000_000, steps=7), first_node=first)


def test_a_list_of_few_columns_is_said(tmp_path: Path) -> None:
    read = graph(write(tmp_path / "e.csv", *listed((0, 1, 1000), (1, 2, 2000))), "edges", numbered(5))
    assert read.notes == ("e.csv names 3 of 5 sensors, the others have no road",)
    read = graph(write(tmp_path / "e.csv", *listed((0, 9, 1000))), "edges", numbered(10, steps=7))
    assert read.notes[0].startswith("e.csv names 2 of 10 sensors, the others have no road; if the readings have a row")


def test_weights_in_a_list(tmp_path: Path) -> None:
    """They are taken as they stand, in both directions, the larger of two."""
    path = write(tmp_path / "e.csv", "from,to,weight", "11,12,0.25", "12,11,0.5", "12,13,0.01", "13,13,1")
    expected = np.array([[0, 0.5, 0], [0.5, 0, 0.01], [0, 0.01, 0]])
    np.testing.assert_array_equal(adjacency(path, "weighted-edges"), expected)
    one_way = adjacency(path, "weighted-edges", symmetric=False)
    assert (one_way[0, 1], one_way[1, 0]) == (0.25, 0.5)


@pytest.mark.parametrize(
    ("line", "message"),
    [("11,12", "has no column of weights"), ("11,12,-1", "weight of 11 to 12 is -1.0"), ("11,12,inf", "is inf")],
)
def test_what_is_no_weight(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        adjacency(write(tmp_path / "e.csv", line), "weighted-edges")


@given(ids=st.permutations([*IDS, "99", "007"]), lines=st.permutations([(11, 12, 1000), (12, 13, 2000), (99, 7, 500)]))
@settings(max_examples=30, deadline=None)
def test_neither_order_matters(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], lines: list[tuple[int, int, int]]
) -> None:
    """A sensor's edges are its own, wherever it stands in the readings and in the list."""
    path = write(tmp_path_factory.mktemp("e") / "e.csv", *listed(*lines))
    weights = adjacency(path, "edges", tuple(ids))
    for start, end, metres in lines:
        one, other = (next(place for place, name in enumerate(ids) if int(name) == end) for end in (start, end))
        assert weights[one, other] == weights[other, one] == np.exp(-((metres / 1000) ** 2) / 10)
    assert (weights > 0).sum() == 6
