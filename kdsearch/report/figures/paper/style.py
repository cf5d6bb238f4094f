"""The look of a figure in a paper: the report's colours and symbols, in matplotlib's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kdsearch.report.figures.style import INK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.lines import Line2D

__all__ = ["MARKERS", "STYLE", "Look", "legend_entry", "line_look", "star_look"]

Look = dict[str, Any]
"""How a line or marker looks: what `matplotlib.lines.Line2D` takes."""

_TICKS = {"labelsize": 6.5, "color": "#8a9097", "labelcolor": INK, "major.size": 2.5, "major.width": 0.6}

STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same letters, and the same bytes, everywhere
    "font.size": 7.0,
    "text.color": INK,
    "text.parse_math": False,  # a $ in a name is a $
    "axes.labelsize": 7.0,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#8a9097",
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e8eaed",
    "grid.linewidth": 0.5,
    **{f"{axis}tick.{setting}": value for axis in "xy" for setting, value in _TICKS.items()},
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "legend.handletextpad": 0.5,
    "legend.columnspacing": 1.2,
    "legend.labelspacing": 0.35,
    "legend.borderpad": 0.0,
    "legend.borderaxespad": 0.0,
    "lines.linewidth": 1.0,
    "lines.markeredgewidth": 0.5,
    "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.w_pad": 0.03,
    "pdf.fonttype": 42,  # letters as TrueType, which publishers ask for
    "svg.fonttype": "path",  # a slide shows them without the font
    "svg.hashsalt": "kdsearch",  # the same names inside the file each time
    "savefig.dpi": 300,
}
"""Settings of matplotlib, beside its defaults."""

MARKERS: dict[str, Any] = {
    "circle": "o",
    "square": "s",
    "diamond": "D",
    "triangle-up": "^",
    "triangle-left": "<",
    "triangle-right": ">",
    "triangle-down": "v",
    "hexagon": "h",
    "hexagon2": "H",
    "pentagon": "p",
    "octagon": "8",
    "star": "*",
    "x": "X",
    "cross": "P",
    "diamond-tall": "d",
    "diamond-wide": [(-1.0, 0.0), (0.0, 0.6), (1.0, 0.0), (0.0, -0.6)],
    "bowtie": [(-1.0, -0.8), (-1.0, 0.8), (1.0, -0.8), (1.0, 0.8)],
    "hourglass": [(-0.8, -1.0), (0.8, -1.0), (-0.8, 1.0), (0.8, 1.0)],
    "star-square": (4, 1, 45),
    "star-diamond": (4, 1, 0),
    "star-triangle-up": (3, 1, 0),
    "star-triangle-down": (3, 1, 180),
    "hexagram": (6, 1, 0),
}
"""Symbol of plotly, as rows of losses name them -> marker of matplotlib."""

_DASHES: dict[str, Any] = {
    "solid": "-",
    "dot": (0, (1, 1.5)),
    "dash": (0, (4, 2)),
    "dashdot": (0, (4, 1.5, 1, 1.5)),
    "longdash": (0, (8, 2.5)),
    "longdashdot": (0, (8, 2, 1, 2)),
}
"""Dash of plotly -> pattern of matplotlib, in widths of the line."""


def line_look(look: Mapping[str, Any]) -> Look:
    """Translate plotly's colour, width and dash of a line; paper is finer than a screen."""
    return {
        "color": look["color"],
        "linewidth": 0.6 * look["width"],
        "linestyle": _DASHES[look.get("dash", "solid")],
    }


def star_look(star: Mapping[str, Any]) -> Look:
    """Translate plotly's marker of a baseline that is a network."""
    return {
        "linestyle": "none",
        "marker": MARKERS[star["symbol"]],
        "markersize": 8,
        "markerfacecolor": star["color"],
        "markeredgecolor": "white",
    }


def legend_entry(label: str, **look: Any) -> Line2D:
    """Make a line that only explains a colour, a dash or a marker, as `matplotlib.lines.Line2D` takes them."""
    from matplotlib.lines import Line2D  # noqa: PLC0415 - an extra, and slow to import

    return Line2D([], [], label=label, **look)
