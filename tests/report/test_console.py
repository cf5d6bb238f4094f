"""The front as the terminal shows it."""

import pytest

from kdsearch.console import print_front, print_table
from kdsearch.report.numbers import error, mae
from kdsearch.report.summary import summarise
from kdsearch.study.store import StudyStore


def test_front_says_of_which_seeds_its_errors_are(confirmed: StudyStore, capsys: pytest.CaptureFixture[str]) -> None:
    """Validation is of the search's seed, test a mean over seeds with its standard deviation."""
    summary = summarise(confirmed)
    print_front(summary)
    shown = capsys.readouterr().out
    title = "pemsd8-mae-latency: front, MAE (validation: the search's seed 0; test: mean over 3 seeds)"
    assert shown.splitlines()[0].strip() == title
    for trial in summary.front_trials:
        assert f"{error(mae(trial.metrics, split='test'))} ± 0.03" in shown
    assert f"{summary.knee} (knee)" in shown
    for sentence in (summary.answer, *summary.notes):
        assert sentence in shown


def test_front_without_a_quiet_pass_has_no_test_errors(
    searched: StudyStore, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the quiet pass the title speaks of validation alone, and no test error has a spread."""
    print_front(summarise(searched))
    shown = capsys.readouterr().out
    assert shown.splitlines()[0].strip().endswith("front, MAE (validation: the search's seed 0)")
    assert "±" not in shown


def test_front_of_an_empty_study(empty_store: StudyStore, capsys: pytest.CaptureFixture[str]) -> None:
    """A study without trials says so."""
    print_front(summarise(empty_store))
    assert "no front yet" in capsys.readouterr().out


def test_cells_are_text(capsys: pytest.CaptureFixture[str]) -> None:
    """What looks like markup is printed as it is."""
    print_table("[bold]", ["name"], [["[red]city[/red] :smile:"]])
    shown = capsys.readouterr().out
    assert "[bold]" in shown
    assert "[red]city[/red] :smile:" in shown
