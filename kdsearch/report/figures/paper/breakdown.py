"""Errors and bounds on the test split by time and sensor, for a paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kdsearch.report.figures.breakdown import DAYS, HOURS
from kdsearch.report.figures.paper.layout import add_legend, blank_figure, from_zero, whole_numbers
from kdsearch.report.figures.paper.style import Look, legend_entry, line_look
from kdsearch.report.figures.style import COLOURS, GREY

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kdsearch.report.figures.breakdown import Coverage, ErrorBreakdown

__all__ = ["plot_coverage", "plot_error_by_sensor", "plot_error_by_time"]

PAGE_INCHES = 7.0
"""Width of three panels: that of two columns."""


def plot_error_by_time(data: ErrorBreakdown) -> Figure:
    """Plot the test MAE by hour of day and, beside it, by weekday."""
    figure, (hours, weekdays) = blank_figure(["hour, local time", "weekday"], data.error_title, shares=(3, 2))
    for network in data.networks:
        look = line_look(network.look) | {"marker": "o", "markersize": 2}
        hours.plot(HOURS, network.hour, **look)
        weekdays.plot(range(7), network.weekday, **look)
    hours.set_xticks(range(0, 24, 6))
    weekdays.set_xticks(range(7), [day[:2] for day in DAYS])
    weekdays.set_xlim(-0.5, 6.5)
    hours.set_xlim(-0.5, 23.5)
    from_zero(hours)
    add_legend(figure, [legend_entry(network.name, **line_look(network.look)) for network in data.networks])
    return figure


def plot_error_by_sensor(data: ErrorBreakdown) -> Figure:
    """Plot the test MAE of each sensor, in the order of the first network's errors."""
    ranking = f"sensors, by the error of {data.networks[0].name}" if data.networks else "sensors"
    figure, (axes,) = blank_figure([ranking], data.error_title)
    entries = []
    for network in data.networks:
        look = line_look(network.look) | {"zorder": 4}
        if network is not data.networks[0]:
            look |= {"linestyle": "none", "marker": "o", "markersize": 2.2, "markeredgecolor": "none", "zorder": 3}
        axes.plot(range(1, len(data.order) + 1), [network.sensor[node] for node in data.order], **look)
        entries.append(legend_entry(network.name, **look))
    from_zero(axes)
    whole_numbers(axes)
    add_legend(figure, entries)
    return figure


def plot_coverage(data: Coverage | None) -> Figure:
    """Plot the share of test readings inside the chosen network's bounds by horizon, week and sensor."""
    titles = ["minutes ahead", "week from", "sensors, in order"]
    figure, panels = blank_figure(titles, "test readings inside, %", width_inches=PAGE_INCHES)
    if data is None:
        return figure
    entries = []
    for colour, (name, forms) in zip(COLOURS, data.forms.items(), strict=False):
        for place, (axes, panel) in enumerate(zip(panels, forms, strict=True)):
            marker: Look = {"marker": "o", "markersize": 2.5} if place < 2 else {}
            x = panel.x if place == 2 else range(len(panel.x))
            axes.plot(x, [100 * one for one in panel.shares], color=colour, linewidth=1.2, **marker)
            if place < 2:
                axes.set_xticks(x, panel.x)
        entries.append(legend_entry(name, color=colour, linewidth=1.2))
    level = line_look({"color": GREY, "width": 1.2, "dash": "dash"})
    for axes in panels:
        axes.axhline(100 * data.level, **level)
    entries.append(legend_entry(f"the {100 * data.level:g} % that they are to hold", **level))
    add_legend(figure, entries)
    return figure
