"""Error against a cost, for a paper."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from kdsearch.report.figures.level_lines import PUBLISHED_WORDS
from kdsearch.report.figures.paper.layout import add_legend, blank_figure, label_levels, note_above
from kdsearch.report.figures.paper.style import MARKERS, Look, legend_entry, line_look, star_look
from kdsearch.report.figures.style import (
    GREY,
    INK,
    baseline_stars,
    error_range,
    kind_colours,
    log_ticks,
    loss_symbol,
)
from kdsearch.report.numbers import error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from kdsearch.report.figures.cost import ErrorAgainstCost
    from kdsearch.report.figures.marks import Mark

__all__ = ["plot_error_against_cost"]

_MANY_TICKS = 6
_DASHED = line_look({"color": GREY, "width": 1.2, "dash": "dash"})
_DOTTED = line_look({"color": GREY, "width": 1.2, "dash": "dot"})
_STAIRS: Look = {"color": INK, "linewidth": 0.7}
_RING: Look = {"linestyle": "none", "marker": "o", "markersize": 9, "markerfacecolor": "none", "markeredgecolor": INK}
_RING |= {"markeredgewidth": 0.9}


def plot_error_against_cost(data: ErrorAgainstCost) -> Figure:
    """Plot networks as points, their front as a staircase, baselines that are networks as stars, the others level.

    Bars are the mean and standard deviation over the seeds of the confirmation.
    """
    figure, (axes,) = blank_figure([data.axis.title], data.error_title)
    everything = (*data.marks, *data.networks.values())
    levels = data.lines | data.published
    axes.set_ylim(*error_range([*(mark.error for mark in everything), *levels.values()], data.top))
    _scale(axes, [mark.cost for mark in everything])
    for values, look in ((data.lines, _DASHED), (data.published, _DOTTED)):
        for value in values.values():
            axes.axhline(value, zorder=1, **look)
    if data.best:
        costs, errors = zip(*data.best, strict=True)
        axes.step(costs, errors, where="post", zorder=2, **_STAIRS)
    colours = kind_colours(mark.kind for mark in data.marks)
    for mark in sorted(data.marks, key=lambda mark: mark.on_front):
        _point(axes, mark, colours[mark.kind])
    stars = _stars(data)
    for name, mark in data.networks.items():
        axes.plot(mark.cost, mark.error, zorder=5, **stars[name])
    if data.knee is not None:
        axes.plot(*data.knee, zorder=6, **_RING)
    inside = [(f"{textwrap.fill(name, 16)}\n{error(value)}", value) for name, value in levels.items()]
    label_levels(axes, [(text, value) for text, value in inside if value <= data.top])
    if above := _above(data):
        note_above(axes, above)
    add_legend(figure, _entries(data, colours))
    return figure


def _scale(axes: Axes, costs: Sequence[float]) -> None:
    """Make the horizontal axis logarithmic, with room for at most a few ticks."""
    from matplotlib.ticker import EngFormatter, FuncFormatter, NullLocator  # noqa: PLC0415 - an extra, slow to import

    positive = [cost for cost in costs if cost > 0] or [1.0]
    low, high = min(positive), max(positive)
    air = (high / low) ** 0.06 if high > low else 1.5
    axes.set_xscale("log")
    axes.set_xlim(low / air, high * air)
    ticks = [tick for tick in log_ticks(positive) if low / air <= tick <= high * air]
    tens = [tick for tick in ticks if f"{tick:e}".startswith("1.0")]
    axes.set_xticks(tens if len(ticks) > _MANY_TICKS and len(tens) > 1 else ticks)
    thousands = EngFormatter(sep=" ")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: thousands(tick) if tick >= 1000 else f"{tick:g}"))
    axes.xaxis.set_minor_locator(NullLocator())


def _point(axes: Axes, mark: Mark, colour: str) -> None:
    """Plot a trial: one of the front strong, one outside the limits hollow, with a bar over seeds where there are."""
    axes.plot(
        mark.cost,
        mark.error,
        linestyle="none",
        marker=MARKERS[loss_symbol(mark.loss)],
        markersize=5 if mark.on_front else 3.8,
        markerfacecolor=colour if mark.feasible else "none",
        markeredgecolor=colour if not mark.feasible else "white" if mark.on_front else "none",
        alpha=1.0 if mark.on_front else 0.45 if mark.feasible else 0.75,
        zorder=4 if mark.on_front else 3,
    )
    spread = mark.over_seeds
    if spread is not None and spread.seeds > 1:
        bars: Look = {"color": colour, "elinewidth": 0.8, "capsize": 1.8, "capthick": 0.8, "zorder": 4}
        axes.errorbar(mark.cost, spread.mean, spread.standard_deviation, linestyle="none", marker="_", **bars)


def _stars(data: ErrorAgainstCost) -> dict[str, Look]:
    """Give each baseline that is a network its marker."""
    stars = baseline_stars(mark.role for mark in data.networks.values())
    return {name: star_look(star) for name, star in zip(data.networks, stars, strict=True)}


def _above(data: ErrorAgainstCost) -> str:
    """Name what is above the axis."""
    levels = data.lines | data.published
    named = [f"{name} {error(value)}" for name, value in levels.items() if value > data.top]
    worse = sum(mark.error > data.top for mark in data.marks)
    return ", ".join([*named, *(["1 network" if worse == 1 else f"{worse} networks"] if worse else [])])


def _entries(data: ErrorAgainstCost, colours: dict[str, str]) -> list[Line2D]:
    """Explain colours, symbols, stars and lines."""
    plain: Look = {"linestyle": "none", "markersize": 4.5, "markeredgecolor": "none"}
    entries = [legend_entry(kind, marker="o", color=colour, **plain) for kind, colour in colours.items()]
    losses = sorted({mark.loss for mark in data.marks})
    entries += [
        legend_entry(f"loss {loss}", marker=MARKERS[loss_symbol(loss)], color=GREY, **plain)
        for loss in (losses if len(losses) > 1 else [])
    ]
    if not all(mark.feasible for mark in data.marks):
        hollow = plain | {"markerfacecolor": "none", "markeredgecolor": GREY}
        entries.append(legend_entry("outside the limits", marker="o", **hollow))
    if data.knee is not None:
        entries.append(legend_entry(data.chosen_word, **(_RING | {"markersize": 7})))
    entries += [legend_entry(name, **star) for name, star in _stars(data).items()]
    if data.best:
        entries.append(legend_entry("least error at this cost", **_STAIRS))
    seeds = sorted({mark.over_seeds.seeds for mark in data.marks if mark.over_seeds is not None})
    if many := [number for number in seeds if number > 1]:
        words = " or ".join(map(str, many))
        bar = {"linestyle": "none", "marker": "|", "markersize": 7, "markeredgewidth": 0.8, "color": INK}
        entries.append(legend_entry(f"mean ± standard deviation, {words} seeds", **bar))
    if any(value <= data.top for value in data.published.values()):
        entries.append(legend_entry(PUBLISHED_WORDS, **_DOTTED))
    return entries
