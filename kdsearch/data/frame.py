"""A table with columns of numbers, words and times, from whatever file: what layouts are read from."""

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kdsearch.data.series_source import SeriesSource
from kdsearch.data.text_table import SAMPLE
from kdsearch.data.time_text import is_day, is_time
from kdsearch.data.times_of_day import is_clock
from kdsearch.data.written_numbers import MISSING_WORDS, is_number, is_written_number, no_number
from kdsearch.errors import DataError

__all__ = ["Frame", "frame_of_pandas"]

FLAGS = {"true": "1", "false": "0"}

LARGEST_EXACT = 2**53
"""Whole numbers from here on are not all different as numbers of 64 bits with a point."""


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

    def labels(self, columns: Sequence[int]) -> list[str]:
        """Write columns as `dataset.toml` does: by their names, or counted from 1."""
        return [str(column + 1) if self.names is None else self.names[column] for column in columns]

    def column(self, name: str, key: str) -> int:
        """Find the column that a key of `dataset.toml` names.

        Raises:
            DataError: There is none.
        """
        if self.names is not None and name in self.names:
            return self.names.index(name)
        if self.names is None and name.isdigit() and 1 <= int(name) <= self.data.shape[1]:
            return int(name) - 1
        if key == "observed":
            raise DataError(
                f"{self.file} has no column {name!r}, nor has its folder a file of that name; correct observed under "
                "[series] in dataset.toml"
            )
        if self.names is None:
            raise DataError(
                f"{self.file} has no header, so that {key} = {name!r} names no column; write the number of the column, "
                f'such as {key} = "1"'
            )
        near = difflib.get_close_matches(name, self.names, n=3, cutoff=0.0)
        raise DataError(
            f"{self.file} has no column {name!r}; write {key} = one of {', '.join(map(repr, near))} under [series] in "
            "dataset.toml"
        )

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

    def is_days(self, column: int) -> bool:
        """Tell whether a column of times has no time of day but midnight."""
        cells = self.data[column]
        if not self.is_text(column):
            return bool((cells == cells.dt.normalize()).all())
        return all(is_day(str(cell)) for cell in cells.unique())

    def is_clocks(self, column: int) -> bool:
        """Tell whether a column holds times of day alone."""
        cells = self._sample(column) if self.is_text(column) else []
        return bool(cells) and all(is_clock(cell) for cell in cells)

    def is_whole(self, column: int) -> bool:
        """Tell whether a column holds whole numbers."""
        cells = self._sample(column)
        return bool(cells) and all(re.fullmatch(r"\d+(\.0)?", cell) for cell in cells)

    def is_words(self, column: int) -> bool:
        """Tell whether a column holds words, which are no readings, nor numbers in a form that is not read."""
        cells = self._sample(column) if self.is_text(column) else []
        return bool(cells) and not any(is_number(cell, self.decimal) or is_written_number(cell) for cell in cells)

    def is_flags(self, column: int) -> bool:
        """Tell whether a column holds true and false, which are no readings."""
        if not self.is_text(column):
            return pd.api.types.is_bool_dtype(self.data[column])
        cells = self._sample(column)
        return bool(cells) and all(cell.lower() in FLAGS for cell in cells)

    def first(self, column: int) -> str:
        """Give the first cell of a column that is not missing; empty where all of the first ones are."""
        return next(iter(self._sample(column)), "")

    def _sample(self, column: int) -> list[str]:
        cells = (str(cell).strip() for cell in self.data[column].iloc[:SAMPLE])
        return [cell for cell in cells if cell not in MISSING_WORDS]

    def texts(self, column: int) -> pd.Series:
        """Give a column as text; ids that were numbers have no decimals."""
        cells = self.data[column]
        if pd.api.types.is_float_dtype(cells) and (cells.dropna() % 1 == 0).all():
            if (cells.abs() >= LARGEST_EXACT).any():
                raise DataError(
                    f"{self.file}: the column {self.name(column)} holds ids as numbers with a point, which are not "
                    "exact beyond 2^53; save them as text"
                )
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
        if self.is_flags(column):
            text = text.str.lower().replace(FLAGS)
        if self.decimal == ",":  # a point stands between thousands, and is refused
            text = text.str.replace(".", "?", regex=False).str.replace(",", ".", regex=False)
        found = pd.to_numeric(text, errors="coerce")
        numbers = found.to_numpy(dtype=np.float64, na_value=np.nan)
        if (bad := np.flatnonzero(np.isnan(numbers) & (text != "nan").to_numpy())).size:
            raise no_number(self.place(int(bad[0])), column, str(cells.iloc[bad[0]]).strip())
        return numbers


def frame_of_pandas(data: pd.DataFrame, file: str, source: SeriesSource) -> Frame:
    """Take a frame of pandas; an index that does more than number its rows becomes its first column.

    Args:
        data: The frame.
        file: Its name, for messages.
        source: Its `missing_text` and `decimal` are obeyed.

    Raises:
        DataError: It is no frame, has no rows, or its columns have several levels or one name twice.
    """
    if not isinstance(data, pd.DataFrame):
        raise DataError(f"{file} is a {type(data).__name__}; give a DataFrame of pandas")
    if data.empty:
        raise DataError(f"{file} has no rows or no columns; give one with readings")
    if data.columns.nlevels > 1:
        raise DataError(f"{file}: the columns have {data.columns.nlevels} levels; give them one name each")
    if odd := [name for name, kind in data.dtypes.items() if pd.api.types.is_complex_dtype(kind)]:
        raise DataError(f"{file}: the column {odd[0]!r} holds complex numbers; give plain ones")
    if source.missing_text:
        data = data.mask(data.isin(list(source.missing_text)))
    names = tuple(str(name) for name in data.columns)
    frame = Frame(
        _numbered(data).reset_index(drop=True),
        names,
        file,
        lambda row: f"{file}, row {row + 1}",
        source.decimal or ".",
    )
    if _only_numbers_rows(data.index, frame):
        return frame
    if set(data.index.names) & set(data.columns):
        raise DataError(f"{file}: the index and a column have the name {data.index.names[0]!r}; rename one of them")
    whole = data.reset_index()
    names = tuple(str(name) for name in whole.columns)
    return replace(frame, data=_numbered(whole), names=names)


def _numbered(data: pd.DataFrame) -> pd.DataFrame:
    """Give the columns numbers, and write spans of time as the times of day that they are from midnight on."""
    numbered = data.set_axis(range(data.shape[1]), axis=1)
    for column in numbered.select_dtypes("timedelta"):
        numbered[column] = numbered[column].astype(str).str.removeprefix("0 days ")
    return numbered


def _only_numbers_rows(index: pd.Index, frame: Frame) -> bool:
    """Tell whether an index without a name numbers the rows of a frame, or those that it was chosen from."""
    if index.nlevels > 1 or index.name is not None or not pd.api.types.is_integer_dtype(index.dtype):
        return False
    return bool((index == np.arange(len(index))).all()) or any(frame.is_times(column) for column in frame.columns)
