"""Text files as tables of cells: encoding, separator, decimal mark, header."""

import csv
import re
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import repeat
from operator import contains, methodcaller
from pathlib import Path

from kdsearch.data.columns import TIME_NAMES
from kdsearch.data.series_source import SeriesSource
from kdsearch.data.time_text import is_time
from kdsearch.data.unpack import decoded, unpacked
from kdsearch.data.written_numbers import is_number, is_written_number
from kdsearch.errors import DataError, DataQuestion

__all__ = ["SAMPLE", "TextTable", "read_text_table", "text_lines"]

SAMPLE = 200
"""Lines from whose cells the layout of a table is seen."""

SHOWN_LETTERS = 60
"""Of a line, in a message."""

SEPARATORS = ("\t", ";", "|", ",", " ")
"""Tried in this order: a comma may be a decimal mark beside the others, never the other way round; a space stands for a
run of spaces."""
NAMES = {"tab": "\t", "space": " "}

_PADDED = re.compile(r"\s*[^\t;|,]+(\s*[;|,]\s*[^\t;|,]*)+")
"""A line whose tabs only stand around other separators."""


@dataclass(frozen=True)
class TextTable:
    """The cells of a text file.

    Attributes:
        path: The file.
        lines: Its lines without empty ones at the end; the first has the number `first_line`.
        separator: What stands between cells.
        decimal: Decimal mark of its numbers.
        first_line: Number of the first line in the file, counted from 1.
        notes: What was taken for granted, one sentence each.
    """

    path: Path
    lines: list[str]
    separator: str
    decimal: str
    first_line: int = 1
    notes: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.first)

    @cached_property
    def first(self) -> list[str]:
        """Cells of the first line."""
        return self.cells(0)

    @cached_property
    def sample(self) -> list[list[str]]:
        """Cells of the first lines after the first one."""
        return [self.cells(number) for number in range(1, min(SAMPLE, len(self.lines)))]

    def cells(self, number: int) -> list[str]:
        """Split a line, counted from 0, into cells without spaces and quotes around them."""
        return split_line(self.lines[number], self.separator)

    def place(self, number: int) -> str:
        """Name a line, counted from 0, for a message."""
        return f"{self.path}, line {number + self.first_line}"

    def is_number(self, cell: str) -> bool:
        """Tell whether a cell is a number or says that there is none."""
        return is_number(cell, self.decimal)

    def check_widths(self) -> None:
        """Raise DataError where a line has more or fewer cells than the first one."""
        separators, spaces = self.width - 1, self.separator == " "
        quoted = spaces or any(map(contains, self.lines, repeat('"')))
        if not quoted and set(map(methodcaller("count", self.separator), self.lines)) == {separators}:
            return  # as in nearly all files, and without a step of Python for each line
        for number, line in enumerate(self.lines):
            count = separators if spaces else line.count(self.separator)
            if (spaces or count != separators or '"' in line) and (found := len(self.cells(number))) != self.width:
                what = f"{found} cell{'s' * (found != 1)} where the first line has {self.width}"
                remedy = "repair that line, or take it out"
                if not line.strip():
                    what = "the line is empty"
                elif line.count('"') % 2:
                    what = "a quotation mark is not closed"
                elif spaces:
                    remedy = "write a name for each, dates and times of day apart, or another separator than spaces"
                raise DataError(f"{self.place(number)}: {what}; {remedy}")

    def check_separated(self) -> None:
        """Raise DataError where lines of one cell hold neither numbers nor times: their separator is another one."""
        cells = [row[0] for row in self.sample if row[0]]
        if self.width == 1 and cells and not any(self.is_number(cell) or is_time(cell) for cell in cells):
            raise DataError(
                f"{self.place(1)}: {cells[0][:SHOWN_LETTERS]!r} has no separator; write commas, semicolons, tabs, | or "
                "spaces between cells, or correct separator under [series] in dataset.toml"
            )


def split_line(line: str, separator: str) -> list[str]:
    """Split a line into cells without spaces and quotes around them."""
    if '"' not in line:
        return line.split() if separator == " " else [cell.strip() for cell in line.split(separator)]
    return [cell.strip() for cell in next(csv.reader([line], delimiter=separator, skipinitialspace=True))]


def text_lines(path: Path, key: str | None = None) -> tuple[list[str], int, tuple[str, ...]]:
    """Read the lines of a text file, perhaps packed, without empty ones at both ends.

    Args:
        path: The file.
        key: The file inside a zip; may be left out where there is only one.

    Returns:
        The lines, how many empty ones stand above them, and what was taken for granted.

    Raises:
        DataError: The file is absent, empty or no text.
    """
    text, notes = decoded(unpacked(path, key), path)
    lines = (text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text).split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise DataError(f"{path} is empty; get the file again")
    empty = next(number for number, line in enumerate(lines) if line.strip())
    return lines[empty:] if empty else lines, empty, notes


