"""Counts in the cells of a grid: the files of ST-ResNet's release, users' own grids, and what is wrong with some."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from kdsearch.data.catalog import CARDS, describe_completeness
from kdsearch.data.facts import facts_of
from kdsearch.data.load import find_dataset, load_series
from kdsearch.data.protocols import PROTOCOLS, split_series
from kdsearch.errors import DataError
from tests.real_data import real_data

OWN = """
interval_minutes = 60
unit = "trips/h"
channels = ["in", "out"]
negative_is_zero = true
[series]
file = "flows.h5"
key = "data"
dates = "date"
axes = "step channel row column"
[graph]
kind = "grid"
"""


def dates_of(day: str, slots: Sequence[int]) -> list[bytes]:
    """Dates as the release writes them."""
    return [f"{day}{slot:02d}".encode() for slot in slots]


def write_grid(path: Path, dates: Sequence[bytes], rows: int = 3, columns: int = 2) -> NDArray[np.float32]:
    """A file of the release's layout; counts are different everywhere."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.arange(len(dates) * 2 * rows * columns, dtype=np.float32).reshape(len(dates), 2, rows, columns)
    with h5py.File(path, "w") as file:
        file["data"] = values
        file["date"] = np.array(dates)
    return values


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """A data directory with a user's own grid: three hours of a Monday, a gap of one, two more, a negative count."""
    folder = tmp_path / "town"
    write_grid(folder / "flows.h5", dates_of("20240304", [22, 23, 24]) + dates_of("20240305", [2, 3]))
    with h5py.File(folder / "flows.h5", "r+") as file:
        file["data"][1, 0, 2, 1] = -4
    (folder / "dataset.toml").write_text(OWN, encoding="utf-8")
    return folder


def test_a_users_own_grid(town: Path) -> None:
    """Slot 01 begins at 00:00, cells go row by row, negative counts are zero, neighbours share a side."""
    series = load_series("town", town.parent)
    assert (series.grid, series.channels, series.values.shape) == ((3, 2), ("in", "out"), (5, 6, 2))
    assert [str(time) for time in series.times[[0, 2, 3]]] == [
        "2024-03-04T21:00",
        "2024-03-04T23:00",
        "2024-03-05T01:00",
    ]
    assert facts_of(series).gaps == 1
    assert series.values[0, :, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert series.values[0, :, 1].tolist() == [6, 7, 8, 9, 10, 11]
    assert series.values[1, :, 0].tolist() == [12, 13, 14, 15, 16, 0]
    expected = np.zeros((6, 6))
    for one, other in [(0, 1), (2, 3), (4, 5), (0, 2), (2, 4), (1, 3), (3, 5)]:
        expected[one, other] = expected[other, one] = 1
    np.testing.assert_array_equal(series.adjacency, expected)


def test_the_shape_of_the_grid_is_content(town: Path) -> None:
    """Cells in a row of two and the same cells in a row of three are two series."""
    first = load_series("town", town.parent)
    with h5py.File(town / "flows.h5", "r+") as file:
        values = file["data"][()]
        del file["data"]
        file["data"] = values.reshape(5, 2, 2, 3)
    second = load_series("town", town.parent)
    np.testing.assert_array_equal(first.values, second.values)
    assert second.grid == (2, 3)
    hashes = {one.content_hash for one in (first, second, replace(first, grid=(2, 3)), replace(first, grid=None))}
    assert len(hashes) == 4


def test_a_gap_is_no_day_to_drop_but_stops_windows(tmp_path: Path) -> None:
    """A day that lacks a slot keeps its other rows; no window contains the place of the lost one."""
    folder = tmp_path / "town"
    days = [f"202403{day:02d}" for day in range(1, 31)]
    dates = [date for day in days for date in dates_of(day, range(1, 25))]
    lost = 24 * 9 + 5
    write_grid(folder / "flows.h5", dates[:lost] + dates[lost + 1 :])
    (folder / "dataset.toml").write_text(OWN, encoding="utf-8")
    source = load_series("town", tmp_path)
    assert len(source.times) == 24 * 30 - 1
    series = split_series(source, PROTOCOLS["stresnet"])
    starts = np.concatenate([part.starts for part in series.splits.values()])
    assert len(starts) == 24 * 30 - 168 - 169  # of those that a whole month has, all that would see that step
    assert not ((starts < lost) & (starts + 169 > lost)).any()


def test_files_are_read_one_after_the_other(tmp_path: Path) -> None:
    """TaxiBJ is four files with months between them."""
    folder = tmp_path / "taxibj"
    days = ("20130701", "20140301", "20150301", "20151101")
    names = [f"BJ{year}_M32x32_T30_InOut.h5" for year in (13, 14, 15, 16)]
    written = [write_grid(folder / name, dates_of(day, [47, 48])) for name, day in zip(names, days, strict=True)]
    series = load_series("taxibj", tmp_path)
    assert [str(time) for time in series.times[[0, 1, 2]]] == [
        "2013-07-01T23:00",
        "2013-07-01T23:30",
        "2014-03-01T23:00",
    ]
    np.testing.assert_array_equal(series.values[4:6].transpose(0, 2, 1).reshape(2, 2, 3, 2), written[2])
    assert facts_of(series).gaps == 3
    words = "a part of the public file: 8 of 22,484 steps, 6 of 1,024 sensors"
    assert describe_completeness(CARDS["taxibj"], series) == words
    write_grid(folder / names[0], dates_of("20140301", [48]))
    with pytest.raises(
        DataError, match=rf"{names[1]}, row 2: the time 2014-03-01T23:30 is there twice .*{names[0]}, row 1"
    ):
        load_series("taxibj", tmp_path)
    write_grid(folder / names[0], dates_of("20130601", [1]), columns=3)
    with pytest.raises(DataError, match=rf"{names[1]} has other sensors or channels than {names[0]}"):
        load_series("taxibj", tmp_path)
    (folder / names[3]).unlink()
    with pytest.raises(DataError, match=rf"not complete .*; put {names[3]} \(from the links in data/TaxiBJ"):
        load_series("taxibj", tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('axes = "step channel row column"', ""), r'shape \(5, 2, 3, 2\), .*axes = "step channel row column"'),
        (("step channel row column", "step row column"), r"\(5, 2, 3, 2\), which cannot be 'step row column'"),
        (("step channel row column", "channel step row column"), "2 steps of readings and 5 dates"),
        (('dates = "date"', 'dates = "times"'), "holds no 'times'; write dates = one of data, date"),
        (('dates = "date"', ""), "town holds no times; write start"),
        (("interval_minutes = 60", "interval_minutes = 720"), r"row 1 of 'date': '2024030422' is no time; .* 01 to 02"),
        (('channels = ["in", "out"]', 'channels = ["in"]'), r"has 2 channels, its card names 1"),
        (('kind = "grid"', 'kind = "grid"\nfile = "roads.csv"'), "kind = 'grid' reads no file"),
        (('kind = "grid"', 'kind = "edges"'), r"graph: .*kind = 'edges' wants file = "),
    ],
)
def test_mistakes_in_the_description_of_a_grid(town: Path, change: tuple[str, str], message: str) -> None:
    """Each ends in one sentence with the remedy."""
    assert change[0] in OWN
    (town / "dataset.toml").write_text(OWN.replace(*change), encoding="utf-8")
    with pytest.raises(DataError, match=message):
        load_series("town", town.parent)


