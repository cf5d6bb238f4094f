"""The table of the report's figures: a row says everything about one, and the page loops over the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from kdsearch.errors import StudyError
from kdsearch.measure.objectives import OBJECTIVES
from kdsearch.report.figures.breakdown import (
    draw_coverage,
    draw_error_by_sensor,
    draw_error_by_time,
    gather_coverage,
    gather_errors,
    known_bounds,
    known_breakdowns,
)
from kdsearch.report.figures.cost import CostAxis, draw_error_against_cost, gather_error_against_cost
from kdsearch.report.figures.curves import (
    draw_error_by_horizon,
    draw_learning_curves,
    gather_error_by_horizon,
    gather_learning_curves,
)
from kdsearch.report.figures.hypervolume import draw_volume, gather_volume
from kdsearch.report.figures.paper.breakdown import plot_coverage, plot_error_by_sensor, plot_error_by_time
from kdsearch.report.figures.paper.cost import plot_error_against_cost
from kdsearch.report.figures.paper.curves import plot_error_by_horizon, plot_learning_curves, plot_volume
from kdsearch.report.figures.paper.search import plot_importance
from kdsearch.report.figures.row import PageFigure
from kdsearch.report.figures.search import draw_importance, draw_parallel, gather_searched, known_importance
from kdsearch.table import Table, check_row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kdsearch.report.summary import StudySummary

__all__ = ["FIGURES", "SECTIONS", "ReportFigure", "Section", "cost_figure", "figures_of"]

Section = Literal["cost", "curves", "test", "search"]
SECTIONS: dict[Section, str] = {
    "cost": "Further figures of cost",
    "curves": "Over the horizon, and over training",
    "test": "Errors and bounds on the test split",
    "search": "The search",
}
"""Sections of the page that hold figures, with their headings; one without a figure is not on the page."""


@dataclass(frozen=True)
class ReportFigure(PageFigure["StudySummary"]):
    """A figure of a study's report: a heading, a caption, and the function that draws it from a summary.

    Attributes:
        name: Key of the row; for a figure of error against a cost the name of the objective.
        title: The heading, as plain text.
        caption: One or two sentences, as plain text.
        section: Key of `SECTIONS`; within a section, figures stand in the order of the rows.
        draw: Gathers what the figure shows from a study, and makes the figure.
        half: Whether it has half the width of the page, beside a neighbour that has it too; full width without one.
        legend: Whether the page shows its legend; false where it is that of the figure above.
        shown: Whether a study has what the figure needs.
        along: Of a figure of error against a cost, that cost: the page has one such figure, and a switch of its costs.
        paper: The same as a figure of matplotlib, for papers and slides; None where there is none.

    Raises:
        StudyError: Where a text is empty, or the section is unknown.
        SpaceError: Where a function does not take a summary.
    """

    subject: ClassVar = "summary"
    sections: ClassVar[Mapping[Any, str]] = SECTIONS

    section: Section
    along: CostAxis | None = None
    paper: Callable[[StudySummary], Figure] | None = None

    def __post_init__(self) -> None:
        """Refuse a row that the page or a paper could not show."""
        super().__post_init__()
        if self.paper is not None:
            check_row("figure", self.name, self.caption, self.paper, (self.subject,))


def cost_figure(
    cost: str, words: str = "", *, caption: str = "", axis: str = "", tick_format: str = ",~g"
) -> ReportFigure:
    """Make the row of a figure of error against a cost.

    Args:
        cost: Name of a cost objective.
        words: What the heading calls it; its name if left out.
        caption: One or two sentences; one that names the cost if left out.
        axis: Title of the horizontal axis; the objective's name and unit if left out.
        tick_format: Of the horizontal axis, in d3.

    Raises:
        StudyError: Where there is no such objective, or it is an error.
    """
    if cost not in OBJECTIVES or OBJECTIVES[cost].is_error:
        costs = ", ".join(name for name, objective in OBJECTIVES.items() if not objective.is_error)
        raise StudyError(f"a figure of error against {cost!r} needs a cost objective; choose one of {costs}")
    unit = OBJECTIVES[cost].unit
    along = CostAxis(cost, axis or (f"{cost}, {unit}" if unit else cost), tick_format)
    return ReportFigure(
        name=cost,
        title=f"Error against {words or cost}",
        caption=caption or f"The same networks by {cost}.",
        section="cost",
        draw=lambda summary: draw_error_against_cost(gather_error_against_cost(summary, along)),
        along=along,
        paper=lambda summary: plot_error_against_cost(gather_error_against_cost(summary, along)),
    )


FIGURES = Table(
    "figure",
    [
        cost_figure(
            "flops",
            "FLOPs",
            caption="Each point is a finished trial; large points are the front of the search, the ring is the one "
            "that was chosen from it, hollow points break a limit. The line is the least error that the others reach "
            "at that cost or less.",
            axis="FLOPs of one forecast",
            tick_format="~s",
        ),
        cost_figure(
            "latency",
            caption="The same networks by the time of one forecast at batch 1, measured in the confirmation where "
            "there was one.",
            axis="median latency of one forecast, ms",
            tick_format="~g",
        ),
        cost_figure(
            "params",
            "parameters",
            caption="The same networks by size; the calendar profile is not counted here.",
            axis="trained parameters",
            tick_format="~s",
        ),
        ReportFigure(
            name="horizon",
            title="Error by horizon",
            caption="How the error grows with the distance into the future.",
            section="curves",
            draw=lambda summary: draw_error_by_horizon(gather_error_by_horizon(summary)),
            paper=lambda summary: plot_error_by_horizon(gather_error_by_horizon(summary)),
            half=True,
        ),
        ReportFigure(
            name="learning",
            title="Learning curves",
            caption="Strong lines are the front of the search; a cross ends a trial that was stopped early.",
            section="curves",
            draw=lambda summary: draw_learning_curves(gather_learning_curves(summary)),
            paper=lambda summary: plot_learning_curves(gather_learning_curves(summary)),
            half=True,
        ),
        ReportFigure(
            name="hypervolume",
            title="Hypervolume over the search",
            caption="How much the front of the feasible trials dominates of the space below the reference point, which "
            "was fixed when the study began: for an error that of the better baseline, for a cost the teacher's, in "
            "decades. Where the line stays level, trials found nothing better.",
            section="curves",
            draw=lambda summary: draw_volume(gather_volume(summary)),
            paper=lambda summary: plot_volume(gather_volume(summary)),
            shown=lambda summary: bool(summary.hypervolume_history),
        ),
        ReportFigure(
            name="time",
            title="Error by hour of day and weekday",
            caption="Mean over the horizon and all sensors, by the time that is forecast.",
            section="test",
            draw=lambda summary: draw_error_by_time(gather_errors(summary)),
            paper=lambda summary: plot_error_by_time(gather_errors(summary)),
            shown=known_breakdowns,
        ),
        ReportFigure(
            name="sensors",
            title="Error by sensor",
            caption="Mean over the horizon. The pointer names a sensor.",
            section="test",
            draw=lambda summary: draw_error_by_sensor(gather_errors(summary)),
            paper=lambda summary: plot_error_by_sensor(gather_errors(summary)),
            shown=known_breakdowns,
        ),
        ReportFigure(
            name="coverage",
            title="Readings inside the bounds",
            caption="The share of the readings that lie inside the bounds of the network that was chosen; the dashed "
            "line is the share that they are to hold.",
            section="test",
            draw=lambda summary: draw_coverage(gather_coverage(summary)),
            paper=lambda summary: plot_coverage(gather_coverage(summary)),
            shown=known_bounds,
        ),
        ReportFigure(
            name="importance",
            title="Which parameters mattered",
            caption="By the finished trials, of the family that has most of them: how much each "
            "parameter sets the best apart from the good (PED-ANOVA). It says nothing of values that were not tried.",
            section="search",
            draw=lambda summary: draw_importance(gather_searched(summary)),
            paper=lambda summary: plot_importance(gather_searched(summary)),
            shown=known_importance,
        ),
        ReportFigure(
            name="settings",
            title="Settings and errors",
            caption="A line is a finished trial of the same family, from its most important settings to its error, the "
            "least of which is below; the front's are strong.",
            section="search",
            draw=lambda summary: draw_parallel(gather_searched(summary)),
            shown=known_importance,
        ),
    ],
    mistake=StudyError,
)


def figures_of(summary: StudySummary) -> list[ReportFigure]:
    """List the rows of a study's page: those of the table, and one for each other cost that the study minimised."""
    names = [objective.name for objective in summary.objectives]
    further = [cost_figure(name) for name in names if not OBJECTIVES[name].is_error and name not in FIGURES]
    return [*FIGURES.values(), *further]
