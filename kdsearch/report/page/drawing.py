"""The figures of a page; one of a study that fails is left out, and the page says so."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from kdsearch.errors import failure
from kdsearch.report.figures.catalog import figures_of
from kdsearch.report.figures.row import PageFigure, Subject

if TYPE_CHECKING:
    from kdsearch.report.summary import StudySummary

__all__ = ["DrawnFigure", "FigureSection", "drawn_figure", "drawn_figures", "figure_sections"]


BASIC_TRACES = {"scatter", "bar", "pie"}
"""Kinds of traces that plotly's basic bundle draws, a quarter of the whole library."""


@dataclass(frozen=True)
class DrawnFigure:
    """A figure of one page.

    Attributes:
        row: What the table says of it.
        json: The figure as plotly reads it; it is text inside a script element.
        height: In pixels, which the page keeps free for it.
        basic: Whether plotly's basic bundle draws it.
    """

    row: PageFigure[Any]
    json: str
    height: int
    basic: bool


@dataclass(frozen=True)
class FigureSection:
    """A section of a page that holds figures.

    Attributes:
        name: Its key, which the page's contents link to.
        heading: Above it.
        rows: Figures that stand beside each other, two of half width or one.
    """

    name: str
    heading: str
    rows: list[list[DrawnFigure]]


def drawn_figures(summary: StudySummary) -> tuple[list[DrawnFigure], list[str]]:
    """Draw what a study has the data for; error against costs is the page's main figure, drawn by its script.

    Returns:
        The figures in the order of the page, and a sentence for each that failed: a figure of the user's is not to cost
        the report of a long search.
    """
    drawn, failures = list[DrawnFigure](), list[str]()
    for row in figures_of(summary):
        try:
            if row.along is None and row.shown(summary):
                drawn.append(drawn_figure(row, summary))
        except Exception as error:
            failures.append(f"the figure {row.name!r} is left out of the report: {failure(error)}")
    return drawn, failures


def figure_sections(figures: list[DrawnFigure]) -> list[FigureSection]:
    """Order figures into the sections of their rows, as figures first name them."""
    by_name: dict[str, list[DrawnFigure]] = {}
    for figure in figures:
        by_name.setdefault(figure.row.section, []).append(figure)
    return [FigureSection(name, inside[0].row.sections[name], _rows(inside)) for name, inside in by_name.items()]


def _rows(figures: list[DrawnFigure]) -> list[list[DrawnFigure]]:
    """Put the figures of a section into rows: those of half width in pairs, the others, and a last one, alone."""
    rows: list[list[DrawnFigure]] = []
    for half, together in groupby(figures, key=lambda figure: figure.row.half):
        drawn, step = list(together), 2 if half else 1
        rows += [drawn[at : at + step] for at in range(0, len(drawn), step)]
    return rows


def drawn_figure(row: PageFigure[Subject], subject: Subject) -> DrawnFigure:
    """Draw one figure.

    Raises:
        TypeError: What its function gives is no figure of plotly.
    """
    import plotly.graph_objects as go  # noqa: PLC0415 - slow to import, and only a page needs it

    figure = row.draw(subject)
    if not isinstance(figure, go.Figure):
        raise TypeError(f"draw gave {type(figure).__name__}, and is to give a plotly figure")
    figure.update_layout(showlegend=row.legend)
    text = str(figure.to_json()).replace("<", "\\u003c")
    basic = all(trace.type in BASIC_TRACES for trace in figure.data)
    return DrawnFigure(row, text, int(figure.layout.height or 450), basic)
