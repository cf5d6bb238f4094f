"""The figures of a page as HTML; one of a study that fails is left out, and the page says so."""

from __future__ import annotations

import html
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from kdsearch.errors import failure
from kdsearch.report.figures.catalog import figures_of
from kdsearch.report.figures.row import PageFigure, Subject

if TYPE_CHECKING:
    from kdsearch.report.summary import StudySummary

__all__ = ["DrawnFigure", "drawn_figure", "drawn_figures", "figure_sections"]


@dataclass(frozen=True)
class DrawnFigure:
    """A figure of one page.

    Attributes:
        row: What the table says of it.
        html: The figure with its heading and caption.
    """

    row: PageFigure[Any]
    html: str


def drawn_figures(summary: StudySummary) -> tuple[list[DrawnFigure], list[str]]:
    """Draw what a study has the data for.

    Returns:
        The figures in the order of the page, and a sentence for each that failed: a figure of the user's is not to cost
        the report of a long search.
    """
    drawn, failures = list[DrawnFigure](), list[str]()
    for row in figures_of(summary):
        try:
            if row.shown(summary):
                drawn.append(drawn_figure(row, summary))
        except Exception as error:
            failures.append(f"the figure {row.name!r} is left out of the report: {failure(error)}")
    return drawn, failures


def figure_sections(figures: list[DrawnFigure]) -> str:
    """Write the sections that hold figures, in the order in which figures first name them."""
    by_heading: dict[str, list[DrawnFigure]] = {}
    for figure in figures:
        by_heading.setdefault(figure.row.sections[figure.row.section], []).append(figure)
    return "\n".join(
        f"<section>\n<h2>{heading}</h2>\n{_rows(inside)}\n</section>" for heading, inside in by_heading.items()
    )


def _rows(figures: list[DrawnFigure]) -> str:
    """Write the figures of a section: those of half width in pairs, the others, and a last one alone, in full width."""
    rows: list[str] = []
    for half, together in groupby(figures, key=lambda figure: figure.row.half):
        drawn = [figure.html for figure in together]
        paired = len(drawn) - len(drawn) % 2 if half else 0
        rows += [f'<div class="pair">{drawn[at]}{drawn[at + 1]}</div>' for at in range(0, paired, 2)]
        rows += drawn[paired:]
    return "".join(rows)


def drawn_figure(row: PageFigure[Subject], subject: Subject) -> DrawnFigure:
    """Draw one figure, with its heading and caption.

    Raises:
        TypeError: What its function gives is no figure of plotly.
    """
    import plotly.graph_objects as go  # noqa: PLC0415 - slow to import, and only a page needs it
    import plotly.io  # noqa: PLC0415 - as slow

    figure = row.draw(subject)
    if not isinstance(figure, go.Figure):
        raise TypeError(f"draw gave {type(figure).__name__}, and is to give a plotly figure")
    drawn = plotly.io.to_html(
        figure.update_layout(showlegend=row.legend),
        include_plotlyjs=False,
        full_html=False,
        div_id=f"figure-{row.name}",
        config={"displaylogo": False, "modeBarButtons": [["toImage", "zoom2d", "pan2d", "resetScale2d"]]},
    )
    title, caption = (html.escape(text, quote=False) for text in (row.title, row.caption))
    return DrawnFigure(row, f'<figure><h3>{title}</h3><p class="caption">{caption}</p>{drawn}</figure>')
