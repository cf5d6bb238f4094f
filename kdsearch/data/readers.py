"""File formats of readings: wide CSV, npz and HDF5, pandas' own HDF5 layouts among them."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.csv_text import cells_of, is_number, is_time, lines_of, must_exist, numbers_of, times_of
from kdsearch.data.hdf5_files import read_hdf5
from kdsearch.data.npz_files import read_npz
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
            readings = Readings(read_npz(path, key, _step_axis(axes)))
        case ".h5" | ".hdf5":
            readings = Readings(*read_hdf5(path, key, _step_axis(axes)))
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


def _step_axis(axes: str | None) -> int:
    """Find the axis of time in a file; the first where none is named."""
    names = (axes or "").split()
    return names.index("step") if "step" in names else 0


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
