"""Frames that pandas wrote into HDF5 files, in both of its layouts, read without pytables."""

import pickletools
import re
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.hdf5_process import Hdf5File
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
        flags: Whether the file holds true and false, which are 1 and 0 here.
    """

    values: NDArray[np.float32]
    written: WrittenTimes | None = None
    zone: str | None = None
    sensor_ids: tuple[str, ...] | None = None
    flags: bool = False


def read_frame(file: Hdf5File, name: str, parts: tuple[str, ...]) -> StoredFrame:
    """Read a frame in whichever layout.

    Args:
        file: The open file.
        name: The name of the frame in it.
        parts: Which parts of a frame are there.

    Raises:
        DataError: It is no frame of times and numbers, or too large for the memory.
    """
    what = f"{name} of {file.path}"
    if _text(file.attribute(name, "pandas_type", "frame")).startswith("series"):
        raise DataError(f"{what} is a pandas Series; save a frame with a column for each sensor, by series.to_frame()")
    if "table" in parts:
        return _read_table(file, name, what)
    if "axis0" in parts and "axis1" in parts:
        return _read_fixed(file, name, what)
    raise DataError(
        f"{what} has rows or columns of several levels; save a row for each time and a column for each sensor"
    )


def _read_fixed(file: Hdf5File, name: str, what: str) -> StoredFrame:
    """Read ``DataFrame.to_hdf(format="fixed")``: axis0 names columns, axis1 rows, blocks hold one dtype each."""
    ids = [_text(one) for one in file.array(f"{name}/axis0")]
    zone = file.attribute(f"{name}/axis1", "tz")
    if zone is not None and not _ZONE.fullmatch(zone := _text(zone)):
        zone = ""
    kind = file.attribute(f"{name}/axis1", "kind", "")
    index = file.array(f"{name}/axis1")
    times = _times(index, kind, zone, what)
    if len(set(ids)) < len(ids):
        raise DataError(f"{what} has a column twice; give each sensor its own name")
    check_readings_fit((len(index), len(ids)), 8, what)
    blocks, stored_ids, flags = [], list[str](), False
    for number in range(int(file.attribute(name, "nblocks", 1))):
        items = [_text(one) for one in file.array(f"{name}/block{number}_items")]
        stored = f"{name}/block{number}_values"
        block = file.array(stored)
        _check_block(block.dtype, file.attribute(stored, "value_type", ""), items, what)
        flags |= block.dtype == np.bool_
        blocks.append(as_float32(block, file.path))
        stored_ids += items
    values = _side_by_side(blocks)
    if values.shape != (len(index), len(ids)):
        raise DataError(f"{what} has {len(index)} times and {len(ids)} names for {values.shape}; get the file again")
    if stored_ids != ids:
        column = {one: number for number, one in enumerate(stored_ids)}
        values = values[:, [column[one] for one in ids]]
    return StoredFrame(values, times, zone, tuple(ids), flags)


def _read_table(file: Hdf5File, name: str, what: str) -> StoredFrame:
    """Read ``DataFrame.to_hdf(format="table")``: a record for each row, column names pickled in attributes."""
    table = f"{name}/table"
    node = file.node(table)
    check_readings_fit(node.shape or (), 2 * node.dtype.itemsize, what)
    zone = _zone_in(bytes(file.attribute(name, "info", b"")))
    rows = file.array(table)
    times = _times(rows["index"], file.attribute(table, "index_kind", ""), zone, what)
    blocks, ids, flags = [], list[str](), False
    for field in rows.dtype.names or ():
        if field == "index":
            continue
        items = [_text(one) for one in unpickled(bytes(file.attribute(table, f"{field}_kind")), file.path)]
        _check_block(rows[field].dtype, file.attribute(table, f"{field}_dtype", ""), items, what)
        flags |= rows[field].dtype.base == np.bool_
        blocks.append(as_float32(rows[field], file.path).reshape(len(rows), -1))
        ids += items
    return StoredFrame(_side_by_side(blocks), times, zone, tuple(ids), flags)


def _side_by_side(blocks: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Join columns; a single block is not copied, for it may be large."""
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=1)


def _check_block(dtype: np.dtype[Any], kind: Any, items: list[str], what: str) -> None:
    """Refuse columns that pandas keeps as whole numbers but that are none, such as times, and what is no number."""
    name = _text(kind)
    if dtype.kind not in "fiub" or name.startswith(("datetime", "timedelta", "category", "string", "object")):
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


def _times(index: NDArray[Any], kind: Any, zone: str | None, what: str) -> WrittenTimes | None:
    """Read the times of a frame's rows; None where its index only numbers them. `zone` is "" where it is not known."""
    name = _text(kind)
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
