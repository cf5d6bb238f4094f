"""Tables of written cells, in the formats that terminals, pages and papers read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["FORMATS", "TONES", "Grid", "grid_of", "narrowed", "terminal_table", "write_grids"]

MOST_COLUMNS = 8
"""Of a table that chooses its columns by the width of the terminal."""

TONES = {"good": "green", "doubt": "yellow", "bad": "red", "aside": "dim"}
"""What a row is -> its colour: what is chosen, what to look at, what is wrong, what is not there."""

_NUMBER = re.compile(r"[-+±]?\d(?!.*[A-Za-z]{5}).*")
"""A number, with its spread, unit or interval: `2.70 ± 0.02`, `+0.259 to +0.419 (4 days)`."""

_LONG_CELL = 40
"""Letters from which on a cell of words is broken in a paper."""

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
        tones: Place of a row -> what it is, a key of `TONES`; other rows have no colour.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: tuple[str, ...] = ()
    tones: Mapping[int, str] = field(default_factory=dict)


def grid_of(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], tones: Mapping[int, str] | None = None
) -> Grid:
    """Make a table; a column whose cells all begin with a digit or a sign and have no long word holds numbers.

    Args:
        title: Above it.
        columns: Heads; no head is shown where all are empty.
        rows: Cells, as many in each row as there are columns.
        tones: Place of a row -> what it is, a key of `TONES`.
    """
    cells = {place: [row[place] for row in rows if row[place]] for place in range(len(columns))}
    words = [columns[place] for place, own in cells.items() if not own or not all(map(_NUMBER.fullmatch, own))]
    return Grid(title, columns, rows, tuple(words), tones or {})


def write_grids(grids: Sequence[Grid], name: str, width: int = 80) -> str:
    """Write tables one after the other, an empty line between two.

    Args:
        grids: The tables.
        name: Key of `FORMATS`.
        width: Columns of the terminal; only `table` needs it.
    """
    return "\n".join(FORMATS[name](grid, width) for grid in grids)


def narrowed(grid: Grid, width: int, order: Sequence[str], always: int) -> Grid:
    """Choose the columns for a width: as many of eight as fit without a broken line, the most important ones first.

    Args:
        grid: The table.
        width: Columns of the terminal.
        order: Heads of the columns, the most important one first.
        always: How many of them stay however narrow the terminal is.
    """
    full = {head: max(map(len, (head, *(row[place] for row in grid.rows)))) for place, head in enumerate(grid.columns)}
    least = {head: _least_width(grid, place, width) for place, head in enumerate(grid.columns)}
    wanted = least | {head: full[head] for head in grid.words}
    chosen = [head for head in order[:always] if head in full]
    for head in order[always:]:
        if len(chosen) < MOST_COLUMNS and _needed(wanted[one] for one in (*chosen, head)) <= width:
            chosen.append(head)
    places = [place for place, head in enumerate(grid.columns) if head in chosen]
    columns, rows = [grid.columns[place] for place in places], [[row[place] for place in places] for row in grid.rows]
    return replace(grid, columns=columns, rows=rows)


def terminal_table(grid: Grid, width: int, *, colour: bool = False) -> str:
    """Write a table for a terminal, or several below each other where its columns do not fit beside each other.

    Cells of words break between words, those of numbers nowhere.

    Args:
        grid: The table.
        width: Columns of the terminal.
        colour: Whether rows have the colours of their tones.
    """
    from rich.console import Console  # noqa: PLC0415 - slow to import
    from rich.text import Text  # noqa: PLC0415 - slow to import

    out = StringIO()
    console = Console(file=out, width=width, color_system="standard" if colour else None, emoji=False)
    console.print(Text(grid.title))
    for columns in _columns_that_fit(grid, width):
        console.print(_one_table(grid, columns, width))
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().rstrip().splitlines())


def _one_table(grid: Grid, columns: Sequence[int], width: int) -> Table:
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 - slow to import
    from rich.table import Table  # noqa: PLC0415 - slow to import
    from rich.text import Text  # noqa: PLC0415 - slow to import

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_header=any(grid.columns))
    for place, own_width in _widths(grid, columns, width).items():
        justify: Literal["left", "right"] = "left" if grid.columns[place] in grid.words else "right"
        table.add_column(Text(grid.columns[place]), justify=justify, overflow="fold", width=own_width)
    for number, row in enumerate(grid.rows):
        table.add_row(*(Text(row[place]) for place in columns), style=TONES.get(grid.tones.get(number, "")))
    return table


def _widths(grid: Grid, columns: Sequence[int], width: int) -> dict[int, int]:
    """Give each column its least width; what is left goes to the names of rows, heads of numbers, then other words."""
    widths = {place: _least_width(grid, place, width) for place in columns}
    wanted = {
        place: max(len(cell) for cell in (grid.columns[place], *(row[place] for row in grid.rows))) - widths[place]
        for place in columns
    }
    left = max(0, width - _needed(widths.values()))
    numbers = [place for place in columns[1:] if grid.columns[place] not in grid.words]
    words = [place for place in columns[1:] if grid.columns[place] in grid.words]
    for kind in (columns[:1], numbers, words):
        needs = sum(wanted[place] for place in kind)
        share = min(1.0, left / needs) if needs else 0.0
        for place in kind:
            widths[place] += int(share * wanted[place])
        left -= int(share * needs)
    return widths


def _needed(widths: Iterable[int]) -> int:
    """Count the columns of a terminal that columns of a table take, with what is between them and at both ends."""
    return sum(width + 3 for width in widths) - 1


def _least_width(grid: Grid, place: int, width: int) -> int:
    """Give the columns that a column takes at least: its longest word, or its longest cell of numbers."""
    cells = [row[place] for row in grid.rows]
    longest_word = max((len(part) for cell in (grid.columns[place], *cells) for part in cell.split()), default=0)
    if grid.columns[place] in grid.words:
        return min(longest_word, width // 2)
    return max(longest_word, *(len(cell) for cell in cells), 0)


def _columns_that_fit(grid: Grid, width: int) -> list[list[int]]:
    """Divide the columns among tables that fit; the first columns, which name the rows, are in each."""
    least = [_least_width(grid, place, width) for place in range(len(grid.columns))]
    names = list(range(_naming_columns(grid)))
    tables = [[*names]]
    for place in range(len(names), len(least)):
        if len(tables[-1]) > len(names) and _needed(least[one] for one in (*tables[-1], place)) > width:
            tables.append([*names])
        tables[-1].append(place)
    return tables


def _naming_columns(grid: Grid) -> int:
    """Count the first columns that together tell all rows apart; one where none do."""
    for count in range(1, len(grid.columns)):
        if len({tuple(row[:count]) for row in grid.rows}) == len(grid.rows):
            return count
    return 1


def _markdown(grid: Grid, width: int) -> str:  # noqa: ARG001 - a page has none
    """Write a table in Markdown of GitHub."""
    rules = ["---" if column in grid.words else "---:" for column in grid.columns]
    rows = [[cell.replace("|", "\\|") for cell in row] for row in (grid.columns, *grid.rows)]
    lines = [f"| {' | '.join(row)} |" for row in (rows[0], rules, *rows[1:])]
    return "\n".join([f"**{grid.title}**", "", *lines, ""])


def _latex(grid: Grid, width: int) -> str:  # noqa: ARG001 - a paper has none
    """Write a table for LaTeX's package booktabs."""
    head, *rows = (" & ".join(cell.translate(_LATEX) for cell in row) + r" \\" for row in (grid.columns, *grid.rows))
    heads = [head, r"\midrule"] if any(grid.columns) else []
    layout = "".join(_latex_column(grid, place) for place in range(len(grid.columns)))
    body = [r"\toprule", *heads, *rows, r"\bottomrule"]
    caption = rf"\caption{{{grid.title.translate(_LATEX)}}}"
    begin, end = (r"\begin{table}", rf"\begin{{tabular}}{{{layout}}}"), (r"\end{tabular}", r"\end{table}")
    return "\n".join([begin[0], caption, begin[1], *body, *end, ""])


def _latex_column(grid: Grid, place: int) -> str:
    """Choose the letter of a column: numbers stand right, words left, and long ones are broken."""
    if grid.columns[place] not in grid.words:
        return "r"
    longest = max((len(row[place]) for row in grid.rows), default=0)
    return r"p{0.5\linewidth}" if longest > _LONG_CELL else "l"


FORMATS: dict[str, Callable[[Grid, int], str]] = {"table": terminal_table, "markdown": _markdown, "latex": _latex}
"""Name -> how one table is written. Values in full precision are of a frame's own format, `csv`."""
