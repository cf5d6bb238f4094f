"""`kdsearch compare` on the kept studies: tables, formats, the page, and what is refused."""

import csv
import io
import json
import re
import shutil
from pathlib import Path

import pytest

import kdsearch as package
from tests.commands import here

KEPT = Path(__file__).parents[2] / "studies" / "reproductions"
ONE, OTHER = "los-loop-stid", "los-loop-features"
STEP, ELSEWHERE = "pemsd8-izadi-tables-quick", "pemsd8-izadi-room-quick"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copies of kept studies, which are to stay as they are."""
    place = tmp_path_factory.mktemp("home")
    (place / "studies").mkdir()
    for name in (ONE, OTHER, STEP, ELSEWHERE):
        shutil.copy(KEPT / f"{name}.db", place / "studies")
    return place


def test_every_table_fits_80_columns_and_no_number_is_broken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = here(folder, "compare", STEP, ELSEWHERE, STEP).stdout
    tables = shown[: shown.index("Best networks")]
    assert max(map(len, tables.splitlines())) <= 80
    for number in ("296,426", "21.22 ± 0.12", "+6.83", "14.8"):
        assert number in tables
    for title in ("Studies of pemsd8", "Networks, MAE, vehicles/5 min", "Paired differences", "What differs"):
        assert title in tables
    assert re.search(r"A - B knee, best +8 - 3 +3 +\+6\.83 +\+6\.5 to \+7\.1 +B errs less", tables)
    assert re.search(r"A - C knee, best +8 - 8 +3 +0 +the same", tables)


def test_what_a_paper_shows_of_a_difference_is_in_the_sentence(folder: Path) -> None:
    """Within noise: fewer seeds than that decide nothing."""
    shown = here(folder, "compare", ONE, OTHER).stdout
    assert "A minus B is -0.195 mph (95 % interval over seeds -0.49 to +0.1), within noise" in shown
    assert "The limits differ: each front holds networks inside the limits of its own study." in shown


def test_a_study_and_itself_differ_in_nothing(folder: Path) -> None:
    found = json.loads(here(folder, "compare", ONE, ONE, "--json").stdout)
    assert [(one["mean"], one["verdict"]) for one in found["differences"]] == [(0.0, "the same")]
    assert found["settings"] == []
    assert found["answer"] == (
        "Best networks, on the test split: A and B are the same. Their fronts dominate equally much."
    )


def test_json_has_the_schema_of_the_object(folder: Path) -> None:
    text = here(folder, "compare", STEP, ELSEWHERE, "--json").stdout
    found = package.compare(STEP, ELSEWHERE, studies=folder / "studies")
    assert package.Comparison.model_validate_json(text) == found
    assert {"studies", "networks", "differences", "settings", "reference_point", "answer", "notes"} <= set(
        package.Comparison.model_json_schema()["required"]
    )
    assert found.costs == ["flops"]
    assert found.reference_point == [pytest.approx(21.1856, abs=1e-4), 754737082.0]


def test_other_formats_are_data_alone(folder: Path) -> None:
    """Sentences go to stderr."""
    said = here(folder, "compare", ONE, OTHER, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(said.stdout)))
    assert [(row["letter"], row["network"], row["trial"]) for row in rows] == [
        ("A", "knee, best", "31"),
        ("A", "teacher", ""),
        ("B", "knee, best", "8"),
        ("B", "teacher", ""),
    ]
    assert float(rows[0]["test_mae"]) == pytest.approx(3.5952, abs=1e-4)
    for name, beginning in (("markdown", "**Studies of los-loop"), ("latex", "\\begin{table}")):
        said = here(folder, "compare", ONE, OTHER, "--format", name)
        assert said.stdout.startswith(beginning)
        assert "Best networks" not in said.stdout
        assert "Best networks" in said.stderr


def test_a_page_is_written(folder: Path) -> None:
    said = here(folder, "compare", ONE, OTHER, "--html", "pages/both.html")
    assert said.stderr == "page: pages/both.html\n"
    assert "Error against parameters" in (folder / "pages" / "both.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([ONE, STEP], f"studies '{ONE}' and '{STEP}' cannot be compared: their data differ (los-loop and pemsd8)"),
        ([ONE], "a comparison takes 2 to 26 studies, not 1; name two or more"),
        ([ONE, "nothing"], "there is no study 'nothing' in studies; it holds:"),
        ([ONE, OTHER, "--format", "xml"], "there is no format 'xml'; choose one of table, markdown, latex, csv, json"),
        ([ONE, OTHER, "--html", "."], "is a folder, not a file; give the name of an HTML file with --html"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(folder: Path, arguments: list[str], sentence: str) -> None:
    refused = here(folder, "compare", *arguments, check=2)
    assert sentence in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert refused.stdout == ""
