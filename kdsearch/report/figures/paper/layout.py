"""The layout of a figure in a paper: one column wide, a title above, a legend below, names of lines apart."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from kdsearch.report.figures.paper.style import Look
from kdsearch.report.figures.style import GREY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

__all__ = [
    "add_legend",
    "add_title",
    "blank_figure",
    "from_zero",
    "label_levels",
    "note_above",
    "whole_numbers",
]

COLUMN_INCHES = 3.4
"""Width of a column in most journals of two columns; a page has 7.0."""

PLOT_INCHES = 2.1
"""Height of the axes with their labels, before title and legend."""

_TITLE_INCHES, _GAP_INCHES = 0.16, 0.06
_LETTERS_PER_INCH = 18
"""Of the small letters, about: where a legend's labels are broken."""


def blank_figure(
    x_titles: Sequence[str], y_title: str, *, width_inches: float = COLUMN_INCHES, shares: Sequence[float] | None = None
) -> tuple[Figure, list[Axes]]:
    """Make a figure of panels beside each other, which share the vertical axis.

    Args:
        x_titles: Of the horizontal axes, one for each panel, with their units.
        y_title: Of the vertical axis, with its unit.
        width_inches: Of the whole figure.
        shares: Of the width, one for each panel; equal ones if left out.

    Returns:
        The figure and its panels.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - an extra, and slow to import

    figure = Figure(figsize=(width_inches, PLOT_INCHES), layout="constrained")
    grid = figure.subplots(1, len(x_titles), sharey=True, squeeze=False, width_ratios=shares)
    panels: list[Axes] = list(grid[0])
    for panel, title in zip(panels, x_titles, strict=True):
        panel.set_xlabel(title)
    panels[0].set_ylabel(textwrap.fill(y_title, 34))
    return figure, panels


def add_legend(figure: Figure, entries: Sequence[Line2D]) -> None:
    """Put a legend below the axes, in as many columns as fit; the figure becomes higher by it."""
    if not entries:
        return
    width = float(figure.get_size_inches()[0])
    for rows in range(1, len(entries) + 1):
        columns = -(-len(entries) // rows)
        letters = int(_LETTERS_PER_INCH * width / columns) - 5 if columns <= 2 else 80
        labels = [textwrap.fill(str(entry.get_label()), letters) for entry in entries]
        legend = figure.legend(entries, labels, loc="lower left", bbox_to_anchor=(0.02, 0.015), ncols=columns)
        legend.set_in_layout(False)  # its place is made by hand
        extent = legend.get_window_extent()
        if extent.width <= 0.96 * width * figure.dpi or columns == 1:
            _grow(figure, below=extent.height / figure.dpi + _GAP_INCHES)
            return
        legend.remove()


def add_title(figure: Figure, title: str, subtitle: str) -> None:
    """Put a bold title and a grey line above the axes; the figure becomes higher by them."""
    place: Look = {"ha": "left", "va": "top", "in_layout": False}
    small = figure.text(0.02, 1, subtitle, size=6.5, color=GREY, linespacing=1.25, **place)
    for letters in range(len(subtitle), 10, -1):  # names are the user's, and letters are of many widths
        if small.get_window_extent().width <= 0.96 * figure.bbox.width:
            break
        small.set_text(textwrap.fill(subtitle, letters))
    _grow(figure, above=_TITLE_INCHES + small.get_window_extent().height / figure.dpi + _GAP_INCHES)
    height = float(figure.get_size_inches()[1])
    small.set_y(1 - (0.03 + _TITLE_INCHES) / height)
    figure.text(0.02, 1 - 0.03 / height, title, size=8, weight="bold", **place)


def _grow(figure: Figure, *, below: float = 0.0, above: float = 0.0) -> None:
    """Make a figure higher by so many inches that hold no axes."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine  # noqa: PLC0415 - an extra, and slow to import

    engine = figure.get_layout_engine()
    if not isinstance(engine, ConstrainedLayoutEngine):
        engine = ConstrainedLayoutEngine()
        figure.set_layout_engine(engine)
    width, height = map(float, figure.get_size_inches())
    _, bottom, _, share = engine.get()["rect"]
    free_below, free_above = bottom * height + below, (1 - bottom - share) * height + above
    total = height + below + above
    figure.set_size_inches(width, total)
    engine.set(rect=(0, free_below / total, 1, 1 - (free_below + free_above) / total))


def from_zero(axes: Axes) -> None:
    """Let the vertical axis that panels share begin at zero, with a little air above the largest value."""
    tops = [float(panel.dataLim.y1) for panel in axes.figure.axes]
    axes.set_ylim(0, 1.06 * max((top for top in tops if 0 < top < math.inf), default=1.0))


def whole_numbers(axes: Axes) -> None:
    """Name whole numbers alone at the horizontal axis."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - an extra, and slow to import

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def note_above(axes: Axes, words: str) -> None:
    """Say at the upper right end of the axes what is above them."""
    axes.set_title(textwrap.fill(f"↑ above: {words}", 64), loc="right", size=6, color=GREY, pad=3)


def label_levels(axes: Axes, levels: Iterable[tuple[str, float]]) -> None:
    """Write the names of level lines at the right of the axes, moved apart where lines are near each other.

    Args:
        axes: With its vertical limits set.
        levels: What to write, and the height of the line.
    """
    low, high = axes.get_ylim()
    ordered = sorted(levels, key=lambda level: level[1])
    apart = [0.062 * (high - low) * (text.count("\n") + 1) for text, _ in ordered]
    places = [value for _, value in ordered]
    for _ in range(50):  # pairs that are too near push each other away
        for one, other in zip(range(len(places)), range(1, len(places)), strict=False):
            missing = (apart[one] + apart[other]) / 2 - (places[other] - places[one])
            if missing > 1e-9 * (high - low):
                places[one], places[other] = places[one] - missing / 2, places[other] + missing / 2
    for (text, value), place in zip(ordered, places, strict=True):
        axes.annotate(
            text,
            xy=(1.0, value),
            xytext=(1.05, place),
            xycoords=axes.get_yaxis_transform(),
            textcoords=axes.get_yaxis_transform(),
            size=6,
            color=GREY,
            va="center",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.4, "shrinkA": 0, "shrinkB": 0},
        )
