"""Curves for a paper: errors over the horizon and over training, and the hypervolume of a search."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kdsearch.report.figures.paper.layout import add_legend, blank_figure, from_zero, note_above, whole_numbers
from kdsearch.report.figures.paper.style import Look, legend_entry, line_look
from kdsearch.report.figures.style import COLOURS, GREY, INK, baseline_lines, error_range, kind_colours
from kdsearch.report.numbers import error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from kdsearch.report.figures.curves import ErrorByHorizon, LearningCurves
    from kdsearch.report.figures.hypervolume import VolumeOverSearch

__all__ = ["plot_error_by_horizon", "plot_learning_curves", "plot_volume"]

_NETWORKS: dict[str, Look] = {
    "front": {"color": "#8fb8d8", "linewidth": 0.8, "marker": "o", "markersize": 2.2},
    "knee": {"color": COLOURS[0], "linewidth": 1.7, "marker": "o", "markersize": 3.5},
}


def plot_error_by_horizon(data: ErrorByHorizon) -> Figure:
    """Plot a line for each network of the front, the knee strong, baselines by their roles, published ones dotted."""
    figure, (axes,) = blank_figure(["minutes ahead"], data.error_title)
    entries = []
    lines = baseline_lines([role for role, _ in data.baselines])
    for (role, curve), line in zip(data.baselines, lines, strict=True):
        star: Look = {"marker": "*", "markersize": 5} if role == "teacher" else {"marker": "o", "markersize": 2.2}
        look = line_look(line) | star
        axes.plot(curve.x, curve.errors, **look)
        entries.append(legend_entry(curve.label, **look))
    for curve in sorted(data.networks, key=lambda curve: curve.kind != "front"):
        axes.plot(curve.x, curve.errors, **_NETWORKS[curve.kind])
    kinds = {curve.kind: curve for curve in data.networks}
    names = {"front": "front", "knee": f"{kinds['knee'].label} ({data.chosen_word})" if "knee" in kinds else ""}
    entries = [legend_entry(names[kind], **_NETWORKS[kind]) for kind in ("knee", "front") if kind in kinds] + entries
    for position, curve in enumerate(data.published):
        look = line_look({"color": COLOURS[position % len(COLOURS)], "width": 1.4, "dash": "dot"})
        look |= {"marker": "o", "markersize": 2.2}
        axes.plot(curve.x, curve.errors, **look)
        entries.append(legend_entry(f"{curve.label}, {curve.kind}", **look))
    _cut(axes, data)
    minutes = sorted({x for curve in (*data.networks, *(curve for _, curve in data.baselines)) for x in curve.x})
    axes.set_xticks(minutes, [f"{one:g}" for one in minutes])
    add_legend(figure, entries)
    return figure


def _cut(axes: Axes, data: ErrorByHorizon) -> None:
    """End the axis above the networks, and name the baselines that are wholly above it."""
    naive = [curve for role, curve in data.baselines if role == "naive"]
    others = [curve for role, curve in data.baselines if role != "naive"]
    values = [value for curve in (*data.networks, *others, *data.published) for value in curve.errors]
    if not any(map(math.isfinite, values)):
        return
    top = 1.1 * max(value for value in values if math.isfinite(value))
    axes.set_ylim(*error_range([*values, *(value for curve in naive for value in curve.errors)], top))
    above = [f"{curve.label} {_span(curve.errors)}" for curve in naive if min(curve.errors) > axes.get_ylim()[1]]
    if above:
        note_above(axes, ", ".join(above))


def _span(errors: Sequence[float]) -> str:
    """Write the range of errors: 21.14 to 28.70."""
    return " to ".join(dict.fromkeys(error(end) for end in (min(errors), max(errors))))


def plot_learning_curves(data: LearningCurves) -> Figure:
    """Plot one line for each trial: the front's strong, a cross where one was stopped early."""
    figure, (axes,) = blank_figure(["CPU seconds of training"], data.error_title)
    colours = kind_colours(curve.kind for curve in data.curves)
    for curve in sorted(data.curves, key=lambda curve: curve.on_front):
        strong: Look = {"linewidth": 1.3, "zorder": 3} if curve.on_front else {"linewidth": 0.6, "alpha": 0.35}
        axes.plot(curve.x, curve.errors, color=colours[curve.kind], marker="" if len(curve.x) > 1 else ".", **strong)
    entries = [legend_entry(kind, color=colour, linewidth=1.3) for kind, colour in colours.items()]
    if data.stopped:
        cross: Look = {"linestyle": "none", "marker": "x", "markersize": 3, "color": GREY, "markeredgewidth": 0.8}
        axes.plot(*zip(*data.stopped, strict=True), zorder=4, **cross)
        entries.append(legend_entry("stopped early", **cross))
    axes.set_ylim(*error_range([value for curve in data.curves for value in curve.errors], data.top))
    axes.set_xlim(left=0)
    add_legend(figure, entries)
    return figure


def plot_volume(data: VolumeOverSearch) -> Figure:
    """Plot a staircase over finished trials."""
    figure, (axes,) = blank_figure(["finished trials"], f"hypervolume, {data.unit}")
    finished, volumes = [point.finished for point in data.points], [point.hypervolume for point in data.points]
    axes.step(finished, volumes, where="post", color=INK, linewidth=1.1)
    from_zero(axes)
    whole_numbers(axes)
    return figure
