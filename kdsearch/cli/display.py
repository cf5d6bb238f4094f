"""Tables on stdout: as wide as the terminal, no number or word broken in two."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import typer

from kdsearch.cli.talk import coloured, columns_of, say
from kdsearch.report.front_grids import front_grid
from kdsearch.report.grid import Grid, terminal_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kdsearch.report.summary import StudySummary

__all__ = ["print_front", "print_grids", "print_table", "stdout_width"]

PIPED_WIDTH = 160
"""Columns where stdout is no terminal and COLUMNS is not set: enough for every column, each row on one line."""

_NUMBER = re.compile(r"[-+±]?\d(?!.*[A-Za-z]{5}).*")
"""A number, with its spread, unit or interval: `2.70 ± 0.02`, `+0.259 to +0.419 (4 days)`."""


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], tones: Mapping[int, str] | None = None
) -> None:
    """Print a table to stdout, as wide as the terminal.

    A column whose cells all begin with a digit or a sign and have no long word holds numbers, which are not broken.

    Args:
        title: Title above the table.
        columns: Heads of the columns; no head is shown where all are empty.
        rows: Cells, as many in each row as there are columns.
        tones: Place of a row -> what it is, a key of `kdsearch.report.grid.TONES`.
    """
    cells = {place: [row[place] for row in rows if row[place]] for place in range(len(columns))}
    words = [columns[place] for place, own in cells.items() if not own or not all(map(_NUMBER.fullmatch, own))]
    print_grids([Grid(title, columns, rows, tuple(words), tones or {})])


def print_grids(grids: Sequence[Grid]) -> None:
    """Print tables to stdout, an empty line between two, with the colours of their rows in a terminal."""
    width, colour = stdout_width(), coloured(sys.stdout)
    typer.echo("\n".join(terminal_table(grid, width, colour=colour) for grid in grids), color=colour)


def print_front(summary: StudySummary, notes: Sequence[str]) -> None:
    """Print the answer, one table of the front and the baselines, and notes for the reader."""
    say(summary.answer, on_stdout=True)
    typer.echo()
    print_grids([front_grid(summary, stdout_width())])
    for sentence in notes:
        say(sentence, on_stdout=True)


def stdout_width() -> int:
    """Give the columns for tables: COLUMNS, else those of the terminal, else enough for every column."""
    return columns_of(sys.stdout) or PIPED_WIDTH
