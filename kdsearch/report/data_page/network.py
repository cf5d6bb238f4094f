"""Pictures of a graph whose sensors have no known positions: who is joined with whom, and with how many."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kdsearch.report.data_page.panels import bar_edges
from kdsearch.report.figures.style import COLOURS, blank_figure, colour_bar, panel_figure, tints

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from numpy.typing import NDArray

    from kdsearch.data.checked import CheckedSeries

__all__ = ["Adjacency", "Neighbours", "draw_adjacency", "draw_neighbours", "gather_adjacency", "gather_neighbours"]

MOST_ROWS, HEIGHT = 250, 400


@dataclass(frozen=True, eq=False)
class Adjacency:
    """Largest weight of an edge from a row's to a column's sensors, ``(row, column)``, NaN where there is none.

    Attributes:
        sensors: The sensor of each row, or the first of several.
        weights: The weights.
        together: Sensors in a row.
    """

    sensors: tuple[str, ...]
    weights: NDArray[np.float32]
    together: int


@dataclass(frozen=True, eq=False)
class Neighbours:
    """How many sensors have so many neighbours: ends of the bars, and a count for each bar."""

    edges: NDArray[np.float64]
    sensors: NDArray[np.int64]


def gather_adjacency(checked: CheckedSeries) -> Adjacency:
    """Gather the weights of the edges in the order of the file; of many sensors, neighbouring ones share a row."""
    weights, ids = checked.series.adjacency, checked.series.sensor_ids
    together = -(-len(ids) // MOST_ROWS)
    firsts = np.arange(0, len(ids), together)
    cells = np.maximum.reduceat(np.maximum.reduceat(weights, firsts, axis=0), firsts, axis=1)
    shown = np.where(cells > 0, cells, np.nan).astype(np.float32)
    return Adjacency(tuple(ids[first] for first in firsts), shown, together)


def draw_adjacency(data: Adjacency) -> go.Figure:
    """Draw the matrix of weights, white where there is no edge."""
    many = f", {data.together} in a row" if data.together > 1 else ""
    figure = panel_figure([""], HEIGHT)
    names = [html.escape(name) for name in data.sensors]
    figure.add_heatmap(
        x=names,
        y=names,
        z=data.weights,
        zmin=0,
        zmax=float(np.nanmax(data.weights)),
        colorscale=tints(COLOURS[0]),
        colorbar=colour_bar("weight of the edge", HEIGHT),
        hovertemplate="%{y} to %{x}: weight %{z:.3~g}<extra></extra>",
    )
    plain = {"type": "category", "showticklabels": False, "ticks": "", "showgrid": False, "constrain": "domain"}
    figure.update_xaxes(plain, title_text=f"to sensor{many}")
    return figure.update_yaxes(plain, title_text=f"from sensor{many}", autorange="reversed", scaleanchor="x")


def gather_neighbours(checked: CheckedSeries) -> Neighbours:
    """Count the sensors with so many neighbours, in either direction."""
    linked = checked.series.adjacency > 0
    degrees = (linked | linked.T).sum(axis=1)
    edges = bar_edges(0, float(degrees.max()), whole=True)
    return Neighbours(edges, np.histogram(degrees, edges)[0])


def draw_neighbours(data: Neighbours) -> go.Figure:
    """Draw a bar for each number of neighbours."""
    figure = blank_figure("neighbours of a sensor", "sensors")
    width = int(data.edges[1] - data.edges[0])
    ends = [f"{int(low)}" if width == 1 else f"{int(low)} to {int(low) + width - 1}" for low in data.edges[:-1]]
    figure.add_bar(
        x=data.edges[:-1] + (width - 1) / 2,
        y=data.sensors,
        width=0.92 * width,
        customdata=ends,
        marker={"color": COLOURS[0]},
        hovertemplate="%{y} sensors have %{customdata} neighbours<extra></extra>",
    )
    if data.sensors.max() <= 10:
        figure.update_yaxes(dtick=1)
    return figure
