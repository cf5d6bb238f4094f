"""Files of arrays: npy, npz and HDF5, pandas' own HDF5 layouts among them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.hdf5_files import read_hdf5
from kdsearch.data.npz_files import read_npy, read_npz
from kdsearch.data.readings import float32_of
from kdsearch.data.time_text import WrittenTimes
from kdsearch.errors import DataError, DataQuestion

__all__ = ["ARRAY_SUFFIXES", "HDF5_SUFFIXES", "Array", "read_array"]

HDF5_SUFFIXES = (".h5", ".hdf5", ".mat")
ARRAY_SUFFIXES = (".npy", ".npz", *HDF5_SUFFIXES)
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
        flags: Whether the file holds true and false, which are 1 and 0 here.
    """

    values: NDArray[np.float32]
    written: WrittenTimes | None = None
    zone: str | None = None
    sensor_ids: tuple[str, ...] | None = None
    grid: tuple[int, int] | None = None
    flags: bool = False


def read_array(path: Path, key: str | None = None, axes: str | None = None) -> Array:
    """Read a file of arrays.

    Args:
        path: The file.
        key: Array or frame inside the file; may be left out where there is only one.
        axes: Order of the axes such as "node step" or "step channel row column"; "step node" or "step node channel" if
            absent.

    Raises:
        DataError: The file is absent, damaged, or not as described.
        DataQuestion: It may have its sensors in rows.
    """
    match path.suffix.lower():
        case ".npy":
            found = read_npy(path, _step_axis(axes))
        case ".npz":
            found = read_npz(path, key, _step_axis(axes))
        case _:
            found = read_hdf5(path, key, _step_axis(axes))
    if axes is None and found.written is None:
        _ask_for_axes(found.values.shape, path)
    values, grid = _in_order(float32_of(found.values, path), axes, path)
    return Array(values, found.written, found.zone, found.sensor_ids, grid, found.flags)


def _step_axis(axes: str | None) -> int:
    """Find the axis of time in a file; the first where none is named."""
    names = (axes or "").split()
    return names.index("step") if "step" in names else 0


def _ask_for_axes(shape: tuple[int, ...], path: Path) -> None:
    """Ask for the order of the axes of an array without times, where its shape leaves it open."""
    if len(shape) == len(GRID_AXES):
        what = f"an array of shape {shape}, whose axes may be those of a grid"
        choices = ["step channel row column", "step row column channel"][:: 1 if shape[1] <= shape[3] else -1]
    elif 1 < len(shape) < len(GRID_AXES) and shape[0] < shape[1]:
        channel = " channel" if len(shape) == len(AXES) else ""
        what = f"{shape[0]} rows of {shape[1]} columns, and rows are to be steps"
        choices = [f"node step{channel}", f"step node{channel}"]
    else:
        return
    raise DataQuestion(f"{path} holds {what}", "axes", choices)


def _in_order(
    values: NDArray[np.float32], axes: str | None, path: Path
) -> tuple[NDArray[np.float32], tuple[int, int] | None]:
    """Order values as ``(step, node, channel)``, NaN where they are not finite; give rows and columns of a grid too."""
    if values.ndim > len(GRID_AXES):
        raise DataError(f"{path} holds an array of {values.ndim} axes; save steps, sensors and, if any, channels")
    names = tuple(axes.split()) if axes else AXES[: values.ndim]
    known = {frozenset(order): order for order in (AXES, AXES[:2], AXES[:1], GRID_AXES, GRID_AXES[:3])}
    order = known.get(frozenset(names), ())
    if not len(order) == len(names) == values.ndim:
        example = {1: "step", 3: "node step channel", 4: "step channel row column"}.get(values.ndim, "node step")
        raise DataError(
            f"{path} holds an array of shape {values.shape}, which cannot be {' '.join(names)!r}; "
            f'write its axes under [series] in dataset.toml, such as axes = "{example}"'
        )
    ordered = values.transpose([names.index(axis) for axis in order])
    grid = (ordered.shape[1], ordered.shape[2]) if "row" in order else None
    channels = ordered.shape[-1] if "channel" in order else 1
    return ordered.reshape(len(ordered), -1, channels), grid
