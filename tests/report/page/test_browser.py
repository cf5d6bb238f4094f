"""The report in a real browser: it draws itself without a network."""

from pathlib import Path

from kdsearch.report.figures.catalog import FIGURES
from kdsearch.report.page.page import write_page
from kdsearch.report.summarise import summarise
from kdsearch.study.storage.store import StudyStore
from tests.html_pages import drawn_page


def test_a_browser_draws_every_figure_offline(confirmed: StudyStore, tmp_path: Path) -> None:
    """Scripts of the page run under its own policy; each figure becomes a drawing."""
    drawn = drawn_page(write_page(summarise(confirmed), tmp_path / "report.html"), tmp_path)
    assert [name for name in FIGURES if not drawn.holds_figure(name)] == []
    assert drawn.console == []


def test_a_mistake_of_a_script_is_seen(tmp_path: Path) -> None:
    """Else the tests of pages could not fail."""
    (tmp_path / "page.html").write_text("<!doctype html><p>hello<script>nothing.there()</script>")
    (line,) = drawn_page(tmp_path / "page.html", tmp_path).console
    assert "nothing is not defined" in line
