"""Sentences for people: in a terminal no line breaks inside a word or a number; elsewhere a sentence is one line."""

import os
import re
import sys
import textwrap
from typing import TextIO

import typer

__all__ = ["coloured", "columns_of", "say", "wrapped"]

_BESIDE = re.compile(r"(?<=\d) (?=(?:%|ms|s|min|h|kB|MB|km/h|mph)(?![\w/]))| (?=±)|(?<=±) ")
"""Blanks between a number and its unit or spread, at which no line breaks."""

_NO_BREAK = "\u00a0"


def columns_of(stream: TextIO) -> int | None:
    """Give the columns for a stream: COLUMNS, else those of its terminal; None where it is none."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked):
        return int(asked)
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):  # a file, a pipe, or nothing that has a number
        return None


def coloured(stream: TextIO) -> bool:
    """Tell whether a stream takes colours: a terminal that is not dumb, unless NO_COLOR is set."""
    return stream.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")


def wrapped(text: str, columns: int | None) -> str:
    """Break lines between words; a word that is longer than a line, such as a path, stays whole.

    Args:
        text: One line or several.
        columns: Of the terminal; None leaves lines as they are.
    """
    if columns is None:
        return text
    glued = _BESIDE.sub(_NO_BREAK, text)
    lines = (
        textwrap.fill(line, columns, break_long_words=False, break_on_hyphens=False) for line in glued.splitlines()
    )
    return "\n".join(lines).replace(_NO_BREAK, " ")


def say(sentence: str, *, on_stdout: bool = False) -> None:
    """Print a sentence to stderr, or to stdout where it is what was asked for."""
    typer.echo(wrapped(sentence, columns_of(sys.stdout if on_stdout else sys.stderr)), err=not on_stdout)
