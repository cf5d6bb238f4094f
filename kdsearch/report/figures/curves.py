"""Errors as curves: over the horizon, and over the CPU time of training."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kdsearch.report.figures.level_lines import PUBLISHED_WORDS
from kdsearch.report.figures.style import GREY, INK, blank_figure, error_range, kind_colours, legend_entry, top_of
from kdsearch.report.numbers import mae, measured

if TYPE_CHECKING:
    import plotly.graph_objects as go

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

_LINES = {
    "front": {"color": "#8fb8d8", "width": 1.4},
    "knee": {"color": "#0072B2", "width": 3},
    "teacher": {"color": INK, "width": 2},
    "last value": {"color": GREY, "width": 1.6, "dash": "dot"},
    "calendar profile": {"color": GREY, "width": 1.6, "dash": "dash"},
    "STID": {"color": GREY, "width": 1.6},
    "base": {"color": INK, "width": 1.4, "dash": "dashdot"},
}


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
        metric: Which error: "mae", "rmse" or "mape".
        curves: Their kinds are "front", "knee" (the network chosen from it) and the names of references.
        published: Test errors of papers, at those of the reported horizons that they print.
        chosen_word: What the chosen network is called: "knee" or "preferred".
    """

    metric: str
    curves: tuple[Curve, ...]
    published: tuple[Curve, ...]
    chosen_word: str


@dataclass(frozen=True)
class LearningCurves:
    """What the figure of learning curves shows; the kind is `StudySummary.kind`.

    Attributes:
        curves: Validation MAE over CPU seconds, one for each trial that was scored while it trained.
        stopped: Ends ``(CPU seconds, error)`` of trials that were stopped early.
        top: Upper end of the visible errors.
    """

    curves: tuple[Curve, ...]
    stopped: tuple[tuple[float, float], ...]
    top: float


def gather_error_by_horizon(summary: StudySummary) -> ErrorByHorizon:
    """Gathers the front's networks and the references at each reported horizon."""
    x = tuple(float(minutes) for minutes in summary.horizons)
    lines = [
        (f"trial {trial.number}", "knee" if trial.number == summary.knee else "front", trial.metrics)
        for trial in summary.front_trials
    ]
    lines += [(baseline.name, baseline.name, baseline.metrics) for baseline in summary.baselines]
    return ErrorByHorizon(
        summary.metric,
        tuple(
            Curve(label, kind, x, tuple(measured(metrics, summary.metric, at, "val") for at in summary.horizons))
            for label, kind, metrics in lines
        ),
        _published_curves(summary),
        summary.chosen_word,
    )


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
    """Draws one line for each network of the front, the knee strong, references in grey, published ones dotted."""
    figure = blank_figure("minutes ahead", f"validation {data.metric.upper()}")
    named = set()
    for curve in sorted(data.curves, key=lambda curve: curve.kind != "front"):
        figure.add_scatter(
            x=curve.x,
            y=curve.errors,
            mode="lines+markers",
            line=_LINES.get(curve.kind, _LINES["calendar profile"]),
            marker={
                "size": 11 if curve.kind == "teacher" else 6,
                "symbol": "star" if curve.kind == "teacher" else "circle",
            },
            name=f"{curve.label} ({data.chosen_word})" if curve.kind == "knee" else html.escape(curve.kind),
            showlegend=curve.kind not in named,
            hovertemplate=f"{html.escape(curve.label)}, %{{x}} minutes: %{{y:.3~f}}<extra></extra>",
        )
        named.add(curve.kind)
    for position, curve in enumerate(data.published):
        figure.add_scatter(**_dotted(curve, position), showlegend=position == 0)
    figure.update_xaxes(tickvals=sorted({x for curve in data.curves for x in curve.x}))
    return figure


def _dotted(curve: Curve, position: int) -> dict[str, Any]:
    """A published line with its name, each at another point of the axis than the line before."""
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
    """Gathers the validation errors that trials reported while they trained; failed trials are left out."""
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
    return LearningCurves(tuple(curves), tuple(stopped), top)


def draw_learning_curves(data: LearningCurves) -> go.Figure:
    """Draws one line for each trial: the front's strong, a cross where one was stopped early."""
    figure = blank_figure("CPU seconds", "validation MAE")
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
