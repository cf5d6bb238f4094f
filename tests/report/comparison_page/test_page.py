"""The page of a comparison, as text and in a browser."""

from dataclasses import replace
from pathlib import Path

import pytest

from kdsearch.report.comparison.compare import compare_studies
from kdsearch.report.comparison.model import Comparison
from kdsearch.report.comparison.tables import comparison_grids
from kdsearch.report.comparison_page.fronts import draw_fronts, fronts_figures
from kdsearch.report.comparison_page.page import write_comparison_page
from kdsearch.report.summarise import summarise
from kdsearch.study.storage.store import StudyStore
from tests.html_pages import Page, assert_it_loads_nothing, opened_page
from tests.report.conftest import HOSTILE


@pytest.fixture
def comparison(confirmed: StudyStore) -> Comparison:
    """A confirmed study and one with another name, which is markup."""
    summary = summarise(confirmed)
    other = confirmed.meta.model_copy(update={"sampler": "nsga2"})
    return compare_studies([summary, summary.model_copy(update={"study": HOSTILE})], [confirmed.meta, other])


def test_the_page_shows_every_table_and_loads_nothing(comparison: Comparison, tmp_path: Path) -> None:
    source = write_comparison_page(comparison, tmp_path / "deep" / "both.html").read_text(encoding="utf-8")
    assert_it_loads_nothing(source)
    assert HOSTILE not in source
    text = Page(source).text
    assert HOSTILE in text
    for grid in comparison_grids(comparison):
        assert grid.title in text
        for row in grid.rows:
            assert " ".join(" ".join(cell for cell in row if cell).split()) in text
    for sentence in (comparison.answer, *comparison.notes):
        assert sentence in text


def test_a_browser_draws_the_fronts_offline(comparison: Comparison, tmp_path: Path) -> None:
    with opened_page(write_comparison_page(comparison, tmp_path / "both.html"), checked=True) as opened:
        assert opened.holds_figure("fronts-latency")
        assert (opened.console, opened.requests, opened.serious_findings()) == ([], [], [])


def test_each_study_has_a_line_with_its_own_colour_and_its_teacher(comparison: Comparison) -> None:
    (row,) = fronts_figures(comparison)
    assert (row.title, replace(row).section) == ("Error against latency", "fronts")
    figure = row.draw(comparison)
    lines = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert [line.name[:2] for line in lines] == ["A ", "B "]
    assert len({(line.line.color, line.marker.symbol) for line in lines}) == 2
    assert list(lines[0].x) == [point.cost for point in comparison.studies[0].fronts["latency"]]
    stars = [trace for trace in figure.data if trace.mode == "markers"]
    assert [star.marker.color for star in stars] == [line.line.color for line in lines]
    assert figure.layout.xaxis.title.text == "median time of one forecast at batch 1, ms"


def test_twenty_studies_are_told_apart(comparison: Comparison) -> None:
    """Colours come again, with another symbol."""
    many = comparison.model_copy(update={"studies": [comparison.studies[0]] * 20})
    lines = [trace for trace in draw_fronts(many, "latency").data if trace.mode == "lines+markers"]
    assert len({(line.line.color, line.marker.symbol) for line in lines}) == 20


def test_a_study_without_a_front_leaves_the_others(comparison: Comparison) -> None:
    empty = comparison.studies[1].model_copy(update={"fronts": {"latency": []}, "teacher": {}})
    figure = draw_fronts(comparison.model_copy(update={"studies": [comparison.studies[0], empty]}), "latency")
    assert len(figure.data) == 3
