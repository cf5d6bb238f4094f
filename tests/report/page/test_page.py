"""The page as a browser would read it."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
from markupsafe import escape

from kdsearch.data.protocols import PROTOCOLS
from kdsearch.errors import StudyError
from kdsearch.report.figures import catalog
from kdsearch.report.figures.catalog import FIGURES, SECTIONS, ReportFigure, Section
from kdsearch.report.figures.style import blank_figure
from kdsearch.report.page.drawing import drawn_figures
from kdsearch.report.page.page import write_page
from kdsearch.report.page.published import published_table
from kdsearch.report.page.records import study_records
from kdsearch.report.page.tables import front_table
from kdsearch.report.published.izadi import STUDENTS
from kdsearch.report.published.others import STRESNET
from kdsearch.report.summarise import summarise
from kdsearch.report.summary import ObjectiveSummary, StudySummary, TrialSummary
from kdsearch.report.text.limits import limits_broken
from kdsearch.study.storage.store import StudyStore
from kdsearch.table import Table
from tests.html_pages import Page, assert_it_loads_nothing


@pytest.fixture
def summary(confirmed: StudyStore) -> StudySummary:
    """A confirmed study."""
    return summarise(confirmed)


@pytest.fixture
def source(summary: StudySummary, tmp_path: Path) -> str:
    """Its page."""
    return write_page(summary, tmp_path / "deep" / "report.html").read_text(encoding="utf-8")


def test_page_loads_nothing(source: str) -> None:
    """No element refers to another file or address, no style imports one, and the page forbids it to itself."""
    assert_it_loads_nothing(source)


def test_plotly_is_there_once_and_the_basic_bundle_where_it_draws_all(
    source: str, summary: StudySummary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All figures share one copy of plotly.js; a user's figure that the basic bundle cannot draw brings the whole."""
    assert source.count("* plotly.js (basic - minified) v") == source.count("* plotly.js") == 1
    table = Table("figure", FIGURES.values(), mistake=StudyError)
    monkeypatch.setattr(catalog, "FIGURES", table)
    heat = ReportFigure("heat", "Heat", "Mine.", "search", lambda _: go.Figure(go.Heatmap(z=[[1, 2], [3, 4]])))
    table.add(heat)
    whole = write_page(summary, tmp_path / "whole.html").read_text(encoding="utf-8")
    assert whole.count("* plotly.js v") == whole.count("* plotly.js") == 1


def test_every_figure_of_the_table_is_on_the_page(source: str) -> None:
    """In the order of the rows, each once, with heading and caption, in its section; costs are one figure's switch."""
    page = source[source.index("<body>") :]
    drawn = {name: figure for name, figure in FIGURES.items() if figure.along is None}
    places = [page.index(f"<h3>{figure.title}</h3>") for figure in drawn.values()]
    assert places == sorted(places)
    for name, figure in drawn.items():
        section = _section(page, SECTIONS[figure.section])
        assert section.count(f'id="figure-{name}"') == page.count(f'id="figure-{name}"') == 1
        assert f'<h3>{figure.title}</h3><p class="caption">{escape(figure.caption)}</p>' in section
    pairs = [part.partition("</figure>\n</div>")[0] for part in page.split('<div class="pair">')[1:]]
    assert [re.findall("<h3>(.*?)</h3>", pair) for pair in pairs] == [["Error by horizon", "Learning curves"]]


def test_the_switch_has_every_cost_of_the_table_and_of_the_study(summary: StudySummary) -> None:
    records = study_records(summary)
    assert [one["name"] for one in records["costs"]] == ["flops", "latency", "params"]
    assert (records["cost"], records["metric"]) == ("latency", "mae")
    stored = summary.model_copy(update={"objectives": [ObjectiveSummary(name="stored", unit="numbers")]})
    assert study_records(stored)["cost"] == "stored"
    (chosen,) = (one for one in records["networks"] if one.get("chosen"))
    trial = summary.chosen
    assert trial is not None
    assert trial.cost is not None
    assert chosen["costs"]["params"] == trial.cost.parameters
    assert chosen["errors"]["test"]["mae"]["all"] == pytest.approx(trial.metrics["test"]["mae"]["all"], rel=1e-5)


