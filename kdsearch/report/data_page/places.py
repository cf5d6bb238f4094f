"""Pictures of where sensors are: a map of positions, or the cells of a grid."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kdsearch.report.data_page.panels import drawn_channels, quantity_words
from kdsearch.report.figures.style import GREY, INK, ORDERED, colour_bar, panel_figure
from kdsearch.report.numbers import count

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from numpy.typing import NDArray

    from kdsearch.data.checked import CheckedSeries

__all__ = ["GridMeans", "SensorMap", "draw_grid", "draw_map", "gather_grid", "gather_map"]

MOST_EDGES, MANY_SENSORS = 5000, 300
HEIGHT = 400


@dataclass(frozen=True, eq=False)
class SensorMap:
    """What the map shows.

    Attributes:
        ids: Sensors with a known position.
        positions: Latitude and longitude in degrees, ``(sensor, 2)``.
        means: Mean of what each measured of the first channel, NaN where nothing was.
        measured: Per cent of its readings of that channel that were measured.
        edges: Pairs of sensors that are joined, ``(edge, 2)``.
        channel: The first channel, with its unit.
        title: How many pairs there are and are drawn, and how many sensors are left out.
    """

    ids: tuple[str, ...]
    positions: NDArray[np.float64]
    means: NDArray[np.float64]
    measured: NDArray[np.float64]
    edges: NDArray[np.intp]
    channel: str
    title: str


@dataclass(frozen=True, eq=False)
class GridMeans:
    """Mean of what each cell measured, ``(row, column)`` by channel; NaN where nothing was."""

    means: dict[str, NDArray[np.float64]]


def gather_map(checked: CheckedSeries) -> SensorMap:
    """Gather the sensors with a known position, and the strongest edges between them."""
    series, tally = checked.series, checked.tally
    assert series.positions is not None
    known = np.flatnonzero(np.isfinite(series.positions).all(axis=1))
    weights = np.triu(np.maximum(series.adjacency, series.adjacency.T)[np.ix_(known, known)])
    rows, columns = np.nonzero(weights)
    strongest = np.argsort(-weights[rows, columns], kind="stable")[:MOST_EDGES]
    drawn = f"the {count(len(strongest))} strongest of " if len(strongest) < len(rows) else ""
    lost = len(series.sensor_ids) - len(known)
    return SensorMap(
        ids=tuple(series.sensor_ids[node] for node in known),
        positions=series.positions[known],
        means=tally.means[known, 0],
        measured=100 * tally.measured[:, known, 0].sum(axis=0) / tally.rows.sum(),
        edges=np.stack([rows, columns], axis=1)[strongest],
        channel=quantity_words(checked.facts.channels[0]),
        title=f"{drawn}{count(len(rows))} joined pairs"
        + (f"<br>{count(lost)} sensors have no position" if lost else ""),
    )


def draw_map(data: SensorMap) -> go.Figure:
    """Draw sensors in the colour of their mean over the lines that join them, one kilometre alike on both axes."""
    figure = panel_figure([data.title], HEIGHT)
    ends = np.full((2, len(data.edges), 3), np.nan)
    ends[:, :, :2] = data.positions.T[:, data.edges]
    latitude, longitude = ends.reshape(2, -1)
    figure.add_scatter(x=longitude, y=latitude, mode="lines", line={"color": GREY, "width": 0.8}, hoverinfo="skip")
    size = 9 if len(data.ids) <= MANY_SENSORS else 5
    silent, bar = np.isnan(data.means), colour_bar(f"mean {data.channel}", HEIGHT)
    _add_sensors(figure, data, silent, {"symbol": "x-thin", "size": size, "line": {"width": 2, "color": INK}})
    coloured = {"color": data.means[~silent], "colorscale": ORDERED, "colorbar": bar, "size": size}
    _add_sensors(figure, data, ~silent, coloured | {"line": {"width": 0.6, "color": INK}})
    kilometre = float(np.cos(np.radians(data.positions[:, 0].mean()))) if data.ids else 1.0
    figure.update_xaxes(title_text="longitude, degrees", constrain="domain")
    figure.update_yaxes(
        title_text="latitude, degrees", scaleanchor="x", scaleratio=1 / max(kilometre, 0.01), constrain="domain"
    )
    return figure


def _add_sensors(figure: go.Figure, data: SensorMap, chosen: NDArray[np.bool_], marker: dict[str, Any]) -> None:
    latitude, longitude = data.positions[chosen].T
    words = [_words(data, node) for node in np.flatnonzero(chosen).tolist()]
    figure.add_scatter(x=longitude, y=latitude, mode="markers", marker=marker, text=words, hoverinfo="text")


def _words(data: SensorMap, node: int) -> str:
    mean = "no reading" if np.isnan(data.means[node]) else f"mean {data.means[node]:.4g} ({data.channel})"
    return f"<b>{html.escape(data.ids[node])}</b><br>{mean}<br>{data.measured[node]:.1f} % measured"


def gather_grid(checked: CheckedSeries) -> GridMeans:
    """Gather the mean of each cell of a grid."""
    assert checked.series.grid is not None
    means = checked.tally.means
    return GridMeans(
        {
            quantity_words(checked.facts.channels[channel]): means[:, channel].reshape(checked.series.grid)
            for channel in drawn_channels(checked.series)
        }
    )


def draw_grid(data: GridMeans) -> go.Figure:
    """Draw the cells of each channel in the colour of their mean, the first row at the top."""
    figure = panel_figure([""] * len(data.means), HEIGHT, beside=True)
    for column, (channel, means) in enumerate(data.means.items(), 1):
        axis = figure.get_subplot(1, column).xaxis
        left, right = axis.domain
        figure.add_heatmap(
            z=means,
            colorscale=ORDERED,
            colorbar=colour_bar(f"mean {channel.replace(', ', ',<br>', 1)}", HEIGHT)
            | {"x": (left + right) / 2, "len": right - left},
            hovertemplate="row %{y}, column %{x}: %{z:.4~g}<extra></extra>",
            row=1,
            col=column,
        )
        figure.update_yaxes(autorange="reversed", scaleanchor=axis.plotly_name.replace("axis", ""), col=column)
    figure.update_yaxes(constrain="domain", showgrid=False).update_yaxes(title_text="row of the grid", col=1)
    return figure.update_xaxes(constrain="domain", showgrid=False, title_text="column of the grid")
