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
    "COLOURS",
    "FONT",
    "GREY",
    "INK",
    "ORDERED",
    "baseline_lines",
    "baseline_star",
    "baseline_stars",
    "blank_figure",
    "colour_bar",
    "error_range",
    "kind_colours",
    "legend_entry",
    "log_ticks",
    "loss_symbol",
    "panel_figure",
    "tints",
    "top_of",
]

FONT = "-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Liberation Sans', system-ui, sans-serif"
INK = "#1c2024"
GREY = "#6b7178"
_AXIS = {"gridcolor": "#e8eaed", "linecolor": "#b6bcc2", "ticks": "outside", "tickcolor": "#b6bcc2", "ticklen": 4}
_AXIS |= {"zeroline": False, "automargin": True}
_GAP_PIXELS, _ABOVE_PIXELS, _BELOW_PIXELS = 76, 60, 64
"""Between panels that stand below each other, above the first for its title, and from the last to what follows."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#332288")
"""Okabe and Ito 2008, then two dark ones of Tol 2021: readers with any colour vision can tell them apart."""

ORDERED = "Viridis"
"""Colours of small to large numbers, with plotly's name: they differ in lightness too."""

_ROUTE_COLOURS = dict(zip(("student", "prune", "student-prune"), COLOURS, strict=False))
_UNKNOWN_SYMBOL = "cross"
_BASELINE_LINES: dict[Role, dict[str, Any]] = {
    "teacher": {"color": INK, "width": 2},
    "candidate": {"color": INK, "width": 1.2, "dash": "dot"},
    "answers": {"color": INK, "width": 1.6, "dash": "dash"},
    "base": {"color": INK, "width": 1.4, "dash": "dashdot"},
    "undistilled": {"color": GREY, "width": 1.6},
    "naive": {"color": GREY, "width": 1.6},
}
_DASHES: dict[Role, tuple[str, ...]] = {
    "naive": ("dash", "dot", "longdash", "longdashdot"),
    "candidate": ("dot", "longdash", "longdashdot", "dash"),
}
_CANDIDATE_STARS = ("star-diamond", "star-square", "star-triangle-up", "star-triangle-down")
"""Roles that several baselines of a study have, and what tells these apart."""

_BASELINE_STARS: dict[Role | None, dict[str, Any]] = {
    "teacher": {"color": INK, "symbol": "star"},
    "candidate": {"color": GREY, "symbol": "star-diamond"},
    "base": {"color": GREY, "symbol": "hexagram"},
}


def blank_figure(x_title: str, y_title: str) -> go.Figure:
    """Make an empty figure in the house style, its legend in a row below the plot."""
    import plotly.graph_objects as go  # noqa: PLC0415 - half a second that `kdsearch --help` does not pay

    def title(text: str) -> dict[str, Any]:
        return {"text": text, "standoff": 10, "font": {"size": 13}}

    return go.Figure(
        layout={
            "template": "none",
            "font": {"family": FONT, "size": 13, "color": INK},
            "xaxis": {**_AXIS, "title": title(x_title)},
            "yaxis": {**_AXIS, "title": title(y_title)},
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


def panel_figure(titles: Sequence[str], height: int, *, beside: bool = False) -> go.Figure:
    """Make empty panels in the house style, each below its title or, without one, alone.

    Args:
        titles: One for each panel, in plotly's HTML.
        height: Of a panel, pixels.
        beside: Whether the panels stand beside each other; else below each other.
    """
    from plotly.subplots import make_subplots  # noqa: PLC0415 - as plotly itself

    rows, columns = (1, len(titles)) if beside else (len(titles), 1)
    inner = rows * height + (rows - 1) * _GAP_PIXELS
    figure = make_subplots(
        rows, columns, figure=blank_figure("", ""), vertical_spacing=_GAP_PIXELS / inner, horizontal_spacing=0.08
    )
    style = {**_AXIS, "title": {"standoff": 10, "font": {"size": 13}}}
    figure.update_xaxes(style).update_yaxes(style)
    figure.update_layout(height=inner + _ABOVE_PIXELS + _BELOW_PIXELS)
    figure.update_layout(margin={"t": _ABOVE_PIXELS if any(titles) else 34}, legend={"y": -_BELOW_PIXELS / inner})
    place = {"xref": "x domain", "x": 0, "yref": "y domain", "y": 1, "xanchor": "left", "yanchor": "bottom"}
    for number, title in enumerate(titles):
        row, column = (1, number + 1) if beside else (number + 1, 1)
        figure.add_annotation(place, text=title, yshift=4, showarrow=False, row=row, col=column)
    return figure


def colour_bar(title: str, height: int) -> dict[str, Any]:
    """Describe a bar of colours below panels.

    Args:
        title: What the colours mean, in plotly's HTML.
        height: Of the panels together, pixels.
    """
    return {
        "orientation": "h",
        "y": -_BELOW_PIXELS / height,
        "yanchor": "top",
        "thickness": 12,
        "outlinewidth": 0,
        "title": {"text": title, "side": "top", "font": {"size": 13}},
    }


def tints(colour: str) -> list[list[Any]]:
    """Make colours of shares: white for none, a tint for the least of a share, the colour itself for all."""
    return [[0, "#ffffff"], [1e-6, _mixed(colour, 0.2)], [1, colour]]


def _mixed(colour: str, share: float) -> str:
    """Mix a share of a colour with white."""
    parts = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{round(255 + share * (part - 255)):02x}" for part in parts)


def kind_colours(kinds: Iterable[str]) -> dict[str, str]:
    """Give each kind of trial its colour; routes have the same in every figure of every study."""
    found = set(kinds)
    routes = {name: colour for name, colour in _ROUTE_COLOURS.items() if name in found}
    free = [colour for colour in COLOURS if colour not in routes.values()]
    return routes | dict(zip(sorted(found - set(routes)), cycle(free)))


def baseline_lines(roles: Sequence[Role]) -> list[dict[str, Any]]:
    """Give each baseline the line of its role; naive ones and candidates are told apart by their dashes."""
    dashes = {role: cycle(names) for role, names in _DASHES.items()}
    return [_BASELINE_LINES[role] | ({"dash": next(dashes[role])} if role in dashes else {}) for role in roles]


def baseline_star(role: Role | None) -> dict[str, Any]:
    """Give a baseline that is a network the marker of its role."""
    return {"size": 17} | _BASELINE_STARS.get(role, {"color": GREY, "symbol": "star"})


def baseline_stars(roles: Iterable[Role | None]) -> list[dict[str, Any]]:
    """Give each baseline that is a network the marker of its role; candidates are told apart by their symbols."""
    symbols = cycle(_CANDIDATE_STARS)
    return [baseline_star(role) | ({"symbol": next(symbols)} if role == "candidate" else {}) for role in roles]


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


def log_ticks(costs: Iterable[float]) -> list[float]:
    """Choose the costs to be named: 1, 2, 5, 10, ... over few decades, powers of ten over many."""
    positive = [cost for cost in costs if cost > 0]
    if not positive:
        return []
    first, last = math.floor(math.log10(min(positive))), math.ceil(math.log10(max(positive)))
    digits = (1, 2, 5) if last - first <= 3 else (1,)
    return [digit * 10.0**power for power in range(first, last + 1) for digit in digits]
