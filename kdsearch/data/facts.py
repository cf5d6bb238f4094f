"""The facts of a series, and what to look at before it is trained on."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from kdsearch.data.readings import blocks_of
from kdsearch.data.series import Series
from kdsearch.data.tally import Tally, tally_of

__all__ = ["ChannelFacts", "SeriesFacts", "channel_rows", "fact_rows", "facts_of", "hints_of"]

MANY_ZEROS = 0.05
"""Share of zeros from which on they may mean that nothing was measured."""

SENTINEL_SHARE = 0.001
"""Share of readings that are the one negative value from which on it may stand for a missing reading."""

NAMED_SENSORS = 5

_OF_SENSORS = (
    "a broken sensor makes errors look small; leave it out",
    "a sensor must have one in the training part; leave it out",
)
_OF_CELLS = (
    "they make errors over all cells look small; compare errors over the same cells alone",
    "a cell must have one in the training part; write 0 where nothing can pass",
)
"""What to do about what never changes, and about what is not there: no cell can be left out of a grid."""


class ChannelFacts(BaseModel):
    """The facts of one channel: shares of all cells, and the range of the readings.

    Attributes:
        filled_in_share: Share that the source filled in: marked, or equal to the week before to the last digit.
        smallest: None where there is no reading.
        largest: None where there is no reading.
        smallest_share: Share of the cells that are the smallest reading.
        silent: Sensors without any reading.
        constant: Sensors that always show one value.
        filled_in: Sensors of which the source filled in more than half.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    unit: str
    missing_share: float
    zero_share: float
    filled_in_share: float
    smallest: float | None
    largest: float | None
    smallest_share: float
    silent: tuple[str, ...]
    constant: tuple[str, ...]
    filled_in: tuple[str, ...]


class SeriesFacts(BaseModel):
    """The facts of a loaded series, for `kdsearch data check`.

    Attributes:
        shape: ``(step, node, channel)``.
        first: First time.
        last: Last time.
        gaps: Places where rows are more than one interval apart.
        channels: Facts of each channel.
        edges: Directed edges.
        isolated_nodes: Nodes without any edge.
        active_nodes: Nodes with any reading but zero.
        grid: Rows and columns where the sensors are the cells of a grid.
    """

    model_config = ConfigDict(frozen=True)

    shape: tuple[int, int, int]
    first: str
    last: str
    gaps: int
    channels: list[ChannelFacts]
    edges: int
    isolated_nodes: int
    active_nodes: int
    grid: tuple[int, int] | None = None


def facts_of(series: Series, tally: Tally | None = None) -> SeriesFacts:
    """Gather the facts of a series: shape, range, shares of missing readings and zeros, times and edges.

    Args:
        series: The series.
        tally: What was counted of it; counted here where None.
    """
    counted = tally_of(series) if tally is None else tally
    linked = series.adjacency > 0
    gaps = np.diff(series.times) > np.timedelta64(series.interval_minutes, "m")
    steps, nodes, channels = series.values.shape
    return SeriesFacts(
        shape=(steps, nodes, channels),
        first=str(series.times[0]),
        last=str(series.times[-1]),
        gaps=int(gaps.sum()),
        channels=[_channel_facts(series, channel, counted) for channel in range(channels)],
        edges=int(linked.sum()),
        isolated_nodes=int((~(linked.any(axis=0) | linked.any(axis=1))).sum()),
        active_nodes=int((counted.present > counted.zero).any(axis=(0, 2)).sum()),
        grid=series.grid,
    )


def _channel_facts(series: Series, channel: int, tally: Tally) -> ChannelFacts:
    """Gather the facts of a channel."""
    values, ids = series.values[:, :, channel], np.array(series.sensor_ids)
    present, zero, filled_in = (one[:, :, channel].sum(axis=0) for one in (tally.present, tally.zero, tally.filled_in))
    smallest, largest = tally.smallest[:, channel], tally.largest[:, channel]
    least, at_least = np.fmin.reduce(smallest), 0
    if present.any():
        at_least = sum(int((rows == least).sum()) for rows in blocks_of(values))
    return ChannelFacts(
        name=series.channels[channel],
        unit=series.unit[channel],
        missing_share=1.0 - int(present.sum()) / values.size,
        zero_share=int(zero.sum()) / values.size,
        filled_in_share=int(filled_in.sum()) / values.size,
        smallest=float(least) if present.any() else None,
        largest=float(np.fmax.reduce(largest)) if present.any() else None,
        smallest_share=at_least / values.size,
        silent=tuple(ids[present == 0].tolist()),
        constant=tuple(ids[(present > 1) & (smallest == largest)].tolist()),
        filled_in=tuple(ids[filled_in > 0.5 * len(values)].tolist()),
    )


