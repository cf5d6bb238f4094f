"""The picture of the calendar: mean reading by time of day, for each kind of day."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kdsearch.data.clock import DAY_MINUTES, weekdays_and_minutes
from kdsearch.data.kinds_of_day import kind_names, kinds_of_day
from kdsearch.report.data_page.panels import drawn_channels, quantity_words
from kdsearch.report.figures.style import COLOURS, panel_figure

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from numpy.typing import NDArray

    from kdsearch.data.checked import CheckedSeries

__all__ = ["MeanDays", "draw_mean_days", "gather_mean_days"]

_DASHES = ("solid", "dash", "dot", "dashdot")


@dataclass(frozen=True, eq=False)
class MeanDays:
    """What the figure shows.

    Attributes:
        channels: What each panel shows, with its unit.
        hours: Time of day of each slot, ``(slot,)``.
        means: Mean reading of each kind of day that there is, ``(slot, channel)``; NaN where nothing was measured.
        days: How many days of that kind there are.
    """

    channels: tuple[str, ...]
    hours: NDArray[np.float64]
    means: dict[str, NDArray[np.float64]]
    days: dict[str, int]


def gather_mean_days(checked: CheckedSeries) -> MeanDays:
    """Average what all sensors measured by kind of day and time of day."""
    series, tally = checked.series, checked.tally
    drawn, slots = drawn_channels(series), DAY_MINUTES // series.interval_minutes
    kinds, slot = kinds_of_day(series.times, series.holidays), weekdays_and_minutes(series.times)[1]
    slot = slot * slots // DAY_MINUTES
    means, days = {}, {}
    for number, name in enumerate(kind_names(series.holidays)):
        rows = kinds == number
        if not rows.any():
            continue
        sums, counts = np.zeros((2, slots, len(drawn)))
        np.add.at(sums, slot[rows], tally.step_sums[rows][:, drawn])
        np.add.at(counts, slot[rows], tally.step_counts[rows][:, drawn])
        means[name] = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
        days[name] = len(np.unique(series.times[rows].astype("datetime64[D]")))
    channels = tuple(quantity_words(checked.facts.channels[channel]) for channel in drawn)
    return MeanDays(channels, np.arange(slots) * 24 / slots, means, days)


def draw_mean_days(data: MeanDays) -> go.Figure:
    """Draw a line for each kind of day, in a panel for each channel."""
    figure = panel_figure([""] * len(data.channels), 320)
    clock = [f"{int(hour)}:{round(hour % 1 * 60):02d}" for hour in data.hours]
    for number, (kind, means) in enumerate(data.means.items()):
        name = html.escape(f"{kind} ({data.days[kind]} day{'s' * (data.days[kind] != 1)})")
        for channel in range(len(data.channels)):
            figure.add_scatter(
                x=data.hours,
                y=means[:, channel],
                text=clock,
                mode="lines+markers" if len(clock) <= 48 else "lines",
                line={"color": COLOURS[number], "width": 2, "dash": _DASHES[number]},
                marker={"size": 4},
                name=name,
                legendgroup=kind,
                showlegend=channel == 0,
                hovertemplate=f"{html.escape(kind)}, %{{text}}: %{{y:.4~g}}<extra></extra>",
                row=channel + 1,
                col=1,
            )
    for row, words in enumerate(data.channels, 1):
        figure.update_yaxes(title_text=f"mean {words}", row=row)
    hours = list(range(0, 24, 4))
    figure.update_xaxes(range=[0, 24], tickvals=hours, ticktext=[f"{hour}:00" for hour in hours])
    return figure.update_xaxes(title_text="time of day", row=len(data.channels))
