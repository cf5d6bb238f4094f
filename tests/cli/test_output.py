"""Every command that prints tables, in every format."""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from kdsearch.cli.output import FORMATS
from tests.commands import Said, here

KEPT = Path(__file__).parents[2] / "studies" / "reproductions"
ONE, OTHER = "los-loop-stid", "los-loop-features"
COMMANDS = {
    "studies": ["studies"],
    "show": ["show", ONE],
    "compare": ["compare", ONE, OTHER],
    "list": ["data", "list", "--data-dir", "."],
    "check": ["data", "check", "demo"],
    "reproduce": ["reproduce", "table1"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copies of kept studies, which are to stay as they are."""
    place = tmp_path_factory.mktemp("home")
    (place / "studies").mkdir()
    for name in (ONE, OTHER):
        shutil.copy(KEPT / f"{name}.db", place / "studies")
    return place


def said_by(folder: Path, command: str, *arguments: str) -> Said:
    """Run a command; Table 1 times each network once, at a batch of 2."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("PAPER_BATCH", 2), ("REPEATS", 1), ("BATCH_REPEATS", 1)):
            patch.setattr(f"kdsearch.reproduce.table1.{name}", value)
        return here(folder, *COMMANDS[command], *arguments)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_page_and_a_paper_get_tables_alone(folder: Path, command: str) -> None:
    """Sentences are on stderr."""
    markdown = said_by(folder, command, "--format", "markdown").stdout
    assert markdown.startswith("**")
    assert all(line.startswith(("| ", "**")) for line in markdown.splitlines() if line)
    latex = said_by(folder, command, "--format", "latex").stdout
    assert latex.startswith("\\begin{table}")
    rules = [line for line in markdown.splitlines() if line.startswith("| ---")]
    assert latex.count("\\begin{tabular}") == latex.count("\\end{table}") == len(rules)
    assert latex.endswith("\\end{table}\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_programs_get_rows_and_objects(folder: Path, command: str) -> None:
    """Rows of CSV have as many cells as heads, each with a name of its own; `--json` is the same as `--format json`."""
    head, *rows = csv.reader(io.StringIO(said_by(folder, command, "--format", "csv").stdout))
    assert len(set(head)) == len(head)
    assert rows
    assert {len(row) for row in rows} == {len(head)}
    found = json.loads(said_by(folder, command, "--format", "json").stdout)
    assert type(json.loads(said_by(folder, command, "--json").stdout)) is type(found)
    assert found


def test_rows_have_all_digits(folder: Path) -> None:
    """As the objects have them; a dataset has a row for each channel."""

    def row_of(command: str) -> dict[str, str]:
        return next(csv.DictReader(io.StringIO(said_by(folder, command, "--format", "csv").stdout)))

    def object_of(command: str) -> object:
        return json.loads(said_by(folder, command, "--json").stdout)

    checked, row = object_of("check"), row_of("check")
    assert isinstance(checked, dict)
    (channel,) = checked["series"]["channels"]
    assert (row["dataset"], row["channel"]) == ("demo", channel["name"])
    assert int(row["steps"]) == checked["series"]["shape"][0]
    assert float(row["missing_share"]) == channel["missing_share"]
    assert float(row["largest"]) == channel["largest"]
    row = row_of("reproduce")
    assert (row["network"], row["parameters"]) == ("teacher", "333604")
    assert float(row["latency_ms_p50"]) > 0
    assert row_of("list")["name"] == "demo"
    assert row_of("studies")["trials_COMPLETE"] == str(object_of("studies")[0]["trials"]["COMPLETE"])  # type: ignore[index]


def test_a_reader_of_a_paper_hears_the_warnings_too(folder: Path) -> None:
    summary = json.loads(said_by(folder, "show", "--json").stdout)
    for name in ("markdown", "latex", "csv"):
        said = said_by(folder, "show", "--format", name)
        assert said.stderr.splitlines() == [summary["answer"], *summary["notes"]]
        assert summary["answer"] not in said.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_a_format_that_is_not_there_is_refused_before_anything_is_done(folder: Path, command: str) -> None:
    refused = here(folder, *COMMANDS[command], "--format", "xml", check=2)
    assert refused.stderr == f"Error: there is no format 'xml'; choose one of {', '.join(FORMATS)}\n"
    assert refused.stdout == ""
