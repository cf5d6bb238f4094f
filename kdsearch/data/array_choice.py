"""The choice of one array of a file that holds several."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from kdsearch.data.sizes import shown_shape
from kdsearch.errors import DataError, DataQuestion

__all__ = ["Header", "chosen_key"]

MOST_LISTED = 20
"""Names of arrays in a message."""

Header = tuple[tuple[int, ...], np.dtype[Any]] | None
"""Shape and type of an array; None of a frame of pandas."""


def chosen_key(path: Path, key: str | None, names: list[str], header: Callable[[str], Header]) -> str:
    """Choose an array of a file by its name, or the only one.

    Args:
        path: The file.
        key: The name; None where the user gave none.
        names: The names that are there.
        header: Reads what an array is like; asked only where the choice is not certain.

    Raises:
        DataError: There is none.
        DataQuestion: There are several and none was named, or there is none of that name.
    """
    if not names:
        raise DataError(f"{path} holds no array; save the readings into it")
    if key is None and len(names) == 1:
        return names[0]
    if key is not None and key in names:
        return key
    headers = {name: header(name) for name in names[:MOST_LISTED]}
    listed = ", ".join(f"{name} ({_words(one)})" for name, one in headers.items())
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    wanted = "several arrays" if key is None else f"no {key!r}"
    likely = sorted(headers, key=lambda name: _likelihood(headers[name]), reverse=True)
    raise DataQuestion(f"{path} holds {wanted}: {listed}{more}", "key", likely)


def _likelihood(header: Header) -> tuple[int, int]:
    """Rank what may be the readings: frames, then large arrays of numbers, then the others, masks among them."""
    if header is None:
        return 2, 0
    shape, dtype = header
    return int(dtype.kind in "fiu"), math.prod(shape)


def _words(header: Header) -> str:
    if header is None:
        return "frame"
    shape, dtype = header
    what = "" if dtype.kind in "fiu" else f" of type {dtype}"
    return f"{shown_shape(shape) or 'a single value'}{what}"
