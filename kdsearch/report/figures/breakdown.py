"""Figures of the test split by time and sensor: errors, and the share of readings inside the bounds."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import cycle
from typing import TYPE_CHECKING, Any

from kdsearch.report.figures.style import COLOURS, GREY, INK, blank_figure, panel_figure
from kdsearch.report.numbers import error, share
from kdsearch.report.text.bounds import node_name, share_inside

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from kdsearch.breakdown import Breakdown, Covered, Sums
    from kdsearch.report.summary import StudySummary

__all__ = [
    "DAYS",
    "HOURS",
    "Coverage",
    "ErrorBreakdown",
    "NetworkErrors",
    "draw_coverage",
    "draw_error_by_sensor",
    "draw_error_by_time",
    "gather_coverage",
    "gather_errors",
    "known_bounds",
    "known_breakdowns",
]

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HOURS = tuple(range(24))


@dataclass(frozen=True)
class NetworkErrors:
    """Test MAE of one network by hour of day, weekday and node; NaN where there is no reading.

    Attributes:
        look: Its line: plotly's colour, width and dash.
    """

    name: str
    look: dict[str, Any]
    hour: tuple[float, ...]
    weekday: tuple[float, ...]
    sensor: tuple[float, ...]


@dataclass(frozen=True)
class ErrorBreakdown:
    """What the figures of errors by time and by sensor show.

    Attributes:
        networks: The chosen one, the teacher, the others.
        order: Nodes with a reading, by the first network's error.
        sensors: Names of the nodes in this order.
        unit: Of the errors.
        error_title: Of the vertical axis.
    """

    networks: tuple[NetworkErrors, ...]
    order: tuple[int, ...]
    sensors: tuple[str, ...]
    unit: str
    error_title: str


@dataclass(frozen=True)
class CoveragePanel:
    """Shares of the readings inside bounds, at places with their names and the mean widths of the bounds."""

    x: list[Any]
    shares: list[float]
    words: list[str]
    widths: list[float]


@dataclass(frozen=True)
class Coverage:
    """What the figure of coverage shows.

    Attributes:
        level: Share of the readings that the bounds are to hold.
        forms: Name of a form of the bounds -> its panels by horizon, week and sensor.
        unit: Of the widths.
    """

    level: float
    forms: dict[str, tuple[CoveragePanel, ...]]
    unit: str


def known_breakdowns(summary: StudySummary) -> bool:
    """Tell whether errors by sensor and time are known of any network."""
    return bool(summary.breakdowns)


def known_bounds(summary: StudySummary) -> bool:
    """Tell whether the coverage of the chosen network's bounds is known."""
    return _of_chosen(summary) is not None


def _of_chosen(summary: StudySummary) -> Breakdown | None:
    chosen = summary.chosen
    return None if chosen is None or chosen.confirmed is None else chosen.confirmed.breakdown


def gather_errors(summary: StudySummary) -> ErrorBreakdown:
    """Gather the networks whose errors are known: the chosen one strong and blue, the teacher black, others dashed."""
    looks = {"teacher": {"color": INK, "width": 1.8}}
    if summary.chosen is not None:
        looks[f"trial {summary.chosen.number} ({summary.chosen_word})"] = {"color": COLOURS[0], "width": 2.6}
    colours, networks = cycle(COLOURS[1:]), []
    for name, each in summary.breakdowns.items():
        look = looks.get(name) or {"color": next(colours), "width": 1.6, "dash": "dash"}
        hour, weekday, sensor = (tuple(map(_mean, cells)) for cells in (each.hour, each.weekday, each.sensor))
        networks.append(NetworkErrors(name, look, hour, weekday, sensor))
    first = networks[0].sensor if networks else ()
    order = sorted((node for node, value in enumerate(first) if not math.isnan(value)), key=lambda node: first[node])
    sensors = tuple(node_name(summary.nodes, node) for node in order)
    return ErrorBreakdown(tuple(networks), tuple(order), sensors, summary.unit, f"test {summary.titled('mae')}")


def draw_error_by_time(data: ErrorBreakdown) -> go.Figure:
    """Draw the test MAE by hour of day and, beside it, by weekday."""
    figure = panel_figure(["by hour of day", "by weekday"], 300, beside=True)
    for network in data.networks:
        for column, values, x in ((1, network.hour, HOURS), (2, network.weekday, DAYS)):
            _add(figure, network, x, values, data.unit, column)
    figure.update_yaxes(rangemode="tozero").update_yaxes(title_text=data.error_title, col=1)
    figure.update_xaxes(title_text="hour that is forecast, local time", tickvals=list(range(0, 24, 3)), col=1)
    return figure


