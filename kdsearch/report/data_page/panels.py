"""What the figures of a dataset share: which channels they draw, what axes are called, how wide bars are."""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kdsearch.data.facts import ChannelFacts
    from kdsearch.data.series import Series

__all__ = ["MOST_CHANNELS", "bar_edges", "drawn_channels", "quantity_words"]

MOST_CHANNELS = 4
"""Channels with a panel of their own; a page of more would be long, and all are among the facts."""

MOST_BARS = 125


def drawn_channels(series: Series) -> range:
    """Give the channels that have a panel of their own."""
    return range(min(MOST_CHANNELS, len(series.channels)))


def quantity_words(channel: ChannelFacts) -> str:
    """Name a channel with its unit, in plotly's HTML."""
    return html.escape(f"{channel.name}, {channel.unit}")


def bar_edges(low: float, high: float, *, whole: bool) -> NDArray[np.float64]:
    """Choose edges of at most `MOST_BARS` bars over a range, at multiples of 1, 2 or 5 of a power of ten.

    Args:
        low: Its lower end.
        high: Its upper end.
        whole: Whether all numbers are whole: then so are the widths, else every second bar could be empty.
    """
    least = max((high - low) / (MOST_BARS - 2), 1.0 if whole else 0.0) or 1.0
    power = 10.0 ** math.floor(math.log10(least))
    width = next(step * power for step in (1, 2, 5, 10) if step * power >= least * (1 - 1e-9))
    first, last = math.floor(low / width), math.floor(high / width) + 1
    return np.asarray(np.arange(first, last + 1) * width, np.float64)
