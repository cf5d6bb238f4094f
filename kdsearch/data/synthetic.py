"""The `demo` dataset: a small freeway, made in a second, whose speeds are worth forecasting."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.catalog import CARDS
from kdsearch.data.graph import adjacency_from_distances
from kdsearch.data.series import Series

__all__ = ["make_demo"]

NODES, MAIN_NODES, JUNCTION = 20, 14, 8
"""Nodes 0 to 13 follow the main road downstream; 14 to 19 are a second road that joins it at node 8."""

DAYS, SLOTS = 21, 288

WEEKDAY_DEMAND = np.array([0.95, 1.0, 1.05, 1.1, 1.2, 1.0, 0.85])


def make_demo(seed: int = 0) -> Series:
    """Make a synthetic freeway: 20 detectors, 3 weeks of 5-minute speeds in km/h; the same bits for the same seed.

    Congestion arises where demand passes a detector's capacity and at incidents; it travels upstream from detector to
    detector, into both roads at the junction, and dissolves. Demand has its own day and week for each detector and
    varies from day to day. So the calendar tells when queues are likely, the road tells where they go next, and only
    both together tell the speed. About 2 % of the readings are missing, in single cells and in outages of hours.

    Args:
        seed: Seed of all random numbers in it.

    Returns:
        Values ``(6048, 20, 1)``, rounded to 0.1 km/h as detectors report them.
    """
    card = CARDS["demo"]
    rng = np.random.default_rng(seed)
    gaps_metres = rng.uniform(900.0, 1500.0, NODES)
    free_speed = rng.uniform(95.0, 115.0, NODES)
    congestion = _congestion(_sources(rng))
    noise = rng.normal(0.0, 1.5, congestion.shape)
    speed = free_speed * (1.0 - 0.85 * np.tanh(congestion)) + noise
    values = np.round(np.clip(speed, 3.0, None), 1).astype(np.float32)
    values[_missing(rng)] = np.nan
    start = np.datetime64(card.start, "m")
    return Series(
        name=card.name,
        values=values[:, :, None],
        times=start + np.arange(len(values)) * np.timedelta64(card.interval_minutes, "m"),
        interval_minutes=card.interval_minutes,
        unit=card.unit,
        channels=card.channels,
        adjacency=adjacency_from_distances(_road_distances(gaps_metres)),
        sensor_ids=tuple(f"{'M' if node < MAIN_NODES else 'R'}{node:02d}" for node in range(NODES)),
    )


def _downstream() -> NDArray[np.intp]:
    """Find the next node downstream of each, ``(node,)``; the last of the main road is its own."""
    following = np.arange(1, NODES + 1)
    following[MAIN_NODES - 1] = MAIN_NODES - 1
    following[NODES - 1] = JUNCTION
    return following


def _road_distances(gaps_metres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute metres along the road between all pairs, ``(node, node)``; infinite where no way leads downstream."""
    following = _downstream()
    distances = np.full((NODES, NODES), np.inf)
    for start in range(NODES):
        node, metres = start, 0.0
        while following[node] != node:
            metres += gaps_metres[node]
            node = int(following[node])
            distances[start, node] = metres
    return np.asarray(np.minimum(distances, distances.T))


def _sources(rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the new congestion of each step and node, ``(step, node)``: demand above capacity, and incidents."""
    hours = np.arange(SLOTS) * 24.0 / SLOTS
    morning = np.exp(-(((hours[:, None] - rng.normal(7.8, 0.4, NODES)) / 1.1) ** 2))
    evening = np.exp(-(((hours[:, None] - rng.normal(17.3, 0.5, NODES)) / 1.5) ** 2))
    noon = np.exp(-(((hours[:, None] - rng.normal(13.5, 0.7, NODES)) / 3.0) ** 2))
    commuters = rng.uniform(0.0, 1.0, NODES)
    workday = 0.9 * commuters * morning + 0.9 * (1.0 - commuters) * evening + 0.25 * noon
    weekend = 0.75 * noon
    weekday = np.arange(DAYS) % 7  # the series starts on a Monday
    shape = np.where((weekday < 5)[:, None, None], workday, weekend) * WEEKDAY_DEMAND[weekday][:, None, None]
    busy = 1.0 + rng.normal(0.0, 0.08, DAYS)[:, None, None] + rng.normal(0.0, 0.08, (DAYS, 1, NODES))
    demand = (shape * busy).reshape(DAYS * SLOTS, NODES)
    demand += _smoothed(rng.normal(0.0, 0.15, demand.shape), 0.9)
    capacity = np.where(rng.permutation(NODES) < 6, 0.45, 0.75)  # six bottlenecks
    sources = 0.5 * np.clip(demand - capacity, 0.0, None)
    for start, stop, node, strength in _incidents(rng, len(demand)):
        sources[start:stop, node] += strength
    return np.asarray(sources)


def _incidents(rng: np.random.Generator, steps: int) -> Iterator[tuple[int, int, int, float]]:
    """Draw first and last step, node and strength of about four incidents a day."""
    for start in np.sort(rng.integers(0, steps, 4 * DAYS)):
        yield int(start), int(start + rng.integers(4, 14)), int(rng.integers(0, NODES)), float(rng.uniform(0.2, 0.5))


def _smoothed(values: NDArray[np.float64], memory: float) -> NDArray[np.float64]:
    """Smooth values over steps by a first-order autoregression with unchanged variance."""
    smooth = np.empty_like(values)
    state = values[0]
    for step, shock in enumerate(values):
        state = memory * state + np.sqrt(1.0 - memory**2) * shock
        smooth[step] = state
    return smooth


def _congestion(sources: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move congestion ``(step, node)``: some stays, some goes one detector upstream at each step, some dissolves."""
    following = _downstream()
    moves = np.where(following == np.arange(NODES), 0.0, 0.42)
    congestion = np.empty_like(sources)
    state = sources[0]
    for step, born in enumerate(sources):
        state = 0.55 * state + moves * state[following] + born
        congestion[step] = state
    return congestion


def _missing(rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw the missing cells ``(step, node)``: one in a hundred at random, and as many again in outages of hours."""
    missing = rng.random((DAYS * SLOTS, NODES)) < 0.01
    for _ in range(12):
        start, node = rng.integers(0, DAYS * SLOTS), rng.integers(0, NODES)
        missing[start : start + rng.integers(36, 168), node] = True
    return missing
