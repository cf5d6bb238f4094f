"""Pages as a browser reads and draws them."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pytest

__all__ = ["Drawn", "Page", "assert_it_loads_nothing", "drawn_page"]

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync"
FLAGS += " --enable-logging=stderr --log-level=0 --virtual-time-budget=20000 --dump-dom"

LOADING = {"src", "href", "srcset", "data", "poster", "action", "background"}


class Page(HTMLParser):
    """Collects what a browser would load, show and run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.shown: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remembers the element and everything that it would fetch."""
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in LOADING]

    def handle_data(self, data: str) -> None:
        """Remembers text outside scripts and styles."""
        if self.tags and self.tags[-1] not in {"script", "style"}:
            self.shown.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Text after a script belongs to the page again."""
        if tag in {"script", "style"}:
            self.tags.append(f"/{tag}")

    @property
    def text(self) -> str:
        """All that is shown, with single spaces."""
        return " ".join(" ".join(self.shown).split())


def assert_it_loads_nothing(source: str) -> None:
    """Look at all that a browser would fetch."""
    page = Page(source)
    assert page.loads == []
    assert not {"link", "iframe", "object", "embed", "base"} & set(page.tags)
    style = source[source.index("<style>") : source.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    assert "Content-Security-Policy\" content=\"default-src 'none'" in source


@dataclass(frozen=True)
class Drawn:
    """A page after its scripts ran: what the browser shows, and what they wrote to its console."""

    dom: str
    console: list[str]

    def holds_figure(self, name: str) -> bool:
        """Whether a figure became a drawing."""
        _, there, figure = self.dom.partition(f'id="figure-{name}"')
        return bool(there) and "main-svg" in figure[:4000]


def drawn_page(page: Path, folder: Path) -> Drawn:
    """Let a real browser without a network draw a page; the test is skipped where there is none."""
    if BROWSER is None:
        pytest.skip("no Chromium on this machine")
    offline = ["--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder}/chrome"]
    command = [BROWSER, *FLAGS.split(), *offline, page.as_uri()]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return Drawn(said.stdout, re.findall(r"CONSOLE.*", said.stderr))
