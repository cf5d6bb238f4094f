"""Arrays in the file formats that traffic data is published in."""

import pickle
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from kdsearch.data.readers import read_array
from kdsearch.errors import DataError, DataQuestion

VALUES = np.array([[64.375, 67.625, 67.0], [62.5, 60.0, 61.125]], dtype=np.float32)
STAMPS = ["2012-03-01 00:00:00", "2012-03-01 00:05:00"]


def write(path: Path, *lines: str) -> Path:
    """A text file of these lines."""
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_npz_with_key_and_axes(tmp_path: Path) -> None:
    """Axes in another order are brought to (step, node, channel)."""
    path = tmp_path / "r.npz"
    data = np.arange(24, dtype=np.float64).reshape(4, 3, 2)
    np.savez(path, data=data, other=np.zeros(1))
    np.testing.assert_array_equal(read_array(path, key="data").values, data.astype(np.float32))
    turned = read_array(path, key="data", axes="channel node step").values
    np.testing.assert_array_equal(turned, data.transpose(2, 1, 0))


def test_the_cells_of_a_grid_are_nodes_row_by_row(tmp_path: Path) -> None:
    """In whatever order the axes are; without channels there is one."""
    cube = np.arange(4 * 3 * 2 * 5, dtype=np.float32).reshape(4, 3, 2, 5)
    np.savez(tmp_path / "r.npz", cube=cube, plane=cube[:, 0])
    readings = read_array(tmp_path / "r.npz", key="cube", axes="step channel row column")
    assert (readings.grid, readings.values.shape) == ((2, 5), (4, 10, 3))
    assert readings.values[3, 1 * 5 + 4, 2] == cube[3, 2, 1, 4]
    turned = read_array(tmp_path / "r.npz", key="plane", axes="column step row")
    assert (turned.grid, turned.values.shape) == ((5, 4), (2, 20, 1))
    assert turned.values[1, 4 * 4 + 3, 0] == cube[3, 0, 1, 4]
    assert read_array(tmp_path / "r.npz", key="plane").grid is None


@pytest.mark.parametrize(
    ("key", "axes", "message"),
    [
        (
            None,
            None,
            r"several arrays: data \(4 x 3\), words \(2 of type <U1\), cube \(1 x 1 x 1 x 1\), .*; write key = ",
        ),
        ("flow", None, r"holds no 'flow': data \(4 x 3\), .*; write key = \"data\" or key = \"cube\""),
        ("data", "node step channel", r"shape \(4, 3\), which cannot be 'node step channel'"),
        ("data", "node time", "cannot be 'node time'"),
        ("words", None, "save the readings as plain numbers"),
        ("cube", None, r"shape \(1, 1, 1, 1\), whose axes may be those of a grid; write axes = "),
        ("cube", "step node", r"shape \(1, 1, 1, 1\), which cannot be 'step node'; .* \"step channel row column\""),
        ("more", None, "an array of 5 axes; save steps, sensors and, if any, channels"),
    ],
)
def test_npz_mistakes(tmp_path: Path, key: str | None, axes: str | None, message: str) -> None:
    """A wrong key, wrong axes and text are refused with what is there."""
    path = tmp_path / "r.npz"
    np.savez(
        path, data=np.zeros((4, 3)), words=np.array(["a", "b"]), cube=np.zeros((1, 1, 1, 1)), more=np.zeros((1,) * 5)
    )
    with pytest.raises(DataError, match=message):
        read_array(path, key=key, axes=axes)


def test_an_array_of_one_axis_is_one_sensor(tmp_path: Path) -> None:
    """A single detector, in each kind of file."""
    np.savez(tmp_path / "r.npz", data=VALUES[0])
    np.save(tmp_path / "r.npy", VALUES[0])
    with h5py.File(tmp_path / "r.h5", "w") as file:
        file["data"] = VALUES[0]
    for name in ("r.npz", "r.npy", "r.h5"):
        np.testing.assert_array_equal(read_array(tmp_path / name).values[:, 0, 0], VALUES[0])


def test_files_of_matlab(tmp_path: Path) -> None:
    """Those in HDF5 are turned, for MATLAB counts axes from the other end; older ones are to be saved again."""
    with h5py.File(tmp_path / "r.mat", "w", userblock_size=512) as file:
        file["speed"] = np.arange(20.0).reshape(2, 10)
        file["#refs#/a"] = np.zeros(3)
    with (tmp_path / "r.mat").open("r+b") as start:
        start.write(b"MATLAB 7.3 MAT-file".ljust(512))
    with pytest.raises(DataQuestion, match=r'holds 2 rows of 10 columns, and .*; write axes = "node step"'):
        read_array(tmp_path / "r.mat")
    assert read_array(tmp_path / "r.mat", axes="node step").values[3].ravel().tolist() == [3, 13]
    (tmp_path / "r.mat").write_bytes(b"MATLAB 5.0 MAT-file".ljust(512))
    with pytest.raises(DataError, match=r"r\.mat is of MATLAB's older format; save it there with '-v7\.3'"):
        read_array(tmp_path / "r.mat")


