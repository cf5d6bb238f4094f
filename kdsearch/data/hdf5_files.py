"""Readings in HDF5 files: plain datasets, and pandas frames in both of its layouts, read without pytables."""

import pickletools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from kdsearch.data.npz_files import chosen_key, listed
from kdsearch.data.pickles import unpickled
from kdsearch.data.places import must_be_a_file
from kdsearch.data.precision import as_float32
from kdsearch.data.sizes import check_readings, check_readings_fit
from kdsearch.errors import DataError

__all__ = ["Frame", "opened_hdf5", "read_hdf5", "refuse_links_out"]

MOST_NAMES = 20_000
"""Names in a file that are looked at; no file of readings has so many."""


_ZONE = re.compile(r"UTC|[A-Z]\w+(/[\w+-]+)+")


class Frame(NamedTuple):
    """The readings of a dataset or frame.

    Attributes:
        values: float32 of the array's own shape; ``(step, node)`` of a frame.
        times: ``datetime64[m]`` ``(step,)`` of a frame, else None.
        sensor_ids: Of a frame, one for each column; else None.
    """

    values: NDArray[np.float32]
    times: NDArray[np.datetime64] | None = None
    sensor_ids: tuple[str, ...] | None = None


@contextmanager
def opened_hdf5(path: Path) -> Iterator[Any]:
    """Open an HDF5 file to read it; whatever a damaged one raises becomes a sentence.

    Raises:
        DataError: The file is absent, may not be read, is damaged or does not fit into the memory.
    """
    must_be_a_file(path)
    try:
        with h5py.File(path, "r") as file:
            yield file
    except PermissionError as error:
        raise DataError(f"{path} may not be read; make it readable") from error
    except MemoryError as error:
        raise DataError(f"{path} does not fit into the memory; save fewer steps or sensors") from error
    except (
        OSError,
        KeyError,
        ValueError,
        TypeError,
        RuntimeError,
        AttributeError,
        IndexError,
        OverflowError,
    ) as error:  # h5py passes on whatever HDF5 meets in a damaged file
        raise DataError(
            f"{path} cannot be read as HDF5 (damaged, cut off or another format); get the file again"
        ) from error


def read_hdf5(path: Path, key: str | None = None, step_axis: int = 0) -> Frame:
    """Read a dataset of numbers, or a frame that pandas wrote.

    Args:
        path: The file.
        key: The name of the dataset or frame, such as "speed" or "traffic/speed"; may be left out where there is only
            one.
        step_axis: The axis of time of a dataset.

    Raises:
        DataError: The file is absent, damaged or too large for the memory, or holds no such readings.
    """
    with opened_hdf5(path) as file:
        named = key.strip("/") if key is not None else None
        held = list(_readable(file, path))
        name = _chosen(file, path, named, held)
        node, what = file[name], f"{name} of {path}"
        if isinstance(node, h5py.Dataset):
            _check(node, what)
            return Frame(as_float32(node[()], path, step_axis))
        return _read_frame(node, what, path)


def _chosen(file: Any, path: Path, key: str | None, held: list[str]) -> str:
    """Choose a dataset or frame: one that is listed, or one that a link inside the file leads to."""
    node = file.get(key) if key is not None and key not in held else None
    if isinstance(node, h5py.Group) and not _is_readable(node):
        raise DataError(
            f"{path}: {key!r} is neither a dataset nor a pandas frame; write key = one of {listed(held)} under "
            "[series] in dataset.toml"
        )
    return chosen_key(path, key, held) if node is None else str(key)


def refuse_links_out(path: Path) -> None:
    """Refuse an HDF5 file that reads other files: by external links, external storage or virtual datasets.

    Raises:
        DataError: It does; the message names the link.
    """
    with opened_hdf5(path) as file:
        for name, link, node in _members(file, path):
            if isinstance(link, h5py.ExternalLink):
                raise _leads_out(path, name, link.filename)
            if isinstance(node, h5py.Dataset):
                others = [one[0] for one in node.external or ()]
                others += [one.file_name for one in node.virtual_sources()] if node.is_virtual else []
                if others := [one for one in others if one != "."]:
                    raise _leads_out(path, name, others[0])


def _leads_out(path: Path, name: str, other: Any) -> DataError:
    return DataError(
        f"{path}: {name!r} is kept in another file, {str(other)!r}; save the readings into one file, or give "
        "--allow-outside"
    )


