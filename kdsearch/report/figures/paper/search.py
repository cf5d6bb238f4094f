"""Which parameters of a search mattered, for a paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kdsearch.report.figures.paper.layout import PLOT_INCHES, blank_figure
from kdsearch.report.figures.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kdsearch.report.figures.search import Searched

__all__ = ["plot_importance"]

_INCHES_OF_A_BAR = 0.17


def plot_importance(data: Searched) -> Figure:
    """Plot a bar for each parameter, the most important at the top."""
    title = "share of the difference between\ngood trials and the best, %"
    figure, (axes,) = blank_figure([title], "")
    bars = list(data.importance.items())[::-1]
    figure.set_figheight(max(PLOT_INCHES / 2, 0.5 + _INCHES_OF_A_BAR * len(bars)))
    axes.barh([name for name, _ in bars], [100 * share for _, share in bars], height=0.65, color=COLOURS[0])
    axes.grid(visible=False, axis="y")
    return figure
