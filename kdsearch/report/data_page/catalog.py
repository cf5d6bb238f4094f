"""The table of the figures of a dataset's page: a row says everything about one, and the page loops over the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from kdsearch.data.clock import DAY_MINUTES
from kdsearch.errors import DataError
from kdsearch.report.data_page.availability import draw_availability, gather_availability
from kdsearch.report.data_page.distribution import draw_distributions, gather_distributions
from kdsearch.report.data_page.mean_days import draw_mean_days, gather_mean_days
from kdsearch.report.data_page.network import (
    draw_adjacency,
    draw_neighbours,
    gather_adjacency,
    gather_neighbours,
)
from kdsearch.report.data_page.panels import drawn_channels
from kdsearch.report.data_page.places import draw_grid, draw_map, gather_grid, gather_map
from kdsearch.report.figures.row import PageFigure
from kdsearch.table import Table

if TYPE_CHECKING:
    from kdsearch.data.checked import CheckedSeries

__all__ = ["DATA_FIGURES", "DATA_SECTIONS", "DataFigure", "DataSection"]

DataSection = Literal["time", "readings", "sensors"]
DATA_SECTIONS: dict[DataSection, str] = {
    "time": "Over time",
    "readings": "The readings",
    "sensors": "The sensors",
}
"""Sections of the page that hold figures, with their headings; one without a figure is not on the page."""


@dataclass(frozen=True)
class DataFigure(PageFigure["CheckedSeries"]):
    """A figure of a dataset's page; the fields are those of `kdsearch.report.figures.catalog.ReportFigure`."""

    subject: ClassVar = "checked"
    sections: ClassVar[Mapping[Any, str]] = DATA_SECTIONS

    section: DataSection


def _has_readings(checked: CheckedSeries) -> bool:
    """Whether a channel that is drawn has a reading."""
    return any(checked.facts.channels[channel].smallest is not None for channel in drawn_channels(checked.series))


def _is_joined_without_places(checked: CheckedSeries) -> bool:
    """Whether a graph is to be drawn that neither a map nor a grid shows."""
    return checked.facts.edges > 0 and checked.series.positions is None and checked.series.grid is None


DATA_FIGURES = Table(
    "figure of data",
    [
        DataFigure(
            name="availability",
            title="What was not measured, by sensor and time",
            caption="Sensors stand from the least to the best measured, and the darker a cell, the more of its "
            "readings of all channels are missing, filled in or zero (grey: the file has no rows): look for dark rows "
            "and dark columns.",
            section="time",
            legend=False,
            draw=lambda checked: draw_availability(gather_availability(checked)),
        ),
        DataFigure(
            name="calendar",
            title="Mean reading by time of day",
            caption="Look whether rush hours stand where your clock has them, and whether weekends differ: lines that "
            "are shifted mean a wrong start or time zone.",
            section="time",
            draw=lambda checked: draw_mean_days(gather_mean_days(checked)),
            shown=lambda checked: _has_readings(checked) and checked.series.interval_minutes < DAY_MINUTES,
        ),
        DataFigure(
            name="distribution",
            title="How often each reading occurs",
            caption="Look for a bar that stands alone, such as one at zero or below: it may mean that nothing was "
            "measured.",
            section="readings",
            legend=False,
            draw=lambda checked: draw_distributions(gather_distributions(checked)),
            shown=_has_readings,
        ),
        DataFigure(
            name="grid",
            title="Mean reading of each cell",
            caption="Look whether the city has its shape: a mirrored or turned one means that the axes are in another "
            "order.",
            section="sensors",
            legend=False,
            draw=lambda checked: draw_grid(gather_grid(checked)),
            shown=lambda checked: checked.series.grid is not None,
        ),
        DataFigure(
            name="map",
            title="Where the sensors are",
            caption="Look for lines that join sensors of different roads, for sensors without a line, and for "
            "neighbours of very different colours; a cross has no reading.",
            section="sensors",
            legend=False,
            draw=lambda checked: draw_map(gather_map(checked)),
            shown=lambda checked: checked.series.positions is not None,
        ),
        DataFigure(
            name="adjacency",
            title="Which sensors are joined",
            caption="Sensors in the order of the file: look for rows and columns that are empty, which have no "
            "neighbour, or full, which have all.",
            section="sensors",
            legend=False,
            draw=lambda checked: draw_adjacency(gather_adjacency(checked)),
            half=True,
            shown=_is_joined_without_places,
        ),
        DataFigure(
            name="neighbours",
            title="How many neighbours a sensor has",
            caption="A road has two or a few: look for a bar at zero, and for bars far to the right, which mean that "
            "distances are in another unit.",
            section="sensors",
            legend=False,
            draw=lambda checked: draw_neighbours(gather_neighbours(checked)),
            half=True,
            shown=_is_joined_without_places,
        ),
    ],
    mistake=DataError,
)
