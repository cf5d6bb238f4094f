"""The report on loopback: new trials come into the open page, and nobody else is answered."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright import sync_api

from kdsearch.errors import StudyError
from kdsearch.report.live import LiveReport
from kdsearch.report.summarise import summarise
from kdsearch.study.storage.store import StudyStore
from tests.html_pages import BROWSER
from tests.report.conftest import fill


@contextmanager
def served(store: StudyStore) -> Iterator[LiveReport]:
    """A study's report, served while the block runs; each answer reads the study anew."""
    address, name = store.url, store.meta.study

    def read() -> object:
        own = StudyStore.open(address, name)
        try:
            return summarise(own)
        finally:
            own.close()

    report = LiveReport(read)  # type: ignore[arg-type]
    thread = threading.Thread(target=report.serve)
    thread.start()
    try:
        yield report
    finally:
        report.close()
        thread.join()


def asked(report: LiveReport, path: str, **headers: str) -> tuple[int, bytes]:
    """Ask as a browser would."""
    connection = http.client.HTTPConnection("127.0.0.1", report.port, timeout=30)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


def test_it_answers_for_the_page_and_its_version_alone(empty_store: StudyStore) -> None:
    """Nor does it answer to another name, under which a foreign page could read it."""
    with served(empty_store) as report:
        assert report.address.startswith("http://127.0.0.1:")
        before = asked(report, "/version")
        assert before[0] == 200
        status, page = asked(report, "/")
        assert status == 200
        assert b"No trial has ended yet" in page
        assert b"connect-src 'self'" in page
        assert asked(report, "/../etc/passwd")[0] == asked(report, "/study.db")[0] == 404
        assert asked(report, "/", Host="evil.example:80")[0] == 403
        assert asked(report, "/version") == before
        fill(empty_store, 3)
        assert asked(report, "/version")[1] != before[1]


def test_a_port_that_is_taken_is_said(empty_store: StudyStore) -> None:
    with served(empty_store) as report, pytest.raises(StudyError, match=f"port {report.port} cannot be used"):
        LiveReport(lambda: summarise(empty_store), report.port)


def test_new_trials_come_into_the_open_page(empty_store: StudyStore, tmp_path: Path) -> None:  # noqa: ARG001
    """With the choices that the reader made."""
    if BROWSER is None:
        pytest.skip("no Chromium on this machine")
    fill(empty_store, 12)
    with served(empty_store) as report, sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page, said = browser.new_page(), list[str]()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(report.address)
        sync_api.expect(page.locator("#trials h2")).to_have_text("All 12 trials", timeout=30_000)
        page.locator("#switches [name=metric]").select_option("rmse")
        empty_store.optuna_study.enqueue_trial({})
        sync_api.expect(page.locator("#trials h2")).to_have_text("All 13 trials", timeout=30_000)
        assert page.locator("#switches [name=metric]").input_value() == "rmse"
        assert said == []
        browser.close()
