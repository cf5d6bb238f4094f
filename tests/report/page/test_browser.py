"""The report in a real browser: it draws itself without a network."""

import shutil
import subprocess
from pathlib import Path

import pytest

from kdsearch.report.figures.catalog import FIGURES
from kdsearch.report.page.page import write_page
from kdsearch.report.summarise import summarise
from kdsearch.study.storage.store import StudyStore

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_a_browser_draws_every_figure_offline(confirmed: StudyStore, tmp_path: Path) -> None:
    """Scripts of the page run under its own policy; each figure becomes a drawing."""
    page = write_page(summarise(confirmed), tmp_path / "report.html")
    flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync"
    command = [
        str(BROWSER),
        *flags.split(),
        "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={tmp_path}/chrome",
    ]
    command += ["--virtual-time-budget=20000", "--dump-dom", page.as_uri()]
    drawn = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    for name in FIGURES:
        figure = drawn.split(f'id="figure-{name}"', 1)[1][:4000]
        assert "main-svg" in figure, name
