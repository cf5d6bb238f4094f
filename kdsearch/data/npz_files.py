"""Readings in npz files of numpy: an array's header is looked at before it is read."""

import lzma
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from kdsearch.data.places import must_be_a_file
from kdsearch.data.precision import as_float32
from kdsearch.data.sizes import check_readings
from kdsearch.errors import DataError

__all__ = ["chosen_key", "listed", "read_npz"]

MOST_LISTED = 20
"""Names of arrays in a message."""

_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read_npz(path: Path, key: str | None = None, step_axis: int = 0) -> NDArray[np.float32]:
    """Read an array of numbers from an npz file.

    Args:
        path: The file.
        key: The array's name; may be left out where there is only one.
        step_axis: The axis of time.

    Returns:
        float32 of the array's own shape.

    Raises:
        DataError: The file is absent, damaged or too large for the memory, or has no such array of plain numbers.
    """
    with _opened(path) as archive:
        names = {name.removesuffix(".npy"): name for name in archive.namelist()}
        name = names[chosen := chosen_key(path, key, list(names))]
        with archive.open(name) as file:
            shape, dtype = _header(file, f"{chosen} of {path}")
            check_readings(shape, dtype, f"{chosen} of {path}")
            left = archive.getinfo(name).file_size - file.tell()
        if np.prod(shape, dtype=object) * dtype.itemsize > left:
            raise DataError(f"{path} is cut off: {name} ends before its last reading; get the file again")
        with archive.open(name) as file:
            return as_float32(npy.read_array(file, allow_pickle=False), path, step_axis)


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an npz file; whatever a damaged one raises becomes a sentence."""
    must_be_a_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except PermissionError as error:
        raise DataError(f"{path} may not be read; make it readable") from error
    except MemoryError as error:
        raise DataError(f"{path} does not fit into the memory; save fewer steps or sensors") from error
    except zipfile.BadZipFile as error:
        raise DataError(f"{path} is damaged or no npz file; get the file again") from error
    except (
        ValueError,
        OSError,
        EOFError,
        KeyError,
        TypeError,
        RuntimeError,  # an encrypted member; NotImplementedError, of an unknown compression, is one of them
        OverflowError,
        SyntaxError,
        tokenize.TokenError,  # of a header that is no Python
        lzma.LZMAError,
        zlib.error,
        struct.error,
    ) as error:
        raise DataError(f"{path} cannot be read as npz (damaged or cut off); get the file again") from error


def _header(file: Any, what: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Read shape and type from the head of an npy file."""
    version = npy.read_magic(file)
    if version not in _HEADERS:  # version 3 is for records whose fields have names beyond Latin-1
        raise DataError(f"{what} is saved in numpy's format {version[0]}.{version[1]}; save plain numbers")
    shape, _, dtype = _HEADERS[version](file)
    if any(size < 0 for size in shape):
        raise DataError(f"{what} has a shape below zero; get the file again")
    return shape, dtype


def chosen_key(path: Path, key: str | None, keys: list[str]) -> str:
    """Choose an array of a file by its name, or the only one.

    Raises:
        DataError: There is none of that name, or there are several and none was named.
    """
    if not keys:
        raise DataError(f"{path} holds no array; save the readings into it")
    if key is None and len(keys) == 1:
        return keys[0]
    if key is None or key not in keys:
        wanted = "more than one array" if key is None else f"no {key!r}"
        raise DataError(f"{path} holds {wanted}; write key = one of {listed(keys)} under [series] in dataset.toml")
    return key


def listed(keys: list[str]) -> str:
    """List the names of arrays, the first of many."""
    names = [one if one.isprintable() else repr(one) for one in keys[:MOST_LISTED]]
    return ", ".join(names) + (f" and {len(keys) - MOST_LISTED} more" if len(keys) > MOST_LISTED else "")
