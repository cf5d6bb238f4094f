"""Figures of the test split by time and sensor: errors, and the share of readings inside the bounds."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from kdsearch.report.figures.style import COLOURS, GREY, INK, blank_figure, panel_figure
from kdsearch.report.numbers import error, share
from kdsearch.report.text.bounds import node_name, share_inside

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from kdsearch.breakdown import Breakdown, Covered, Sums
    from kdsearch.report.summary import StudySummary

__all__ = ["draw_coverage", "draw_error_by_sensor", "draw_error_by_time", "known_bounds", "known_breakdowns"]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HOURS = tuple(range(24))


@dataclass(frozen=True)
class _Line:
    """One network, or one form of its bounds, in a figure."""

    name: str
    look: dict[str, Any]
    breakdown: Breakdown


def known_breakdowns(summary: StudySummary) -> bool:
    """Tell whether errors by sensor and time are known of any network."""
    return bool(summary.breakdowns)


def known_bounds(summary: StudySummary) -> bool:
    """Tell whether the coverage of the chosen network's bounds is known."""
    return _of_chosen(summary) is not None


def _of_chosen(summary: StudySummary) -> Breakdown | None:
    chosen = summary.chosen
    return None if chosen is None or chosen.confirmed is None else chosen.confirmed.breakdown


def _lines(summary: StudySummary) -> list[_Line]:
    """List the networks: the chosen one strong and blue, the teacher black, others grey."""
    looks = {"teacher": {"color": INK, "width": 1.8}}
    chosen = None if summary.chosen is None else f"trial {summary.chosen.number} ({summary.chosen_word})"
    found = []
    for name, each in summary.breakdowns.items():
        look = looks.get(name, {"color": GREY, "width": 1.6, "dash": "dash"})
        found.append(_Line(name, {"color": COLOURS[0], "width": 2.6} if name == chosen else look, each))
    return found


def draw_error_by_time(summary: StudySummary) -> go.Figure:
    """Draw the test MAE by hour of day and, beside it, by weekday."""
    figure = panel_figure(["by hour of day", "by weekday"], 300, beside=True)
    for line in _lines(summary):
        for column, cells, x in ((1, line.breakdown.hour, _HOURS), (2, line.breakdown.weekday, _DAYS)):
            _add(figure, line, x, cells, summary.unit, column)
    figure.update_yaxes(rangemode="tozero").update_yaxes(title_text=_title(summary), col=1)
    figure.update_xaxes(title_text="hour that is forecast, local time", tickvals=list(range(0, 24, 3)), col=1)
    return figure


def _add(figure: go.Figure, line: _Line, x: Sequence[Any], cells: list[Sums], unit: str, column: int) -> None:
    """Add a network's MAE to a panel; what has no reading is a gap."""
    values = [_mean(each) for each in cells]
    figure.add_scatter(
        x=list(x),
        y=values,
        mode="lines+markers",
        marker={"size": 5},
        line=line.look,
        name=html.escape(line.name),
        text=[f"{html.escape(line.name)}<br>{at}: {error(value, unit)}" for at, value in zip(x, values, strict=True)],
        hoverinfo="text",
        showlegend=column == 1,
        row=1,
        col=column,
    )


def draw_error_by_sensor(summary: StudySummary) -> go.Figure:
    """Draw the test MAE of each sensor, in the order of the first network's errors."""
    lines = _lines(summary)
    ranking = f"sensors, by the error of {html.escape(lines[0].name)}" if lines else "sensors"
    figure = blank_figure(ranking, _title(summary))
    first = [_mean(each) for each in lines[0].breakdown.sensor] if lines else []
    order = sorted((node for node, value in enumerate(first) if not math.isnan(value)), key=lambda node: first[node])
    for line in lines:
        values = [_mean(line.breakdown.sensor[node]) for node in order]
        names = [html.escape(node_name(summary.nodes, node)) for node in order]
        figure.add_scatter(
            x=list(range(1, len(order) + 1)),
            y=values,
            mode="lines" if line is lines[0] else "markers",
            line=line.look,
            marker={"size": 4, "color": line.look["color"]},
            name=html.escape(line.name),
            text=[
                f"{html.escape(line.name)}<br>sensor {name}: {error(value, summary.unit)}"
                for name, value in zip(names, values, strict=True)
            ],
            hoverinfo="text",
        )
    figure.update_yaxes(rangemode="tozero")
    figure.update_layout(height=340)
    return figure


def draw_coverage(summary: StudySummary) -> go.Figure:
    """Draw the share of test readings inside the chosen network's bounds by horizon, week and sensor."""
    figure = panel_figure(["by horizon", "by week", "by sensor, in order"], 280, beside=True)
    found = _of_chosen(summary)
    if found is None:
        return figure
    forms: tuple[tuple[str, dict[str, Any], Covered], ...] = (
        ("bounds from the validation split", {"color": COLOURS[0], "width": 2}, found.fixed),
        ("scaled by recent readings", {"color": COLOURS[1], "width": 2}, found.adaptive),
    )
    for name, look, covered in forms:
        for column, (x, sums, words) in enumerate(_panels(covered, summary.nodes), 1):
            figure.add_scatter(
                x=x,
                y=[100 * share_inside(each) for each in sums],
                mode="lines" if column == 3 else "lines+markers",
                line=look,
                name=name,
                text=[
                    f"{name}<br>{html.escape(at)}: {share(share_inside(each))}, "
                    f"mean width {error(each[2] / each[1], summary.unit)}"
                    for at, each in zip(words, sums, strict=True)
                ],
                hoverinfo="text",
                showlegend=column == 1,
                row=1,
                col=column,
            )
    figure.add_hline(y=100 * found.level, line={"color": GREY, "width": 1.2, "dash": "dash"})
    figure.update_yaxes(title_text="test readings inside, %", col=1)
    for column in (2, 3):  # one scale for all panels
        figure.update_yaxes(matches="y", col=column)
    figure.update_xaxes(title_text="minutes ahead", type="category", col=1)
    figure.update_xaxes(title_text="week from", type="category", col=2)
    figure.update_xaxes(title_text="sensors", col=3)
    return figure


def _panels(covered: Covered, nodes: Sequence[str]) -> list[tuple[list[Any], list[Any], list[str]]]:
    """Give places, sums and words of each panel."""
    weeks = [date.fromisoformat(week) for week in covered.week]
    sensors = [(node_name(nodes, node), each) for node, each in enumerate(covered.sensor) if each[1]]
    sensors.sort(key=lambda named: share_inside(named[1]))
    minutes = [one for one in covered.horizon if covered.horizon[one][1]]
    return [
        (minutes, [covered.horizon[one] for one in minutes], [f"{one} minutes" for one in minutes]),
        ([f"{day.day} {day:%b}" for day in weeks], [*covered.week.values()], [f"week from {day}" for day in weeks]),
        (list(range(1, len(sensors) + 1)), [each for _, each in sensors], [f"sensor {name}" for name, _ in sensors]),
    ]


def _title(summary: StudySummary) -> str:
    return f"test {summary.titled('mae')}"


def _mean(sums: Sums) -> float:
    """Divide the sum of errors by the number of readings; NaN without any."""
    total, count = sums
    return total / count if count else math.nan
