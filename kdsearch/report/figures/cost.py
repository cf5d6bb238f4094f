"""The figure that the search is about: error against a cost, with the front, the teacher and the baselines."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kdsearch.report.figures.level_lines import add_level_lines
from kdsearch.report.figures.marks import Mark, baseline_mark, shown_error, trial_mark
from kdsearch.report.figures.style import (
    GREY,
    INK,
    baseline_stars,
    blank_figure,
    error_range,
    kind_colours,
    legend_entry,
    log_ticks,
    loss_symbol,
    top_of,
)
from kdsearch.report.front import non_dominated

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from kdsearch.report.summary import StudySummary

__all__ = ["CostAxis", "ErrorAgainstCost", "draw_error_against_cost", "gather_error_against_cost"]


@dataclass(frozen=True)
class CostAxis:
    """A cost as the horizontal axis.

    Attributes:
        cost: Name of the objective.
        title: Of the axis, with the unit.
        tick_format: Of its ticks, in d3.
    """

    cost: str
    title: str
    tick_format: str


@dataclass(frozen=True)
class ErrorAgainstCost:
    """What the figure shows.

    Attributes:
        axis: The horizontal axis.
        error_title: Of the vertical axis: which error, with its unit.
        marks: Complete trials whose cost and error are known.
        best: The least error to be had at each cost, ``(cost, error)`` by rising cost: the front of this plane.
        knee: The network chosen from the front; None where there is none.
        chosen_word: What it is called: "knee" or "preferred".
        networks: Baselines that are networks, by name, the teacher first.
        lines: Baselines that are no networks, name to error.
        published: Test errors of papers that are means over the same horizon, name to error.
        top: Upper end of the visible errors; what is worse is found by zooming out.
    """

    axis: CostAxis
    error_title: str
    marks: tuple[Mark, ...]
    best: tuple[tuple[float, float], ...]
    knee: tuple[float, float] | None
    chosen_word: str
    networks: dict[str, Mark]
    lines: dict[str, float]
    published: dict[str, float]
    top: float

    @property
    def teacher(self) -> Mark | None:
        """The teacher; None where its cost or error is not known."""
        return next((mark for mark in self.networks.values() if mark.role == "teacher"), None)


def gather_error_against_cost(summary: StudySummary, axis: CostAxis) -> ErrorAgainstCost:
    """Gather complete trials, their front in this plane and what they are compared with."""
    complete = [trial for trial in summary.trials if trial.state == "COMPLETE"]
    found = {trial.number: trial_mark(trial, axis.cost, summary) for trial in complete}
    by_number = {number: mark for number, mark in found.items() if mark is not None}
    marks = tuple(by_number.values())
    knee = by_number.get(summary.knee) if summary.knee is not None else None
    inside = [(mark.cost, mark.error) for mark in marks if mark.feasible]
    best = {point for point, on_front in zip(inside, non_dominated(inside), strict=True) if on_front}
    networks = _networks(summary, axis)
    lines = {one.name: shown_error(one.metrics, summary) for one in summary.baselines if not one.is_network}
    printed = {one.name: one.metrics.get(summary.metric, {}) for one in summary.published if one.drawn}
    published = {name: errors.get("all", math.nan) for name, errors in printed.items()}
    values = [*(mark.error for mark in (*marks, *networks.values())), *lines.values(), *published.values()]
    anchors = [mark.error for mark in networks.values() if mark.role == "teacher"]
    anchors += [] if knee is None else [knee.error]
    anchors += [min(value for _, value in best)] if best else []
    return ErrorAgainstCost(
        axis=axis,
        error_title=f"validation {summary.titled(summary.metric)}",
        marks=marks,
        best=tuple(sorted(best)),
        knee=None if knee is None else (knee.cost, knee.error),
        chosen_word=summary.chosen_word,
        networks=networks,
        lines={name: value for name, value in lines.items() if math.isfinite(value)},
        published={name: value for name, value in published.items() if math.isfinite(value)},
        top=top_of(anchors, values),
    )


def _networks(summary: StudySummary, axis: CostAxis) -> dict[str, Mark]:
    """Gather the baselines that are networks and whose cost and error are known, the teacher first."""
    ordered = sorted(summary.baselines, key=lambda one: one.role != "teacher")
    marked = {one.name: baseline_mark(one, axis.cost, summary) for one in ordered if one.is_network}
    return {name: mark for name, mark in marked.items() if mark is not None}


def draw_error_against_cost(data: ErrorAgainstCost) -> go.Figure:
    """Draw networks as points, their front as a staircase, baselines that are networks as stars, the others level."""
    figure = blank_figure(data.axis.title, data.error_title)
    if data.best:
        x, y = zip(*data.best, strict=True)
        stairs = {"color": INK, "width": 1.2, "shape": "hv"}
        figure.add_scatter(x=x, y=y, mode="lines", line=stairs, name="least error at this cost", hoverinfo="skip")
    for kind, colour in kind_colours(mark.kind for mark in data.marks).items():
        figure.add_scatter(**_points([mark for mark in data.marks if mark.kind == kind], colour))
        figure.add_scatter(**legend_entry(kind, colour, "circle"))
    losses = sorted({mark.loss for mark in data.marks})
    for loss in losses if len(losses) > 1 else []:
        figure.add_scatter(**legend_entry(f"loss {html.escape(loss)}", GREY, loss_symbol(loss)))
    if not all(mark.feasible for mark in data.marks):
        figure.add_scatter(**legend_entry("outside the limits", GREY, "circle-open"))
    if data.knee is not None:
        ring = {"size": 22, "symbol": "circle-open", "color": INK, "line": {"width": 1.6}}
        figure.add_scatter(**_single(data.knee, ring, data.chosen_word), hoverinfo="skip")
    stars = baseline_stars(mark.role for mark in data.networks.values())
    for (name, mark), star in zip(data.networks.items(), stars, strict=True):
        at = (mark.cost, mark.error)
        figure.add_scatter(**_single(at, star, html.escape(name)), hovertext=[mark.text], hoverinfo="text")
    worse = sum(mark.error > data.top for mark in data.marks)
    further = ["1 network" if worse == 1 else f"{worse} networks"] if worse else []
    add_level_lines(figure, data.lines, data.published, data.top, further)
    shown = [mark.error for mark in (*data.marks, *data.networks.values())]
    costs = [mark.cost for mark in (*data.marks, *data.networks.values())]
    figure.update_xaxes(type="log", tickvals=log_ticks(costs), tickformat=data.axis.tick_format)
    figure.update_yaxes(range=error_range([*shown, *data.lines.values(), *data.published.values()], data.top))
    return figure


def _points(marks: list[Mark], colour: str) -> dict[str, Any]:
    """Draw networks of one kind: those of the front strong, those outside the limits hollow."""
    return {
        "x": [mark.cost for mark in marks],
        "y": [mark.error for mark in marks],
        "mode": "markers",
        "marker": {
            "color": colour,
            "size": [11 if mark.on_front else 8 for mark in marks],
            "opacity": [1.0 if mark.on_front else 0.45 if mark.feasible else 0.75 for mark in marks],
            "symbol": [loss_symbol(mark.loss) + ("" if mark.feasible else "-open") for mark in marks],
            "line": {"width": [0 if mark.feasible and not mark.on_front else 1 for mark in marks], "color": "white"},
        },
        "hovertext": [mark.text for mark in marks],
        "hoverinfo": "text",
        "showlegend": False,
    }


def _single(at: tuple[float, float], marker: dict[str, Any], name: str) -> dict[str, Any]:
    return {"x": [at[0]], "y": [at[1]], "mode": "markers", "marker": marker, "name": name}
