"""The table of figures: what its rows must have, and what they draw."""

import ast
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import plotly.graph_objects as go
import pytest

from kdsearch.errors import KdsearchError, StudyError
from kdsearch.measure.objectives import OBJECTIVES, Measured
from kdsearch.report import summary as summary_module
from kdsearch.report.figures import catalog, marks
from kdsearch.report.figures.catalog import FIGURES, SECTIONS, ReportFigure, Section, cost_figure, figures_of
from kdsearch.report.summarise import summarise
from kdsearch.report.summary import ObjectiveSummary, StudySummary
from kdsearch.study.storage.store import StudyStore
from kdsearch.table import Table


def test_the_ring_has_the_name_of_what_chose(searched: StudyStore) -> None:
    """By weights it is no knee."""
    for prefer, word in ((None, "knee"), ("mae=2", "preferred")):
        summary = summarise(searched, prefer)
        names = [trace.name for trace in FIGURES["flops"].draw(summary).data]
        assert word in names
        assert f"trial {summary.knee} ({word})" in [trace.name for trace in FIGURES["horizon"].draw(summary).data]


def test_hypervolume_is_drawn_over_finished_trials(limited: StudyStore) -> None:
    """A staircase in the unit of its volume."""
    summary = summarise(limited)
    figure = FIGURES["hypervolume"].draw(summary)
    (line,) = figure.data
    assert list(line.x) == list(range(1, 31))
    assert line.y[-1] == summary.hypervolume
    assert figure.layout.yaxis.title.text == "hypervolume, mae times decades of latency"
    assert line.text[-1].endswith("after 30 trials and 315 CPU seconds")


@pytest.mark.parametrize("name", FIGURES)
def test_figures_of_an_empty_study(empty_store: StudyStore, name: str) -> None:
    """A study without trials gives empty figures, not errors."""
    assert isinstance(FIGURES[name].draw(summarise(empty_store)), go.Figure)


def _row(**changes: Any) -> ReportFigure:
    """A row with all it needs, but for the changes."""
    fields = {"name": "mine", "title": "Mine", "caption": "What I saw.", "section": "search", "draw": go.Figure}
    return ReportFigure(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "figure '' has no name"),
        ({"draw": lambda: None}, r"the figure 'mine' needs a function of \(summary\)"),
        ({"title": ""}, "figure 'mine' has no title"),
        ({"title": None}, "figure 'mine' has no title"),
        ({"caption": " "}, "figure 'mine' has no caption"),
        ({"section": "somewhere"}, "figure 'mine' is in section 'somewhere'; choose one of cost, curves, test, search"),
        ({"draw": None}, r"the figure 'mine' needs a function of \(summary\)"),
        ({"shown": True}, r"the figure 'mine' needs a function of \(summary\)"),
        ({"paper": lambda: None}, r"the figure 'mine' needs a function of \(summary\)"),
    ],
)
def test_a_row_that_is_half_done_is_refused_when_it_is_made(changes: dict[str, Any], message: str) -> None:
    assert _row().name == "mine"
    with pytest.raises(KdsearchError, match=message):
        _row(**changes)


@pytest.mark.parametrize("left_out", ["name", "title", "caption", "section", "draw"])
def test_a_row_needs_all_that_the_page_shows(left_out: str) -> None:
    row = _row()
    fields = {name: getattr(row, name) for name in ("name", "title", "caption", "section", "draw") if name != left_out}
    with pytest.raises(TypeError, match=left_out):
        ReportFigure(**fields)


def test_a_user_cannot_take_the_place_of_a_figure_of_kdsearch() -> None:
    with pytest.raises(StudyError, match="the figure 'horizon' comes with kdsearch"):
        FIGURES.add(_row(name="horizon"))


def test_every_section_has_a_heading() -> None:
    assert set(SECTIONS) == set(get_args(Section))


@pytest.mark.parametrize("cost", ["mae", "weight"])
def test_a_cost_figure_needs_a_cost_objective(cost: str) -> None:
    with pytest.raises(StudyError, match=f"'{cost}' needs a cost objective; choose one of latency"):
        cost_figure(cost)


