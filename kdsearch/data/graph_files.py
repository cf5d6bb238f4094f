"""File formats of road graphs: matrices, edge lists, and the pickle that DCRNN made common."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.pickles import unpickled
from kdsearch.data.places import must_be_a_file
from kdsearch.data.sparse_files import read_sparse
from kdsearch.data.text_frames import parsed
from kdsearch.data.text_table import TextTable, read_text_table, text_lines
from kdsearch.data.written_numbers import is_number
from kdsearch.errors import DataError

__all__ = ["EdgeList", "Matrix", "read_edges", "read_ids", "read_matrix", "read_pickled_graph"]

END_NAMES = {"from", "to", "source", "target", "origin", "destination", "start", "end", "src", "dst"}
"""Names that the columns of both ends of a segment usually have."""


@dataclass(frozen=True)
class Matrix:
    """A square matrix over sensors, float64 ``(node, node)``, with their ids where the file names them."""

    values: NDArray[np.float64]
    ids: tuple[str, ...] | None = None


@dataclass(frozen=True)
class EdgeList:
    """Road segments: the ids of both ends, and costs float64 ``(edge,)``, None where the file has none."""

    ends: tuple[tuple[str, str], ...]
    costs: NDArray[np.float64] | None


def read_matrix(path: Path, nodes: int) -> Matrix:
    """Read a distance or weight matrix: dense CSV with or without ids around it, or a sparse npz of scipy.

    Args:
        path: The file.
        nodes: Number of sensors. A sparse matrix must be of so many, for it has no ids to choose from a larger one.

    Raises:
        DataError: The file is absent, damaged or not square, or an id is there twice.
    """
    must_be_a_file(path)
    if (suffix := path.suffix.lower()) not in (".csv", ".txt", ".npz"):
        raise DataError(f"{path} ends in {suffix!r}; a matrix is read from .csv, or sparse, saved by scipy, from .npz")
    matrix = Matrix(read_sparse(path, nodes)) if suffix == ".npz" else _read_dense(path, nodes)
    rows, columns = matrix.values.shape
    if rows != columns:
        raise DataError(f"{path} has {rows} rows of {columns} numbers; a matrix over sensors must be square")
    _check_ids(matrix.ids or (), path)
    return matrix


def _check_ids(ids: tuple[str, ...], path: Path) -> None:
    if len(set(ids)) < len(ids):
        twice = next(one for number, one in enumerate(ids) if one in ids[:number])
        raise DataError(f"{path} names sensor {twice!r} twice; give each sensor its own id")


def _read_dense(path: Path, nodes: int) -> Matrix:
    table = _table(path)
    first, lines = table.first, len(table.lines)
    whole = first[0] or lines == nodes  # else the first cell is the empty corner between ids
    if lines <= len(first) and whole and all(table.is_number(cell) for cell in first):
        return Matrix(parsed(table, 0).to_numpy())
    named_rows = int(lines == len(first))
    ids = tuple(first[named_rows:])
    if named_rows and ids != (row_ids := tuple(table.cells(number)[0] for number in range(1, lines))):
        different = next(pair for pair in zip(ids, row_ids, strict=True) if pair[0] != pair[1])
        raise DataError(f"{path} has column {different[0]!r} where it has row {different[1]!r}; order both alike")
    return Matrix(parsed(table, 1, range(named_rows))[list(range(named_rows, len(first)))].to_numpy(), ids)


def _table(path: Path) -> TextTable:
    """Read a text file, its separator and decimal mark as they are seen from it."""
    return read_text_table(path)


def read_edges(path: Path) -> EdgeList:
    """Read a CSV list of road segments: from, to and, where known, cost.

    A first line is a header where it names the ends as lists usually do, where its cost is no number and its ends are
    none of the others', or where it has no number above lines that have nothing else.

    Raises:
        DataError: The file is absent, has other than two or three columns, or a cost that is no number.
    """
    table = _table(path)
    first = table.first
    if len(first) not in (2, 3):
        raise DataError(
            f"{path} has {len(first)} column{'s' * (len(first) > 1)}; an edge list has from, to and, if known, cost"
        )
    rows = [table.cells(number) for number in range(len(table.lines))]
    skip = int(_is_header(first, rows[1:]))
    for number, row in enumerate(rows[skip:], start=skip):
        if not row[0] or not row[1]:
            raise DataError(f"{table.place(number)}: an end of the segment is empty; name it, or remove the line")
    if len(rows) == skip:
        raise DataError(f"{path} has no segment below its header; get the file again")
    costs = parsed(table, skip, (0, 1))[2].to_numpy() if len(first) == 3 else None
    return EdgeList(tuple((row[0], row[1]) for row in rows[skip:]), costs)


def _is_header(first: list[str], rows: list[list[str]]) -> bool:
    if any(cell.lower() in END_NAMES for cell in first[:2]):
        return True
    if any(is_number(cell) for cell in first[:2]):
        return False
    if len(first) == 3 and not is_number(first[2]):
        return not {cell for row in rows for cell in row[:2]} & set(first[:2])
    numbers = all(is_number(cell) for row in rows for cell in row)
    return numbers and bool(rows) and not any(is_number(cell) for cell in first)


def read_ids(path: Path) -> tuple[str, ...]:
    """Read the sensor ids of a text file, separated by commas, spaces or line ends.

    Raises:
        DataError: The file is absent or empty.
    """
    return tuple(word for line in text_lines(path)[0] for word in re.split(r"[,;\s]+", line) if word)


def read_pickled_graph(path: Path) -> Matrix:
    """Read DCRNN's `adj_mx.pkl` without running it: sensor ids, their index and the weights, pickled by Python 2 or 3.

    Raises:
        DataError: The file is absent, damaged, or holds anything else.
    """
    must_be_a_file(path)
    content = unpickled(path.read_bytes(), path)
    if not (isinstance(content, list | tuple) and len(content) == 3 and isinstance(content[2], np.ndarray)):
        raise DataError(f"{path} is not DCRNN's list of ids, index and matrix; get the file again")
    ids, _, weights = content
    if not isinstance(ids, list | tuple | np.ndarray) or np.ndim(weights) != 2:
        raise DataError(f"{path} is not DCRNN's list of ids, index and matrix; get the file again")
    if weights.shape != (len(ids), len(ids)) or weights.dtype.kind not in "fiub":
        raise DataError(
            f"{path} has {len(ids)} ids for a matrix of shape {weights.shape} and type {weights.dtype}; "
            "get the file again"
        )
    names = tuple(_id_of(one, path) for one in ids)
    _check_ids(names, path)
    return Matrix(weights.astype(np.float64), names)


def _id_of(one: object, path: Path) -> str:
    """Write an id of a pickle as text."""
    if not isinstance(one, str | bytes | int | np.integer | float):
        raise DataError(f"{path} has an id of type {type(one).__name__}; save the ids as text")
    try:
        return one.decode() if isinstance(one, bytes) else str(one)
    except ValueError as error:  # bytes that are no UTF-8, integers of thousands of digits
        raise DataError(f"{path} has an id that is no text ({error}); save the ids as text in UTF-8") from error