@pytest.mark.parametrize("name", ["r.npy", "r.npz", "r.h5", "r.mat"])
def test_damaged_binary_files(tmp_path: Path, name: str) -> None:
    """A file that is not what its ending says is refused."""
    with pytest.raises(DataError, match=r"r\.(npy|npz|h5|mat) cannot be read as"):
        read_array(write(tmp_path / name, "<html>not found</html>"))


def test_absent_files(tmp_path: Path) -> None:
    """A file that is not there."""
    with pytest.raises(DataError, match="is not there"):
        read_array(tmp_path / "r.npz")


def write_fixed_frame(path: Path, key: str, kind: bytes | str, unit: str, ids: np.ndarray[Any, Any]) -> None:
    """A frame as ``DataFrame.to_hdf(format="fixed")`` lays it out, in two blocks of different order."""
    with h5py.File(path, "w") as file:
        group = file.create_group(key)
        group.attrs.update({"pandas_type": b"frame", "ndim": 2, "nblocks": 2})
        group["axis0"] = ids
        stamps = np.array(STAMPS, dtype=f"datetime64[{unit}]").astype(np.int64)
        group["axis1"] = stamps
        group["axis1"].attrs["kind"] = kind
        group["block0_items"], group["block0_values"] = ids[[2, 0]], VALUES[:, [2, 0]].astype(np.float64)
        group["block1_items"], group["block1_values"] = ids[[1]], VALUES[:, [1]].astype(np.int64)


@pytest.mark.parametrize(
    ("key", "kind", "unit", "ids"),
    [
        ("df", b"datetime64", "ns", np.array([b"773869", b"767541", b"767542"])),
        ("speed", "datetime64[us]", "us", np.array([400001, 400017, 400030])),
    ],
)
def test_pandas_fixed_frame(tmp_path: Path, key: str, kind: bytes | str, unit: str, ids: np.ndarray[Any, Any]) -> None:
    """METR-LA's and PEMS-BAY's layout, of old pandas in nanoseconds and of new pandas in its own unit."""
    path = tmp_path / "r.h5"
    write_fixed_frame(path, key, kind, unit, ids)
    readings = read_array(path, key=key)
    expected = VALUES.copy()
    expected[:, 1] = np.trunc(VALUES[:, 1])
    np.testing.assert_array_equal(readings.values[:, :, 0], expected)
    assert readings.written is not None
    np.testing.assert_array_equal(readings.written.clock, np.array(STAMPS, dtype="datetime64[s]"))
    assert readings.sensor_ids == tuple(one.decode() if isinstance(one, bytes) else str(one) for one in ids.tolist())


def write_table_frame(path: Path, names: bytes) -> None:
    """A frame as ``DataFrame.to_hdf(format="table")`` lays it out: records, column names pickled."""
    rows = np.zeros(2, dtype=[("index", "<i8"), ("values_block_0", "<f8", (3,))])
    rows["index"] = np.array(STAMPS, dtype="datetime64[ns]").astype(np.int64)
    rows["values_block_0"] = VALUES
    with h5py.File(path, "w") as file:
        table = file.create_group("df").create_dataset("table", data=rows)
        table.attrs["index_kind"] = np.bytes_(b"datetime64")
        table.attrs["values_block_0_kind"] = np.void(names)


def test_pandas_table_frame(tmp_path: Path) -> None:
    """Column names are read from the pickled attribute."""
    path = tmp_path / "r.h5"
    write_table_frame(path, pickle.dumps(["a", "b", "c"], protocol=0))
    readings = read_array(path)
    np.testing.assert_array_equal(readings.values[:, :, 0], VALUES)
    assert readings.sensor_ids == ("a", "b", "c")


def test_pickles_inside_hdf5_are_not_run(tmp_path: Path) -> None:
    """An attribute that asks for a function is refused."""
    path = tmp_path / "r.h5"
    write_table_frame(path, pickle.dumps(print, protocol=0))
    with pytest.raises(DataError, match=r"asks for .*print"):
        read_array(path)


def test_frame_without_times_is_refused(tmp_path: Path) -> None:
    """An index of whole numbers is no time."""
    path = tmp_path / "r.h5"
    write_fixed_frame(path, "df", b"integer", "ns", np.array([1, 2, 3]))
    with pytest.raises(DataError, match="index is integer, not times"):
        read_array(path)


def test_plain_hdf5_dataset(tmp_path: Path) -> None:
    """A dataset by key, with other axes; values that are not finite were not measured."""
    path = tmp_path / "r.h5"
    with h5py.File(path, "w") as file:
        file["speed"] = np.array([[1.0, np.inf, 3.0], [4.0, 5.0, 6.0]])
        file["empty"] = h5py.Empty("f")
        file.create_group("folder")
    values = read_array(path, key="speed", axes="node step").values[:, :, 0]
    np.testing.assert_array_equal(values, np.array([[1.0, 4.0], [np.nan, 5.0], [3.0, 6.0]]))
    with pytest.raises(DataQuestion, match="holds no 'folder'"):
        read_array(path, key="folder")
