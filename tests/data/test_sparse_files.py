"""Sparse matrices of scipy are checked whole before they are made dense."""

import resource
import subprocess
import sys
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from kdsearch.data.sparse_files import read_sparse
from kdsearch.errors import DataError
from tests.graphs import adjacency, numbered

MATRIX = np.array([[0, 0.5, 0, 0], [0.25, 0, 0.75, 0], [0, 0.75, 0, 1.0], [0, 0, 0, 0]])


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "bsr", "dia"])
@pytest.mark.parametrize("array", [True, False])
def test_every_form(tmp_path: Path, form: str, array: bool) -> None:
    """All that scipy saves, as matrix and as array."""
    matrix: Any = sparse.csr_array(MATRIX) if array else sparse.csr_matrix(MATRIX)
    sparse.save_npz(tmp_path / "adj.npz", matrix.asformat(form))
    np.testing.assert_array_equal(adjacency(tmp_path / "adj.npz", "weights", numbered(4)), MATRIX)


def parts(**changes: Any) -> dict[str, Any]:
    """What scipy writes for `MATRIX`, with changes."""
    matrix = sparse.csr_matrix(MATRIX)
    content = {"indices": matrix.indices, "indptr": matrix.indptr, "data": matrix.data, "shape": np.array(matrix.shape)}
    return {"format": np.array(b"csr"), **content, **changes}


def with_index(index: int, dtype: Any = np.int32) -> np.ndarray[Any, Any]:
    indices = sparse.csr_matrix(MATRIX).indices.astype(dtype)
    indices[2] = index
    return indices


@pytest.mark.parametrize(
    "changes",
    [
        *({"indices": with_index(index)} for index in (4, -1, 10**6, 2 * 10**9, -2 * 10**9)),
        {"indices": with_index(2**62, np.int64)},
        {"indptr": np.array([0, 1, 3, 5, 10**6])},
        {"indptr": np.array([0, 3, 1, 5, 5])},
        {"indptr": np.array([0, 1])},
        {"indptr": np.array([-5, 1, 3, 5, 5])},
        {"indices": np.zeros((5, 5), dtype=int)},
        {"data": np.zeros(2)},
        {"data": np.zeros(5, dtype=complex)},
        {"data": np.array(["a"] * 5)},
        {"data": np.array([None] * 5)},
        {"shape": np.array([5, 5])},
        {"shape": np.array([10**9, 10**9])},
        {"shape": np.array([-4, 4])},
        {"shape": np.array(4)},
        {"format": np.array(b"lil")},
        {"format": np.array(b"coo"), "row": with_index(10**6), "col": with_index(0)},
        {"format": np.array(b"coo"), "row": with_index(0), "col": with_index(-(2 * 10**9))},
        {"format": np.array(b"csc"), "indices": with_index(2 * 10**9)},
        {"format": np.array(b"bsr"), "data": np.zeros((5, 2, 2))},
        {"format": np.array(b"dia"), "offsets": np.array([0, 0])},
    ],
    ids=str,
)
def test_what_is_no_matrix_of_these_sensors(tmp_path: Path, changes: dict[str, Any]) -> None:
    """Indices outside of the matrix, other shapes and other types end in one sentence."""
    path = tmp_path / "adj.npz"
    np.savez(path, **parts(**changes))
    with pytest.raises(DataError, match=r"adj\.npz") as caught:
        read_sparse(path, 4)
    assert "\n" not in str(caught.value)


@given(position=st.integers(0, 10**4), byte=st.integers(0, 255))
@settings(max_examples=150, deadline=None)
def test_a_damaged_file_is_refused_or_whole(tmp_path_factory: pytest.TempPathFactory, position: int, byte: int) -> None:
    """A flipped byte anywhere."""
    path = tmp_path_factory.mktemp("npz") / "adj.npz"
    np.savez(path, **parts())
    content = bytearray(path.read_bytes())
    content[position % len(content)] = byte
    path.write_bytes(content)
    with suppress(DataError):
        np.testing.assert_array_equal(read_sparse(path, 4), MATRIX)


def test_a_small_file_of_many_bytes(tmp_path: Path) -> None:
    """A file of kilobytes that unpacks to gigabytes is refused before it is unpacked."""
    path = tmp_path / "adj.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("indices", "indptr", "data", "shape", "format"):
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                member.write(bytes(20_000_000))
    assert path.stat().st_size < 200_000
    with pytest.raises(DataError, match=r"it unpacks to 100,000,000 bytes, more than a matrix of 4 sensors"):
        read_sparse(path, 4)


def test_a_matrix_of_many_sensors_takes_no_memory(tmp_path: Path) -> None:
    """An empty matrix of 60,000 x 60,000 has a small file; it is refused under a limit of 4 GB."""
    path = tmp_path / "adj.npz"
    sparse.save_npz(path, sparse.csr_matrix((60_000, 60_000)))
    code = "from pathlib import Path; from kdsearch.data.sparse_files import read_sparse; "
    code += f"read_sparse(Path({str(path)!r}), 228)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)),
        check=False,
    )
    assert "is a matrix of 60,000 x 60,000, the readings have 228 sensors" in done.stderr
