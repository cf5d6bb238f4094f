"""The numbers of docs/reproductions.md are those of the studies in studies/reproductions."""

import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from kdsearch.report.numbers import error, spread
from kdsearch.report.verdicts import Outcome, corrected_together
from kdsearch.reproduce.arms import CLAIMS, FIDELITIES, TABLES, Fidelity, Row, arms_of
from kdsearch.reproduce.results import ArmResult, claim_outcomes, read_arms, row_metrics
from kdsearch.reproduce.runs import lengthened
from kdsearch.reproduce.searches import TABLE_ARMS, found_line
from kdsearch.study.storage.listing import find_study

ROOT = Path(__file__).parent.parent
STUDIES = ROOT / "studies" / "reproductions"
PAGE = (ROOT / "docs" / "reproductions.md").read_text(encoding="utf-8")
QUICK, PAPER = FIDELITIES["quick"], FIDELITIES["paper"]
SOURCES = {("PeMSD8", "quick"): "pemsd8", ("LOS-loop", "quick"): "los-loop", ("LOS-loop", "paper"): "los-loop"}


def section(title: str) -> str:
    """Cut a section out of the page, down to the next of its level."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows_of(text: str) -> list[list[str]]:
    """List the cells of every row of the tables in a text, without heads and rules."""
    lines = [line for line in text.splitlines() if line.startswith("| ") and not re.match(r"\| *-", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def results_of(dataset: str, fidelity: str, level: Fidelity) -> tuple[dict[str, ArmResult], list[Row]]:
    """Read the arms of a kept study, those that trained longer among them."""
    store = find_study(f"{dataset}-izadi-tables-{fidelity}", STUDIES, None)
    results = read_arms(store, arms_of(dataset, level))
    results |= read_arms(store, lengthened(CLAIMS, results))
    store.close()
    return results, list(dict.fromkeys(row for rows in TABLES.values() for row in rows))


@pytest.mark.parametrize("dataset", ["pemsd8", "los-loop"])
def test_errors_on_the_page_are_those_of_the_studies(dataset: str) -> None:
    """Every row of an arm that the study holds, all its means and spreads."""
    results, rows = results_of(dataset, "quick", QUICK)
    printed = rows_of(section("Tables 2, 4, 5, 7 and 8: test MAE").partition(f"--dataset {dataset}`")[2])
    table = {row[0]: row[2:] for row in reversed(printed)}  # the first of a name is this dataset's
    seen = 0
    for row in rows:
        title = row.title.replace("student, L_", "L_")
        metrics = row_metrics(row, results, [])
        if not metrics or title not in table:
            continue
        assert [re.sub(r" \([\d.]+\)", "", cell) for cell in table[title]] == shown_errors(metrics), title
        seen += 1
    assert seen >= 15


def shown(outcome: Outcome, own: float) -> str:
    """Write an outcome as the page's table of claims does."""
    assert outcome.p_value is not None
    return f"{outcome.verdict}, {100 * outcome.mean / own:+.1f} % (p {outcome.p_value:.2g})"


def judged(results: Mapping[str, ArmResult]) -> dict[str, list[str]]:
    """Judge the claims that a study allows: words -> cells for the same epochs and the same CPU seconds."""
    found = {}
    outcomes = corrected_together([claim_outcomes(claim, results) for claim in CLAIMS])
    for claim, each in zip(CLAIMS, outcomes, strict=True):
        if each:
            own = [value for name in claim.better for value in results[name].errors(claim.kind).values()]
            found[claim.words] = [shown(each[budget], statistics.fmean(own)) for budget in ("epochs", "seconds")]
    return found


def test_claims_on_the_page_are_judged_from_the_studies() -> None:
    """Both datasets and both budgets, with the correction that the whole table asks for."""
    sides = [judged(results_of(dataset, "quick", QUICK)[0]) for dataset in ("pemsd8", "los-loop")]
    table = {row[0]: row[1:] for row in rows_of(section("The claims"))}
    for words in sides[0]:
        assert table[words] == [*sides[0][words], *sides[1][words]], words
    paper = judged(results_of("los-loop", "paper", PAPER)[0])
    table = {row[0]: row[1:] for row in rows_of(section("At the paper's fidelity, LOS-loop"))}
    for words, cells in paper.items():
        assert table[words] == cells, words


@pytest.mark.parametrize(("dataset", "name"), [("los-loop", "LOS-loop"), ("pemsd8", "PeMSD8")])
def test_searches_on_the_page_are_judged_from_the_studies(dataset: str, name: str) -> None:
    """Each line of Tables 6 and 9, with the correction of its table."""
    printed = rows_of(section("Tables 6 and 9: what a search finds").partition(f"| {name}, student of")[2])
    lines = [row for row in printed if len(row) == 9]
    arms, position = arms_of(dataset, QUICK), 0
    for table, names in TABLE_ARMS.items():
        found = []
        for arm in names:
            store = find_study(f"{dataset}-izadi-{table}-{arm}-quick", STUDIES, None)
            found.append(found_line(arm, arms[arm], store, ""))
            store.close()
        position += table == "table9"  # the head of the second table
        for outcomes in corrected_together([each for _, each in found]):
            cells = [f"{one.verdict}, {one.mean:+.2f}" for one in outcomes.values()]
            told = [cell.replace("the same", cells[1]) for cell in lines[position][6:]]
            assert told == cells, lines[position]
            position += 1


def shown_errors(metrics: Sequence[Mapping[str, Any]]) -> list[str]:
    """Write test MAE by reported minutes and over the horizon, with the spread where there are several seeds."""
    cells = []
    for minutes in ("15", "30", "45", "all"):
        values = [one["test"]["mae"][minutes] for one in metrics]
        each = f" ± {spread(statistics.stdev(values))}" if len(values) > 1 else ""
        cells.append(f"{error(statistics.fmean(values))}{each}")
    return cells


@pytest.mark.parametrize(("fidelity", "level", "least"), [("paper", PAPER, 5), ("quick", QUICK, 19)])
def test_the_papers_own_data_is_read_from_its_studies(fidelity: str, level: Fidelity, least: int) -> None:
    """Every row that the studies of PeMSD7(M) hold, at either fidelity."""
    results, rows = results_of("pemsd7m", fidelity, level)
    text = section("On the paper's own data: PeMSD7(M)")
    before, _, after = text.partition("`kdsearch reproduce claims --dataset pemsd7m")
    printed = {row[0]: row[2:] for row in rows_of(before if fidelity == "paper" else after)}
    held = {row.title.replace("student, L_", "L_"): row_metrics(row, results, []) for row in rows}
    held = {title: metrics for title, metrics in held.items() if metrics}
    assert len(held) == least
    for title, metrics in held.items():
        assert [re.sub(r" \([\d.]+\)", "", cell) for cell in printed[title]] == shown_errors(metrics), title


def test_claims_on_the_papers_own_data_are_judged_from_the_study() -> None:
    """All claims, at both budgets."""
    claims = judged(results_of("pemsd7m", "quick", QUICK)[0])
    printed = {row[0]: row[1:] for row in rows_of(section("On the paper's own data: PeMSD7(M)"))}
    assert len(claims) == len(CLAIMS) == 15
    for words, cells in claims.items():
        assert printed[words][:2] == cells, words
