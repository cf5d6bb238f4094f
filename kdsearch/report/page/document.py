"""Pages as one HTML file: everything is inside, for people without the software and without a network."""

from __future__ import annotations

import html
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from kdsearch.report.figures.style import FONT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

__all__ = ["definitions", "filled", "findings", "loud", "write_document"]


def write_document(path: Path, title: str, main: str) -> Path:
    """Write a page that loads nothing from anywhere.

    Args:
        path: The HTML file; its folder is made where it is missing.
        title: What the browser's tab shows, as plain text.
        main: What the page shows, in HTML.

    Returns:
        The path.
    """
    from plotly.offline import get_plotlyjs  # noqa: PLC0415 - slow to import, and only this function needs it

    page = filled(
        "kdsearch.report.page", "document.html", title=html.escape(title), font=FONT, plotly=get_plotlyjs(), main=main
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path


def filled(package: str, template: str, **parts: str) -> str:
    """Fill a template of a package with parts in HTML."""
    return Template(files(package).joinpath(template).read_text(encoding="utf-8")).substitute(parts)


def definitions(rows: Iterable[tuple[str, str]]) -> str:
    """Write a list of names with their values, both in HTML."""
    return "\n".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows)


def loud(sentences: Sequence[str]) -> str:
    """Write a box of sentences that nobody is to overlook; nothing where there is none."""
    if not sentences:
        return ""
    return f'<div class="loud" role="note">{"".join(f"<p>{html.escape(one)}</p>" for one in sentences)}</div>'


def findings(heading: str, sentences: Sequence[str]) -> str:
    """Write a section with a list of sentences; nothing where there is none."""
    if not sentences:
        return ""
    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in sentences)
    return f"<section><h2>{heading}</h2><ul>{items}</ul></section>"