def _add(
    figure: go.Figure, network: NetworkErrors, x: Sequence[Any], values: Sequence[float], unit: str, column: int
) -> None:
    """Add a network's MAE to a panel; what has no reading is a gap."""
    name = html.escape(network.name)
    figure.add_scatter(
        x=list(x),
        y=list(values),
        mode="lines+markers",
        marker={"size": 5},
        line=network.look,
        name=name,
        text=[f"{name}<br>{at}: {error(value, unit)}" for at, value in zip(x, values, strict=True)],
        hoverinfo="text",
        showlegend=column == 1,
        row=1,
        col=column,
    )


def draw_error_by_sensor(data: ErrorBreakdown) -> go.Figure:
    """Draw the test MAE of each sensor, in the order of the first network's errors."""
    ranking = f"sensors, by the error of {html.escape(data.networks[0].name)}" if data.networks else "sensors"
    figure = blank_figure(ranking, data.error_title)
    for network in data.networks:
        name, values = html.escape(network.name), [network.sensor[node] for node in data.order]
        figure.add_scatter(
            x=list(range(1, len(data.order) + 1)),
            y=values,
            mode="lines" if network is data.networks[0] else "markers",
            line=network.look,
            marker={"size": 4, "color": network.look["color"]},
            name=name,
            text=[
                f"{name}<br>sensor {html.escape(sensor)}: {error(value, data.unit)}"
                for sensor, value in zip(data.sensors, values, strict=True)
            ],
            hoverinfo="text",
        )
    figure.update_yaxes(rangemode="tozero")
    figure.update_layout(height=340)
    return figure


def gather_coverage(summary: StudySummary) -> Coverage | None:
    """Gather the coverage of the chosen network's bounds, as they are and scaled; None where it is not known."""
    found = _of_chosen(summary)
    if found is None:
        return None
    forms = {"bounds from the validation split": found.fixed, "scaled by recent readings": found.adaptive}
    panels = {name: _panels(covered, summary.nodes) for name, covered in forms.items()}
    return Coverage(found.level, panels, summary.unit)


def draw_coverage(data: Coverage | None) -> go.Figure:
    """Draw the share of test readings inside the chosen network's bounds by horizon, week and sensor."""
    figure = panel_figure(["by horizon", "by week", "by sensor, in order"], 280, beside=True)
    if data is None:
        return figure
    for colour, (name, panels) in zip(COLOURS, data.forms.items(), strict=False):
        for column, panel in enumerate(panels, 1):
            figure.add_scatter(
                x=panel.x,
                y=[100 * one for one in panel.shares],
                mode="lines" if column == 3 else "lines+markers",
                line={"color": colour, "width": 2},
                name=name,
                text=[
                    f"{name}<br>{html.escape(at)}: {share(one)}, mean width {error(width, data.unit)}"
                    for at, one, width in zip(panel.words, panel.shares, panel.widths, strict=True)
                ],
                hoverinfo="text",
                showlegend=column == 1,
                row=1,
                col=column,
            )
    figure.add_hline(y=100 * data.level, line={"color": GREY, "width": 1.2, "dash": "dash"})
    figure.update_yaxes(title_text="test readings inside, %", col=1)
    for column in (2, 3):  # one scale for all panels
        figure.update_yaxes(matches="y", col=column)
    figure.update_xaxes(title_text="minutes ahead", type="category", col=1)
    figure.update_xaxes(title_text="week from", type="category", col=2)
    figure.update_xaxes(title_text="sensors", col=3)
    return figure


def _panels(covered: Covered, nodes: Sequence[str]) -> tuple[CoveragePanel, ...]:
    """Give the panels by horizon, by week and by sensor, the sensors in the order of their shares."""
    weeks = [date.fromisoformat(week) for week in covered.week]
    sensors = [(node_name(nodes, node), each) for node, each in enumerate(covered.sensor) if each[1]]
    sensors.sort(key=lambda named: share_inside(named[1]))
    minutes = [one for one in covered.horizon if covered.horizon[one][1]]
    panels = (
        (minutes, [covered.horizon[one] for one in minutes], [f"{one} minutes" for one in minutes]),
        ([f"{day.day} {day:%b}" for day in weeks], [*covered.week.values()], [f"week from {day}" for day in weeks]),
        (list(range(1, len(sensors) + 1)), [each for _, each in sensors], [f"sensor {name}" for name, _ in sensors]),
    )
    return tuple(
        CoveragePanel([*x], [share_inside(one) for one in sums], words, [one[2] / one[1] for one in sums])
        for x, sums, words in panels
    )


def _mean(sums: Sums) -> float:
    """Divide the sum of errors by the number of readings; NaN without any."""
    total, count = sums
    return total / count if count else math.nan
