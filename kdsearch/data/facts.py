"""The facts of a series, and what to look at before it is trained on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from kdsearch.data.readings import blocks_of
from kdsearch.data.series import Series

__all__ = ["ChannelFacts", "SeriesFacts", "facts_of", "hints_of"]

MANY_ZEROS = 0.05
"""Share of zeros from which on they may mean that nothing was measured."""

SENTINEL_SHARE = 0.001
"""Share of readings that are the one negative value from which on it may stand for a missing reading."""

NAMED_SENSORS = 5


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


def facts_of(series: Series) -> SeriesFacts:
    """Gather the facts of a series: shape, range, shares of missing readings and zeros, times and edges."""
    steps, nodes, channels = series.values.shape
    linked, filled_in = series.adjacency > 0, series.filled_in_shares()
    gaps = np.diff(series.times) > np.timedelta64(series.interval_minutes, "m")
    active = np.zeros(nodes, dtype=np.bool_)
    for rows in blocks_of(series.values):
        active |= (np.isfinite(rows) & (rows != 0)).any(axis=(0, 2))
    return SeriesFacts(
        shape=(steps, nodes, channels),
        first=str(series.times[0]),
        last=str(series.times[-1]),
        gaps=int(gaps.sum()),
        channels=[_channel_facts(series, channel, filled_in[:, channel]) for channel in range(channels)],
        edges=int(linked.sum()),
        isolated_nodes=int((~(linked.any(axis=0) | linked.any(axis=1))).sum()),
        active_nodes=int(active.sum()),
    )


def _channel_facts(series: Series, channel: int, filled_in: NDArray[np.float64]) -> ChannelFacts:
    """Gather the facts of a channel, of whose nodes the source filled in these shares."""
    values = series.values[:, :, channel]
    nodes, zeros, at_smallest = values.shape[1], 0, 0
    count, smallest, largest = np.zeros(nodes, np.int64), np.full(nodes, np.inf), np.full(nodes, -np.inf)
    for rows in blocks_of(values):
        there = np.isfinite(rows)
        count += there.sum(axis=0)
        zeros += int((rows == 0).sum())
        smallest = np.minimum(smallest, np.where(there, rows, np.inf).min(axis=0))
        largest = np.maximum(largest, np.where(there, rows, -np.inf).max(axis=0))
    any_reading = bool(count.any())
    if any_reading:
        at_smallest = sum(int((rows == smallest.min()).sum()) for rows in blocks_of(values))
    ids = np.array(series.sensor_ids)
    return ChannelFacts(
        name=series.channels[channel],
        unit=series.unit[channel],
        missing_share=1.0 - int(count.sum()) / values.size,
        zero_share=zeros / values.size,
        filled_in_share=float(filled_in.mean()),
        smallest=float(smallest.min()) if any_reading else None,
        largest=float(largest.max()) if any_reading else None,
        smallest_share=at_smallest / values.size,
        silent=tuple(ids[count == 0].tolist()),
        constant=tuple(ids[(count > 1) & (smallest == largest)].tolist()),
        filled_in=tuple(ids[filled_in > 0.5].tolist()),
    )


def hints_of(facts: SeriesFacts) -> list[str]:
    """Say what to look at before a series is trained on: one sentence each, with the remedy."""
    hints = []
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
        for sensors, what, remedy in (
            (channel.silent, "without any reading", "a sensor must have one in the training part; leave it out"),
            (channel.constant, "with one value all the time", "a broken sensor makes errors look small; leave it out"),
            (channel.filled_in, "filled in by the source for the most part", "only what was measured counts"),
        ):
            if sensors:
                hints.append(f"{_sensors(sensors)} of {channel.name} {what}: {remedy}")
    if 0 < facts.isolated_nodes < facts.shape[1]:
        hints.append(
            f"{facts.isolated_nodes:,} of {facts.shape[1]:,} sensors have no edge: check the ids and distances of the "
            "graph"
        )
    return hints


def _sensors(ids: Sequence[str]) -> str:
    """Count sensors, and name the first ones."""
    named = ", ".join(ids[:NAMED_SENSORS]) + (", ..." if len(ids) > NAMED_SENSORS else "")
    return f"{len(ids):,} sensor{'s' * (len(ids) != 1)} ({named})"
