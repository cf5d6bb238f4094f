"""What a file is made of: a network with its first weights, and real-like readings."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.examples import ExampleWindows
from kdsearch.data.profile import Scaler
from kdsearch.data.target import Target
from kdsearch.measure.bounds import Bounds
from kdsearch.models import Forecaster

__all__ = ["whole_parts", "with_bounds"]


def with_bounds(checkpoint: Checkpoint, nodes: int, horizon: int) -> Checkpoint:
    """Give a network bounds that differ by sensor, hour and step."""
    sizes = (nodes, 24, horizon)
    by_sensor, by_hour, by_step = (np.linspace(1, 2 + size, size, dtype=np.float32) for size in sizes)
    return replace(checkpoint, bounds=Bounds(0.9, by_sensor, by_hour, by_step))


def whole_parts(
    network: Forecaster, adjacency: NDArray[np.float64], horizon: int, **target: Any
) -> tuple[Checkpoint, Target, ExampleWindows]:
    """Make the checkpoint of a network of raw readings, what it forecasts, and five windows, some readings missing."""
    nodes = len(adjacency)
    facts: dict[str, Any] = {
        "channels": ("speed",),
        "sensors": tuple(map(str, range(nodes))),
        "unit": "mph",
        "quantity": "none",
    }
    facts |= {"interval_minutes": 5, "history": network.history, "horizon": horizon}
    readings = np.random.default_rng(0).normal(50, 10, (5, network.history, nodes)).astype(np.float32)
    readings[1, -2:, 1] = readings[2, :, 2] = readings[3, :2, 0] = np.nan
    times = np.datetime64("2024-02-26T00:00:00") + np.arange(5) * np.timedelta64(2005, "m")
    checkpoint = Checkpoint.of(network, Scaler(50.0, 10.0, None), adjacency)
    return with_bounds(checkpoint, nodes, horizon), Target(**facts | target), ExampleWindows(readings, times)
