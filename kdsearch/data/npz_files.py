"""Readings in npy and npz files of numpy: an array's header is looked at before it is read."""

import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from kdsearch.data.array_choice import chosen_key
from kdsearch.data.damage import refusing_damage
from kdsearch.data.pandas_frames import StoredFrame
from kdsearch.data.precision import as_float32
from kdsearch.data.sizes import check_readings
from kdsearch.errors import DataError

__all__ = ["read_npy", "read_npz"]

_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read_npz(path: Path, key: str | None = None, step_axis: int = 0) -> StoredFrame:
    """Read an array of numbers from an npz file.

    Args:
        path: The file.
        key: The array's name; may be left out where there is only one.
        step_axis: The axis of time.

    Raises:
        DataError: The file is absent, damaged or too large for the memory, or has no such array of plain numbers.
        DataQuestion: It holds several arrays.
    """
    with refusing_damage(path, "npz"), zipfile.ZipFile(path) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
        member = chosen_key(path, key, names, partial(_header_in, archive)) + ".npy"
        with archive.open(member) as file:
            values = _array(file, archive.getinfo(member).file_size, f"{member.removesuffix('.npy')} of {path}")
    return StoredFrame(as_float32(values, path, step_axis), flags=values.dtype == np.bool_)


def read_npy(path: Path, step_axis: int = 0) -> StoredFrame:
    """Read the array of numbers of an npy file, as `read_npz` does.

    Raises:
        DataError: As `read_npz`.
    """
    with refusing_damage(path, "npy"), path.open("rb") as file:
        values = _array(file, path.stat().st_size, str(path))
    return StoredFrame(as_float32(values, path, step_axis), flags=values.dtype == np.bool_)


def _header_in(archive: zipfile.ZipFile, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    with archive.open(f"{name}.npy") as file:
        return _header(file, f"{name} of {archive.filename}")


def _array(file: Any, size: int, what: str) -> NDArray[Any]:
    """Read an array of a file of this size in bytes."""
    shape, dtype = _header(file, what)
    check_readings(shape, dtype, what)
    if np.prod(shape, dtype=object) * dtype.itemsize > size - file.tell():
        raise DataError(f"{what} is cut off: the file ends before its last reading; get the file again")
    file.seek(0)
    return npy.read_array(file, allow_pickle=False)


def _header(file: Any, what: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Read shape and type from the head of an npy file."""
    version = npy.read_magic(file)
    if version not in _HEADERS:  # version 3 is for records whose fields have names beyond Latin-1
        raise DataError(f"{what} is saved in numpy's format {version[0]}.{version[1]}; save plain numbers")
    shape, _, dtype = _HEADERS[version](file)
    if any(size < 0 for size in shape):
        raise DataError(f"{what} has a shape below zero; get the file again")
    return shape, dtype
