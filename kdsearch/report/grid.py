"""Tables of written cells, in the formats that terminals, pages and papers read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO

from kdsearch.errors import StudyError

__all__ = ["FORMATS", "Grid", "check_format", "write_grids"]

_LATEX = str.maketrans(
    {letter: f"\\{letter}" for letter in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$"}
)


@dataclass(frozen=True)
class Grid:
    """A table.

    Attributes:
        title: Above it.
        columns: Heads.
        rows: Cells, as many in each row as there are columns.
        words: Heads of the columns that hold words, which stand left; numbers stand right.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: tuple[str, ...] = ()


def check_format(name: str) -> None:
    """Refuse a format that is not there.

    Raises:
        StudyError: Names those that are.
    """
    if name not in (*FORMATS, "csv"):
        raise StudyError(f"there is no format {name!r}; choose one of {', '.join((*FORMATS, 'csv'))}")


def write_grids(grids: Sequence[Grid], name: str, width: int = 80) -> str:
    """Write tables one after the other, an empty line between two.

    Args:
        grids: The tables.
        name: Key of `FORMATS`.
        width: Columns of the terminal; only `table` needs it.
    """
    return "\n".join(FORMATS[name](grid, width) for grid in grids)


def _table(grid: Grid, width: int) -> str:
    """Write a table for a terminal; cells break between words only, so that no number is broken in two."""
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 - slow to import
    from rich.console import Console  # noqa: PLC0415 - slow to import
    from rich.table import Table  # noqa: PLC0415 - slow to import
    from rich.text import Text  # noqa: PLC0415 - slow to import

    table = Table(title=Text(grid.title), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(grid.columns):
        parts = [part for cell in (column, *(row[place] for row in grid.rows)) for part in cell.split()]
        longest = max(map(len, parts), default=0)
        is_words = column in grid.words
        table.add_column(
            Text(column),
            justify="left" if is_words else "right",
            overflow="fold",
            min_width=min(longest, width // 2) if is_words else longest,
        )
    for row in grid.rows:
        table.add_row(*map(Text, row))
    out = StringIO()
    Console(file=out, width=width, color_system=None).print(table)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().rstrip().splitlines())


def _markdown(grid: Grid, width: int) -> str:  # noqa: ARG001 - a page has none
    """Write a table in Markdown of GitHub."""
    rules = ["---" if column in grid.words else "---:" for column in grid.columns]
    rows = [[cell.replace("|", "\\|") for cell in row] for row in (grid.columns, *grid.rows)]
    lines = [f"| {' | '.join(row)} |" for row in (rows[0], rules, *rows[1:])]
    return "\n".join([f"**{grid.title}**", "", *lines, ""])


def _latex(grid: Grid, width: int) -> str:  # noqa: ARG001 - a paper has none
    """Write a table for LaTeX's package booktabs."""
    rows = [" & ".join(cell.translate(_LATEX) for cell in row) + r" \\" for row in (grid.columns, *grid.rows)]
    layout = "".join("l" if column in grid.words else "r" for column in grid.columns)
    body = [r"\toprule", rows[0], r"\midrule", *rows[1:], r"\bottomrule"]
    caption = rf"\caption{{{grid.title.translate(_LATEX)}}}"
    begin, end = (r"\begin{table}", rf"\begin{{tabular}}{{{layout}}}"), (r"\end{tabular}", r"\end{table}")
    return "\n".join([begin[0], caption, begin[1], *body, *end, ""])


FORMATS: dict[str, Callable[[Grid, int], str]] = {"table": _table, "markdown": _markdown, "latex": _latex}
"""Name -> how one table is written. Values in full precision are of a frame's own format, `csv`."""
