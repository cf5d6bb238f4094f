"""The page of a comparison of studies."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from kdsearch.report.comparison.tables import comparison_grids
from kdsearch.report.comparison_page.fronts import fronts_figures
from kdsearch.report.numbers import listed
from kdsearch.report.page.document import write_document
from kdsearch.report.page.drawing import drawn_figure, figure_sections

if TYPE_CHECKING:
    from pathlib import Path

    from kdsearch.report.comparison.model import Comparison

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
    return write_document(
        path,
        f"{title} · kdsearch",
        "comparison_page/page.html",
        figure_sections([drawn_figure(row, comparison) for row in fronts_figures(comparison)]),
        eyebrow=f"kdsearch · {comparison.dataset} · {len(comparison.studies)} studies",
        title_words=title,
        answer=comparison.answer,
        facts=_facts(comparison),
        before=[studies, networks],
        after=others,
        notes=comparison.notes,
        version=version("kdsearch"),
    )


def _facts(comparison: Comparison) -> list[tuple[str, str]]:
    """Write what the studies share, and the command of each: names and values."""
    shared = {
        "Data": comparison.dataset,
        "Protocol": comparison.protocol_text.removeprefix("protocol ") or comparison.protocol,
        "Minimised by all": ", ".join(comparison.objectives),
    }
    return [*shared.items(), *((f"Command of {one.letter}", one.command) for one in comparison.studies)]
