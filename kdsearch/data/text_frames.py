"""Text files as tables with columns of numbers and of text: which line is the header, which columns may hold ids."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from kdsearch.data.columns import SENSOR_NAMES, TIME_NAMES, named_like
from kdsearch.data.frame import Frame
from kdsearch.data.series_source import SeriesSource
from kdsearch.data.text_table import SAMPLE, TextTable
from kdsearch.data.time_text import is_time
from kdsearch.data.times_of_day import day_columns
from kdsearch.data.written_numbers import MISSING_WORDS, is_unit, is_written_number, no_number
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
        source: Its `header` and `missing_text` are obeyed, and the columns that it names as times or sensors stay text.

    Raises:
        DataError: The file has no rows, or a cell is no number.
        DataQuestion: The first line may be ids or readings.
    """
    header = _has_header(table) if source.header is None else source.header
    missing = [*MISSING_WORDS, *source.missing_text]
    units = header and _holds_units(table, missing)
    skip = int(header) + int(units)
    sample = [table.cells(number) for number in range(skip, min(SAMPLE, len(table.lines)))]
    named = _named(table, header, source)
    text = [column for column in range(table.width) if column in named or _stays_text(table, sample, column, missing)]
    data = parsed(table, skip, text, missing)
    for column in text if source.missing_text else ():
        data[column] = data[column].where(~data[column].isin(source.missing_text), "")
    empty = [column for column, name in enumerate(table.first) if not name and (data[column].isin(["", np.nan])).all()]
    kept = [column for column in range(table.width) if column not in empty] or [0]  # without those of spare separators
    if empty:
        data = data[kept].set_axis(range(len(kept)), axis=1)
    words = ", ".join(filter(None, table.cells(1))) if units else ""
    said = f"line {table.first_line + 1} of {table.path.name} was taken for units and left out: {words}"
    return Frame(
        data,
        tuple(table.first[column] for column in kept) if header else None,
        str(table.path),
        lambda row: table.place(row + skip),
        table.decimal,
        (*table.notes, said) if units else table.notes,
    )


def _named(table: TextTable, header: bool, source: SeriesSource) -> set[int]:
    """Find the columns of times and ids by their names: their cells stay as they are written, such as 0401 or 12.10."""
    names = table.first if header else [str(column + 1) for column in range(table.width)]
    told = {*source.time, source.sensor}
    found = {column for column, name in enumerate(names) if name in told}
    if source.layout == "days":
        found |= set(range(min(FIRST_COLUMNS, table.width)))
    if header:
        times = {column for column, name in enumerate(names) if is_time(name)} or day_columns(names, None).keys()
        rest = set(range(table.width)) - times if 2 * len(times) >= len(names) else set()
        words = (TIME_NAMES, SENSOR_NAMES)
        found |= rest | {
            column for column, name in enumerate(names) if name and any(named_like(one, name) for one in words)
        }
    return found


def _holds_units(table: TextTable, missing: list[str]) -> bool:
    """Tell whether the line beneath the header holds units.

    Raises:
        DataError: It holds no reading, nor units.
    """
    if len(table.lines) < 3:
        return False
    second, below = table.cells(1), [table.cells(number) for number in range(2, min(SAMPLE, len(table.lines)))]
    filled = [cell for cell in second if cell not in missing]
    if not filled or any(table.is_number(cell) or is_written_number(cell) or is_time(cell) for cell in filled):
        return False
    numbers = [
        column
        for column, cell in enumerate(second)
        if cell not in missing
        and any(row[column] not in missing for row in below)
        and all(table.is_number(row[column]) for row in below)
    ]
    if not numbers:
        return False
    if any(is_unit(cell) for cell in filled):
        return True
    raise DataError(
        f"{table.place(1)}: {second[numbers[0]]!r} stands above numbers, as a second header does; take it out, or, "
        f"where it alone holds the names, write skip_lines = {table.first_line} under [series] in dataset.toml"
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
    if len(table.lines) <= skip:
        raise DataError(f"{table.path} has no rows below its header; get the file again")
    numbers = [column for column in range(table.width) if column not in set(text)]
    missing_in: dict[Any, Any] = {column: list(missing) for column in numbers}
    dtypes: dict[Any, Any] = dict.fromkeys(text, object) | dict.fromkeys(numbers, np.float64)

    def read(lines: Sequence[str]) -> pd.DataFrame:
        return pd.read_csv(
            io.StringIO("\n".join(lines)),
            sep=r"\s+" if table.separator == " " else table.separator,
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

    lines = table.lines[skip:]
    try:
        data = read(lines)
    except ValueError as error:
        if (bad := _first_bad_cell(table, skip, numbers, missing)) is not None:
            raise bad from error
        data = None
    if data is None or len(data) != len(lines):
        odd = next((number for number, line in enumerate(lines, start=skip) if line.count('"') % 2), None)
        if odd is not None:
            raise DataError(f"{table.place(odd)}: a quotation mark is not closed; close it, or take it out")
    try:
        return read(_without_spaces(table, skip)) if data is None else data
    except ValueError as error:
        raise DataError(f"{table.path} is not a table of numbers; save it as one") from error


def _without_spaces(table: TextTable, skip: int) -> list[str]:
    """Write lines again without spaces inside their cells' quotes and behind words, which pandas takes for a part."""
    written = io.StringIO()
    writer = csv.writer(written, delimiter=table.separator, lineterminator="\n")
    writer.writerows(table.cells(number) for number in range(skip, len(table.lines)))
    return written.getvalue().split("\n")[:-1]


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
    below = [cell for row in table.sample for cell in row if cell not in MISSING_WORDS and table.is_number(cell)]
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


def _first_bad_cell(table: TextTable, skip: int, columns: Sequence[int], missing: Sequence[str]) -> DataError | None:
    for number in range(skip, len(table.lines)):
        cells = table.cells(number)
        for column in columns:
            if cells[column] not in missing and not table.is_number(cells[column]):
                return no_number(table.place(number), column, cells[column])
    return None
