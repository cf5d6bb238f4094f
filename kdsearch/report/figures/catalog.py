"""The figures of a report, by name; each gathers what it shows before it draws it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kdsearch.report.figures.cost import draw_error_against_cost, gather_error_against_cost
from kdsearch.report.figures.curves import (
    draw_error_by_horizon,
    draw_learning_curves,
    gather_error_by_horizon,
    gather_learning_curves,
)
from kdsearch.report.figures.hypervolume import draw_volume, gather_volume

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from kdsearch.report.summary import StudySummary

__all__ = ["FIGURES", "ReportFigure"]


@dataclass(frozen=True)
class ReportFigure:
    """A figure with its heading and what a reader must know to read it.

    Attributes:
        title: The heading.
        caption: One or two sentences.
        draw: Makes the figure.
        legend: Whether the page shows its legend; false where it is that of the figure above.
    """

    title: str
    caption: str
    draw: Callable[[StudySummary], go.Figure]
    legend: bool = True


_COST_CAPTION = (
    "Each point is a finished trial; large points are the front of the search, the ring is the one that was chosen "
    "from it, hollow points break a limit. The line is the least error that the others reach at that cost or less."
)

FIGURES = {
    "flops": ReportFigure(
        "Error against FLOPs",
        _COST_CAPTION,
        lambda summary: draw_error_against_cost(gather_error_against_cost(summary, "flops")),
    ),
    "latency": ReportFigure(
        "Error against latency",
        "The same networks by the time of one forecast at batch 1, measured in the quiet pass where there was one.",
        lambda summary: draw_error_against_cost(gather_error_against_cost(summary, "latency")),
        legend=False,
    ),
    "parameters": ReportFigure(
        "Error against parameters",
        "The same networks by size; the calendar profile is not counted here.",
        lambda summary: draw_error_against_cost(gather_error_against_cost(summary, "parameters")),
        legend=False,
    ),
    "horizon": ReportFigure(
        "Error by horizon",
        "How the error grows with the distance into the future.",
        lambda summary: draw_error_by_horizon(gather_error_by_horizon(summary)),
    ),
    "learning": ReportFigure(
        "Learning curves",
        "Strong lines are the front of the search; a cross ends a trial that was stopped early.",
        lambda summary: draw_learning_curves(gather_learning_curves(summary)),
    ),
    "hypervolume": ReportFigure(
        "Hypervolume over the search",
        "How much the front of the feasible trials dominates of the space below the reference point, which was fixed "
        "when the study began: for an error that of the better baseline, for a cost the teacher's, in decades. "
        "Where the line stays level, trials found nothing better.",
        lambda summary: draw_volume(gather_volume(summary)),
    ),
}
