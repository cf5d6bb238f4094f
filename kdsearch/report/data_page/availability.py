"""The picture of what was measured, by sensor and time."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kdsearch.data.clock import DAY_MINUTES
from kdsearch.report.figures.style import COLOURS, panel_figure, tints
from kdsearch.report.numbers import count

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from numpy.typing import NDArray

    from kdsearch.data.checked import CheckedSeries

__all__ = ["Availability", "draw_availability", "gather_availability"]

MOST_ROWS, MOST_NAMED, LONGEST_NAME = 400, 40, 20

_COLOURS = {"missing": COLOURS[1], "filled in by the source": COLOURS[0], "zero": COLOURS[2]}
_NO_ROWS = "#dfe3e7"
_TIME = "%{x|%-d %B %Y %H:%M}"


@dataclass(frozen=True, eq=False)
class Availability:
    """What the figure shows.

    Attributes:
        sensors: Name of each row: its sensor, or the first of several.
        edges: Ends of the columns, ``datetime64[m]``, one more than there are columns.
        shares: Per cent of the readings of each row and column that are missing, filled in, or zero; NaN where the
            file has no rows. What never occurs is left out; where nothing occurs, nothing is missing.
        totals: The same of all readings.
        span_words: How long a column is.
        rows_words: What the rows are.
    """

    sensors: tuple[str, ...]
    edges: NDArray[np.datetime64]
    shares: dict[str, NDArray[np.float32]]
    totals: dict[str, float]
    span_words: str
    rows_words: str


def gather_availability(checked: CheckedSeries) -> Availability:
    """Gather the shares of all channels together, the sensors with the fewest measured readings first."""
    tally, ids = checked.tally, checked.series.sensor_ids
    readings = tally.rows[:, None] * len(checked.series.channels)
    counts = {
        "missing": readings - tally.present.sum(axis=2),
        "filled in by the source": tally.filled_in.sum(axis=2),
        "zero": tally.zero.sum(axis=2),
    }
    kinds = [kind for kind, found in counts.items() if found.any()] or ["missing"]
    order = np.argsort(tally.measured.sum(axis=(0, 2)), kind="stable")
    together = -(-len(ids) // MOST_ROWS)
    firsts = np.arange(0, len(ids), together)
    alike = np.diff(firsts, append=len(ids))
    columns = np.arange(tally.spans[0], tally.spans[-1] + 1)
    shares = {kind: np.full((len(firsts), len(columns)), np.nan, np.float32) for kind in kinds}
    for kind, cells in shares.items():
        found = np.add.reduceat(counts[kind][:, order], firsts, axis=1)
        cells[:, tally.spans - columns[0]] = (100 * found / (readings * alike)).T
    return Availability(
        sensors=tuple(
            ids[node] + (f" and {n - 1} more" if n > 1 else "") for node, n in zip(order[firsts], alike, strict=True)
        ),
        edges=tally.origin + np.append(columns, columns[-1] + 1) * np.timedelta64(tally.span_minutes, "m"),
        shares=shares,
        totals={kind: 100 * float(counts[kind].sum() / checked.series.values.size) for kind in kinds},
        span_words=span_words(tally.span_minutes),
        rows_words=f"{count(len(ids))} sensors" + (f", {together} in a row" if together > 1 else ""),
    )


def span_words(minutes: int) -> str:
    """Write a length of time: "5 minutes", "12 hours", "1 day"."""
    units = {"week": 7 * DAY_MINUTES, "day": DAY_MINUTES, "hour": 60, "minute": 1}
    unit, size = next((unit, size) for unit, size in units.items() if minutes % size == 0)
    return f"{minutes // size} {unit}{'s' * (minutes != size)}"


def draw_availability(data: Availability) -> go.Figure:
    """Draw a panel for each kind of reading that was not measured, or is zero: sensors below each other, over time."""
    some = any(data.totals.values())
    height = 300 if len(data.sensors) > MOST_NAMED else max(120, 15 * len(data.sensors))
    titles = [
        f"{kind}, {data.totals[kind]:.2f} %" if some else "nothing is missing, filled in or zero"
        for kind in data.shares
    ]
    figure = panel_figure(titles, height if some else 120)
    names = [html.escape(name) for name in data.sensors]
    for row, (kind, shares) in enumerate(data.shares.items(), 1):
        figure.add_heatmap(
            x=data.edges,
            y=names,
            z=shares,
            zmin=0,
            zmax=100,
            colorscale=tints(_COLOURS[kind]),
            showscale=False,
            hovertemplate=f"%{{y}}<br>{data.span_words} around {_TIME}: %{{z:.3~g}} % {kind}<extra></extra>",
            row=row,
            col=1,
        )
    named = names if some and len(names) <= MOST_NAMED else []
    short = [html.escape(name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…") for name in data.sensors]
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False)
    figure.update_yaxes(title_text="" if named else data.rows_words, tickvals=named, ticktext=short if named else [])
    figure.update_xaxes(showgrid=False).update_xaxes(title_text=f"{data.span_words} in a column", row=len(data.shares))
    return figure.update_layout(plot_bgcolor=_NO_ROWS)
