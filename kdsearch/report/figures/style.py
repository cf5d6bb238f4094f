"""The look of every figure: white, thin grid, colours that colour-blind readers can tell apart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from kdsearch.record import Role

__all__ = [
    "FONT",
    "GREY",
    "INK",
    "baseline_lines",
    "baseline_star",
    "blank_figure",
    "error_range",
    "kind_colours",
    "legend_entry",
    "loss_symbol",
    "top_of",
]

FONT = "-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Liberation Sans', system-ui, sans-serif"
INK = "#1c2024"
GREY = "#6b7178"
_GRID = "#e8eaed"

# Okabe and Ito 2008, chosen so that readers with any colour vision can tell them apart.
_ROUTE_COLOURS = {"student": "#0072B2", "prune": "#D55E00", "student-prune": "#009E73"}
_OTHER_COLOURS = ("#CC79A7", "#E69F00", "#56B4E9")
_UNKNOWN_SYMBOL = "cross"
_BASELINE_LINES: dict[Role, dict[str, Any]] = {
    "teacher": {"color": INK, "width": 2},
    "base": {"color": INK, "width": 1.4, "dash": "dashdot"},
    "undistilled": {"color": GREY, "width": 1.6},
    "naive": {"color": GREY, "width": 1.6},
}
_NAIVE_DASHES = ("dash", "dot", "longdash", "longdashdot")
_BASELINE_STARS: dict[Role | None, dict[str, Any]] = {
    "teacher": {"color": INK, "symbol": "star"},
    "base": {"color": GREY, "symbol": "hexagram"},
}


def blank_figure(x_title: str, y_title: str) -> go.Figure:
    """Make an empty figure in the house style, its legend in a row below the plot."""
    import plotly.graph_objects as go  # noqa: PLC0415 - half a second that `kdsearch --help` does not pay

    def title(text: str) -> dict[str, Any]:
        return {"text": text, "standoff": 10, "font": {"size": 13}}

    axis = {"gridcolor": _GRID, "linecolor": "#b6bcc2", "ticks": "outside", "tickcolor": "#b6bcc2", "ticklen": 4}
    axis |= {"zeroline": False, "automargin": True}
    return go.Figure(
        layout={
            "template": "none",
            "font": {"family": FONT, "size": 13, "color": INK},
            "xaxis": {**axis, "title": title(x_title)},
            "yaxis": {**axis, "title": title(y_title)},
            "height": 460,
            "margin": {"l": 56, "r": 14, "t": 34, "b": 40},
            "legend": {
                "orientation": "h",
                "y": -0.2,
                "yanchor": "top",
                "x": 0,
                "itemclick": False,
                "itemdoubleclick": False,
            },
            "hoverlabel": {
                "bgcolor": "white",
                "bordercolor": "#b6bcc2",
                "align": "left",
                "font": {"size": 12, "color": INK},
            },
            "hovermode": "closest",
        }
    )


def kind_colours(kinds: Iterable[str]) -> dict[str, str]:
    """Give each kind of trial its colour; routes have the same in every figure of every study."""
    found = set(kinds)
    routes = {name: colour for name, colour in _ROUTE_COLOURS.items() if name in found}
    free = [colour for colour in (*_ROUTE_COLOURS.values(), *_OTHER_COLOURS) if colour not in routes.values()]
    return routes | dict(zip(sorted(found - set(routes)), cycle(free)))


def baseline_lines(roles: Sequence[Role]) -> list[dict[str, Any]]:
    """Give each baseline the line of its role; naive ones are told apart by their dashes."""
    dashes = cycle(_NAIVE_DASHES)
    return [_BASELINE_LINES[role] | ({"dash": next(dashes)} if role == "naive" else {}) for role in roles]


def baseline_star(role: Role | None) -> dict[str, Any]:
    """Give a baseline that is a network the marker of its role."""
    return {"size": 17} | _BASELINE_STARS.get(role, {"color": GREY, "symbol": "star"})


def loss_symbol(loss: str) -> str:
    """Give each loss the symbol of its row; a loss of which only the name is known, as in an old study, is a cross."""
    from kdsearch.distill.loss_table import LOSSES  # noqa: PLC0415 - torch, which loading the report does not pay

    row = LOSSES.get(loss)
    return _UNKNOWN_SYMBOL if row is None else row.symbol


def legend_entry(name: str, colour: str, symbol: str) -> dict[str, Any]:
    """Make a trace that only explains a colour or a symbol."""
    marker = {"color": colour, "symbol": symbol, "size": 9}
    return {"x": [None], "y": [None], "mode": "markers", "marker": marker, "name": name, "hoverinfo": "skip"}


def top_of(anchors: Iterable[float], values: Iterable[float]) -> float:
    """Choose the upper end of an error axis, so that a few bad networks do not press the good ones flat.

    Args:
        anchors: Errors that matter most: the teacher, the knee, the best.
        values: All errors.

    Returns:
        The largest error that is at most 1.4 times the largest anchor; the largest of all without anchors.
    """
    finite = [value for value in values if math.isfinite(value)]
    kept = [value for value in anchors if math.isfinite(value)]
    limit = 1.4 * max(kept) if kept else math.inf
    return max([*kept, *(value for value in finite if value <= limit)], default=1.0)


def error_range(values: Iterable[float], top: float) -> list[float]:
    """Give the ends of an error axis with a little air around what is visible."""
    low = min((value for value in values if math.isfinite(value)), default=0.0)
    air = 0.08 * (top - low) or 0.05 * abs(top) or 1.0
    return [low - air, top + air]
