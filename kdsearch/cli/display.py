"""Tables on stdout: as wide as the terminal, no number or word broken in two."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from kdsearch.cli.talk import coloured, columns_of, say
from kdsearch.report.front_grids import front_grid
from kdsearch.report.grid import grid_of, terminal_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kdsearch.report.grid import Grid
    from kdsearch.report.summary import StudySummary

__all__ = ["print_front", "print_grids", "print_table", "stdout_width"]

PIPED_WIDTH = 160
"""Columns where stdout is no terminal and COLUMNS is not set: enough for every column, each row on one line."""


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], tones: Mapping[int, str] | None = None
) -> None:
    """Print a table to stdout, as wide as the terminal.

    The arguments are those of `kdsearch.report.grid.grid_of`.
    """
    print_grids([grid_of(title, columns, rows, tones)])


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
