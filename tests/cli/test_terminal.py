"""Terminals of several widths, real ones: nothing is broken in two, and colours mean something."""

from pathlib import Path

import pytest

from kdsearch.cli.display import print_front, print_table
from kdsearch.cli.live import SearchDisplay
from kdsearch.cli.talk import say, wrapped
from kdsearch.pipeline.trainer import TrainingEvent
from kdsearch.report.front_grids import front_grid
from kdsearch.report.numbers import count, error, mae, significant
from kdsearch.report.summarise import summarise
from kdsearch.study.search.driver import StudyEvent
from kdsearch.study.search.progress import SearchProgress
from kdsearch.study.storage.store import StudyStore
from tests.cli.terminals import in_terminal, terminal
from tests.commands import Here

COMMANDS = (
    *("", "run", "teacher", "reproduce", "studies", "show", "report", "compare", "export", "predict", "measure"),
    *("data", "data list", "data fetch", "data describe", "data check", "space", "space list", "space show", "doctor"),
)
ALWAYS = ["network", "parameters", "ms", "test mean"]
GREEN, PROGRESS = "\x1b[32m", SearchProgress(3, 1, 0, 2, best_mae=14.5, smallest_weights=7839, seconds_left=400.0)


@pytest.mark.parametrize("columns", [60, 80, 100, 160])
def test_one_study_fits_every_terminal_and_nothing_is_broken_in_two(confirmed: StudyStore, columns: int) -> None:
    """The answer first, then one table of the columns that fit; its first four are always there."""
    summary = summarise(confirmed)
    with terminal(columns) as screen:
        print_front(summary, summary.notes)
    assert max(map(len, screen.lines)) <= columns
    text = "\n".join(screen.lines)
    assert text.split()[: len(summary.answer.split())] == summary.answer.split()
    assert set(" ".join(summary.notes).split()) <= set(text.split())
    grid = front_grid(summary, columns)
    assert set(ALWAYS) <= set(grid.columns)
    assert len(grid.columns) <= 8
    for trial in summary.front_trials:
        assert trial.cost is not None
        assert trial.cost.latency_ms is not None
        (row,) = (line for line in screen.lines if line.split()[:1] == [str(trial.number)])
        cells = [count(trial.cost.parameters), significant(trial.cost.latency_ms.p50)]
        assert {*cells, error(mae(trial.metrics, split="test"))} <= set(row.split())


def test_wider_terminals_have_more_columns_up_to_eight(confirmed: StudyStore) -> None:
    summary = summarise(confirmed)
    heads = {columns: list(front_grid(summary, columns).columns) for columns in (30, 60, 80, 100, 160)}
    assert heads[30] == ALWAYS
    assert [len(one) for one in heads.values()] == sorted(len(one) for one in heads.values())
    assert len(heads[60]) < len(heads[160]) <= 8
    assert {"validation mean", "settings", "FLOPs"} <= set(heads[160])


def test_the_network_of_the_answer_is_green_unless_colours_are_unwanted(confirmed: StudyStore) -> None:
    summary = summarise(confirmed)
    screens = []
    for variables in ({}, {"NO_COLOR": "1"}, {"TERM": "dumb"}):
        with terminal(80, **variables) as screen:
            print_front(summary, ())
        screens.append(screen)
    coloured, *others = screens
    (row,) = (line for line in coloured.raw.splitlines() if GREEN in line)
    assert "(knee)" in row
    assert all("\x1b" not in one.raw for one in others)
    lines = [[line.rstrip() for line in one.lines] for one in screens]
    assert lines[1] == lines[2] == lines[0]


