"""Readings in HDF5 files: plain datasets, and pandas frames in both of its layouts, read without pytables."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from kdsearch.data.npz_files import chosen_key, listed
from kdsearch.data.pandas_frames import StoredFrame, read_frame
from kdsearch.data.places import must_be_a_file
from kdsearch.data.precision import as_float32
from kdsearch.data.sizes import check_readings
from kdsearch.errors import DataError

__all__ = ["opened_hdf5", "read_hdf5", "refuse_links_out"]

MOST_NAMES = 20_000
"""Names in a file that are looked at; no file of readings has so many."""


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


def read_hdf5(path: Path, key: str | None = None, step_axis: int = 0) -> StoredFrame:
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
            return StoredFrame(as_float32(node[()], path, step_axis))
        return read_frame(node, what, path)


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
    if scaled := [name for name in ("scale_factor", "add_offset") if name in dataset.attrs]:
        raise DataError(f"{what} is packed by {scaled[0]}; save the readings unpacked, in their unit")
    stored = dataset.external or dataset.is_virtual or dataset.id.get_storage_size()
    if not stored:
        raise DataError(f"{what} was made but no reading was ever written to it; get the file again")
