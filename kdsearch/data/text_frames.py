"""Text files as tables with columns of numbers and of text: which line is the header, which columns may hold ids."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from kdsearch.data.frame import Frame, no_number
from kdsearch.data.series_source import SeriesSource
from kdsearch.data.text_table import MISSING_WORDS, SAMPLE, TextTable
from kdsearch.data.time_text import is_time
from kdsearch.errors import DataError, DataQuestion

__all__ = ["frame_of_text", "parsed"]

FIRST_COLUMNS = 3
"""Columns at the left of any table in which whole numbers may be ids."""

NARROW = 16
"""Columns up to which whole numbers may be ids: tables of one reading a row have few columns."""


def frame_of_text(table: TextTable, source: SeriesSource) -> Frame:
    """Parse the cells of a text file.

    Args:
        table: The file.
        source: Its `header` and `missing_text` are obeyed.

    Raises:
        DataError: The file has no rows, or a cell is no number.
        DataQuestion: The first line may be ids or readings.
    """
    header = _has_header(table) if source.header is None else source.header
    sample = [table.cells(number) for number in range(int(header), min(SAMPLE, len(table.lines)))]
    missing = [*MISSING_WORDS, *source.missing_text]
    text = [column for column in range(table.width) if _stays_text(table, sample, column, missing)]
    data = parsed(table, int(header), text, missing)
    last = data[table.width - 1]
    if table.width > 1 and table.first[-1] == "" and (last.isna() | (last == "")).all():
        data = data.drop(columns=table.width - 1)  # a separator stands at the end of each line
    for column in text if source.missing_text else ():
        data[column] = data[column].where(~data[column].isin(source.missing_text), "")
    return Frame(
        data,
        tuple(table.first[: data.shape[1]]) if header else None,
        str(table.path),
        lambda row: table.place(row + int(header)),
        table.decimal,
        table.notes,
    )


def parsed(
    table: TextTable, skip: int, text: Sequence[int] = (), missing: Sequence[str] = MISSING_WORDS
) -> pd.DataFrame:
    """Parse the lines after the first `skip`: columns numbered from 0, of text as it stands, all others of numbers.

    Args:
        table: The file.
        skip: Lines that are left out.
        text: Columns that stay text.
        missing: Cells that are no number, and no mistake: NaN.

    Raises:
        DataError: There is no such line, or a cell is no number.
    """
    lines = table.lines[skip:]
    if not lines:
        raise DataError(f"{table.path} has no rows below its header; get the file again")
    numbers = [column for column in range(table.width) if column not in set(text)]
    missing_in: dict[Any, Any] = {column: list(missing) for column in numbers}
    dtypes: dict[Any, Any] = dict.fromkeys(text, object) | dict.fromkeys(numbers, np.float64)
    try:
        data = pd.read_csv(
            io.StringIO("\n".join(lines)),
            sep=table.separator,
            decimal=table.decimal,
            header=None,
            names=list(range(table.width)),
            index_col=False,
            dtype=dtypes,
            na_values=missing_in,
            keep_default_na=False,
            skip_blank_lines=False,
            skipinitialspace=True,
        )
    except ValueError as error:
        raise _first_bad_cell(table, skip, numbers, missing) from error
    if len(data) != len(lines):
        odd = next(number for number, line in enumerate(lines, start=skip) if line.count('"') % 2)
        raise DataError(f"{table.place(odd)}: a quotation mark is not closed; close it, or take it out")
    return data


def _stays_text(table: TextTable, sample: list[list[str]], column: int, missing: list[str]) -> bool:
    """Tell whether a column may hold no readings: words, times, and whole numbers in a table of few columns."""
    cells = [cell for row in sample if (cell := row[column]) not in missing]
    if not all(table.is_number(cell) for cell in cells):
        return True
    return (table.width <= NARROW or column < FIRST_COLUMNS) and bool(cells) and all(cell.isdigit() for cell in cells)


def _has_header(table: TextTable) -> bool:
    """Tell whether the first line holds names rather than readings.

    Raises:
        DataQuestion: It may hold ids or readings.
    """
    first = table.first
    if timed := [column for column, cell in enumerate(first) if is_time(cell)]:
        return len(table.lines) < 2 or not all(is_time(table.cells(1)[column]) for column in timed)
    if not all(table.is_number(cell) for cell in first):
        return True
    below_first = [row[0] for row in table.sample]
    if below_first and (is_time(below_first[0]) or (first[0] == "" and all(below_first))):
        return True  # ids above times, or above the row numbers that pandas writes
    ids = [cell for cell in first if _is_whole(cell)]
    if len(ids) < len([cell for cell in first if cell not in MISSING_WORDS]) or len(set(ids)) < len(ids) or not ids:
        return False
    below = [cell for row in table.sample for cell in row if cell not in MISSING_WORDS]
    digits = all(cell.isdigit() for cell in ids) and len(ids) == len(first)
    if digits and any(not _is_whole(cell) for cell in below) and _are_ids([int(cell) for cell in ids], below, table):
        return True  # whole numbers, no two alike and unlike the readings below them, which have decimals
    raise DataQuestion(f"{table.path}: the first line may be sensor ids or readings", "header", [True, False])


def _are_ids(ids: list[int], below: list[str], table: TextTable) -> bool:
    """Tell whether whole numbers above readings are none: they count, or are larger than all of them."""
    readings = [abs(float(cell.replace(table.decimal, "."))) for cell in below]
    return min(ids) > 2 * max(readings) or ids in (list(range(len(ids))), list(range(1, len(ids) + 1)))


def _is_whole(cell: str) -> bool:
    """Tell whether a cell is a whole number, perhaps with a decimal zero behind it."""
    digits = cell.removesuffix(".0").removesuffix(",0")
    return digits.isdigit()


def _first_bad_cell(table: TextTable, skip: int, columns: Sequence[int], missing: Sequence[str]) -> DataError:
    for number in range(skip, len(table.lines)):
        cells = table.cells(number)
        for column in columns:
            if cells[column] not in missing and not table.is_number(cells[column]):
                return no_number(table.place(number), column, cells[column])
    return DataError(f"{table.path} is not a table of numbers; save it as one")
