"""The report in a real browser: it draws itself without a network, and answers the pointer and the keyboard."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from kdsearch.report.page.drawing import drawn_figures
from kdsearch.report.page.page import write_page
from kdsearch.report.summarise import summarise
from kdsearch.report.summary import StudySummary
from kdsearch.study.storage.store import StudyStore
from tests.html_pages import opened_page

FIRST_SCREEN = 900
"""Pixels of a laptop's screen."""

MOST_BYTES = 2_500_000


@pytest.fixture
def summary(confirmed: StudyStore) -> StudySummary:
    """A confirmed study."""
    return summarise(confirmed)


@pytest.fixture
def report(summary: StudySummary, tmp_path: Path) -> Path:
    """Its page."""
    return write_page(summary, tmp_path / "report.html")


def test_a_browser_draws_every_figure_offline_and_the_first_on_the_first_screen(
    report: Path, summary: StudySummary
) -> None:
    """Scripts of the page run under its own policy, ask for nothing and complain of nothing."""
    assert report.stat().st_size < MOST_BYTES
    with opened_page(report) as opened:
        names = ["cost", *(figure.row.name for figure in drawn_figures(summary)[0])]
        assert [name for name in names if not opened.holds_figure(name)] == []
        first = opened.page.locator("#figure-cost .main-svg").first.bounding_box()
        assert first is not None
        assert first["y"] + first["height"] < FIRST_SCREEN
        assert (opened.console, opened.requests) == ([], [])


def test_a_mistake_of_a_script_and_a_request_are_seen(tmp_path: Path) -> None:
    """Else the tests of pages could not fail."""
    broken = "<!doctype html><body data-drawn=yes>hello<img src='there.png'><script>nothing.there()</script>"
    (tmp_path / "page.html").write_text(broken)
    with opened_page(tmp_path / "page.html") as opened:
        assert any("nothing is not defined" in line for line in opened.console)
        assert any(address.endswith("there.png") for address in opened.requests)


def test_a_point_opens_the_card_of_its_network(report: Path, summary: StudySummary) -> None:
    """With its settings, its errors, its twins and the command that takes it home."""
    with opened_page(report) as opened:
        page, chosen = opened.page, summary.chosen
        assert chosen is not None
        assert not page.locator("#card").is_visible()
        points = page.locator("#figure-cost .scatterlayer .trace .points path.point")
        for place in range(points.count()):  # the first drawn point that answers is enough
            box = points.nth(place).bounding_box()
            if box is not None and box["width"] > 0:
                page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            if page.locator("#card").is_visible():
                break
        assert "kdsearch export" in page.locator("#card-export").inner_text()
        page.locator("#card button[aria-label='Close the card']").click()
        assert not page.locator("#card").is_visible()
        page.locator(f"#front button[data-card='trial {chosen.number}']").press("Enter")  # the keyboard's way
        card = page.locator("#card").inner_text()
        assert f"trial {chosen.number}" in card
        assert "Without a teacher for the same epochs: test MAE" in card
        assert f"kdsearch export {summary.study} --pick {chosen.number}" in card
        assert opened.console == []


def test_the_switches_change_what_the_figure_shows(report: Path) -> None:
    with opened_page(report) as opened:
        page = opened.page
        words = page.locator("#figure-cost .ytitle")
        assert words.text_content() == "validation MAE"
        page.locator("#switches [name=metric]").select_option("rmse")
        page.locator("#switches [name=split]").select_option("test")
        page.locator("#switches [name=horizon]").select_option("45")
        page.locator("#switches [name=cost]").select_option("params")
        expect(words).to_have_text("test RMSE, 45 minutes ahead")
        expect(page.locator("#figure-cost .xtitle")).to_have_text("trained parameters")
        assert page.locator("#figure-cost .errorbars path").count() > 0  # the spread over seeds
        assert opened.console == []


def test_trials_can_be_sorted_and_found(report: Path, summary: StudySummary) -> None:
    with opened_page(report) as opened:
        page = opened.page
        rows = page.locator("#all tbody tr")
        assert rows.count() == len(summary.trials) == 30
        head = page.locator("#all thead button", has_text="params")
        head.click()
        head.click()  # the largest first
        cells = page.locator("#all tbody tr td:nth-last-child(1)").all_inner_texts()
        sizes = [float(text.replace(",", "")) for text in cells if text]
        assert sizes == sorted(sizes, reverse=True)
        assert page.locator("#all th[aria-sort=descending]").count() == 1
        page.locator("#find").fill("failed")
        states = page.locator("#all tbody tr td:nth-child(3)").all_inner_texts()
        assert states
        assert all("failed: the loss was not finite in epoch 7" in state for state in states)
        assert page.locator("#found").inner_text() == f"{len(states)} of 30 trials"
        assert opened.console == []


@pytest.mark.parametrize("dark", [False, True])
def test_a_checker_of_accessibility_finds_nothing_serious(report: Path, *, dark: bool) -> None:
    with opened_page(report, dark=dark, checked=True) as opened:
        opened.page.locator("#front button.link").first.click()
        assert opened.serious_findings() == []


def test_errors_are_seen_on_a_phone_without_scrolling_sideways(report: Path) -> None:
    with opened_page(report, width=390, height=844) as opened:
        page = opened.page
        error = page.locator("#front tbody tr td").first.bounding_box()
        assert error is not None
        assert error["x"] + error["width"] <= 390
        whole = page.locator("html").bounding_box()
        assert whole is not None
        assert whole["width"] <= 390


def test_a_page_of_an_empty_study_says_what_to_do(empty_store: StudyStore, tmp_path: Path) -> None:
    """It has no figure, and no empty axes."""
    with opened_page(write_page(summarise(empty_store), tmp_path / "report.html"), checked=True) as opened:
        text = opened.page.locator("main").inner_text()
        assert "No trial has ended yet. Run the same command again to go on: kdsearch run --dataset" in text
        assert opened.page.locator(".main-svg").count() == 0
        assert opened.serious_findings() == []
        assert opened.console == []
