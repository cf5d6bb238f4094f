"""Reading of comma-separated text as numbers, with errors that name the line, the column and the remedy."""

import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kdsearch.errors import DataError

__all__ = ["cells_of", "is_number", "is_time", "lines_of", "must_exist", "numbers_of", "times_of"]


def must_exist(path: Path) -> None:
    """Raise DataError where a file is not there."""
    if not path.is_file():
        raise DataError(f"{path} is not there; put the file there or correct its name in dataset.toml")


def lines_of(path: Path) -> list[str]:
    """Read the lines of a text file without empty ones at its end.

    Raises:
        DataError: The file is absent, empty or not text.
    """
    must_exist(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not a text file ({error}); save it as UTF-8") from error
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise DataError(f"{path} is empty; get the file again")
    return lines


def cells_of(line: str) -> list[str]:
    """Split a line into cells, without spaces and quotes around them."""
    return [cell.strip().strip('"') for cell in line.split(",")]


def is_number(cell: str) -> bool:
    """Tell whether a cell is a number; an empty cell is a missing one."""
    try:
        float(cell or "nan")
    except ValueError:
        return False
    return True


def is_time(cell: str) -> bool:
    """Tell whether a cell is a date, or a date and a time of day, in ISO 8601."""
    return re.match(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}|$)", cell) is not None


def numbers_of(path: Path, lines: list[str], skip: int, first_column: int = 0) -> NDArray[np.float64]:
    """Parse the lines after `skip`, columns from `first_column`, as ``(line, column)``; NaN for empty cells.

    Raises:
        DataError: A line has more or fewer cells than the first one, or a cell is no number.
    """
    commas = lines[0].count(",")
    for number, line in enumerate(lines[skip:], start=skip + 1):
        if line.count(",") != commas:
            raise DataError(
                f"{path}, line {number}: {line.count(',') + 1} cells where the first line has {commas + 1}; "
                "repair that line"
            )
    if len(lines) == skip:
        raise DataError(f"{path} has no rows below its header; get the file again")
    columns = range(first_column, commas + 1)
    text = io.StringIO("\n".join(lines[skip:]))
    try:
        frame = pd.read_csv(text, header=None, usecols=columns, dtype=np.float64, skip_blank_lines=False)
    except ValueError as error:
        raise _first_bad_cell(path, lines, skip, first_column) from error
    return np.array(frame.to_numpy(), dtype=np.float64)


def _first_bad_cell(path: Path, lines: list[str], skip: int, first_column: int) -> DataError:
    for number, line in enumerate(lines[skip:], start=skip + 1):
        for column, cell in enumerate(cells_of(line)[first_column:], start=first_column + 1):
            if not is_number(cell):
                return DataError(
                    f"{path}, line {number}, column {column}: {cell!r} is not a number; write it with a decimal point, "
                    "or leave the cell empty where nothing was measured"
                )
    return DataError(f"{path} is not a table of numbers separated by commas; save it as one")


def times_of(path: Path, lines: list[str], skip: int) -> NDArray[np.datetime64]:
    """Parse the times in the first cell of the lines after `skip`, ``datetime64[m]`` ``(line,)``.

    Raises:
        DataError: A time is not written as ISO 8601 says, or carries a time zone.
    """
    cells = [cells_of(line)[0] for line in lines[skip:]]
    for number, cell in enumerate(cells, start=skip + 1):
        if not is_time(cell):
            raise DataError(f"{path}, line {number}: {cell!r} is not a time; write times like 2024-03-01T00:00")
        if re.search(r"(Z|[+-]\d{2}:?\d{2})$", cell[10:]):
            raise DataError(f"{path}, line {number}: {cell!r} has a time zone; write local times without one")
    try:
        times = pd.to_datetime(pd.Series(cells, dtype=object), format="ISO8601")
    except ValueError as error:
        raise DataError(f"{path} has a time that no calendar knows ({error}); correct it there") from error
    return np.asarray(times.to_numpy().astype("datetime64[m]"))