def test_a_live_display_shows_epochs_error_and_time_left_then_trials() -> None:
    """Every state fits a line of 60 columns, or breaks between words."""
    training = [TrainingEvent("stgcn-32", epoch, 12, 4.25 if epoch else None, "km/h", 40.0) for epoch in (0, 3)]
    with terminal(60) as screen, SearchDisplay(10) as display:
        display.stage("loading kdsearch")
        display._live.refresh()
        for event in (TrainingEvent("stgcn-32", 0, 12, None, "km/h", None), *training):
            display.training(event)
            display._live.refresh()
        display.event(StudyEvent("resumed", "the study goes on", PROGRESS))
        display._live.refresh()
    assert max(map(len, screen.lines)) <= 60
    text = " ".join(" ".join(screen.lines).split())
    assert "loading kdsearch" in text
    assert "stgcn-32: timing its first steps" in text
    assert "stgcn-32, epochs" in text
    assert "3 of 12" in text
    assert "validation MAE 4.25 km/h so far, about 40 s left" in text
    assert "trials" in text
    assert "4 of 10" in text
    assert (
        "3 done, 1 stopped, 0 failed, 2 running, best MAE 14.50, smallest network within 3 % of the teacher: " in text
    )


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"TERM": "unknown"}])
def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines(variables: dict[str, str]) -> None:
    with terminal(60, **variables) as screen, SearchDisplay(10) as display:
        display.training(TrainingEvent("teacher", 3, 12, 4.25, "km/h", 40.0))
        display.event(StudyEvent("ending", "10 of 10 trials are done", PROGRESS))
    assert "\x1b" not in screen.raw
    assert screen.lines[0] == "teacher: epoch 3 of 12, validation MAE 4.25 km/h so far,"
    assert screen.lines[1:3] == ["about 40 s left", "10 of 10 trials are done"]


def test_a_part_of_a_reproduction_is_named_beside_its_trials() -> None:
    with terminal(80) as screen, SearchDisplay(None) as display:
        display.part("search 2 of 5, ord", 30)
        display.event(StudyEvent("resumed", "", PROGRESS))
        display._live.refresh()
    text = "\n".join(screen.lines)
    assert "search 2 of 5, ord: 30 trials" in text
    assert "search 2 of 5, ord, trials" in text
    assert "4 of 30" in text


def test_a_run_shows_something_before_anything_slow_is_loaded(tmp_path: Path) -> None:
    """A mistake that only the slow part finds comes after it, and the bar is gone then."""
    screen = in_terminal(tmp_path, 60, "run", "--dataset", "demo")
    text = "\n".join(screen.lines)
    assert text.index("loading kdsearch") < text.index("Error: ")
    assert text.endswith("Error: a search needs an end; give --trials 40, --budget 30m\nor both")
    assert "\x1b[2K" in screen.raw


def test_sentences_break_between_words_and_not_beside_a_unit() -> None:
    """A path is one word, however long; without a terminal a sentence is one line."""
    text = "it errs by 16.17 ± 0.02 km/h at 27 % of 4 ms"
    assert wrapped(text, 14).splitlines() == ["it errs by", "16.17 ± 0.02 km/h", "at 27 % of", "4 ms"]
    assert wrapped("in /a/path-that/goes/on/and-on", 10).splitlines() == ["in", "/a/path-that/goes/on/and-on"]
    assert wrapped(text, None) == text


def test_columns_says_the_width_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a row is one line, for programs that read lines, and so is a sentence."""
    cells, sentence = [["demo", "many words " * 12]], "many words " * 12
    widths = {}
    for columns in ("", "50"):
        monkeypatch.setenv("COLUMNS", columns)
        print_table("Datasets", ["name", "what it is"], cells)
        say(sentence, on_stdout=True)
        widths[columns] = max(map(len, capsys.readouterr().out.splitlines()))
    assert widths["50"] <= 50
    assert widths[""] >= len(sentence.strip())


@pytest.mark.parametrize("command", COMMANDS)
def test_help_at_80_columns_cuts_no_word(
    kdsearch: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = kdsearch(tmp_path, *command.split(), "--help").stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" not in shown


def test_the_help_of_run_has_a_panel_for_each_question(kdsearch: Here, tmp_path: Path) -> None:
    shown = kdsearch(tmp_path, "run", "--help").stdout
    panels = [line.split()[1] for line in shown.splitlines() if line.startswith("╭─")]
    assert panels == ["Options", "What", "Limits", "Time", "Where", "Search"]
