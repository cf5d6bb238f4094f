"""A figure of what comes next: the newest readings of some sensors, the forecasts, and their bounds."""

from __future__ import annotations

import html
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from kdsearch.errors import DataError
from kdsearch.report.figures.style import COLOURS, GREY, INK, panel_figure
from kdsearch.report.page.place import check_page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    import plotly.graph_objects as go
    from numpy.typing import NDArray

    from kdsearch.data.target import Target

__all__ = ["check_plot", "forecast_figure", "write_plot"]

SUFFIXES = (".html", ".png", ".svg")
MOST_SENSORS = 4
PANEL_HEIGHT = 240
HISTORIES = 4
"""How many times the history of a forecast is drawn before it."""


def check_plot(path: Path | None) -> None:
    """Refuse a place where no plot can be written.

    Raises:
        DataError: Its name has another ending, the package for it is missing, or its folder cannot be written.
    """
    if path is None:
        return
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(f"--plot {path} ends in {path.suffix!r}; give the name of a .html, .png or .svg file")
    if path.suffix.lower() != ".html" and find_spec("kaleido") is None:
        raise DataError(f"--plot {path} needs kaleido, which is not installed; pip install kaleido, or write .html")
    check_page(path, "--plot", DataError)


def write_plot(
    path: Path,
    target: Target,
    times: NDArray[np.datetime64],
    readings: NDArray[np.float32],
    table: pd.DataFrame,
    sensors: Sequence[str] = (),
) -> None:
    """Draw `forecast_figure` into a file.

    Raises:
        DataError: There is no such sensor.
    """
    figure = forecast_figure(target, times, readings, table, sensors)
    if path.suffix.lower() == ".html":
        figure.write_html(path, include_plotlyjs=True)
    else:
        figure.write_image(path, scale=2)


def forecast_figure(
    target: Target,
    times: NDArray[np.datetime64],
    readings: NDArray[np.float32],
    table: pd.DataFrame,
    sensors: Sequence[str] = (),
) -> go.Figure:
    """Draw a panel for each sensor: its newest readings, the forecasts, and the bounds as a band.

    Args:
        target: What is forecast; of several channels the first is drawn.
        times: Local times of the readings, ``(step,)``.
        readings: ``(step, node)``, NaN where missing.
        table: Of `kdsearch.deploy.predict.predicted`.
        sensors: Ids; by default the first ones that have readings.

    Raises:
        DataError: There is no such sensor.
    """
    import plotly.graph_objects as go  # noqa: PLC0415 - slow to import

    drawn = list(sensors) or _first_with_readings(target, readings)
    if unknown := [name for name in drawn if name not in target.sensors]:
        raise DataError(f"the network has no sensor {unknown[0]!r}; it has {', '.join(target.sensors[:5])}, ...")
    figure = panel_figure([f"sensor {html.escape(name)}" for name in drawn], PANEL_HEIGHT)
    last = slice(-HISTORIES * target.history, None)
    if "channel" in table:
        table = table[table["channel"] == target.channels[0]]
    for row, name in enumerate(drawn, start=1):
        ahead = table[table["sensor"] == name]
        band = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
        figure.add_trace(go.Scatter(x=ahead["time"], y=ahead["lower"], **band), row=row, col=1)
        shade = band | {"fill": "tonexty", "fillcolor": "rgba(0,114,178,0.18)", "name": "90 %", "showlegend": row == 1}
        figure.add_trace(go.Scatter(x=ahead["time"], y=ahead["upper"], **shade), row=row, col=1)
        line = {"mode": "lines", "showlegend": row == 1}
        seen = line | {"line": {"color": INK, "width": 1.5}, "name": "readings"}
        node = target.sensors.index(name)
        figure.add_trace(go.Scatter(x=times[last], y=readings[last, node], **seen), row=row, col=1)
        made = line | {"line": {"color": COLOURS[0], "width": 2}, "name": "forecast"}
        figure.add_trace(go.Scatter(x=ahead["time"], y=ahead["forecast"], **made), row=row, col=1)
        figure.add_vline(x=str(times[-1]), line={"color": GREY, "width": 1, "dash": "dot"}, row=row, col=1)
        figure.update_yaxes(title_text=target.unit, row=row, col=1)
    return figure


def _first_with_readings(target: Target, readings: NDArray[np.float32]) -> list[str]:
    nodes = np.flatnonzero(np.isfinite(readings[:, : len(target.sensors)]).any(axis=0))
    return [target.sensors[node] for node in nodes[:MOST_SENSORS]]