def fact_rows(facts: SeriesFacts) -> list[tuple[str, str]]:
    """Write facts as `kdsearch data check` prints them: what each is, and its value."""
    rows = [
        ("steps x sensors x channels", " x ".join(f"{size:,}" for size in facts.shape)),
        ("first and last time", f"{facts.first}, {facts.last}"),
        ("gaps in time", f"{facts.gaps:,}"),
        ("directed edges", f"{facts.edges:,}"),
        ("sensors without an edge", f"{facts.isolated_nodes:,}"),
        ("sensors with a reading but zero", f"{facts.active_nodes:,}"),
    ]
    for channel in facts.channels:
        span = "" if channel.smallest is None else f"{channel.smallest:g} to {channel.largest:g} {channel.unit}, "
        shares = (
            f"{100 * channel.missing_share:.2f} % missing, {100 * channel.zero_share:.2f} % zero, "
            f"{100 * channel.filled_in_share:.2f} % filled in by the source"
        )
        rows.append((f"channel {channel.name}", span + shares))
    return rows


def channel_rows(name: str, facts: SeriesFacts) -> list[dict[str, Any]]:
    """Give the facts of a series with all digits, a row for each channel; ids of sensors stand with spaces between."""
    shared = facts.model_dump(exclude={"shape", "channels", "grid"})
    steps, sensors, _ = facts.shape
    rows = []
    for channel in facts.channels:
        own = channel.model_dump(exclude={"name"})
        listed = {key: " ".join(value) if isinstance(value, tuple) else value for key, value in own.items()}
        rows.append({"dataset": name, "channel": channel.name, "steps": steps, "sensors": sensors, **shared, **listed})
    return rows


def hints_of(facts: SeriesFacts) -> list[str]:
    """Say what to look at before a series is trained on: one sentence each, with the remedy."""
    hints = []
    one, (broken, dead) = ("sensor", _OF_SENSORS) if facts.grid is None else ("cell", _OF_CELLS)
    for channel in facts.channels:
        if channel.smallest is None:
            hints.append(f"channel {channel.name} has no reading at all: check missing_value, or leave the channel out")
            continue
        if channel.zero_share > MANY_ZEROS:
            hints.append(
                f"{100 * channel.zero_share:.1f} % of {channel.name} is zero: write missing_value = 0 if zero means "
                "that nothing was measured"
            )
        if channel.smallest < 0 and channel.smallest_share > SENTINEL_SHARE:
            hints.append(
                f"{100 * channel.smallest_share:.1f} % of {channel.name} is {channel.smallest:g}, its smallest "
                f"reading: write missing_value = {channel.smallest:g} if it means that nothing was measured"
            )
        if channel.largest is not None and re.fullmatch("9{3,}|32767|65535", f"{channel.largest:.9g}"):
            hints.append(
                f"the largest reading of {channel.name} is {channel.largest:.9g}, which often means that nothing was "
                f"measured: write missing_value = {channel.largest:.9g} if it does"
            )
        for sensors, what, remedy in (
            (channel.silent, "without any reading", dead),
            (channel.constant, "with one value all the time", broken),
            (channel.filled_in, "filled in by the source for the most part", "only what was measured counts"),
        ):
            if sensors:
                hints.append(f"{_counted(sensors, one)} of {channel.name} {what}: {remedy}")
    if 0 < facts.isolated_nodes < facts.shape[1]:
        hints.append(
            f"{facts.isolated_nodes:,} of {facts.shape[1]:,} sensors have no edge: check the ids and distances of the "
            "graph"
        )
    return hints


def _counted(ids: Sequence[str], one: str) -> str:
    """Count sensors or cells, and name the first ones."""
    named = ", ".join(ids[:NAMED_SENSORS]) + (", ..." if len(ids) > NAMED_SENSORS else "")
    return f"{len(ids):,} {one}{'s' * (len(ids) != 1)} ({named})"
