"""Pages as a browser reads and draws them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright import sync_api

__all__ = ["Opened", "Page", "assert_it_loads_nothing", "opened_page"]

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
LOADING = {"src", "href", "srcset", "data", "poster", "action", "background"}
DRAWN_MILLISECONDS = 60_000


class Page(HTMLParser):
    """Collects what a browser would load, show and run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.shown: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remembers the element and everything that it would fetch; a link into the page itself fetches nothing."""
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in LOADING and not (value or "").startswith("#")]

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
        """All that is shown without a script, with single spaces."""
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


@dataclass
class Opened:
    """A page in a real browser, after its figures were drawn.

    Attributes:
        page: To click and to read.
        console: What its scripts wrote, and mistakes that nothing caught.
        requests: Addresses that it asked for, its own file aside.
    """

    page: sync_api.Page
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def holds_figure(self, name: str) -> bool:
        """Whether a figure became a drawing."""
        return self.page.locator(f"#figure-{name} .main-svg").count() > 0

    def serious_findings(self) -> list[str]:
        """What axe-core finds serious or critical, with the first place of each."""
        self.page.add_script_tag(content=files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
        found: list[dict[str, Any]] = self.page.evaluate("() => axe.run().then((one) => one.violations)")
        return [
            f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in {"serious", "critical"}
        ]


@contextmanager
def opened_page(
    path: Path, *, width: int = 1400, height: int = 900, dark: bool = False, checked: bool = False
) -> Iterator[Opened]:
    """Open a page in a browser without a network, and wait until its figures are drawn; skip where there is none.

    Args:
        path: The HTML file.
        width: Of the window, pixels.
        height: Of the window, pixels.
        dark: Whether the reader asks for dark colours.
        checked: Whether a checker is to run in the page, which the page's own policy would forbid.
    """
    if BROWSER is None:
        pytest.skip("no Chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            bypass_csp=checked,
            offline=True,
        )
        opened = Opened(page)
        page.on("console", lambda message: opened.console.append(message.text))
        page.on("pageerror", lambda error: opened.console.append(str(error)))
        page.on("request", lambda request: opened.requests.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector("body[data-drawn=yes]", timeout=DRAWN_MILLISECONDS)
        opened.requests.remove(path.as_uri())
        yield opened
        browser.close()
