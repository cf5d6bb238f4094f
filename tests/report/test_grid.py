"""Tables in every format."""

import pytest

from kdsearch.errors import StudyError
from kdsearch.report.grid import FORMATS, Grid, check_format, write_grids

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
    assert r"\begin{tabular}{lrr}" in latex
    assert r"my\_study|1" in latex
    assert r"3.60 $\pm$ 0.01 & 1,234,567 \\" in latex


@pytest.mark.parametrize("name", FORMATS)
def test_tables_stand_apart(name: str) -> None:
    assert write_grids([GRID, GRID], name).count("\n\n") > 2 * write_grids([GRID], name).count("\n\n")


def test_a_format_that_is_not_there_is_refused() -> None:
    check_format("csv")
    with pytest.raises(StudyError, match="there is no format 'xml'; choose one of table, markdown, latex, csv"):
        check_format("xml")
