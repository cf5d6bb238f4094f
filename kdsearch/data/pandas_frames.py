"""Frames that pandas wrote into HDF5 files, in both of its layouts, read without pytables."""

import pickletools
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.pickles import unpickled
from kdsearch.data.precision import as_float32
from kdsearch.data.sizes import check_readings_fit
from kdsearch.data.time_text import WrittenTimes
from kdsearch.errors import DataError

__all__ = ["StoredFrame", "read_frame"]

_ZONE = re.compile(r"UTC|[A-Z]\w+(/[\w+-]+)+")


class StoredFrame(NamedTuple):
    """The readings of a dataset or frame.

    Attributes:
        values: float32 of the array's own shape; ``(step, node)`` of a frame.
        written: Times of the rows as they are stored; None where there are none.
        zone: Zone of these times, which are then in UTC; None where they are local.
        sensor_ids: Of a frame, one for each column; else None.
    """

    values: NDArray[np.float32]
    written: WrittenTimes | None = None
    zone: str | None = None
    sensor_ids: tuple[str, ...] | None = None


def read_frame(group: Any, what: str, path: Path) -> StoredFrame:
    """Read a frame in whichever layout.

    Args:
        group: The open group of the frame.
        what: Frame and file, for messages.
        path: The file.

    Raises:
        DataError: It is no frame of times and numbers, or too large for the memory.
    """
    if _text(group.attrs.get("pandas_type", "frame")).startswith("series"):
        raise DataError(f"{what} is a pandas Series; save a frame with a column for each sensor, by series.to_frame()")
    if "table" in group:
        return _read_table(group, what, path)
    if "axis0" in group and "axis1" in group:
        return _read_fixed(group, what, path)
    raise DataError(
        f"{what} has rows or columns of several levels; save a row for each time and a column for each sensor"
    )


def _read_fixed(group: Any, what: str, path: Path) -> StoredFrame:
    """Read ``DataFrame.to_hdf(format="fixed")``: axis0 names columns, axis1 rows, blocks hold one dtype each."""
    ids = [_text(one) for one in group["axis0"][()]]
    index = group["axis1"]
    zone = _text(index.attrs["tz"]) if "tz" in index.attrs else None
    zone = zone if zone is None or _ZONE.fullmatch(zone) else ""
    times = _times(index, index.attrs.get("kind", ""), zone, what)
    column = {one: index for index, one in enumerate(ids)}
    if len(column) < len(ids):
        raise DataError(f"{what} has a column twice; give each sensor its own name")
    check_readings_fit((len(index), len(ids)), 8, what)
    values = np.full((len(index), len(ids)), np.nan, dtype=np.float32)
    for block in range(int(group.attrs.get("nblocks", 1))):
        stored = group[f"block{block}_values"]
        items = [_text(one) for one in group[f"block{block}_items"][()]]
        _check_block(stored, stored.attrs.get("value_type", ""), items, what)
        values[:, [column[one] for one in items]] = as_float32(stored[()], path)
    return StoredFrame(values, times, zone, tuple(ids))


def _read_table(group: Any, what: str, path: Path) -> StoredFrame:
    """Read ``DataFrame.to_hdf(format="table")``: a record for each row, column names pickled in attributes."""
    table = group["table"]
    check_readings_fit((len(table),), 2 * table.dtype.itemsize, what)
    rows, attributes = table[()], table.attrs
    zone = _zone_in(bytes(group.attrs.get("info", b"")))
    times = _times(rows["index"], attributes.get("index_kind", ""), zone, what)
    blocks, ids = [], list[str]()
    for name in rows.dtype.names:
        if name == "index":
            continue
        items = [_text(one) for one in unpickled(bytes(attributes[f"{name}_kind"]), path)]
        _check_block(rows[name], attributes.get(f"{name}_dtype", ""), items, what)
        blocks.append(as_float32(rows[name], path).reshape(len(rows), -1))
        ids += items
    return StoredFrame(np.concatenate(blocks, axis=1), times, zone, tuple(ids))


def _check_block(stored: Any, kind: Any, items: list[str], what: str) -> None:
    """Refuse columns that pandas keeps as whole numbers but that are none, such as times, and what is no number."""
    name = _text(kind)
    if stored.dtype.kind not in "fiub" or name.startswith(("datetime", "timedelta", "category", "string", "object")):
        raise DataError(
            f"{what}: the column {items[0]!r} holds {name or 'text'}, no readings; leave it out of the frame"
        )


def _zone_in(info: bytes) -> str | None:
    """Find the time zone in what pandas pickled of a table's index; nothing of the pickle is run."""
    words = [str(argument) for _, argument, _ in pickletools.genops(info) if isinstance(argument, str)] if info else []
    if "tz" not in words:
        return None
    after = words[words.index("tz") + 1 :]
    return next(filter(_ZONE.fullmatch, after), "")


def _times(stored: Any, kind: Any, zone: str | None, what: str) -> WrittenTimes | None:
    """Read the times of a frame's rows; None where its index only numbers them. `zone` is "" where it is not known."""
    name, index = _text(kind), stored[()]
    if name == "integer" and np.array_equal(index, np.arange(len(index))):
        return None
    if not name.startswith("datetime64"):
        raise DataError(
            f"{what}: the frame's index is {name or 'of no known kind'}, not times; give it a DatetimeIndex"
        )
    if zone == "":
        raise DataError(f"{what}: the zone of the frame's times is not known; save them by frame.tz_localize(None)")
    unit = "datetime64[ns]" if name == "datetime64" else name  # pandas before 3 knew nanoseconds only
    return WrittenTimes(np.asarray(index.astype(np.int64).view(unit).astype("datetime64[s]")))


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