def _minimising(summary: StudySummary, *names: str) -> StudySummary:
    """The same study, had it minimised these."""
    objectives = [ObjectiveSummary(name=name, unit="") for name in names]
    return summary.model_copy(update={"objectives": objectives})


def test_a_cost_that_a_study_minimised_has_a_figure_and_others_have_none(confirmed: StudyStore) -> None:
    """Its axis and values are the objective's; latency has its row already, and errors are no costs."""
    summary = summarise(confirmed)
    assert [figure.name for figure in figures_of(summary)] == list(FIGURES)
    *rows, stored = figures_of(_minimising(summary, "mae", "rmse", "latency", "stored"))
    assert [figure.name for figure in rows] == list(FIGURES)
    assert (stored.title, stored.section, stored.along is not None) == ("Error against stored", "cost", True)
    drawn = stored.draw(summary)
    assert drawn.layout.xaxis.title.text == "stored, numbers"
    assert drawn.layout.yaxis.title.text == "validation MAE"
    shown = [x for trace in drawn.data if trace.hovertext for x in trace.x]
    costs = [trial.cost for trial in summary.trials if trial.state == "COMPLETE"]
    numbers = [cost.stored_numbers for cost in costs if cost is not None]
    assert summary.teacher is not None
    assert summary.teacher.cost is not None
    assert sorted(shown) == sorted([*numbers, summary.teacher.cost.stored_numbers])


def test_a_cost_of_a_user_is_drawn_where_it_is_known(confirmed: StudyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pointer shows it too; a network without a value is no point."""
    summary = summarise(confirmed)

    def energy(record: Measured) -> float:
        return math.nan if record.cost is None or record.cost.flops > 1e9 else record.cost.flops / 1e9

    own = dict(OBJECTIVES) | {"energy": replace(OBJECTIVES["stored"], name="energy", unit="mJ", read=energy)}
    for module in (catalog, marks, summary_module):
        monkeypatch.setattr(module, "OBJECTIVES", own)
    of_energy = _minimising(summary, "mae", "energy")
    (figure,) = (figure for figure in figures_of(of_energy) if figure.name not in FIGURES)
    drawn = figure.draw(of_energy)
    assert drawn.layout.xaxis.title.text == "energy, mJ"
    texts = [text for trace in drawn.data if trace.hovertext for text in trace.hovertext]
    assert not any(text.startswith("<b>teacher") for text in texts)
    assert all("energy 0." in text and " mJ" in text for text in texts)
    assert "energy" not in FIGURES["flops"].draw(summary).to_json()


def test_a_row_of_a_user_replaces_the_figure_that_its_cost_would_have(
    confirmed: StudyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Table("figure", FIGURES.values(), mistake=StudyError)
    monkeypatch.setattr(catalog, "FIGURES", table)
    table.add(cost_figure("stored", "bytes of mine"))
    titles = [figure.title for figure in figures_of(_minimising(summarise(confirmed), "stored"))]
    assert "Error against bytes of mine" in titles
    assert "Error against stored" not in titles


def test_every_figure_module_is_used_by_the_catalog() -> None:
    """A figure that was written and has no row is never drawn."""
    folder = Path(catalog.__file__).parent
    used = {
        node.module
        for node in ast.walk(ast.parse(Path(catalog.__file__).read_text()))
        if isinstance(node, ast.ImportFrom)
    }
    drawing = {path.stem for path in folder.glob("*.py") if re.search(r"^def draw_", path.read_text(), re.MULTILINE)}
    assert {"cost", "curves", "hypervolume"} <= drawing
    assert {f"kdsearch.report.figures.{name}" for name in drawing} <= used
    for name in drawing:
        functions = re.findall(r"^def (draw_\w+)", (folder / f"{name}.py").read_text(), re.MULTILINE)
        unused = [function for function in functions if not hasattr(catalog, function)]
        assert not unused, f"give {unused} of {name}.py a row in FIGURES"
