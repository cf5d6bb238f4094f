"""The front and a running search as the terminal shows them."""

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kdsearch.cli.display import print_front, print_table
from kdsearch.cli.live import SearchDisplay
from kdsearch.costs import Latency
from kdsearch.record import TrialRecord
from kdsearch.report.front_grids import front_grids
from kdsearch.report.grid import write_grids
from kdsearch.report.numbers import error, mae
from kdsearch.report.summarise import summarise
from kdsearch.study.search.driver import StudyEvent
from kdsearch.study.search.progress import SearchProgress
from kdsearch.study.storage.store import StudyStore


def test_front_says_of_which_seeds_its_errors_are(confirmed: StudyStore, capsys: pytest.CaptureFixture[str]) -> None:
    """Validation errors are of the search's seed, test errors a mean over seeds with its standard deviation."""
    summary = summarise(confirmed)
    print_front(summary, summary.notes)
    shown = capsys.readouterr().out
    title = "pemsd8-mae-latency: front and baselines; MAE (validation: the search's seed 0; test: mean over 3 seeds)"
    assert title in " ".join(shown.split())
    for trial in summary.front_trials:
        assert f"{error(mae(trial.metrics, split='test'))} ± 0.03" in shown
    assert f"{summary.knee} (knee)" in shown
    for sentence in (summary.answer, *summary.notes):
        assert sentence in shown


def test_front_without_a_quiet_pass_has_no_test_errors(
    searched: StudyStore, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the confirmation the title names validation alone, and no test error has a spread."""
    print_front(summarise(searched), ())
    shown = capsys.readouterr().out
    assert "; MAE (validation: the search's seed 0)\n" in shown
    assert "±" not in shown


def test_front_says_what_chose(limited: StudyStore, capsys: pytest.CaptureFixture[str]) -> None:
    """By weights the row is marked as preferred; the limits are among the sentences."""
    summary = summarise(limited, "mae=2,latency=1")
    print_front(summary, summary.notes)
    shown = capsys.readouterr().out
    assert f"{summary.knee} (preferred)" in shown
    assert "(knee)" not in shown
    assert "By your weights mae 2, latency 1 the choice from the front" in shown
    assert "Limits: mae at most 15.62 (110 % of the teacher's)" in shown


@pytest.mark.parametrize("width", [60, 80, 100, 160])
@pytest.mark.parametrize("with_files", [False, True])
def test_a_front_fits_its_terminal_and_breaks_no_number(confirmed: StudyStore, width: int, with_files: bool) -> None:
    """Also with the costs of files, of a teacher in decimals and thousands."""
    summary = summarise(confirmed)
    if with_files:
        latency = Latency(p50=12.345, p95=20, p2=12, batch=1, threads=1, device="cpu", repeats=1)
        files = {"file_bytes": 1_234_567, "deployed_ms": latency, "deployed_ratio": 0.0123}
        trials = [
            one if one.cost is None else one.model_copy(update={"cost": one.cost.model_copy(update=files)})
            for one in summary.trials
        ]
        summary = summary.model_copy(update={"trials": trials})
    grids = front_grids(summary)
    written = write_grids(grids, "table", width)
    assert max(map(len, written.splitlines())) <= width
    words = set(written.split())
    for grid in grids:
        places = [place for place, head in enumerate(grid.columns) if head not in grid.words]
        assert all(row[place] in written for row in grid.rows for place in places)
        assert {part for head in grid.columns for part in head.split()} <= words


def test_front_of_an_empty_study(empty_store: StudyStore, capsys: pytest.CaptureFixture[str]) -> None:
    """A study without trials says so."""
    print_front(summarise(empty_store), ())
    assert "no front yet" in capsys.readouterr().out


def test_cells_are_text(capsys: pytest.CaptureFixture[str]) -> None:
    """What looks like markup is printed as it is."""
    print_table("[bold]", ["name"], [["[red]city[/red] :smile:"]])
    shown = capsys.readouterr().out
    assert "[bold]" in shown
    assert "[red]city[/red] :smile:" in shown


def test_a_search_without_a_terminal_is_shown_in_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """A line for a trial, the progress at the end of the search, and no control characters."""
    progress = SearchProgress(3, 1, 0, 2, best_mae=14.5, smallest_weights=7839, seconds_left=400.0)
    record = TrialRecord(state="PRUNED", reason="stopped after 1/8", route="student", params={}, seed=0)
    with SearchDisplay(10) as display:
        display.event(StudyEvent("finished", "", progress, 3, record))
        display.event(StudyEvent("ending", "10 of 10 trials are done", replace(progress, running=0, seconds_left=0)))
    assert capsys.readouterr().err.splitlines() == [
        "trial 3 PRUNED: stopped after 1/8",
        "10 of 10 trials are done",
        "3 done, 1 stopped, 0 failed, best MAE 14.50, smallest network within 3 % of the teacher: 7,839 parameters",
    ]


def test_a_terminal_shows_one_bar_with_the_standing_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Printed lines stay above; bar and progress are drawn again in place."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "150")
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    progress = SearchProgress(3, 1, 0, 2, best_mae=None, smallest_weights=None, seconds_left=7205.0)
    with SearchDisplay(10) as display:
        display.event(StudyEvent("resumed", "the study goes on", progress))
        display._live.refresh()
    shown = screen.getvalue()
    assert "the study goes on" in shown
    assert "4 of 10" in shown
    assert "3 done, 1 stopped, 0 failed, 2 running, about 2 h left" in shown


def test_a_closed_output_is_no_error(tmp_path: Path) -> None:
    """As cron closes it, or `>&-` in a shell."""
    command = f"'{sys.executable}' -m kdsearch studies --studies '{tmp_path}'"
    for closed in (">&-", "2>&-", ">&- 2>&-"):
        done = subprocess.run(["bash", "-c", f"{command} {closed}"], capture_output=True, text=True, check=False)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), closed


def test_a_number_with_its_spread_or_interval_is_not_broken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In tables of many columns at 80 columns; words beside it are."""
    monkeypatch.setenv("COLUMNS", "80")
    cells = [
        "2.70 ± 0.02",
        "+0.259 to +0.419 (4 days)",
        "10,144",
        "-0.0004",
        "within noise, as far as three seeds tell",
    ]
    heads = ["15 min", "95 % over days", "weights", "less", "verdict"]
    print_table("Errors", ["loss", *heads], [["a loss of the teacher's answers", *cells]])
    shown = capsys.readouterr().out
    assert all(cell in shown for cell in cells[:-1])
    assert max(map(len, shown.splitlines())) <= 80
