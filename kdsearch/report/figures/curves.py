"""Errors as curves: over the horizon, and over the CPU time of training."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kdsearch.report.figures.level_lines import PUBLISHED_WORDS
from kdsearch.report.figures.style import (
    GREY,
    baseline_lines,
    blank_figure,
    error_range,
    kind_colours,
    legend_entry,
    top_of,
)
from kdsearch.report.numbers import mae, measured

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from kdsearch.record import Metrics, Role
    from kdsearch.report.summary import StudySummary

__all__ = [
    "Curve",
    "ErrorByHorizon",
    "LearningCurves",
    "draw_error_by_horizon",
    "draw_learning_curves",
    "gather_error_by_horizon",
    "gather_learning_curves",
]

_LINES = {"front": {"color": "#8fb8d8", "width": 1.4}, "knee": {"color": "#0072B2", "width": 3}}


@dataclass(frozen=True)
class Curve:
    """A line of errors; `kind` decides how it is drawn."""

    label: str
    kind: str
    x: tuple[float, ...]
    errors: tuple[float, ...]
    on_front: bool = False


@dataclass(frozen=True)
class ErrorByHorizon:
    """What the figure of error by horizon shows.

    Attributes:
        error_title: Of the vertical axis: which error, with its unit.
        networks: Those of the front; their kinds are "front" and "knee" (the network chosen from it).
        baselines: Their curves, with the role of each as its kind.
        published: Test errors of papers, at those of the reported horizons that they print.
        chosen_word: What the chosen network is called: "knee" or "preferred".
    """

    error_title: str
    networks: tuple[Curve, ...]
    baselines: tuple[tuple[Role, Curve], ...]
    published: tuple[Curve, ...]
    chosen_word: str


@dataclass(frozen=True)
class LearningCurves:
    """What the figure of learning curves shows; the kind is `StudySummary.kind`.

    Attributes:
        curves: Validation MAE over CPU seconds, one for each trial that was scored while it trained.
        stopped: Ends ``(CPU seconds, error)`` of trials that were stopped early.
        top: Upper end of the visible errors.
        error_title: Of the vertical axis.
    """

    curves: tuple[Curve, ...]
    stopped: tuple[tuple[float, float], ...]
    top: float
    error_title: str


def gather_error_by_horizon(summary: StudySummary) -> ErrorByHorizon:
    """Gather the front's networks and the baselines at each reported horizon."""
    x = tuple(float(minutes) for minutes in summary.horizons)

    def curve(label: str, kind: str, metrics: Metrics) -> Curve:
        return Curve(label, kind, x, tuple(measured(metrics, summary.metric, at, "val") for at in summary.horizons))

    networks = [
        curve(f"trial {trial.number}", "knee" if trial.number == summary.knee else "front", trial.metrics)
        for trial in summary.front_trials
    ]
    baselines = [(one.role, curve(one.name, one.role, one.metrics)) for one in summary.baselines]
    published = _published_curves(summary)
    title = f"validation {summary.titled(summary.metric)}"
    return ErrorByHorizon(title, tuple(networks), tuple(baselines), published, summary.chosen_word)


def _published_curves(summary: StudySummary) -> tuple[Curve, ...]:
    curves = []
    for point in summary.published:
        printed = point.metrics.get(summary.metric, {})
        shared = [minutes for minutes in summary.horizons if minutes in printed]
        if point.drawn and shared:
            x, errors = tuple(map(float, shared)), tuple(printed[minutes] for minutes in shared)
            curves.append(Curve(f"{point.name} ({point.paper})", PUBLISHED_WORDS, x, errors))
    return tuple(curves)


def draw_error_by_horizon(data: ErrorByHorizon) -> go.Figure:
    """Draw a line for each network of the front, the knee strong, baselines by their roles, published ones dotted."""
    figure = blank_figure("minutes ahead", data.error_title)
    named = set()
    for curve in sorted(data.networks, key=lambda curve: curve.kind != "front"):
        name = f"{curve.label} ({data.chosen_word})" if curve.kind == "knee" else curve.kind
        figure.add_scatter(**_line(curve, _LINES[curve.kind]), name=name, showlegend=curve.kind not in named)
        named.add(curve.kind)
    lines = baseline_lines([role for role, _ in data.baselines])
    for (role, curve), line in zip(data.baselines, lines, strict=True):
        figure.add_scatter(**_line(curve, line, is_teacher=role == "teacher"), name=html.escape(curve.label))
    for position, curve in enumerate(data.published):
        figure.add_scatter(**_dotted(curve, position), showlegend=position == 0)
    curves = (*data.networks, *(curve for _, curve in data.baselines))
    figure.update_xaxes(tickvals=sorted({x for curve in curves for x in curve.x}))
    return figure