def test_a_graph_of_a_grid_wants_a_grid(town: Path) -> None:
    """Readings of sensors have no neighbouring cells."""
    with h5py.File(town / "flows.h5", "r+") as file:
        values = file["data"][()]
        del file["data"]
        file["data"] = values[..., 0]
    text = OWN.replace("step channel row column", "step channel node")
    (town / "dataset.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r'kind = "grid" under .graph. wants readings of a grid; write their axes'):
        load_series("town", town.parent)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (b"2024030400", "'2024030400' is no time; .*YYYYMMDDSS, with SS from 01 to 24 at 60 minutes"),
        (b"2024030425", "'2024030425' is no time"),
        (b"2024023001", "'2024023001' is no time"),
        (b"2024-03-04", "'2024-03-04' is no time"),
        (b"20240304", "'20240304' is no time"),
        (b"\xff024030401", "is no time"),
        (b"2024030422", "row 2: the time 2024-03-04T21:00 is there twice"),
    ],
)
def test_bad_dates_are_named(town: Path, written: bytes, message: str) -> None:
    """The row, what stands there and how dates are written."""
    with h5py.File(town / "flows.h5", "r+") as file:
        file["date"][1] = written
    with pytest.raises(DataError, match=message):
        load_series("town", town.parent)


def test_a_truncated_file_is_to_be_got_again(town: Path) -> None:
    """As a download leaves it that broke off."""
    content = (town / "flows.h5").read_bytes()
    (town / "flows.h5").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"flows\.h5 cannot be read as HDF5 .*get the file again"):
        load_series("town", town.parent)


@pytest.mark.parametrize("store", [lambda dates: np.array([int(date) for date in dates]), lambda dates: dates])
def test_dates_may_be_numbers_and_text(town: Path, store: Callable[[list[str]], Any]) -> None:
    """Other programs write the same dates as integers or as text."""
    before = load_series("town", town.parent).times
    with h5py.File(town / "flows.h5", "r+") as file:
        dates = [date.decode() for date in file["date"][()]]
        del file["date"]
        file["date"] = store(dates)
    np.testing.assert_array_equal(load_series("town", town.parent).times, before)


def test_real_part_of_bikenyc() -> None:
    """1,369 of 4,392 hours: dated by the file, 81 of 128 cells hold stations, the factor of the papers is 1.2571."""
    root = real_data("bikenyc")
    source = load_series("bikenyc", root)
    facts = facts_of(source)
    assert (facts.first, facts.last, facts.gaps) == ("2014-08-04T23:00", "2014-09-30T23:00", 0)
    assert (facts.shape, source.grid, facts.active_nodes) == ((1369, 128, 2), (16, 8), 81)
    assert facts.edges == 2 * (15 * 8 + 16 * 7)
    card, _ = find_dataset("bikenyc", root)
    assert describe_completeness(card, source) == "a part of the public file: 1,369 of 4,392 steps"
    series = split_series(source, PROTOCOLS["stresnet"])
    assert [len(part.starts) for part in series.splits.values()] == [848, 113, 240]
    assert str(source.times[series.splits["test"].first]) == "2014-09-21T00:00"
    assert series.active_share**-0.5 == pytest.approx(1.2571, abs=1e-4)
    inflow, outflow = source.values.sum(axis=1).T
    rising = np.gradient(inflow + outflow)
    assert np.corrcoef(outflow - inflow, rising)[0, 1] > 0.9  # trips begin before they end
