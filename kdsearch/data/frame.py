"""A table with columns of numbers, words and times, from whatever file: what layouts are read from."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kdsearch.data.series_source import SeriesSource
from kdsearch.data.text_table import MISSING_WORDS, SAMPLE, TextTable, is_number
from kdsearch.data.time_text import is_clock, is_time
from kdsearch.errors import DataError, DataQuestion

__all__ = ["Frame", "frame_of_pandas", "frame_of_text", "parsed"]

FIRST_COLUMNS = 3
"""Columns at the left of any table in which whole numbers may be ids."""

NARROW = 16
"""Columns up to which whole numbers may be ids: tables of one reading a row have few columns."""


@dataclass(frozen=True)
class Frame:
    """Cells of a table.

    Attributes:
        data: Columns numbered from 0, of text, numbers or times.
        names: Their names; None where the table has none.
        file: Name of the file, for messages.
        place: Names a row for a message.
        decimal: Decimal mark of numbers that are still text.
        notes: What was taken for granted, one sentence each.
    """

    data: pd.DataFrame
    names: tuple[str, ...] | None
    file: str
    place: Callable[[int], str]
    decimal: str = "."
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> range:
        """Numbers of the columns."""
        return range(self.data.shape[1])

    def name(self, column: int) -> str:
        """Name a column for a message."""
        return repr(self.names[column]) if self.names is not None else f"number {column + 1}"

    def is_text(self, column: int) -> bool:
        """Tell whether a column holds text, that of whole numbers too."""
        return not (
            pd.api.types.is_numeric_dtype(self.data[column]) or pd.api.types.is_datetime64_any_dtype(self.data[column])
        )

    def is_times(self, column: int) -> bool:
        """Tell whether a column holds times."""
        if not self.is_text(column):
            return pd.api.types.is_datetime64_any_dtype(self.data[column])
        cells = self._sample(column)
        return 2 * sum(is_time(cell) for cell in cells) > len(cells)  # one that is none is a mistake to be named

    def is_clocks(self, column: int) -> bool:
        """Tell whether a column holds times of day alone."""
        cells = self._sample(column) if self.is_text(column) else []
        return bool(cells) and all(is_clock(cell) for cell in cells)

    def is_words(self, column: int) -> bool:
        """Tell whether a column holds words, which are no readings."""
        cells = self._sample(column) if self.is_text(column) else []
        return bool(cells) and not any(is_number(cell, self.decimal) for cell in cells)

    def _sample(self, column: int) -> list[str]:
        cells = (str(cell).strip() for cell in self.data[column].iloc[:SAMPLE])
        return [cell for cell in cells if cell not in MISSING_WORDS]

    def texts(self, column: int) -> pd.Series:
        """Give a column as text; ids that were numbers have no decimals."""
        cells = self.data[column]
        if pd.api.types.is_float_dtype(cells) and (cells.dropna() % 1 == 0).all():
            cells = cells.astype("Int64")
        return cells.astype(str).str.strip().where(~cells.isna(), "")

    def numbers(self, columns: Sequence[int]) -> NDArray[np.float64]:
        """Give columns as numbers, float64 ``(row, column)``, NaN where there is no reading.

        Raises:
            DataError: A cell is no number.
        """
        if all(pd.api.types.is_numeric_dtype(self.data[column]) for column in columns):
            return self.data[list(columns)].to_numpy(dtype=np.float64, na_value=np.nan)
        return np.stack([self._numbers(column) for column in columns], axis=1)

    def _numbers(self, column: int) -> NDArray[np.float64]:
        cells = self.data[column]
        if pd.api.types.is_datetime64_any_dtype(cells):
            raise DataError(
                f"{self.file}: the column {self.name(column)} holds times; name it as time, or under ignore"
            )
        if pd.api.types.is_numeric_dtype(cells):
            return cells.to_numpy(dtype=np.float64, na_value=np.nan)
        text = cells.astype(str).str.strip().fillna("nan")
        text = text.mask(text.isin(MISSING_WORDS), "nan")
        if self.decimal == ",":  # a point stands between thousands, and is refused
            text = text.str.replace(".", "?", regex=False).str.replace(",", ".", regex=False)
        found = pd.to_numeric(text, errors="coerce")
        numbers = found.to_numpy(dtype=np.float64, na_value=np.nan)
        if (bad := np.flatnonzero(np.isnan(numbers) & (text != "nan").to_numpy())).size:
            raise _no_number(self.place(int(bad[0])), column, str(cells.iloc[bad[0]]).strip())
        return numbers


def frame_of_pandas(data: pd.DataFrame, file: str, missing_text: Sequence[str] = ()) -> Frame:
    """Take a frame of pandas; an index that has a name, or holds times or words, becomes its first column.

    Args:
        data: The frame.
        file: Its name, for messages.
        missing_text: Cells that say that nothing was measured.

    Raises:
        DataError: It is no frame, has no rows, or its columns have several levels or one name twice.
    """
    if not isinstance(data, pd.DataFrame):
        raise DataError(f"{file} is a {type(data).__name__}; give a DataFrame of pandas")
    if data.empty:
        raise DataError(f"{file} has no rows or no columns; give one with readings")
    if data.columns.nlevels > 1:
        raise DataError(f"{file}: the columns have {data.columns.nlevels} levels; give them one name each")
    plain = data.index.nlevels == 1 and data.index.name is None and pd.api.types.is_integer_dtype(data.index.dtype)
    if not plain and set(data.index.names) & set(data.columns):
        raise DataError(f"{file}: the index and a column have the name {data.index.names[0]!r}; rename one of them")
    data = data if plain else data.reset_index()
    if missing_text:
        data = data.mask(data.isin(list(missing_text)))
    names = tuple(str(name) for name in data.columns)
    return Frame(data.set_axis(range(len(names)), axis=1), names, file, lambda row: f"{file}, row {row + 1}")


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
                return _no_number(table.place(number), column, cells[column])
    return DataError(f"{table.path} is not a table of numbers; save it as one")


def _no_number(place: str, column: int, cell: str) -> DataError:
    return DataError(
        f"{place}, column {column + 1}: {cell!r} is not a number; correct it, leave the cell empty where nothing was "
        f"measured, or write missing_text = [{cell!r}] under [series]"
    )
