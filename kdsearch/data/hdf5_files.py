"""Readings in HDF5 files: plain datasets, and pandas frames in both of its layouts, read without pytables."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from kdsearch.data.array_choice import Header, chosen_key
from kdsearch.data.hdf5_process import Hdf5File, Member, Node, opened_hdf5
from kdsearch.data.pandas_frames import StoredFrame, read_frame
from kdsearch.data.precision import as_float32
from kdsearch.data.sizes import check_readings
from kdsearch.errors import DataError

__all__ = ["read_hdf5", "refuse_links_out"]

MOST_NAMES = 20_000
"""Names in a file that are looked at; no file of readings has so many."""


def read_hdf5(path: Path, key: str | None = None, step_axis: int = 0) -> StoredFrame:
    """Read a dataset of numbers, or a frame that pandas wrote.

    Args:
        path: The file.
        key: The name of the dataset or frame, such as "speed" or "traffic/speed"; may be left out where there is only
            one.
        step_axis: The axis of time of a dataset.

    Raises:
        DataError: The file is absent, damaged or too large for the memory, or holds no such readings.
        DataQuestion: It holds several datasets or frames.
    """
    with opened_hdf5(path) as file:
        name, node = _chosen(file, (key or "").strip("/") or None)
        if node.kind == "frame":
            return read_frame(file, name, node.parts)
        _check(file, name, node)
        return StoredFrame(as_float32(file.array(name), path, step_axis), flags=node.dtype == np.bool_)


def refuse_links_out(path: Path) -> None:
    """Refuse an HDF5 file that reads other files: by external links, external storage or virtual datasets.

    Raises:
        DataError: It does; the message names the link.
    """
    with opened_hdf5(path) as file:
        for one in _members(file):
            if one.other_file:
                raise DataError(
                    f"{path}: {one.name!r} is kept in another file, {one.other_file!r}; save the readings into one "
                    "file, or give --allow-outside"
                )


def _members(file: Hdf5File) -> list[Member]:
    found = file.members(MOST_NAMES + 1)
    if len(found) > MOST_NAMES:
        raise DataError(f"{file.path} holds more than {MOST_NAMES:,} names; save the readings into a file of their own")
    return found


def _chosen(file: Hdf5File, key: str | None) -> tuple[str, Node]:
    """Choose a dataset or frame: one that is listed, or one that a link inside the file leads to."""
    if key is not None and (node := file.node(key)).kind in ("dataset", "frame"):
        return key, node
    name = chosen_key(file.path, key, list(_readable(_members(file))), partial(_header, file))
    return name, file.node(name)


def _header(file: Hdf5File, name: str) -> Header:
    node = file.node(name)
    return None if node.kind == "frame" else (node.shape or (), node.dtype)


def _readable(members: list[Member]) -> Iterator[str]:
    """List the datasets and frames, not the parts of a frame, nor what MATLAB keeps for itself."""
    inner = ["#"]
    for name, kind, _ in members:
        if kind in ("dataset", "frame") and not name.startswith(tuple(inner)):
            yield name
            if kind == "frame":
                inner.append(f"{name}/")


def _check(file: Hdf5File, name: str, node: Node) -> None:
    """Check a dataset from its header: numbers that are stored and fit into the memory."""
    what = f"{name} of {file.path}"
    if node.shape is None:
        raise DataError(f"{what} is empty; save the readings into it")
    check_readings(node.shape, node.dtype, what)
    if scaled := [key for key in ("scale_factor", "add_offset") if file.attribute(name, key) is not None]:
        raise DataError(f"{what} is packed by {scaled[0]}; save the readings unpacked, in their unit")
    if node.written == 0:
        raise DataError(f"{what} was made but no reading was ever written to it; get the file again")
    if node.written < 1:
        raise DataError(
            f"{what}: only {100 * node.written:.3g} % of it was ever written, the rest reads as one number; save the "
            "written part alone, or nan in the rest"
        )
