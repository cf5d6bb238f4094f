"""Sparse matrices saved by scipy, checked whole before they are made dense: a small file can ask for any memory."""

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kdsearch.data.sizes import available_bytes
from kdsearch.errors import DataError

__all__ = ["check_room", "read_sparse"]

BYTES_OF_AN_ENTRY = 32
"""Value and two indices, and as much again."""

HARMLESS_BYTES = 1 << 26
"""So much is unpacked whatever it is: what is in it makes the better error."""


def check_room(nodes: int, place: Path, words: str) -> None:
    """Refuse a graph whose dense matrix, and what is computed of it, does not fit into the memory.

    Args:
        nodes: Number of sensors.
        place: The file or folder, for the error.
        words: The end of the sentence.

    Raises:
        DataError: A float64 ``(node, node)`` takes more than a quarter of the memory that is free.
    """
    needed = 8 * nodes**2
    if needed > _room():
        raise DataError(
            f"{place}: the graph of {nodes:,} sensors takes {needed / 1e9:,.1f} GB several times, which this machine "
            f"has not; give fewer sensors{words}"
        )


def _room() -> int:
    """Give the bytes that one of several arrays may take."""
    return available_bytes() // 4


def read_sparse(path: Path, nodes: int) -> NDArray[np.float64]:
    """Read a sparse npz as a dense matrix, float64 ``(node, node)``.

    Raises:
        DataError: It is no sparse matrix of this size, or has indices outside of it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            content = sum(member.file_size for member in archive.infolist())
        if content > min(HARMLESS_BYTES + BYTES_OF_AN_ENTRY * nodes**2, _room()):
            raise ValueError(f"it unpacks to {content:,} bytes, more than a matrix of {nodes:,} sensors")
        matrix = sparse.load_npz(path)
        if matrix.dtype.kind not in "fiub":
            raise ValueError(f"it holds values of type {matrix.dtype}")
        if matrix.shape != (nodes, nodes):
            rows, columns = matrix.shape
            raise DataError(
                f"{path} is a matrix of {rows:,} x {columns:,}, the readings have {nodes:,} sensors; give both the "
                "same sensors, in the same order"
            )
        check_room(nodes, path, "")
        if hasattr(matrix, "check_format"):
            matrix.check_format(full_check=True)
        return np.asarray(matrix.toarray(), dtype=np.float64)
    except DataError:
        raise
    except Exception as error:  # a damaged file raises whatever its bytes happen to ask for
        raise DataError(f"{path} is not a sparse matrix saved by scipy ({error}); get the file again") from error
