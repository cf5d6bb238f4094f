"""Files of arrays: npz and HDF5, pandas' own HDF5 layouts among them."""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from kdsearch.data.pickles import unpickled
from kdsearch.data.readings import float32_of
from kdsearch.data.time_text import WrittenTimes
from kdsearch.data.unpack import must_exist
from kdsearch.errors import DataError, DataQuestion

__all__ = ["ARRAY_SUFFIXES", "Array", "read_array"]

ARRAY_SUFFIXES = (".npz", ".h5", ".hdf5")
AXES = ("step", "node", "channel")
GRID_AXES = ("step", "row", "column", "channel")


@dataclass(frozen=True)
class Array:
    """The readings of an array file.

    Attributes:
        values: ``(step, node, channel)`` float32, NaN where a value is not finite.
        written: Times of the rows as the file has them; None where it has none.
        zone: Zone of these times where the file names one.
        sensor_ids: One for each node, None where the file holds none.
        grid: Rows and columns where the nodes are the cells of a grid, row by row; else None.
    """

    values: NDArray[np.float32]
    written: WrittenTimes | None = None
    zone: str | None = None
    sensor_ids: tuple[str, ...] | None = None
    grid: tuple[int, int] | None = None


def read_array(path: Path, key: str | None = None, axes: str | None = None) -> Array:
    """Read a `.npz`, `.h5` or `.hdf5` file.

    Args:
        path: The file.
        key: Array or frame inside the file; may be left out where there is only one.
        axes: Order of the axes such as "node step" or "step channel row column"; "step node" or "step node channel" if
            absent.

    Raises:
        DataError: The file is absent, damaged, or not as described.
        DataQuestion: It may have its sensors in rows.
    """
    must_exist(path)
    found = Array(_read_npz(path, key)) if path.suffix.lower() == ".npz" else _read_hdf5(path, key)
    values, grid = _in_order(found.values, axes, path)
    if axes is None and found.written is None and values.shape[0] < values.shape[1]:
        raise DataQuestion(
            f"{path} holds {values.shape[0]} rows of {values.shape[1]} columns, and rows are to be steps",
            "axes",
            ["node step", "step node"] if found.values.ndim == 2 else ["node step channel", "step node channel"],
        )
    return Array(values, found.written, found.zone, found.sensor_ids, grid)


def _read_npz(path: Path, key: str | None) -> NDArray[np.float32]:
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path} is not an npz file; get the file again")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return float32_of(arrays[_only(path, key, list(arrays.files))], path)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} cannot be read as npz ({error}); get the file again") from error


def _only(path: Path, key: str | None, keys: list[str]) -> str:
    if key is None and len(keys) == 1:
        return keys[0]
    if key is None or key not in keys:
        wanted = "more than one array" if key is None else f"no {key!r}"
        raise DataError(f"{path} holds {wanted}; write key = one of {', '.join(keys)} under [series] in dataset.toml")
    return key


def _read_hdf5(path: Path, key: str | None) -> Array:
    try:
        with h5py.File(path) as file:
            name = _only(path, key, list(file))
            node = file[name]
            if isinstance(node, h5py.Dataset):
                return Array(float32_of(node[()], path))
            if "table" in node:
                return _read_pandas_table(node, path)
            if "axis0" in node:
                return _read_pandas_fixed(node, path)
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{path} cannot be read as HDF5 ({error}); get the file again") from error
    raise DataError(f"{path}: {name!r} is neither a dataset nor a pandas frame; write another key in dataset.toml")


def _read_pandas_fixed(group: Any, path: Path) -> Array:
    """Read ``DataFrame.to_hdf(format="fixed")``: axis0 names columns, axis1 rows, blocks hold one dtype each."""
    ids = [_text(one) for one in group["axis0"][()]]
    index = group["axis1"]
    times, zone = _pandas_times(index[()], index.attrs.get("kind", ""), path), _zone(index.attrs.get("tz"), path)
    column = {one: index for index, one in enumerate(ids)}
    values = np.full((len(index), len(ids)), np.nan, dtype=np.float32)
    for block in range(int(group.attrs.get("nblocks", 1))):
        columns = [column[_text(one)] for one in group[f"block{block}_items"][()]]
        values[:, columns] = float32_of(group[f"block{block}_values"][()], path)
    return Array(values, times, zone, tuple(ids))


def _read_pandas_table(group: Any, path: Path) -> Array:
    """Read ``DataFrame.to_hdf(format="table")``: a record for each row, column names pickled in attributes."""
    table = group["table"]
    rows = table[()]
    times = _pandas_times(rows["index"], table.attrs.get("index_kind", ""), path)
    about = unpickled(bytes(table.attrs["info"]), path) if "info" in table.attrs else {}
    zone = _zone(about.get("index", {}).get("tz") if isinstance(about, dict) else None, path)
    blocks, ids = [], list[str]()
    for name in rows.dtype.names:
        if name.startswith("values_block_"):
            blocks.append(float32_of(rows[name], path).reshape(len(rows), -1))
            ids += [_text(one) for one in unpickled(bytes(table.attrs[f"{name}_kind"]), path)]
    return Array(np.concatenate(blocks, axis=1), times, zone, tuple(ids))


def _pandas_times(stored: NDArray[np.int64], kind: Any, path: Path) -> WrittenTimes | None:
    """Read the index of a pandas frame; None where it only numbers the rows."""
    name = _text(kind)
    if name == "integer" and np.array_equal(stored, np.arange(len(stored))):
        return None
    if not name.startswith("datetime64"):
        raise DataError(
            f"{path}: the frame's index is {name or 'of no known kind'}, not times; give it a DatetimeIndex"
        )
    unit = "datetime64[ns]" if name == "datetime64" else name  # pandas before 3 knew nanoseconds only
    return WrittenTimes(np.asarray(stored.astype(np.int64).view(unit).astype("datetime64[s]")))


def _zone(stored: Any, path: Path) -> str | None:
    """Read the zone of a pandas index, whose times are stored in UTC."""
    if stored is None or (isinstance(stored, h5py.Empty)):
        return None
    if isinstance(stored, np.void):
        stored = stored.tobytes()
    if isinstance(stored, bytes) and stored.endswith(b"."):
        stored = unpickled(stored, path)
    return _text(stored)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _in_order(
    values: NDArray[np.float32], axes: str | None, path: Path
) -> tuple[NDArray[np.float32], tuple[int, int] | None]:
    """Order values as ``(step, node, channel)``, NaN where they are not finite; give rows and columns of a grid too."""
    names = tuple(axes.split()) if axes else AXES[: values.ndim]
    known = {frozenset(order): order for order in (AXES, AXES[:2], GRID_AXES, GRID_AXES[:3])}
    order = known.get(frozenset(names), ())
    if not len(order) == len(names) == values.ndim:
        example = "step channel row column" if values.ndim == len(GRID_AXES) else "node step"
        raise DataError(
            f"{path} holds an array of shape {values.shape}, which cannot be {' '.join(names)!r}; "
            f'write its axes under [series] in dataset.toml, such as axes = "{example}"'
        )
    ordered = values.transpose([names.index(axis) for axis in order])
    grid = (ordered.shape[1], ordered.shape[2]) if "row" in order else None
    nodes = ordered.shape[1] * ordered.shape[2] if grid else ordered.shape[1]
    channels = ordered.shape[-1] if "channel" in order else 1
    return ordered.reshape(len(ordered), nodes, channels), grid
