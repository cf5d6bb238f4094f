"""The page of `replay.py`: data as it comes, then a figure and a table in one file."""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import plotly.io
from numpy.typing import NDArray

from benchmarks.replayed import BUDGET, TARGET
from kdsearch.report.figures.style import FONT, INK, blank_figure

STYLE = f"""
body {{ font: 15px/1.5 {FONT}; color: {INK}; max-width: 960px; margin: 32px auto; padding: 0 16px }}
table {{ border-collapse: collapse; font-size: 13px }}
td, th {{ padding: 4px 12px 4px 0; text-align: left }}
th {{ border-bottom: 1px solid #b6bcc2 }}
p {{ max-width: 70ch }}
"""


@dataclass(frozen=True)
class Band:
    """Shares of the best hypervolume that the searches of an arm found, one row ``(seed, epoch)`` each."""

    name: str
    colour: str
    epochs: NDArray[np.float64]
    shares: NDArray[np.float64]


def write_page(
    bands: Iterable[Band], header: Sequence[str], rows: Iterable[Sequence[str]], seeds: int, path: Path
) -> None:
    """Write one file that loads nothing else."""
    figure = blank_figure("training epochs, all trials of a search together", "share of the best hypervolume")
    for band in bands:
        low, median, high = np.quantile(band.shares, (0.25, 0.5, 0.75), axis=0)
        edge = {"mode": "lines", "line": {"width": 0, "shape": "hv"}, "showlegend": False, "hoverinfo": "skip"}
        figure.add_scatter(x=band.epochs, y=low, **edge)
        figure.add_scatter(x=band.epochs, y=high, fill="tonexty", fillcolor=_pale(band.colour), **edge)
        line = {"color": band.colour, "width": 2, "shape": "hv"}
        figure.add_scatter(x=band.epochs, y=median, mode="lines", line=line, name=band.name)
    figure.add_hline(y=TARGET, line={"color": INK, "width": 1, "dash": "dot"})
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%").update_xaxes(range=[0, BUDGET])
    drawn = plotly.io.to_html(figure, include_plotlyjs=True, full_html=False, config={"displaylogo": False})
    body = "".join(_row("td", row) for row in rows)
    path.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Replay of searches</title><style>{STYLE}</style>'
        "<h1>How soon each search finds the best networks</h1>"
        f"<p>Searches over a table of trained networks, {seeds} seeds each: median and quartiles. Dotted: "
        f"{TARGET:.0%} of the hypervolume of the best networks in the table.</p>{drawn}"
        f"<table><thead>{_row('th', header)}</thead><tbody>{body}</tbody></table></html>",
        encoding="utf-8",
    )


def _row(tag: str, cells: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"


def _pale(colour: str) -> str:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.13)"
