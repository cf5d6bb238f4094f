"""Sparse matrices saved by scipy, checked whole before they are made dense: a small file can ask for any memory."""

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kdsearch.data.sizes import available_bytes
from kdsearch.errors import DataError

__all__ = ["read_sparse"]

BYTES_OF_AN_ENTRY = 32
"""Value and two indices, and as much again."""

HARMLESS_BYTES = 1 << 26
"""So much is unpacked whatever it is: what is in it makes the better error."""


def read_sparse(path: Path, nodes: int) -> NDArray[np.float64]:
    """Read a sparse npz as a dense matrix, float64 ``(node, node)``.

    Raises:
        DataError: It is no sparse matrix of this size, or has indices outside of it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            content = sum(member.file_size for member in archive.infolist())
        if content > min(HARMLESS_BYTES + BYTES_OF_AN_ENTRY * nodes**2, available_bytes() // 4):
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
        if hasattr(matrix, "check_format"):
            matrix.check_format(full_check=True)
        return np.asarray(matrix.toarray(), dtype=np.float64)
    except DataError:
        raise
    except Exception as error:  # a damaged file raises whatever its bytes happen to ask for
        raise DataError(f"{path} is not a sparse matrix saved by scipy ({error}); get the file again") from error
