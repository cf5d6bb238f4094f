"""The figure that the search is about: error against a cost, with the front, the teacher and the baselines."""

from __future__ import annotations

import html
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kdsearch.report.figures.level_lines import add_level_lines
from kdsearch.report.figures.style import (
    GREY,
    INK,
    blank_figure,
    error_range,
    kind_colours,
    legend_entry,
    loss_symbol,
    top_of,
)
from kdsearch.report.front import non_dominated
from kdsearch.report.numbers import count, error, magnitude, measured, share, significant
from kdsearch.report.text.limits import limits_broken

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from kdsearch.record import Baseline, Cost, Metrics
    from kdsearch.report.summary import StudySummary, TrialSummary

__all__ = ["COSTS", "CostAxis", "ErrorAgainstCost", "Mark", "draw_error_against_cost", "gather_error_against_cost"]


@dataclass(frozen=True)
class CostAxis:
    """A cost as the horizontal axis: title, how to read it (None where not measured), the ticks' format in d3."""

    title: str
    read: Callable[[Cost], float | None]
    tick_format: str = "~s"


COSTS = {
    "flops": CostAxis("FLOPs of one forecast", lambda cost: cost.flops),
    "latency": CostAxis(
        "median latency of one forecast, ms",
        lambda cost: None if cost.latency_ms is None else cost.latency_ms.p50,
        tick_format="~g",
    ),
    "parameters": CostAxis("trained parameters", lambda cost: cost.parameters),
}


@dataclass(frozen=True)
class Mark:
    """One network in the plane; `text` is what the pointer shows, in plotly's HTML."""

    cost: float
    error: float
    text: str
    kind: str = ""
    loss: str = ""
    on_front: bool = False
    feasible: bool = True


@dataclass(frozen=True)
class ErrorAgainstCost:
    """What the figure shows.

    Attributes:
        axis: The horizontal axis.
        metric: Which error: "mae", "rmse" or "mape".
        marks: Complete trials whose cost and error are known.
        best: The least error to be had at each cost, ``(cost, error)`` by rising cost: the front of this plane.
        knee: The network chosen from the front; None where there is none.
        chosen_word: What it is called: "knee" or "preferred".
        teacher: None where its cost or error is not known.
        networks: Other reference networks, by name.
        lines: Baseline lines that are no networks, name to error.
        published: Test errors of papers that are means over the same horizon, name to error.
        top: Upper end of the visible errors; what is worse is found by zooming out.
    """

    axis: CostAxis
    metric: str
    marks: tuple[Mark, ...]
    best: tuple[tuple[float, float], ...]
    knee: tuple[float, float] | None
    chosen_word: str
    teacher: Mark | None
    networks: dict[str, Mark]
    lines: dict[str, float]
    published: dict[str, float]
    top: float

    @property
    def stars(self) -> dict[str, Mark]:
        """The reference networks, the teacher first."""
        return ({} if self.teacher is None else {"teacher": self.teacher}) | self.networks


def gather_error_against_cost(summary: StudySummary, cost: str) -> ErrorAgainstCost:
    """Gathers complete trials, their front in this plane and what they are compared with.

    Args:
        summary: The study.
        cost: A key of `COSTS`.
    """
    axis = COSTS[cost]
    found = {trial.number: _mark(trial, axis, summary) for trial in summary.trials if trial.state == "COMPLETE"}
    by_number = {number: mark for number, mark in found.items() if mark is not None}
    marks = tuple(by_number.values())
    knee = by_number.get(summary.knee) if summary.knee is not None else None
    inside = [(mark.cost, mark.error) for mark in marks if mark.feasible]
    best = {point for point, on_front in zip(inside, non_dominated(inside), strict=True) if on_front}
    marked = {one.name: _baseline_mark(one, axis, summary) for one in summary.baselines if one.is_network}
    networks = {name: mark for name, mark in marked.items() if mark is not None}
    teacher = networks.pop("teacher", None)
    lines = {one.name: _value(one.metrics, summary) for one in summary.baselines if not one.is_network}
    printed = {one.name: one.metrics.get(summary.metric, {}) for one in summary.published if one.drawn}
    published = {name: errors.get("all", math.nan) for name, errors in printed.items()}
    values = [*(mark.error for mark in (*marks, *networks.values())), *lines.values(), *published.values()]
    anchors = [mark.error for mark in (knee, teacher) if mark is not None]
    anchors += [min(value for _, value in best)] if best else []
    return ErrorAgainstCost(
        axis=axis,
        metric=summary.metric,
        marks=marks,
        best=tuple(sorted(best)),
        knee=None if knee is None else (knee.cost, knee.error),
        chosen_word=summary.chosen_word,
        teacher=teacher,
        networks=networks,
        lines={name: value for name, value in lines.items() if math.isfinite(value)},
        published={name: value for name, value in published.items() if math.isfinite(value)},
        top=top_of(anchors, values),
    )


