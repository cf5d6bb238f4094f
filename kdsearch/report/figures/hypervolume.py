"""The figure of the hypervolume over the search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from kdsearch.report.figures.style import INK, blank_figure
from kdsearch.report.hypervolume import volume_unit
from kdsearch.report.numbers import significant
from kdsearch.report.summary import VolumePoint

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from kdsearch.report.summary import StudySummary

__all__ = ["draw_volume", "gather_volume"]


class VolumeOverSearch(BaseModel):
    """What the figure shows: the history, and the unit of its volume."""

    model_config = ConfigDict(frozen=True)

    points: tuple[VolumePoint, ...]
    unit: str


def gather_volume(summary: StudySummary) -> VolumeOverSearch:
    """Gather the history of a study's hypervolume."""
    unit = volume_unit([objective.name for objective in summary.objectives])
    return VolumeOverSearch(points=tuple(summary.hypervolume_history), unit=unit)


def draw_volume(data: VolumeOverSearch) -> go.Figure:
    """Draw a staircase over finished trials; the pointer shows what they had cost by then."""
    figure = blank_figure("finished trials", f"hypervolume, {data.unit}")
    figure.add_scatter(
        x=[point.finished for point in data.points],
        y=[point.hypervolume for point in data.points],
        mode="lines",
        line={"color": INK, "width": 1.8, "shape": "hv"},
        text=[
            f"trial {point.trial}: {significant(point.hypervolume)}<br>after {point.finished} trials and "
            f"{point.cpu_seconds:,.0f} CPU seconds"
            for point in data.points
        ],
        hoverinfo="text",
        showlegend=False,
    )
    figure.update_yaxes(rangemode="tozero")
    figure.update_layout(height=340)
    return figure
