"""The picture of how often each reading occurs, by channel."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from kdsearch.data.readings import blocks_of
from kdsearch.report.data_page.panels import bar_edges, drawn_channels, quantity_words
from kdsearch.report.figures.style import COLOURS, panel_figure

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from numpy.typing import NDArray

    from kdsearch.data.checked import CheckedSeries
    from kdsearch.data.facts import ChannelFacts

__all__ = ["Distribution", "draw_distributions", "gather_distributions"]

SAMPLE = 1_000_000
"""Readings of which the middle is found."""

MIDDLE_PERCENT = (0.1, 99.9)
LEAST_MIDDLE = 0.2
"""Share of the whole range that the middle must have, or the ends are gathered in one bar each."""


@dataclass(frozen=True, eq=False)
class Distribution:
    """The distribution of a channel.

    Attributes:
        channel: What it is of, with the unit.
        edges: Ends of the bars, one more than there are bars.
        shares: Per cent of the readings in each.
        below: Whether the first bar holds what is below it too.
        above: Whether the last bar holds what is above it too.
    """

    channel: str
    edges: NDArray[np.float64]
    shares: NDArray[np.float64]
    below: bool
    above: bool


def gather_distributions(checked: CheckedSeries) -> list[Distribution]:
    """Count all readings that are there, in bars; a channel without any is left out."""
    series, facts = checked.series, checked.facts.channels
    return [
        _distribution(series.values[:, :, channel], facts[channel])
        for channel in drawn_channels(series)
        if facts[channel].smallest is not None
    ]


def _distribution(values: NDArray[np.float32], facts: ChannelFacts) -> Distribution:
    sample = values[:: max(1, values.size // SAMPLE)]
    sample = sample[np.isfinite(sample)]
    low, high = float(facts.smallest or 0), float(facts.largest or 0)
    middle = np.percentile(sample, MIDDLE_PERCENT) if sample.size else (low, high)
    if middle[1] - middle[0] < LEAST_MIDDLE * (high - low):
        middle_low, middle_high = float(middle[0]), float(middle[1])
    else:
        middle_low, middle_high = low, high
    edges = bar_edges(middle_low, middle_high, whole=bool((sample == np.round(sample)).all()))
    counts = np.zeros(len(edges) - 1, np.int64)
    for rows in blocks_of(values):
        readings = np.clip(rows[np.isfinite(rows)], edges[0], edges[-1])
        counts += np.histogram(readings, len(counts), (edges[0], edges[-1]))[0]
    return Distribution(
        quantity_words(facts), edges, 100 * counts / counts.sum(), below=low < edges[0], above=high > edges[-1]
    )


def draw_distributions(data: list[Distribution]) -> go.Figure:
    """Draw the bars of each channel in a panel of its own."""
    figure = panel_figure([_title(one) for one in data], 280)
    for row, one in enumerate(data, 1):
        ends = [f"{low:g} to {high:g}" for low, high in pairwise(one.edges)]
        ends[0] = f"below {one.edges[1]:g}" if one.below else ends[0]
        ends[-1] = f"{one.edges[-2]:g} and above" if one.above else ends[-1]
        figure.add_bar(
            x=(one.edges[1:] + one.edges[:-1]) / 2,
            y=one.shares,
            width=np.diff(one.edges),
            customdata=ends,
            marker={"color": COLOURS[0]},
            hovertemplate="%{customdata}: %{y:.2~f} % of the readings<extra></extra>",
            row=row,
            col=1,
        )
        figure.update_xaxes(title_text=one.channel, row=row)
    return figure.update_yaxes(title_text="% of the readings").update_layout(showlegend=False)


def _title(one: Distribution) -> str:
    """Say which bars hold more than their own range."""
    gathered = [f"the first bar holds all readings below {one.edges[1]:g}"] if one.below else []
    gathered += [f"the last bar holds all readings from {one.edges[-2]:g} on"] if one.above else []
    return ", ".join(gathered)
