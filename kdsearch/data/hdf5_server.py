"""Server of one HDF5 file: a process of its own that answers what `kdsearch.data.hdf5_process` asks.

    python hdf5_server.py FILE SECONDS

libhdf5 crashes, loops without end or takes any memory on some damaged files. Here that ends this process alone, as
every other mistake does. Nothing of kdsearch is imported, so that it begins quickly.

A question is one of `ANSWERS` and its arguments, pickled; so is the answer.
"""

import pickle
import resource
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from math import ceil, prod
from typing import Any

import h5py
import numpy as np

BLOCK_BYTES = 1 << 22
"""Of an array that are read in one go."""

SLOWEST_BYTES_PER_SECOND = 10_000_000
"""Of an array that is unpacked."""

SPARE_BYTES = 1 << 29
"""Of memory beside what is read: Python, its libraries, the file's structure."""


def main(path: str, seconds: int) -> None:
    """Answer questions about a file until there are no more; end where one takes so many seconds."""
    say("ready")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit(seconds)
    with h5py.File(path, "r") as file:
        while True:
            what, *arguments = pickle.load(sys.stdin.buffer)
            limit(seconds)
            say(ANSWERS[what](file, *arguments))


def say(answer: Any) -> None:
    """Write an answer."""
    pickle.dump(answer, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def limit(seconds: int, size: int = 0) -> None:
    """Let this process take so much more processor time, and memory for a size in bytes; beyond that it ends."""
    allowed = int(time.process_time()) + seconds + size // SLOWEST_BYTES_PER_SECOND
    for kind, amount in ((resource.RLIMIT_CPU, allowed), (resource.RLIMIT_DATA, SPARE_BYTES + 3 * size)):
        most = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (amount if most == resource.RLIM_INFINITY else min(amount, most), most))


def members(file: Any, most: int) -> list[tuple[str, str, str]]:
    """List at most so many names: each with its kind, and the other file that is read for it, or ""."""
    return [(name, kind_of(node), other_file(link, node)) for name, link, node in islice(walk(file), most)]


def walk(file: Any) -> Iterator[tuple[str, Any, Any]]:
    """Walk through all names: name, link and, of hard links, what is there; each group once."""
    waiting, seen = [("", file)], {h5py.h5o.get_info(file.id).addr}
    while waiting:
        prefix, group = waiting.pop()
        for name in group:
            link = group.get(name, getlink=True)
            node = group.get(name) if isinstance(link, h5py.HardLink) else None
            yield f"{prefix}{name}", link, node
            if isinstance(node, h5py.Group) and (place := h5py.h5o.get_info(node.id).addr) not in seen:
                seen.add(place)
                waiting.append((f"{prefix}{name}/", node))


def kind_of(node: Any) -> str:
    """Name what is there: "dataset", "frame" of pandas, "group", or "" for anything else."""
    if isinstance(node, h5py.Group):
        parts = [node.get(name, getclass=True) for name in ("table", "axis0")]
        return "frame" if "pandas_type" in node.attrs or h5py.Dataset in parts else "group"
    return "dataset" if isinstance(node, h5py.Dataset) else ""


def other_file(link: Any, node: Any) -> str:
    """Name the other file that is read for a link, external storage or a virtual dataset; "" where there is none."""
    if isinstance(link, h5py.ExternalLink):
        return str(link.filename)
    if not isinstance(node, h5py.Dataset):
        return ""
    others = [one[0] for one in node.external or ()]
    others += [one.file_name for one in node.virtual_sources()] if node.is_virtual else []
    return next((str(one) for one in others if one != "."), "")


def node(file: Any, name: str) -> dict[str, Any]:
    """Describe what is at a name by the fields of `kdsearch.data.hdf5_process.Node`."""
    there = file.get(name)
    kind = kind_of(there)
    if kind == "dataset":
        return {"kind": kind, "shape": there.shape, "dtype": there.dtype, "written": written(there)}
    return {"kind": kind, "parts": [part for part in ("table", "axis0", "axis1") if kind and part in there]}


def written(dataset: Any) -> float:
    """Compute the share of a dataset that was written; the rest reads as its fill value, unless that is NaN."""
    if dataset.shape is None or dataset.external or dataset.is_virtual:
        return 1.0
    if not dataset.id.get_storage_size():
        return 0.0
    if dataset.chunks is None or (dataset.dtype.kind == "f" and np.isnan(dataset.fillvalue)):
        return 1.0
    chunks = prod(ceil(size / chunk) for size, chunk in zip(dataset.shape, dataset.chunks, strict=True))
    return float(dataset.id.get_num_chunks() / max(1, chunks))


def attribute(file: Any, name: str, key: str) -> Any:
    """Read an attribute as a plain value; None where there is none."""
    value = file[name].attrs.get(key)
    if isinstance(value, np.void):
        return value.tobytes()
    return value.item() if isinstance(value, np.generic) else value


def array(file: Any, name: str, seconds: int) -> None:
    """Say an array's shape and type, and write its bytes block by block; texts have one length."""
    dataset = file[name]
    if dataset.dtype.hasobject:
        if h5py.check_string_dtype(dataset.dtype) is None:
            raise TypeError("references and ragged arrays are no readings")
        dataset = np.array(dataset[()].tolist(), dtype="S")
    say((dataset.shape, dataset.dtype))
    chunk = (getattr(dataset, "chunks", None) or (1,))[0]
    row_bytes = dataset.dtype.itemsize * prod(dataset.shape[1:])
    rows = chunk * max(1, BLOCK_BYTES // max(1, chunk * row_bytes))
    for first in range(0, dataset.shape[0], rows):
        limit(seconds, rows * row_bytes)
        block = dataset[first : first + rows]
        sys.stdout.buffer.write(np.ascontiguousarray(block).reshape(-1).view(np.uint8).data)


ANSWERS: dict[str, Callable[..., Any]] = {"members": members, "node": node, "attribute": attribute, "array": array}

if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
