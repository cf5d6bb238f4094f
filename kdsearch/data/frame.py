"""A table with columns of numbers, words and times, from whatever file: what layouts are read from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kdsearch.data.text_table import MISSING_WORDS, SAMPLE, is_number
from kdsearch.data.time_text import is_clock, is_time
from kdsearch.errors import DataError

__all__ = ["Frame", "frame_of_pandas", "no_number"]


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
            raise no_number(self.place(int(bad[0])), column, str(cells.iloc[bad[0]]).strip())
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


def no_number(place: str, column: int, cell: str) -> DataError:
    """Make the error of a cell that is no number."""
    return DataError(
        f"{place}, column {column + 1}: {cell!r} is not a number; correct it, leave the cell empty where nothing was "
        f"measured, or write missing_text = [{cell!r}] under [series]"
    )
