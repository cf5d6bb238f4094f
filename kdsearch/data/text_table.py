"""Text files as tables of cells: encoding, separator, decimal mark, header."""

import csv
import re
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from operator import contains, methodcaller
from pathlib import Path

from kdsearch.data.series_source import SeriesSource
from kdsearch.data.time_text import is_time
from kdsearch.data.unpack import unpacked
from kdsearch.errors import DataError, DataQuestion

__all__ = ["MISSING_WORDS", "SAMPLE", "TextTable", "is_number", "read_text_table"]

SAMPLE = 200
"""Lines from whose cells the layout of a table is seen."""

MISSING_WORDS = ["", "NaN", "nan", "-nan", "-NaN", "NAN", "NA", "N/A", "n/a", "#N/A", "NULL", "null", "None", "<NA>"]
"""Cells that say that there is no reading."""

SEPARATORS = ("\t", ";", ",")
"""Tried in this order: a comma may be a decimal mark beside the others, never the other way round."""
NAMES = {"\t": "tab", ";": ";", ",": ","}


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
        separators = self.width - 1
        quoted = any(map(contains, self.lines, repeat('"')))
        if not quoted and set(map(methodcaller("count", self.separator), self.lines)) == {separators}:
            return  # as in nearly all files, and without a step of Python for each line
        for number, line in enumerate(self.lines):
            count = line.count(self.separator)
            if (count != separators or '"' in line) and (found := len(self.cells(number))) != self.width:
                raise DataError(
                    f"{self.place(number)}: {found} cells where the first line has {self.width}; repair that line, or "
                    "write skip_lines = how many lines stand above the table"
                )


def split_line(line: str, separator: str) -> list[str]:
    """Split a line into cells without spaces and quotes around them."""
    if '"' not in line:
        return [cell.strip() for cell in line.split(separator)]
    return [cell.strip().strip('"') for cell in next(csv.reader([line], delimiter=separator, skipinitialspace=True))]


def is_number(cell: str, decimal: str = ".") -> bool:
    """Tell whether a cell is a number or says that there is none."""
    if cell in MISSING_WORDS:
        return True
    if "_" in cell or (decimal == "," and "." in cell):
        return False  # Python's own way to write 1000, and a mark between thousands
    try:
        float(cell.replace(",", ".") if decimal == "," else cell)
    except ValueError:
        return False
    return True


def read_text_table(path: Path, source: SeriesSource) -> TextTable:
    """Read a text file as a table.

    Args:
        path: The file, perhaps packed (`.gz`, `.zip`).
        source: Its `key`, `separator`, `decimal` and `skip_lines` are obeyed; what it leaves out is seen from the file.

    Raises:
        DataError: The file is absent, empty, no text, or its lines differ in length.
        DataQuestion: Its decimal mark is not certain.
    """
    text, notes = _decoded(unpacked(path, source.key), path)
    lines = text.splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    lines = lines[source.skip_lines :]
    if not lines:
        raise DataError(f"{path} is empty; get the file again")
    separator = {"tab": "\t"}.get(source.separator or "", source.separator) or _separator(lines)
    table = TextTable(path, lines, separator, ".", 1 + source.skip_lines, notes)
    table.check_widths()
    return TextTable(path, lines, separator, source.decimal or _decimal(table), 1 + source.skip_lines, notes)


def _decoded(content: bytes, path: Path) -> tuple[str, tuple[str, ...]]:
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text, notes = content.decode(encoding), ()
    except UnicodeDecodeError as error:
        if b"\0" in content[:1024] or encoding == "utf-16":
            raise DataError(f"{path} is not a text file ({error.reason}); save it as UTF-8") from error
        text = content.decode("cp1252", errors="replace")
        return text, (f"{path.name} is not UTF-8; its letters were read as those of Windows (cp1252)",)
    if "\0" in text:
        raise DataError(f"{path} is not a text file (it holds zero bytes); save it as UTF-8")
    return text, notes


def _separator(lines: list[str]) -> str:
    """Find the separator that divides the first lines into equally many cells."""
    sample = lines[:SAMPLE]
    for separator in SEPARATORS:
        widths = {len(split_line(line, separator)) for line in sample}
        if widths != {1} and len(widths) == 1:
            return separator
    counts = {separator: sum(line.count(separator) for line in sample) for separator in SEPARATORS}
    return max(SEPARATORS, key=lambda separator: (counts[separator], separator == ","))


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
