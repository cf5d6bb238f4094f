"""Table 1 as text for people."""

import pytest

from kdsearch.cli.display import print_table
from kdsearch.reproduce import table1


@pytest.fixture(scope="module")
def rows() -> list[table1.Table1Row]:
    """Make the rows at a batch of 2, with each network timed once."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("PAPER_BATCH", 2), ("REPEATS", 1), ("BATCH_REPEATS", 1)):
            patch.setattr(table1, name, value)
        said: list[str] = []
        made = table1.table1(said.append)
    assert [sentence.partition(":")[0] for sentence in said] == ["graph 1 of 2", "graph 2 of 2"]
    return made


def test_what_is_met_says_equal(rows: list[table1.Table1Row]) -> None:
    """Parameters and FLOPS in every row; the corrected total everywhere but at the teachers."""
    _, heads, cells = table1.as_table(rows)
    assert all(len(line) == len(heads) for line in cells)
    assert all(line[3] == line[5] == "equal" for line in cells)
    corrected = ["71,756,909,175", "equal", "equal", "48,959,666,453", "equal", "equal"]
    assert [line[6] for line in cells] == corrected


def test_every_total_is_whole_beside_the_names_of_its_row(
    rows: list[table1.Table1Row], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table is wider than 80 columns, and goes on below; graph and network are named in each part."""
    monkeypatch.setenv("COLUMNS", "80")
    print_table(*table1.as_table(rows))
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    for total in ("333,604", "49,889,172,087", "71,756,909,175"):
        (line,) = (line for line in said.splitlines() if total in line)
        assert line.split()[:3] == ["pemsd7m", "(228)", "teacher"]


def test_a_number_that_is_missed_is_printed(rows: list[table1.Table1Row]) -> None:
    _, _, (line,) = table1.as_table([rows[2].model_copy(update={"published_parameters": 10_145})])
    assert line[3] == "10,145"


def test_published_times_are_ratios_to_the_teacher_of_the_graph(rows: list[table1.Table1Row]) -> None:
    assert [round(row.published_time_ratio, 3) for row in rows] == [1.0, 0.312, 0.16, 1.0, 0.317, 0.173]
    assert [row.latency_batch_ms.batch for row in rows] == [2] * 6
