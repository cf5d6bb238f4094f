"""HDF5 files of readings: nested names, frames of pandas, and what is none of these."""

import pickle
import zoneinfo
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from kdsearch.data import hdf5_files
from kdsearch.data.hdf5_files import read_hdf5
from kdsearch.data.load import load_series
from kdsearch.errors import DataError, DataQuestion

VALUES = np.arange(12.0).reshape(3, 4)
STAMPS = np.array(["2024-03-01T00:00", "2024-03-01T00:15", "2024-03-01T00:30"], dtype="datetime64[ns]")


def write_fixed(group: Any, **attributes: Any) -> None:
    """A frame as pandas writes it with ``format="fixed"``; attributes are those of its index."""
    group.attrs.update({"pandas_type": b"frame", "nblocks": 1})
    group["axis0"] = group["block0_items"] = np.array([b"a", b"b", b"c", b"d"])
    group["axis1"] = STAMPS.astype(np.int64)
    group["axis1"].attrs.update({"kind": b"datetime64", **attributes})
    group["block0_values"] = VALUES


def write_table(group: Any, columns: dict[str, tuple[list[str], Any, str]], info: Any = None) -> None:
    """A frame as pandas writes it with ``format="table"``: fields of a record with the columns that each one holds."""
    record = [("index", "<i8")]
    record += [(name, values.dtype.str, values.shape[1:]) for name, (_, values, _) in columns.items()]  # type: ignore[misc]
    rows = np.zeros(3, dtype=record)
    rows["index"] = STAMPS.astype(np.int64)
    for name, (_, values, _) in columns.items():
        rows[name] = values
    group.attrs["pandas_type"] = b"frame_table"
    group.attrs["info"] = np.void(pickle.dumps({1: {"names": [None]}, "index": info or {}}, protocol=0))
    group["table"] = rows
    group["table"].attrs["index_kind"] = b"datetime64"
    for name, (names, _, kind) in columns.items():
        group["table"].attrs[f"{name}_kind"] = np.void(pickle.dumps(names, protocol=0))
        group["table"].attrs[f"{name}_dtype"] = kind


@pytest.mark.parametrize("key", ["traffic/speed", "/traffic/speed", "traffic/speed/", "traffic/frame", None])
def test_nested_names(tmp_path: Path, key: str | None) -> None:
    """Datasets and frames inside groups; the only one needs no name."""
    with h5py.File(tmp_path / "r.h5", "w") as file:
        if key is None or "speed" in key:
            file["traffic/speed"] = VALUES
        if key is not None:
            write_fixed(file.create_group("traffic/frame"))
    frame = read_hdf5(tmp_path / "r.h5", key)
    np.testing.assert_array_equal(frame.values, VALUES)
    assert (frame.sensor_ids is None) == (key != "traffic/frame")


def test_the_names_are_listed_whole(tmp_path: Path) -> None:
    """Nested datasets and frames, not the parts of a frame; of many, the first."""
    path = tmp_path / "r.h5"
    with h5py.File(path, "w") as file:
        file["traffic/speed"] = VALUES
        write_fixed(file.create_group("data/flow"))
        write_table(file.create_group("data/table"), {"values_block_0": (list("abcd"), VALUES, "float64")})
    listed = r"traffic/speed \(3 x 4\), data/flow \(frame\), data/table \(frame\)"
    with pytest.raises(DataQuestion, match=f"holds several arrays: {listed}; write key = ") as caught:
        read_hdf5(path)
    assert (caught.value.key, caught.value.choices) == ("key", ("data/flow", "data/table", "traffic/speed"))
    for absent in ("speed", "data"):  # a group is none
        with pytest.raises(DataQuestion, match=f"holds no '{absent}': {listed}"):
            read_hdf5(path, absent)
    with h5py.File(path, "w") as file:
        for number in range(30):
            file[f"sensor{number}"] = VALUES
    with pytest.raises(DataQuestion, match=r"sensor26 \(3 x 4\) and 10 more; write key = "):
        read_hdf5(path)


