"""What tests read of a figure of matplotlib."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from kdsearch.report.figures.catalog import FIGURES
from kdsearch.report.summary import StudySummary

__all__ = ["labels", "plotted", "x_of", "y_of"]


def plotted(name: str, summary: StudySummary) -> Figure:
    """The figure of a row, for a paper."""
    paper = FIGURES[name].paper
    assert paper is not None
    return paper(summary)


def labels(figure: Figure) -> list[str]:
    """Words of the legend, each on one line."""
    return [" ".join(text.get_text().split()) for text in figure.legends[0].get_texts()]


def x_of(line: Line2D) -> list[Any]:
    """Places of a line's points along the horizontal axis."""
    return list(np.asarray(line.get_xdata()))


def y_of(line: Line2D) -> list[Any]:
    """Heights of a line's points."""
    return list(np.asarray(line.get_ydata()))
