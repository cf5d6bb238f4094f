"""Numbers as cells of text: those that are read, those in a form that is not, and words for missing ones."""

import re

from kdsearch.errors import DataError, DataQuestion

__all__ = ["MISSING_WORDS", "is_number", "is_unit", "is_written_number", "no_number"]

MISSING_WORDS = ["", "NaN", "nan", "-nan", "-NaN", "NAN", "NA", "N/A", "n/a", "#N/A", "NULL", "null", "None", "<NA>"]
"""Cells that say that there is no reading."""

_UNIT = re.compile(r"%|(km|mi|m|ft)/(h|s)|kmh|kph|mph|(veh(icles?)?|kfz|pkw|lkw|fz|pcus?|cars?)\.?( ?/ ?.+)?", re.I)
_MARKED = re.compile(r"[+-]?\d{1,3}([.,'\u2019 \u00a0\u2009\u202f]\d{3})+([.,]\d+)?")
"""Numbers with marks between thousands."""


def is_number(cell: str, decimal: str = ".") -> bool:
    """Tell whether a cell is a number or says that there is none."""
    if cell in MISSING_WORDS:
        return True
    if "_" in cell or not cell.isascii() or "nan" in cell.lower() or (decimal == "," and "." in cell):
        return False  # Python's own way to write 1000, digits of other scripts, and a mark between thousands
    try:
        float(cell.replace(",", ".") if decimal == "," else cell)
    except ValueError:
        return False
    return True


def is_unit(cell: str) -> bool:
    """Tell whether a cell is a unit of readings, perhaps in brackets."""
    return _UNIT.fullmatch(cell.strip("[]() \u00a0\u202f")) is not None


def is_written_number(cell: str) -> bool:
    """Tell whether a cell is a number in a form that is not read: with a unit, another mark, or marks in it."""
    number = re.match(r"[+-]?[0-9]+([.,][0-9]+)?", cell)
    if number is None:
        return False
    return number[0] == cell or _MARKED.fullmatch(cell) is not None or is_unit(cell[number.end() :])


def no_number(place: str, column: int, cell: str) -> DataError:
    """Make the error of a cell that is no number."""
    if _MARKED.fullmatch(cell):
        remedy = "write numbers without marks between thousands"
        remedy += ', or decimal = "," under [series] where the comma is a decimal mark' * bool(
            re.fullmatch(r"[+-]?\d+,\d+", cell)
        )
    elif mark := re.fullmatch(r"[+-]?\d+([.,])\d+", cell):
        remedy = f'write decimal = "{mark[1]}" under [series], or the number as in the other cells'
    elif is_written_number(cell):
        remedy = "write the number alone, and its unit as unit = ... in dataset.toml"
    elif re.match(r"[\u2010-\u2015\u2212\ufe63\uff0d]\s?\d", cell):
        remedy = "write the sign of numbers below zero as -"
    elif any(letter.isdigit() and not letter.isascii() for letter in cell):
        remedy = "write numbers in the digits 0 to 9"
    elif re.match(r"[+-]?[.,]?\d", cell):
        remedy = f"write the number alone, or missing_text = [{cell!r}] under [series] where nothing was measured"
    else:
        what = (
            f"{place}, column {column + 1}: {cell!r} is not a number; correct it, or leave the cell empty where nothing"
        )
        return DataQuestion(f"{what} was measured, or say that such cells mean it", "missing_text", [[cell]])
    return DataError(f"{place}, column {column + 1}: {cell!r} is not a number; {remedy}")
