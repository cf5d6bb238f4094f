"""Tables in every format."""

import pytest

from kdsearch.report.grid import FORMATS, Grid, grid_of, write_grids

GRID = Grid(
    "MAE & co",
    ["study", "error", "flops"],
    [["my_study|1 of a long name that goes on and on and on until it is too long", "3.60 ± 0.01", "1,234,567"]],
    words=("study",),
)


@pytest.mark.parametrize("width", [40, 60, 80])
def test_no_number_is_broken_in_two(width: int) -> None:
    """Words make room."""
    text = write_grids([GRID], "table", width)
    assert all(len(line) <= width for line in text.splitlines())
    assert "1,234,567" in text
    assert "3.60 ± 0.01" in text or width == 40
    assert [word for word in GRID.rows[0][0].split() if word not in text] == []


def test_markdown_and_latex_escape_what_has_a_meaning() -> None:
    markdown, latex = (write_grids([GRID], name) for name in ("markdown", "latex"))
    assert markdown.splitlines()[2:4] == ["| study | error | flops |", "| --- | ---: | ---: |"]
    assert "my_study\\|1" in markdown
    assert r"\caption{MAE \& co}" in latex
    assert r"\begin{tabular}{p{0.5\linewidth}rr}" in latex
    assert r"my\_study|1" in latex
    assert r"3.60 $\pm$ 0.01 & 1,234,567 \\" in latex


@pytest.mark.parametrize("name", FORMATS)
def test_tables_stand_apart(name: str) -> None:
    assert write_grids([GRID, GRID], name).count("\n\n") > 2 * write_grids([GRID], name).count("\n\n")


def test_numbers_stand_right_and_words_left() -> None:
    """A column of numbers with spreads and intervals is one; a column without a cell is none."""
    grid = grid_of("Errors", ["loss", "mean", "days", ""], [["ord", "2.70 ± 0.02", "+0.2 to +0.4 (4 days)", ""]])
    assert grid.words == ("loss", "")
    assert r"\begin{tabular}{lrrl}" in write_grids([grid], "latex")


def test_long_words_are_broken_in_a_paper_and_a_table_without_heads_has_none() -> None:
    latex = write_grids([grid_of("facts", ["", ""], [["look at", "a sentence that goes on and on " * 3]])], "latex")
    assert r"\begin{tabular}{lp{0.5\linewidth}}" in latex or r"\begin{tabular}{p{0.5\linewidth}p{0.5" in latex
    assert r"\midrule" not in latex
    assert r"\midrule" in write_grids([GRID], "latex")