def read_text_table(path: Path, source: SeriesSource | None = None) -> TextTable:
    """Read a text file as a table.

    Args:
        path: The file, perhaps packed (`.gz`, `.zip`).
        source: Its `key`, `separator`, `decimal` and `skip_lines` are obeyed; what it leaves out is seen from the file.
            None for a file that is not of readings.

    Raises:
        DataError: The file is absent, empty, no text, or its lines differ in length.
        DataQuestion: Its decimal mark is not certain, or lines stand above the table.
    """
    told = source or SeriesSource(file=path.name)
    lines, empty, notes = text_lines(path, told.key)
    skip = max(told.skip_lines - empty, 0)
    lines, above = lines[skip:], empty + skip
    if not lines:
        raise DataError(f"{path} has no line below those of skip_lines = {told.skip_lines}; correct it under [series]")
    separator = NAMES.get(told.separator or "", told.separator) or _separator(lines)
    if (mark := re.fullmatch(r'"?sep=([\t;|,])"?', lines[0])) and len(lines) > 1:  # Excel's own line
        lines, above, separator = lines[1:], above + 1, mark[1]
    lines = _with_whole_header(lines, separator)
    if title := _lines_above(lines, separator):
        line = lines[0].strip()[:SHOWN_LETTERS]
        what = f"{path}, line {above + 1}: {line!r} is no line of the table, which begins below it"
        if source is None:
            raise DataError(f"{what}, on line {above + title + 1}; take the lines above it out")
        raise DataQuestion(what, "skip_lines", [above + title])
    table = TextTable(path, lines, separator, ".", 1 + above, notes)
    table.check_widths()
    table = replace(table, decimal=told.decimal or _decimal(table))
    if source is not None:
        table.check_separated()
    return table


def _with_whole_header(lines: list[str], separator: str) -> list[str]:
    """Complete a header that lacks a cell: above separators at the ends of lines, or above row names as R has them."""
    first, *rows = (split_line(line, separator) for line in lines[:SAMPLE])
    if separator == " " or not rows or any(len(row) != len(first) + 1 for row in rows):
        return lines
    if not any(row[-1] for row in rows):
        return [lines[0] + separator, *lines[1:]]
    named = TIME_NAMES.fullmatch(first[0]) is not None
    return [separator + lines[0], *lines[1:]] if is_time(rows[0][int(named)]) else lines


def _lines_above(lines: list[str], separator: str) -> int:
    """Count the lines above a table: they fill few of its cells, and with words."""
    rows = [split_line(line, separator) for line in lines[:SAMPLE]]
    middle = rows[len(rows) // 2]
    width, usual = len(middle), sum(map(bool, middle))
    for number, row in enumerate(rows):
        filled = [cell for cell in row if cell]
        words = any(not is_number(cell) and not is_written_number(cell) and not is_time(cell) for cell in filled)
        if len(row) == width > 1 and not (words and 2 * len(filled) < usual):
            return number if all(len(other) == width for other in rows[number:]) else 0
        if 2 * len(filled) > usual:
            return 0
    return 0


def _separator(lines: list[str]) -> str:
    """Find the separator that divides the first lines into equally many cells."""
    sample = lines[:SAMPLE]
    spaced = all(re.fullmatch(r"[\w.:+/%-]+|[+-]?\d+,\d+", cell) for cell in split_line(sample[-1], " "))
    padded = all(map(_PADDED.fullmatch, sample))
    for separator in SEPARATORS[int(padded) : None if spaced else -1]:
        widths = {len(split_line(line, separator)) for line in sample}
        if widths != {1} and len(widths) == 1:
            return separator
    counts = {separator: sum(line.count(separator) for line in sample) for separator in SEPARATORS[:-1]}
    if spaced and not any(counts.values()) and len(split_line(sample[-1], " ")) > 1:
        return " "
    return max(counts, key=lambda separator: (counts[separator], separator == ","))


def _decimal(table: TextTable) -> str:
    """Find the decimal mark; a point where no number needs one."""
    if table.separator == ",":
        return "."
    cells = [cell for row in [table.first, *table.sample] for cell in row if not is_time(cell)]
    comma = [cell for cell in cells if re.fullmatch(r"[+-]?\d*,\d+", cell)]
    point = [cell for cell in cells if re.fullmatch(r"[+-]?\d*\.\d+", cell)]
    both = [cell for cell in cells if re.fullmatch(r"[+-]?\d{1,3}([.,]\d{3})+([.,]\d+)?", cell)]
    if (comma and point) or any("." in cell and "," in cell for cell in both):
        example = next(iter([cell for cell in both if "." in cell and "," in cell] or [*comma[:1], *point[:1]]))
        raise DataError(
            f"{table.path}: numbers such as {example!r} have points and commas; write numbers without marks between "
            "thousands"
        )
    for cells_with, mark in ((comma, ","), (point, ".")):
        if cells_with and all(re.fullmatch(rf"[+-]?\d{{1,3}}{re.escape(mark)}\d{{3}}", cell) for cell in cells_with):
            raise DataQuestion(
                f"{table.path}: the mark in {cells_with[0]!r} may be a decimal one, or stand between thousands (take "
                "it out of the file then)",
                "decimal",
                [mark],
            )
    return "," if comma else "."