def test_a_file_of_too_many_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are not all looked at."""
    monkeypatch.setattr(hdf5_files, "MOST_NAMES", 10)
    with h5py.File(tmp_path / "r.h5", "w") as file:
        for number in range(30):
            file.create_group(f"group{number}")
    with pytest.raises(DataError, match="holds more than 10 names"):
        read_hdf5(tmp_path / "r.h5")


def test_columns_of_a_table_in_fields_of_their_own(tmp_path: Path) -> None:
    """What pandas calls data_columns: none is lost."""
    with h5py.File(tmp_path / "r.h5", "w") as file:
        columns = {
            "values_block_0": (["a", "d"], VALUES[:, [0, 3]], "float64"),
            "b": (["b"], VALUES[:, 1], "float64"),
            "c": (["c"], VALUES[:, 2].astype(np.int64), "int64"),
        }
        write_table(file.create_group("df"), columns)
    frame = read_hdf5(tmp_path / "r.h5")
    assert frame.sensor_ids == ("a", "d", "b", "c")
    np.testing.assert_array_equal(frame.values, VALUES[:, [0, 3, 1, 2]])


@pytest.mark.parametrize("layout", ["fixed", "table"])
@pytest.mark.parametrize("kind", ["datetime64[ns]", "timedelta64[us]"])
def test_columns_of_times_are_refused(tmp_path: Path, layout: str, kind: str) -> None:
    """They are stored as whole numbers, which are no readings."""
    with h5py.File(tmp_path / "r.h5", "w") as file:
        group = file.create_group("df")
        if layout == "table":
            write_table(group, {"values_block_0": (["when"], STAMPS.astype(np.int64)[:, None], kind)})
        else:
            write_fixed(group)
            group["block0_values"].attrs["value_type"] = kind
    name = "when" if layout == "table" else "a"
    with pytest.raises(
        DataError, match=rf"df of .*: the column '{name}' holds {kind[:9]}.*, no readings; leave it out"
    ):
        read_hdf5(tmp_path / "r.h5")


@pytest.mark.parametrize("layout", ["fixed", "table"])
@pytest.mark.parametrize(
    ("zone", "name"),
    [
        ("America/Los_Angeles", "America/Los_Angeles"),
        (zoneinfo.ZoneInfo("Europe/Berlin"), "Europe/Berlin"),
        (timezone(timedelta(hours=9)), ""),
        ("UTC", "UTC"),
    ],
)
def test_zones_of_an_index_are_seen(tmp_path: Path, layout: str, zone: Any, name: str) -> None:
    """As text, or as the object that pandas pickles, which is not rebuilt."""
    with h5py.File(tmp_path / "r.h5", "w") as file:
        group = file.create_group("df")
        if layout == "table":
            write_table(group, {"values_block_0": (list("abcd"), VALUES, "float64")}, {"tz": zone, "index_name": None})
        elif isinstance(zone, zoneinfo.ZoneInfo):
            write_fixed(group, tz=str(zone).encode())
        else:
            write_fixed(group, tz=zone.encode() if isinstance(zone, str) else np.void(pickle.dumps(zone, protocol=0)))
    if name:
        assert read_hdf5(tmp_path / "r.h5").zone == name
        return
    with pytest.raises(DataError, match=r"the zone of the frame's times is not known; save them by frame\.tz_local"):
        read_hdf5(tmp_path / "r.h5")


def test_times_with_a_zone_become_local(tmp_path: Path) -> None:
    """They are stored in UTC; the frame's own zone, or the place's, tells the clock."""
    for place, zone, top, first in (
        ("own", b"America/Los_Angeles", "", "2024-02-29T16:00"),
        ("told", b"UTC", 'timezone = "Europe/Berlin"\n', "2024-03-01T01:00"),
    ):
        folder = tmp_path / place
        folder.mkdir()
        with h5py.File(folder / "r.h5", "w") as file:
            write_fixed(file.create_group("df"), tz=zone)
        (folder / "dataset.toml").write_text(
            f'{top}interval_minutes = 15\nunit = "km/h"\nchannels = ["speed"]\n[series]\nfile = "r.h5"\n'
            '[graph]\nkind = "none"\n',
            encoding="utf-8",
        )
        assert str(load_series(str(folder)).times[0]) == first
    (folder / "dataset.toml").write_text((folder / "dataset.toml").read_text().replace(top, ""))
    with pytest.raises(DataQuestion, match='are in UTC; write timezone = "Europe/Berlin"'):
        load_series(str(folder))


def test_pandas_objects_that_are_no_plain_frames(tmp_path: Path) -> None:
    """A series, several levels of rows or columns, a column twice."""
    path = tmp_path / "r.h5"
    with h5py.File(path, "w") as file:
        file.create_group("series").attrs["pandas_type"] = b"series"
        file.create_group("levels").attrs["pandas_type"] = b"frame"
        write_fixed(file.create_group("twice"))
        file["twice/axis0"][1] = b"a"
    for key, sentence in (
        ("series", "is a pandas Series; save a frame"),
        ("levels", "has rows or columns of several levels"),
        ("twice", "has a column twice"),
    ):
        with pytest.raises(DataError, match=sentence):
            read_hdf5(path, key)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (5.0, "holds a single number"),
        (np.zeros((0, 4)), "holds no readings"),
        (np.array([[b"a", b"b"]]), "holds text"),
        (np.zeros((3, 4), dtype=complex), "holds complex numbers"),
        (np.zeros(3, dtype=[("a", "f8")]), "holds records of several fields"),
        (h5py.Empty("f8"), "is empty"),
        ("words", "holds Python objects|holds text"),
    ],
)
def test_datasets_that_are_no_readings(tmp_path: Path, content: Any, sentence: str) -> None:
    """Named with what they hold."""
    with h5py.File(tmp_path / "r.h5", "w") as file:
        file["data"] = content
    with pytest.raises(DataError, match=rf"data of .*r\.h5 ({sentence})"):
        read_hdf5(tmp_path / "r.h5")


@pytest.mark.parametrize("fill", [None, -1.0, np.nan])
def test_a_dataset_that_was_written_in_part(tmp_path: Path, fill: float | None) -> None:
    """What was made larger and never written reads as its fill value, which is no reading unless it is NaN."""
    path = tmp_path / "r.h5"
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("speed", (40, 4), "f4", chunks=(4, 4), fillvalue=fill)
        dataset[:4] = 61.5
    if fill is not None and np.isnan(fill):
        assert np.isfinite(read_hdf5(path).values).sum() == 16
        return
    with pytest.raises(DataError, match=r"speed of .*: only 10 % of it was ever written, the rest reads as one number"):
        read_hdf5(path)


def test_a_file_without_datasets(tmp_path: Path) -> None:
    """Nothing is in it, or groups alone."""
    with h5py.File(tmp_path / "r.h5", "w") as file:
        file.create_group("a/b")
    with pytest.raises(DataError, match="holds no array; save the readings into it"):
        read_hdf5(tmp_path / "r.h5")


@pytest.mark.parametrize("cut", [100, 700, 2000, 3500])
def test_files_that_are_cut_off(tmp_path: Path, cut: int) -> None:
    """Wherever it ends."""
    path = tmp_path / "r.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("data", data=np.random.default_rng(0).random((100, 4)), chunks=(10, 4), compression="gzip")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DataError, match=r"cannot be read as HDF5 .*; get the file again"):
        read_hdf5(path)