def test_a_figure_that_a_user_adds_is_on_the_page(
    summary: StudySummary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the end of its section, which is there for it alone too; its texts are no markup."""
    table = Table("figure", FIGURES.values(), mistake=StudyError)
    monkeypatch.setattr(catalog, "FIGURES", table)
    added: list[tuple[str, Section]] = [("bias", "cost"), ("my-importance", "search")]
    for name, section in added:
        table.add(
            ReportFigure(name, f"My {name} <b>", "What I < saw.", section, lambda _: blank_figure("mine", "yours"))
        )
    page = write_page(summary, tmp_path / "report.html").read_text(encoding="utf-8")
    page = page[page.index("<body>") :]
    costs, search = _section(page, "Further figures of cost"), _section(page, "The search")
    assert "<h3>My bias &lt;b&gt;</h3>" in costs
    assert '<h3>My my-importance &lt;b&gt;</h3><p class="caption">What I &lt; saw.</p>' in search
    assert 'id="figure-my-importance"' in search


def _section(page: str, heading: str) -> str:
    """The section of the page below a heading."""
    return page[page.index(f"<h2>{heading}</h2>") :].partition("</section>")[0]


def test_sections_without_figures_are_not_on_the_page(source: str) -> None:
    filled = {SECTIONS[figure.section] for figure in FIGURES.values() if figure.along is None}
    assert [heading for heading in SECTIONS.values() if f"<h2>{heading}</h2>" in source] == [
        heading for heading in SECTIONS.values() if heading in filled
    ]


def test_a_figure_that_fails_is_left_out_and_said_so(
    summary: StudySummary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake in a user's figure costs that figure, never the report of a long search."""
    table = Table("figure", FIGURES.values(), mistake=StudyError)
    monkeypatch.setattr(catalog, "FIGURES", table)
    wrong: dict[str, Any] = {"raises": lambda _: 1 / 0, "empty": lambda _: None, "text": lambda _: "<svg>"}
    for name, draw in wrong.items():
        table.add(ReportFigure(name, f"My {name}", "What I saw.", "search", draw))
    asks = ReportFigure(
        "asks", "My asks", "What I saw.", "search", go.Figure, shown=lambda one: one.versions["mine"] > ""
    )
    table.add(asks)
    said: list[str] = []
    path = write_page(summary, tmp_path / "report.html", said.append)
    text = Page(path.read_text(encoding="utf-8")).text
    assert said == [
        "the figure 'raises' is left out of the report: ZeroDivisionError: division by zero",
        "the figure 'empty' is left out of the report: TypeError: draw gave NoneType, and is to give a plotly figure",
        "the figure 'text' is left out of the report: TypeError: draw gave str, and is to give a plotly figure",
        "the figure 'asks' is left out of the report: KeyError: 'mine'",
    ]
    assert all(sentence in text for sentence in said)
    assert "Error by horizon" in text


def test_no_figure_of_kdsearch_fails(source: str) -> None:
    assert "left out of the report" not in source


def test_a_figure_is_left_out_where_a_study_lacks_what_it_needs(summary: StudySummary) -> None:
    shown = [figure.row.name for figure in drawn_figures(summary)[0]]
    bare, failures = drawn_figures(summary.model_copy(update={"hypervolume_history": []}))
    assert [figure.row.name for figure in bare] == [name for name in shown if name != "hypervolume"]
    assert not failures


def test_page_shows_the_front_and_the_references(source: str, summary: StudySummary) -> None:
    """Each network of the front has a row with its numbers; so have the teacher and the lines."""
    text = Page(source).text
    for trial in summary.front_trials:
        assert trial.cost is not None
        assert f"Trial {trial.number}" in text
        assert f"{trial.cost.parameters:,}" in text
    for name in ("Teacher", "Calendar profile", "Last value", "298,810", "± 0.03"):
        assert name in text


def test_front_has_what_files_cost_where_they_were_asked_for(confirmed: StudyStore) -> None:
    """Kilobytes, and milliseconds under onnxruntime; a dash where there is no file."""
    plain = summarise(confirmed)
    assert "file kB" not in [head.text for head in front_table(plain).heads]

    def with_file(trial: TrialSummary) -> TrialSummary:
        assert trial.cost is not None
        file = {"file_bytes": 53_148, "deployed_ms": trial.cost.latency_ms}
        return trial.model_copy(update={"cost": trial.cost.model_copy(update=file)})

    front = {trial.number: with_file(trial) for trial in plain.front_trials}
    timed = plain.model_copy(update={"trials": [front.get(trial.number, trial) for trial in plain.trials]})
    table = front_table(timed)
    assert table.heads[-1].text == "file kB"
    last = [row.cells[-1] for row in table.rows]
    assert [cell.text for cell in last] == ["53.1"] * len(front) + ["—"] * len(plain.baselines)
    assert all(cell.small.endswith(" ms") for cell in last[: len(front)])


def test_page_says_what_was_run(source: str, summary: StudySummary) -> None:
    """Answer, data, protocol, command, versions and every note are on the page."""
    text = Page(source).text
    for wanted in (summary.answer, summary.data_note, summary.command, "12 steps in, 9 out", *summary.notes):
        assert wanted in text
    assert "2 March 2026, 14:05" in text
    assert "torch 2.13.0" in text


def test_page_lists_failures_with_reasons(source: str) -> None:
    """The script's table says why trials ended."""
    assert "All 30 trials" in Page(source).text
    assert '"reason":"the loss was not finite in epoch 7"' in source


def test_page_of_a_limited_study_says_which_limit_is_broken_by_how_much(limited: StudyStore, tmp_path: Path) -> None:
    """The limits in absolute terms, a word for each trial, and how many broke which."""
    summary = summarise(limited)
    text = Page(write_page(summary, tmp_path / "report.html").read_text(encoding="utf-8")).text
    assert "Limits mae at most 15.62 (110 % of the teacher's), latency at most 3 ms, params at most 29,881" in text
    records = study_records(summary)
    assert records["limited"]
    for trial, one in zip(summary.trials, records["networks"], strict=False):
        assert one["limits"] == ([] if trial.feasible else limits_broken(trial, summary.limits))
    (note,) = (note for note in summary.notes if note.startswith("Limits: "))
    assert note in text
    later = write_page(summarise(limited, constraints=["params<=4k"]), tmp_path / "later.html")
    assert "params at most 4,000 parameters (given afterwards) Trials" in Page(later.read_text(encoding="utf-8")).text


def test_a_study_without_limits_has_no_column_for_them(summary: StudySummary) -> None:
    """Nothing to keep, nothing to say."""
    assert not study_records(summary)["limited"]


def test_page_writes_the_rule_of_choice_down(source: str, confirmed: StudyStore, tmp_path: Path) -> None:
    """The knee's, or the one of the reader's weights."""
    assert "The knee is where giving up a little" in Page(source).text
    weighted = Page(write_page(summarise(confirmed, "mae=2"), tmp_path / "w.html").read_text(encoding="utf-8")).text
    assert "by your weights mae 2, latency 1. Every objective is scaled" in weighted
    assert "Steuer and Choo 1983" in weighted
    assert "preferred" in weighted
    assert "The knee is where" not in weighted


def test_hypervolume_is_on_the_page_where_the_study_has_a_reference_point(
    source: str, searched: StudyStore, tmp_path: Path
) -> None:
    """Older studies have none, and no figure of it."""
    assert "Hypervolume over the search" in Page(source).text
    searched.meta = searched.meta.model_copy(update={"reference_point": None})
    older = write_page(summarise(searched), tmp_path / "older.html").read_text(encoding="utf-8")
    assert "Hypervolume" not in Page(older).text


def test_published_errors_stand_beside_ours_with_their_source(with_published: StudyStore, tmp_path: Path) -> None:
    """Test errors of the teacher and of the knee above those of the papers, and a dash where a paper prints nothing."""
    summary = summarise(with_published)
    source = write_page(summary, tmp_path / "report.html").read_text(encoding="utf-8")
    section = source[source.index("<h2>Published</h2>") : source.index("<h2>What each part gave</h2>")]
    shown = Page(section).text
    for wanted in ("Zhang et al. 2025, LightST (AAAI, arXiv 2501.10459)", "Shao et al. 2022", "15.43", "13.14", "—"):
        assert wanted in shown
    assert (
        section.index("Teacher, here") < section.index(f"Trial {summary.knee}, knee, here") < section.index("LightST")
    )
    assert summary.teacher is not None
    assert f"<td>{summary.teacher.metrics['test']['mae']['15']:.2f}</td>" in section
    assert section.count("Zhang et al. 2025") == 1
    for metric in ("MAE", "RMSE", "MAPE, %"):
        assert f'<th scope="colgroup" colspan="4">test {metric}</th>' in section


def test_a_note_that_rows_share_is_written_once_and_others_in_their_rows(with_published: StudyStore) -> None:
    summary = summarise(with_published)
    shared = published_table(summary.model_copy(update={"published": list(STUDENTS[:10])}))
    assert shared is not None
    sources = [group.source for group in shared.groups]
    assert sum("the paper prints 35 / 5 / 5 of 44 days" in one for one in sources) == 2  # once for each of two sources
    assert not any(row.note for group in shared.groups for row in group.rows)
    bicycles = [point for point in STRESNET if point.dataset == "bikenyc"]
    own = published_table(summary.model_copy(update={"published": bicycles}))
    assert own is not None
    assert sum("over all cells, as ours" in row.note for group in own.groups for row in group.rows) == 8


@pytest.mark.parametrize(
    "changes",
    [
        {"data_note": "a part of the public file: 7,156 of 17,856 steps, flow only"},
        {"data_note": "files of the public shape, not every hash known"},
        {"protocol": "seven-one-two", "protocol_hash": PROTOCOLS["seven-one-two"].published.hash},
        {"protocol_hash": replace(PROTOCOLS["six-two-two"].published, channel=2).hash},
        {"protocol_hash": PROTOCOLS["six-two-two"].hash},
        {"protocol_hash": PROTOCOLS["six-two-two"].filled("published").hash},
        {"dataset": "los-loop"},
    ],
    ids=[
        "a slice",
        "an unverified file",
        "another protocol",
        "another channel",
        "another fill and readings",
        "other readings",
        "another dataset",
    ],
)
def test_nothing_published_is_shown_where_something_differs(
    with_published: StudyStore, tmp_path: Path, changes: dict[str, str]
) -> None:
    with_published.meta = with_published.meta.model_copy(update=changes)
    summary = summarise(with_published)
    source = write_page(summary, tmp_path / "report.html").read_text(encoding="utf-8")
    assert summary.published == []
    assert "Published" not in Page(source).text
    assert "published, test" not in source


def test_hostile_names_are_text(source: str, summary: StudySummary) -> None:
    """A dataset's name cannot become markup, in the page or in a script."""
    assert summary.dataset in Page(source).text
    assert "<script>alert" not in source


def test_page_of_an_empty_study(empty_store: StudyStore, tmp_path: Path) -> None:
    """A study without trials still has a page, which says so."""
    text = Page(write_page(summarise(empty_store), tmp_path / "report.html").read_text(encoding="utf-8")).text
    assert "no front yet" in text
    assert "none yet" in text
    assert "No network yet on" in text


def test_a_study_that_minimises_rmse_shows_it_beside_mae(summary: StudySummary) -> None:
    """Its mean; a study of MAE has no such column."""
    assert "test RMSE" not in [head.text for head in front_table(summary).heads]
    squared = summary.model_copy(update={"objectives": [ObjectiveSummary(name="rmse", unit="")]})
    table = front_table(squared)
    place = [head.text for head in table.heads].index("test RMSE") - 1
    assert table.rows[0].cells[place].text == f"{squared.front_trials[0].metrics['test']['rmse']['all']:.2f}"


def test_both_errors_have_a_column_where_they_differ(summary: StudySummary) -> None:
    """Those that count, and those over all readings as published; a study without filled-in readings has one."""
    assert not [head for head in front_table(summary).heads if "as published" in head.text]
    trial = summary.front_trials[0]
    beside = {
        f"{split}-published": {"mae": {"all": 0.9 * trial.metrics[split]["mae"]["all"]}} for split in ("val", "test")
    }
    trials = [
        one.model_copy(update={"metrics": one.metrics | beside}) if one.number == trial.number else one
        for one in summary.trials
    ]
    other = summary.model_copy(update={"trials": trials})
    table = front_table(other)
    place = [head.text for head in table.heads].index("test MAE, as published") - 1
    assert table.rows[0].cells[place].text == f"{beside['test-published']['mae']['all']:.2f}"
    assert [one["title"] for one in study_records(other)["splits"]][2:] == [
        "validation, all readings as published",
        "test, all readings as published",
    ]


def test_the_unit_stands_beside_every_error(summary: StudySummary, tmp_path: Path) -> None:
    """In tables and axes."""
    page = write_page(summary.model_copy(update={"unit": "mph"}), tmp_path / "report.html").read_text(encoding="utf-8")
    assert '<th scope="col">test MAE<small>mph</small></th>' in page
    assert '{"name":"mae","title":"MAE, mph"}' in page
    assert page.count("validation MAE, mph") >= 2  # the axes of figures
