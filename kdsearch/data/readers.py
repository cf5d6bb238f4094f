"""File formats of readings: wide CSV, npz and HDF5, pandas' own HDF5 layouts among them."""

import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from kdsearch.data.csv_text import cells_of, is_number, is_time, lines_of, must_exist, numbers_of, times_of
from kdsearch.data.pickles import unpickled
from kdsearch.errors import DataError

__all__ = ["Readings", "read_series"]

AXES = ("step", "node", "channel")
GRID_AXES = ("step", "row", "column", "channel")


@dataclass(frozen=True)
class Readings:
    """The readings of a file.

    Attributes:
        values: ``(step, node, channel)`` float32, NaN where a cell is empty or not finite.
        times: ``(step,)`` ``datetime64[m]``, None where the file holds none.
        sensor_ids: One for each node, None where the file holds none.
        grid: Rows and columns where the nodes are the cells of a grid, row by row; else None.
    """

    values: NDArray[np.float32]
    times: NDArray[np.datetime64] | None = None
    sensor_ids: tuple[str, ...] | None = None
    grid: tuple[int, int] | None = None


def read_series(path: Path, key: str | None = None, axes: str | None = None, header: bool | None = None) -> Readings:
    """Read a `.csv`, `.npz`, `.h5` or `.hdf5` file.

    Args:
        path: The file.
        key: Array or frame inside an npz or HDF5 file; may be left out where there is only one.
        axes: Order of the axes such as "node step" or "step channel row column"; "step node" or "step node channel" if
            absent.
        header: Whether a CSV file's first line holds sensor ids; None to see it from the file.

    Raises:
        DataError: The file is absent, damaged, or not as described.
    """
    must_exist(path)
    match path.suffix.lower():
        case ".csv":
            readings = _read_wide_csv(path, header)
        case ".npz":
            readings = Readings(_read_npz(path, key))
        case ".h5" | ".hdf5":
            readings = _read_hdf5(path, key)
        case suffix:
            raise DataError(f"{path} ends in {suffix!r}; readings are read from .csv, .npz, .h5 and .hdf5 files")
    values, grid = _in_order(readings.values, axes, path)
    return replace(readings, values=values, grid=grid)


def _read_wide_csv(path: Path, header: bool | None) -> Readings:
    """Read a CSV of steps in rows and sensors in columns; a header of ids and a column of times are recognised.

    The times are in the first column.
    """
    lines = lines_of(path)
    first = cells_of(lines[0])
    timed = len(lines) > 1 and is_time(cells_of(lines[1])[0])
    if header is None:
        header = _has_header(path, lines, timed)
    if header and not timed and first[0].lower() in ("", "time", "times", "timestamp", "date", "datetime"):
        raise DataError(
            f"{path}: the column {first[0]!r} holds no times; write them like 2024-03-01T00:00 or remove it"
        )
    values = numbers_of(path, lines, skip=int(header), first_column=int(timed)).astype(np.float32)
    times = times_of(path, lines, skip=int(header)) if timed else None
    return Readings(values, times, tuple(first[int(timed) :]) if header else None)


def _has_header(path: Path, lines: list[str], timed: bool) -> bool:
    """Tell whether the first line holds sensor ids rather than readings."""
    first = cells_of(lines[0])
    if timed:
        return not is_time(first[0])
    if not all(is_number(cell) for cell in first):
        return True
    if not all(cell.isdigit() for cell in first) or len(set(first)) < len(first):
        return False
    if any("." in line for line in lines[1:]):
        return True  # whole numbers, no two alike, above readings with decimals
    raise DataError(
        f"{path}: the first line may be sensor ids or readings; write header = true or header = false under [series] "
        "in dataset.toml"
    )


def _read_npz(path: Path, key: str | None) -> NDArray[np.float32]:
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path} is not an npz file; get the file again")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return _float32(arrays[_only(path, key, list(arrays.files))], path)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} cannot be read as npz ({error}); get the file again") from error


def _only(path: Path, key: str | None, keys: list[str]) -> str:
    if key is None and len(keys) == 1:
        return keys[0]
    if key is None or key not in keys:
        wanted = "more than one array" if key is None else f"no {key!r}"
        raise DataError(f"{path} holds {wanted}; write key = one of {', '.join(keys)} under [series] in dataset.toml")
    return key


def _read_hdf5(path: Path, key: str | None) -> Readings:
    try:
        with h5py.File(path) as file:
            name = _only(path, key, list(file))
            node = file[name]
            if isinstance(node, h5py.Dataset):
                return Readings(_float32(node[()], path))
            if "table" in node:
                return _read_pandas_table(node, path)
            if "axis0" in node:
                return _read_pandas_fixed(node, path)
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{path} cannot be read as HDF5 ({error}); get the file again") from error
    raise DataError(f"{path}: {name!r} is neither a dataset nor a pandas frame; write another key in dataset.toml")


def _read_pandas_fixed(group: Any, path: Path) -> Readings:
    """Read ``DataFrame.to_hdf(format="fixed")``: axis0 names columns, axis1 rows, blocks hold one dtype each."""
    ids = [_text(one) for one in group["axis0"][()]]
    times = _pandas_times(group["axis1"][()], group["axis1"].attrs.get("kind", ""), path)
    column = {one: index for index, one in enumerate(ids)}
    values = np.full((len(times), len(ids)), np.nan, dtype=np.float32)
    for block in range(int(group.attrs.get("nblocks", 1))):
        columns = [column[_text(one)] for one in group[f"block{block}_items"][()]]
        values[:, columns] = _float32(group[f"block{block}_values"][()], path)
    return Readings(values, times, tuple(ids))


def _read_pandas_table(group: Any, path: Path) -> Readings:
    """Read ``DataFrame.to_hdf(format="table")``: a record for each row, column names pickled in attributes."""
    table = group["table"]
    rows = table[()]
    times = _pandas_times(rows["index"], table.attrs.get("index_kind", ""), path)
    blocks, ids = [], list[str]()
    for name in rows.dtype.names:
        if name.startswith("values_block_"):
            blocks.append(_float32(rows[name], path).reshape(len(rows), -1))
            ids += [_text(one) for one in unpickled(bytes(table.attrs[f"{name}_kind"]), path)]
    return Readings(np.concatenate(blocks, axis=1), times, tuple(ids))


def _pandas_times(stored: NDArray[np.int64], kind: Any, path: Path) -> NDArray[np.datetime64]:
    name = _text(kind)
    if not name.startswith("datetime64"):
        raise DataError(
            f"{path}: the frame's index is {name or 'of no known kind'}, not times; give it a DatetimeIndex"
        )
    unit = "datetime64[ns]" if name == "datetime64" else name  # pandas before 3 knew nanoseconds only
    return np.asarray(stored.astype(np.int64).view(unit).astype("datetime64[m]"))


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _float32(values: NDArray[Any], path: Path) -> NDArray[np.float32]:
    if values.dtype.kind not in "fiub":
        raise DataError(f"{path} holds values of type {values.dtype}; save the readings as plain numbers")
    return np.asarray(values, dtype=np.float32)


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
    ordered = ordered.reshape(len(ordered), nodes, channels)
    return np.where(np.isfinite(ordered), ordered, np.float32(np.nan)), grid