def draw_error_against_cost(data: ErrorAgainstCost) -> go.Figure:
    """Draws networks as points, their front as a staircase, reference networks as stars, the other lines level."""
    figure = blank_figure(data.axis.title, f"validation {data.metric.upper()}")
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
    for name, mark in data.stars.items():
        star = {
            "size": 17,
            "symbol": "hexagram" if name == "base" else "star",
            "color": INK if name == "teacher" else GREY,
        }
        at = (mark.cost, mark.error)
        figure.add_scatter(**_single(at, star, name), hovertext=[mark.text], hoverinfo="text")
    worse = sum(mark.error > data.top for mark in data.marks)
    further = ["1 network" if worse == 1 else f"{worse} networks"] if worse else []
    add_level_lines(figure, data.lines, data.published, data.top, further)
    shown = [mark.error for mark in (*data.marks, *data.stars.values())]
    figure.update_xaxes(type="log", tickvals=_log_ticks(data), tickformat=data.axis.tick_format)
    figure.update_yaxes(range=error_range([*shown, *data.lines.values(), *data.published.values()], data.top))
    return figure


def _points(marks: list[Mark], colour: str) -> dict[str, Any]:
    """Networks of one kind: those of the front strong, those outside the limits hollow."""
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


def _log_ticks(data: ErrorAgainstCost) -> list[float]:
    """Costs to be named: 1, 2, 5, 10, ... over few decades, powers of ten over many."""
    costs = [mark.cost for mark in (*data.marks, *data.stars.values()) if mark.cost > 0]
    if not costs:
        return []
    first, last = math.floor(math.log10(min(costs))), math.ceil(math.log10(max(costs)))
    digits = (1, 2, 5) if last - first <= 3 else (1,)
    return [digit * 10.0**power for power in range(first, last + 1) for digit in digits]


def _mark(trial: TrialSummary, axis: CostAxis, summary: StudySummary) -> Mark | None:
    cost = None if trial.cost is None else axis.read(trial.cost)
    value = _value(trial.metrics, summary)
    if trial.cost is None or cost is None or not math.isfinite(value):
        return None
    loss = str(trial.params.get("loss", "none"))
    parameters = [f"{name}: {value}" for name, value in trial.params.items()]
    outside = [] if trial.feasible else [f"outside the limits: {', '.join(limits_broken(trial, summary.limits))}"]
    lines = [f"trial {trial.number}", *_result_lines(trial.metrics, trial.cost, summary), *outside, "", *parameters]
    return Mark(cost, value, _hover(lines), summary.kind(trial), loss, trial.on_front, trial.feasible)


def _baseline_mark(network: Baseline, axis: CostAxis, summary: StudySummary) -> Mark | None:
    if network.cost is None:
        return None
    cost, value = axis.read(network.cost), _value(network.metrics, summary)
    if cost is None or not math.isfinite(value):
        return None
    return Mark(cost, value, _hover([network.name, *_result_lines(network.metrics, network.cost, summary)]))


def _value(metrics: Metrics, summary: StudySummary, horizon: str = "all") -> float:
    """A validation error as the figure shows it; NaN where it was not measured."""
    return measured(metrics, summary.metric, horizon, "val")


def _result_lines(metrics: Metrics, cost: Cost, summary: StudySummary) -> list[str]:
    """Errors and costs as the pointer shows them."""
    errors = " / ".join(error(_value(metrics, summary, minutes)) for minutes in summary.horizons)
    teacher = summary.teacher
    of_teacher = ""
    if teacher is not None and teacher.cost is not None and teacher.cost is not cost:
        of_teacher = f" ({share(cost.parameters / teacher.cost.parameters)} of the teacher's)"
    lines = [
        f"validation {summary.metric.upper()} {error(_value(metrics, summary))}",
        f"at {' / '.join(summary.horizons)} minutes {errors}",
        f"{count(cost.parameters)} parameters{of_teacher}",
        f"{magnitude(cost.flops)}FLOPs",
    ]
    if cost.latency_ms is not None:
        p50, p95 = significant(cost.latency_ms.p50), significant(cost.latency_ms.p95)
        lines.append(f"latency {p50} ms (95 %: {p95} ms)")
    return lines


def _hover(lines: list[str]) -> str:
    """Lines of data as plotly's HTML, the first in bold."""
    first, *rest = (html.escape(line) for line in lines)
    return "<br>".join([f"<b>{first}</b>", *rest])
