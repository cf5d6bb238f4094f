"""Networks of roads of any size, and readings on them, for benchmarks without real data."""

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.protocols import PROTOCOLS, SplitSeries, split_series
from kdsearch.data.series import Series

__all__ = ["readings", "roads"]

PEMSD8_NODES, PEMSD8_EDGES = 170, 548
"""Detectors and directed edges of PeMSD8; all networks here have its density."""

INTERVAL_MINUTES = 5


def roads(nodes: int = PEMSD8_NODES) -> NDArray[np.float64]:
    """Make a ring and random roads across it, of random weight: ``(node, node)``, symmetric, as dense as PeMSD8."""
    randomness = np.random.default_rng(0)
    across = nodes * PEMSD8_EDGES // PEMSD8_NODES // 2 - nodes
    ends = np.concatenate(
        [np.stack([np.arange(nodes), np.roll(np.arange(nodes), -1)]), randomness.integers(nodes, size=(2, across))],
        axis=1,
    )
    adjacency = np.zeros((nodes, nodes))
    adjacency[ends[0], ends[1]] = randomness.uniform(0.3, 1.0, ends.shape[1])
    np.fill_diagonal(adjacency, 0)
    return np.maximum(adjacency, adjacency.T)


def readings(nodes: int = PEMSD8_NODES, days: int = 10) -> SplitSeries:
    """Draw random numbers on these roads, every five minutes, cut by the protocol of STGCN."""
    steps = days * 24 * 60 // INTERVAL_MINUTES
    series = Series(
        name="random",
        values=np.random.default_rng(0).normal(50, 10, (steps, nodes, 1)).astype(np.float32),
        times=np.datetime64("2024-03-01T00:00", "m") + np.arange(steps) * np.timedelta64(INTERVAL_MINUTES, "m"),
        interval_minutes=INTERVAL_MINUTES,
        unit=("km/h",),
        channels=("speed",),
        adjacency=roads(nodes),
        sensor_ids=tuple(map(str, range(nodes))),
    )
    return split_series(series, PROTOCOLS["stgcn"])