def _line(curve: Curve, line: dict[str, Any], *, is_teacher: bool = False) -> dict[str, Any]:
    """Draw a line through the horizons, the teacher's with stars."""
    return {
        "x": curve.x,
        "y": curve.errors,
        "mode": "lines+markers",
        "line": line,
        "marker": {"size": 11, "symbol": "star"} if is_teacher else {"size": 6, "symbol": "circle"},
        "hovertemplate": f"{html.escape(curve.label)}, %{{x}} minutes: %{{y:.3~f}}<extra></extra>",
    }


def _dotted(curve: Curve, position: int) -> dict[str, Any]:
    """Draw a published line with its name, each at another point of the axis than the line before."""
    named, last = position % len(curve.x), len(curve.x) - 1
    label = html.escape(curve.label)
    return {
        "x": curve.x,
        "y": curve.errors,
        "mode": "lines+markers+text",
        "line": {"color": GREY, "width": 1.4, "dash": "dot"},
        "marker": {"size": 4},
        "text": [label if point == named else "" for point in range(len(curve.x))],
        "textposition": "top left" if named == last else "top center" if named else "top right",
        "textfont": {"size": 11, "color": GREY},
        "name": curve.kind,
        "hovertemplate": f"{label}, {curve.kind}, %{{x}} minutes: %{{y:.3~f}}<extra></extra>",
    }


def gather_learning_curves(summary: StudySummary) -> LearningCurves:
    """Gather the validation errors that trials reported while they trained; failed trials are left out."""
    curves, stopped = [], []
    for trial in summary.trials:
        points = [
            (point.cpu_seconds, point.val_mae)
            for point in trial.curve
            if point.val_mae is not None and math.isfinite(point.val_mae)
        ]
        if points and trial.state in ("COMPLETE", "PRUNED"):
            x, errors = zip(*points, strict=True)
            curves.append(Curve(f"trial {trial.number}", summary.kind(trial), x, errors, trial.on_front))
            stopped += points[-1:] if trial.state == "PRUNED" else []
    errors_of_all = [value for curve in curves for value in curve.errors]
    teacher = [mae(summary.teacher.metrics)] if summary.teacher else []
    top = top_of([*teacher, min(errors_of_all, default=math.nan)], errors_of_all)
    return LearningCurves(tuple(curves), tuple(stopped), top, f"validation {summary.titled('mae')}")


def draw_learning_curves(data: LearningCurves) -> go.Figure:
    """Draw one line for each trial: the front's strong, a cross where one was stopped early."""
    figure = blank_figure("CPU seconds", data.error_title)
    colours = kind_colours(curve.kind for curve in data.curves)
    for curve in sorted(data.curves, key=lambda curve: curve.on_front):
        figure.add_scatter(
            x=curve.x,
            y=curve.errors,
            mode="lines" if len(curve.x) > 1 else "markers",
            line={"color": colours[curve.kind], "width": 2.2 if curve.on_front else 1},
            marker={"color": colours[curve.kind], "size": 5},
            opacity=1 if curve.on_front else 0.35,
            showlegend=False,
            hovertemplate=f"{curve.label}, %{{x:.3~s}} s: %{{y:.3~f}}<extra></extra>",
        )
    for kind, colour in colours.items():
        figure.add_scatter(**legend_entry(html.escape(kind), colour, "circle"))
    if data.stopped:
        x, y = zip(*data.stopped, strict=True)
        cross = {"symbol": "x-thin", "size": 7, "line": {"width": 1.6, "color": GREY}}
        figure.add_scatter(x=x, y=y, mode="markers", marker=cross, name="stopped early", hoverinfo="skip")
    figure.update_yaxes(range=error_range([value for curve in data.curves for value in curve.errors], data.top))
    figure.update_xaxes(rangemode="tozero")
    return figure
