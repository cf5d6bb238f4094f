"""The page of a comparison of studies."""

from __future__ import annotations

import html
from importlib.metadata import version
from typing import TYPE_CHECKING

from kdsearch.report.comparison.tables import comparison_grids
from kdsearch.report.comparison_page.fronts import fronts_figures
from kdsearch.report.numbers import listed
from kdsearch.report.page.document import definitions, filled, findings, write_document
from kdsearch.report.page.drawing import drawn_figure, figure_sections

if TYPE_CHECKING:
    from pathlib import Path

    from kdsearch.report.comparison.model import Comparison
    from kdsearch.report.grid import Grid

__all__ = ["write_comparison_page"]


def write_comparison_page(comparison: Comparison, path: Path) -> Path:
    """Write a comparison as one file that loads nothing from anywhere.

    Args:
        comparison: The comparison.
        path: The HTML file; its folder is made where it is missing.

    Returns:
        The path.
    """
    studies, networks, *others = comparison_grids(comparison)
    title = listed([f"{one.letter} {one.study}" for one in comparison.studies])
    main = filled(
        "kdsearch.report.comparison_page",
        "page.html",
        eyebrow=html.escape(f"kdsearch · {comparison.dataset} · {len(comparison.studies)} studies"),
        title=html.escape(title),
        answer=html.escape(comparison.answer),
        facts=definitions(_facts(comparison)),
        before=_section(studies) + _section(networks),
        figures=figure_sections([drawn_figure(row, comparison) for row in fronts_figures(comparison)]),
        after="".join(map(_section, others)),
        notes=findings("How to read it", comparison.notes),
        version=version("kdsearch"),
    )
    return write_document(path, f"{title} · kdsearch", main)


def _facts(comparison: Comparison) -> list[tuple[str, str]]:
    """Write what the studies share, and the command of each: names and values in HTML."""
    shared = {
        "Data": comparison.dataset,
        "Protocol": comparison.protocol_text.removeprefix("protocol ") or comparison.protocol,
        "Minimised by all": ", ".join(comparison.objectives),
    }
    commands = [(f"Command of {one.letter}", f"<code>{html.escape(one.command)}</code>") for one in comparison.studies]
    return [*((name, html.escape(value)) for name, value in shared.items()), *commands]


def _section(grid: Grid) -> str:
    """Write a table with its title as the heading."""
    heads, *rows = (
        "".join(_cell(tag, text, head in grid.words) for head, text in zip(grid.columns, row, strict=True))
        for tag, row in (("th", grid.columns), *(("td", row) for row in grid.rows))
    )
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    return f'<section><h2>{html.escape(grid.title)}</h2><div class="scroll">{table}</div></section>'


def _cell(tag: str, text: str, is_words: bool) -> str:
    words = ' class="words"' if is_words else ""
    return f"<{tag}{words}>{html.escape(text)}</{tag}>"
