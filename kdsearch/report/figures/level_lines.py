"""Level lines in a figure of errors: baselines and published networks, which have an error and no cost."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from kdsearch.report.figures.style import GREY
from kdsearch.report.numbers import error

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go

__all__ = ["PUBLISHED_WORDS", "add_level_lines"]

PUBLISHED_WORDS = "published, test"
"""What figures of validation errors say beside a paper's, which are of the test split."""


def add_level_lines(
    figure: go.Figure, lines: dict[str, float], published: dict[str, float], top: float, further: Sequence[str] = ()
) -> None:
    """Draw baselines dashed, named at the right, and published errors dotted, named at the left.

    Args:
        figure: With errors upwards.
        lines: Name of a baseline -> error.
        published: Name of a published network -> error.
        top: Upper end of the visible errors; what is above it is named in one note at the top.
        further: What else is above, in words.
    """
    above = []
    for values, side, dash, words in ((lines, "right", "dash", ""), (published, "left", "dot", f", {PUBLISHED_WORDS}")):
        by_error = sorted(values.items(), key=lambda line: line[1])
        named = [(f"{html.escape(name)} {error(value)}{words}", value) for name, value in by_error]
        inside = [(text, value) for text, value in named if value <= top]
        for position, (text, value) in enumerate(inside):
            figure.add_hline(y=value, line={"color": GREY, "width": 1.2, "dash": dash}, layer="below")
            under = position == 0 and len(inside) > 1
            _write(figure, text, side, {"y": value, "yanchor": "top" if under else "bottom"})
        above += [text for text, value in named if value > top]
    if above or further:
        _write(
            figure, f"↑ above: {', '.join([*above, *further])}", "right", {"y": 1, "yref": "paper", "yanchor": "top"}
        )


def _write(figure: go.Figure, text: str, side: str, height: dict[str, object]) -> None:
    """Write small grey words at one side of the plot."""
    figure.add_annotation(
        x=1 if side == "right" else 0,
        xref="paper",
        xanchor=side,
        text=text,
        font={"size": 12, "color": GREY},
        showarrow=False,
        **height,
    )
