"""Sizes that are known before anything is allocated: how much memory there is, and what an array would take."""

import contextlib
import math
import resource
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from kdsearch.errors import DataError

__all__ = ["available_bytes", "check_graph_fits", "check_readings", "check_readings_fit", "shown_shape"]

COPIES_BYTES = 12
"""Of each reading beside what the file holds: float32 as read, in order of its axes, and without what is missing."""

GRAPH_BYTES = 32
"""Of each pair of sensors: distance, weight, and two arrays that are computed of them, in float64."""

_CONTAINER = Path("/sys/fs/cgroup")

_KINDS = {
    "O": "Python objects",
    "V": "records of several fields",
    "c": "complex numbers",
    "S": "text",
    "U": "text",
    "M": "times",
    "m": "durations",
    "T": "text",
}


def available_bytes() -> int:
    """Compute how much memory this process may still take: of the machine, its container and its own limit."""
    found = [psutil.virtual_memory().available]
    with contextlib.suppress(OSError, ValueError):  # no container, or one without a limit ("max")
        cached = dict(line.split() for line in (_CONTAINER / "memory.stat").read_text().splitlines())["inactive_file"]
        limit, used = (int((_CONTAINER / name).read_text()) for name in ("memory.max", "memory.current"))
        found.append(limit - used + int(cached))
    addresses, _ = resource.getrlimit(resource.RLIMIT_AS)
    if addresses != resource.RLIM_INFINITY:
        found.append(addresses - psutil.Process().memory_info().vms)
    return max(0, min(found))


def check_readings(shape: tuple[int, ...], dtype: np.dtype[Any], what: str) -> None:
    """Check from its header that an array can hold readings and fits into memory.

    Args:
        shape: Its shape.
        dtype: Its type.
        what: File and array, for the message.

    Raises:
        DataError: It holds no plain numbers, a single number or none, or is too large to be read.
    """
    if dtype.kind not in "fiub":
        kind = _KINDS.get(dtype.kind, "other things")
        raise DataError(f"{what} holds {kind}, type {dtype}; save the readings as plain numbers")
    if shape == ():
        raise DataError(f"{what} holds a single number; save the readings as an array of steps and sensors")
    if 0 in shape:
        raise DataError(f"{what} holds no readings, its shape is {shown_shape(shape)}; get the file again")
    check_readings_fit(shape, dtype.itemsize, what)


def check_readings_fit(shape: tuple[int, ...], stored_bytes: int, what: str) -> None:
    """Check that readings of a shape can be read with the copies that reading makes.

    Args:
        shape: Their shape.
        stored_bytes: Of each in the file.
        what: File and array, for the message.

    Raises:
        DataError: The memory that is available is too small.
    """
    needed, here = math.prod(shape) * (stored_bytes + COPIES_BYTES), available_bytes()
    if needed > here:
        raise DataError(
            f"{what}, of shape {shown_shape(shape)}, takes {_gigabytes(needed)} of memory to be read, and "
            f"{_gigabytes(here)} are available; save fewer steps or sensors, or read it where there is more"
        )


def check_graph_fits(nodes: int, place: Path, words: str = "") -> None:
    """Check that the adjacency of so many sensors, and what is computed of it, fits into memory.

    Args:
        nodes: Number of sensors.
        place: The file or folder of the graph, for the message.
        words: The end of the sentence.

    Raises:
        DataError: It does not.
    """
    needed, here = nodes**2 * GRAPH_BYTES, available_bytes()
    if needed > here:
        raise DataError(
            f"{place}: the graph of {nodes:,} sensors takes {_gigabytes(needed)} of memory, and {_gigabytes(here)} are "
            f"available; save fewer sensors, or correct the order of the axes in dataset.toml{words}"
        )


def shown_shape(shape: tuple[int, ...]) -> str:
    """Write a shape for people, such as "1,000 x 4"."""
    return " x ".join(f"{size:,}" for size in shape)


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB"
