"""TOML files that others wrote: read as a table, or refused with the line and the remedy."""

import re
import tomllib
from pathlib import Path
from typing import Any

from kdsearch.data.places import must_be_a_file
from kdsearch.errors import DataError, KdsearchError

__all__ = ["WHOLE_BITS", "parse_toml", "read_toml"]

LARGEST_BYTES = 1_000_000
"""A file that describes data or a search has a few thousand bytes."""

WHOLE_BITS = 63
"""Of a whole number, without its sign: TOML has no larger ones, and neither have databases."""


def read_toml(path: Path, error: type[KdsearchError] = DataError) -> tuple[str, dict[str, Any]]:
    """Read a TOML file in UTF-8, with or without a byte order mark: its text and its table.

    Args:
        path: The file.
        error: What is raised.

    Raises:
        KdsearchError: The file cannot be read, is too large, is no text in UTF-8, or no TOML.
    """
    must_be_a_file(path, error)
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise error(
                f"{path} has {path.stat().st_size / 1e6:,.1f} MB, a file of keys has some kB; name the right file"
            )
        content = path.read_bytes()
    except OSError as mistake:
        raise error(f"{path} cannot be read ({mistake.strerror}); make it readable") from mistake
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise error(f"{path} is written in UTF-16; save it as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as mistake:
        line = content[: mistake.start].count(b"\n") + 1
        raise error(
            f"{path}, line {line}: there is a byte that is no UTF-8; save the file as text in UTF-8"
        ) from mistake
    return text, parse_toml(text, str(path), error)


def parse_toml(text: str, where: str, error: type[KdsearchError] = DataError) -> dict[str, Any]:
    """Parse TOML.

    Args:
        text: The content of a file.
        where: The file, for the message.
        error: What is raised.

    Raises:
        KdsearchError: The text is no TOML; the message names line and column, not the parser's own words.
    """
    if "\0" in text:
        raise error(f"{where} is no text file; save it as text in UTF-8")
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as mistake:
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(mistake))
        at = f", line {place[1]}, column {place[2]}" if place else ", at its end"
        twice = re.match("Cannot (overwrite|declare|mutate)|Duplicate", str(mistake)) is not None
        wrong = (
            "a key or a table is there twice; remove one"
            if twice
            else 'this is not valid TOML; write key = value, text in "quotes", lists in [brackets]'
        )
        raise error(f"{where}{at}: {wrong}") from mistake
    except RecursionError as mistake:
        raise error(f"{where} nests lists or tables too deeply; write them flat") from mistake
    except (ValueError, OverflowError) as mistake:  # numbers of thousands of digits
        raise error(f"{where} holds a number or a date that cannot be read; correct it") from mistake
    _refuse_large_numbers(table, where, error)
    return table


def _refuse_large_numbers(table: dict[str, Any], where: str, error: type[KdsearchError]) -> None:
    """Refuse whole numbers that Python reads, such as 0xff... of any length, and nothing else can hold."""
    waiting: list[tuple[str, Any]] = list(table.items())
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, int) and value.bit_length() > WHOLE_BITS:
            raise error(f"{where}: {key} is a whole number of more than {WHOLE_BITS} bits; write a smaller one")
        if isinstance(value, dict):
            waiting += [(f"{key}.{inner}", one) for inner, one in value.items()]
        elif isinstance(value, list):
            waiting += [(f"entry {place} of {key}", one) for place, one in enumerate(value, 1)]
