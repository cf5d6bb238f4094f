"""The figure of a comparison: the fronts of all studies in one plane of error and cost."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from kdsearch.measure.objectives import OBJECTIVES
from kdsearch.report.figures.catalog import FIGURES
from kdsearch.report.figures.row import PageFigure
from kdsearch.report.figures.style import COLOURS, baseline_star, blank_figure, error_range, log_ticks, top_of
from kdsearch.report.numbers import error, significant

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from kdsearch.report.comparison.model import ComparedStudy, Comparison

__all__ = ["FrontsFigure", "draw_fronts", "fronts_figures"]

_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "pentagon")
_CAPTION = (
    "Each line is one study: the least validation error that it reaches at that cost or less, inside its own limits; a "
    "point is a network, a star the teacher of that study."
)


@dataclass(frozen=True)
class FrontsFigure(PageFigure["Comparison"]):
    """A figure of a comparison."""

    subject: ClassVar = "comparison"
    sections: ClassVar[Mapping[Any, str]] = {"fronts": "The fronts"}


def fronts_figures(comparison: Comparison) -> list[FrontsFigure]:
    """Make the rows of a comparison's page: one for each cost that it is about."""
    return [
        FrontsFigure(
            name=f"fronts-{cost}",
            title=FIGURES[cost].title if cost in FIGURES else f"Error against {cost}",
            caption=_CAPTION,
            section="fronts",
            draw=partial(draw_fronts, cost=cost),
        )
        for cost in comparison.costs
    ]


def draw_fronts(comparison: Comparison, cost: str) -> go.Figure:
    """Draw a staircase for each study, each with its colour and its symbol, and the teachers as stars."""
    objective = OBJECTIVES[cost]
    unit = "" if objective.counted or not objective.unit else f", {objective.unit}"
    figure = blank_figure(f"{objective.sentence}{unit}", f"validation {comparison.error_title}")
    for place, study in enumerate(comparison.studies):
        colour = COLOURS[place % len(COLOURS)]
        figure.add_scatter(**_line(comparison, study, cost, colour, _SYMBOLS[place // len(COLOURS) + place % 2]))
        if cost in study.teacher:
            at, value = study.teacher[cost]
            star = baseline_star("teacher") | {"color": colour}
            text = _hover(comparison, study, "teacher", cost, at, value)
            figure.add_scatter(
                x=[at], y=[value], mode="markers", marker=star, hovertext=[text], hoverinfo="text", showlegend=False
            )
    planes = [study.teacher[cost] for study in comparison.studies if cost in study.teacher]
    fronts = [[(point.cost, point.error) for point in study.fronts[cost]] for study in comparison.studies]
    costs, errors = ([point[axis] for front in [planes, *fronts] for point in front] for axis in (0, 1))
    anchors = [min(value for _, value in front) for front in fronts if front] + [value for _, value in planes]
    figure.update_xaxes(type="log", tickvals=log_ticks(costs), tickformat="~s" if OBJECTIVES[cost].counted else "~g")
    figure.update_yaxes(range=error_range(errors, top_of(anchors, errors)))
    return figure


def _line(comparison: Comparison, study: ComparedStudy, cost: str, colour: str, symbol: str) -> dict[str, Any]:
    """Draw one study's front."""
    front = study.fronts[cost]
    return {
        "x": [point.cost for point in front],
        "y": [point.error for point in front],
        "mode": "lines+markers",
        "line": {"color": colour, "width": 1.8, "shape": "hv"},
        "marker": {"color": colour, "symbol": symbol, "size": 8},
        "name": html.escape(f"{study.letter} {study.study}"),
        "hovertext": [
            _hover(comparison, study, f"trial {point.trial}", cost, point.cost, point.error) for point in front
        ],
        "hoverinfo": "text",
    }


def _hover(comparison: Comparison, study: ComparedStudy, name: str, cost: str, at: float, value: float) -> str:
    """Write what the pointer shows of a network."""
    lines = [
        f"{study.letter} {study.study}, {name}",
        f"validation {comparison.metric.upper()} {error(value, comparison.error_unit)}",
        f"{cost} {significant(at)} {OBJECTIVES[cost].unit}".strip(),
    ]
    first, *rest = map(html.escape, lines)
    return "<br>".join([f"<b>{first}</b>", *rest])