def _members(file: Any, path: Path) -> Iterator[tuple[str, Any, Any]]:
    """Walk through all names of a file: name, link and, of hard links, what is there; each group once."""
    waiting, seen, count = [("", file)], {h5py.h5o.get_info(file.id).addr}, 0
    while waiting:
        prefix, group = waiting.pop()
        for name in group:
            count += 1
            if count > MOST_NAMES:
                raise DataError(
                    f"{path} holds more than {MOST_NAMES:,} names; save the readings into a file of their own"
                )
            link = group.get(name, getlink=True)
            node = group.get(name) if isinstance(link, h5py.HardLink) else None
            yield f"{prefix}{name}", link, node
            if isinstance(node, h5py.Group) and (place := h5py.h5o.get_info(node.id).addr) not in seen:
                seen.add(place)
                waiting.append((f"{prefix}{name}/", node))


def _readable(file: Any, path: Path) -> Iterator[str]:
    """List the datasets and frames of a file, not the parts of a frame."""
    frames: list[str] = []
    for name, _, node in _members(file, path):
        if any(name.startswith(frame) for frame in frames):
            continue
        if _is_readable(node):
            yield name
            if isinstance(node, h5py.Group):
                frames.append(f"{name}/")


def _is_readable(node: Any) -> bool:
    """Tell whether something is a dataset, or a group that pandas wrote."""
    if isinstance(node, h5py.Group):
        parts = [node.get(name, getclass=True) for name in ("table", "axis0")]
        return "pandas_type" in node.attrs or h5py.Dataset in parts
    return isinstance(node, h5py.Dataset)


def _check(dataset: Any, what: str) -> None:
    """Check a dataset from its header: numbers that are stored and fit into the memory."""
    if dataset.shape is None:
        raise DataError(f"{what} is empty; save the readings into it")
    check_readings(dataset.shape, dataset.dtype, what)
    stored = dataset.external or dataset.is_virtual or dataset.id.get_storage_size()
    if not stored:
        raise DataError(f"{what} was made but no reading was ever written to it; get the file again")


def _read_frame(group: Any, what: str, path: Path) -> Frame:
    """Read a frame in whichever layout."""
    if _text(group.attrs.get("pandas_type", "frame")).startswith("series"):
        raise DataError(f"{what} is a pandas Series; save a frame with a column for each sensor, by series.to_frame()")
    if "table" in group:
        return _read_table(group, what, path)
    if "axis0" in group and "axis1" in group:
        return _read_fixed(group, what, path)
    raise DataError(
        f"{what} has rows or columns of several levels; save a row for each time and a column for each sensor"
    )


def _read_fixed(group: Any, what: str, path: Path) -> Frame:
    """Read ``DataFrame.to_hdf(format="fixed")``: axis0 names columns, axis1 rows, blocks hold one dtype each."""
    ids = [_text(one) for one in group["axis0"][()]]
    index = group["axis1"]
    zone = _text(index.attrs["tz"]) if "tz" in index.attrs else None
    times = _times(index, index.attrs.get("kind", ""), zone, what)
    column = {one: index for index, one in enumerate(ids)}
    if len(column) < len(ids):
        raise DataError(f"{what} has a column twice; give each sensor its own name")
    check_readings_fit((len(times), len(ids)), 8, what)
    values = np.full((len(times), len(ids)), np.nan, dtype=np.float32)
    for block in range(int(group.attrs.get("nblocks", 1))):
        stored = group[f"block{block}_values"]
        items = [_text(one) for one in group[f"block{block}_items"][()]]
        _check_block(stored, stored.attrs.get("value_type", ""), items, what)
        values[:, [column[one] for one in items]] = as_float32(stored[()], path)
    return Frame(values, times, tuple(ids))


def _read_table(group: Any, what: str, path: Path) -> Frame:
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
    return Frame(np.concatenate(blocks, axis=1), times, tuple(ids))


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


def _times(stored: Any, kind: Any, zone: str | None, what: str) -> NDArray[np.datetime64]:
    """Read the times of a frame's rows, ``datetime64[m]``; `zone` is None where they are local, "" where not known."""
    name = _text(kind)
    if not name.startswith("datetime64"):
        raise DataError(
            f"{what}: the frame's index is {name or 'of no known kind'}, not times; give it a DatetimeIndex"
        )
    if zone is not None:
        named = f" {zone}" if _ZONE.fullmatch(zone) else ""
        raise DataError(
            f"{what}: the frame's times have a time zone{named}; save local times without, by frame.tz_localize(None)"
        )
    unit = "datetime64[ns]" if name == "datetime64" else name  # pandas before 3 knew nanoseconds only
    return np.asarray(stored[()].astype(np.int64).view(unit).astype("datetime64[m]"))


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
