"""A small sensor network for checks and tests."""

import numpy as np

from kdsearch.data.series import Series

__all__ = ["ring_road"]


def ring_road(days: int = 12, nodes: int = 5, interval_minutes: int = 15, seed: int = 0) -> Series:
    """Make a ring of sensors with a daily wave, noise and one percent of missing readings."""
    generator = np.random.default_rng(seed)
    steps = days * 24 * 60 // interval_minutes
    phase = 2 * np.pi * np.arange(steps) * interval_minutes / (24 * 60)
    waves = np.stack([np.sin(phase + 0.3 * node) for node in range(nodes)], axis=1)
    values = 50 + 10 * waves + np.cumsum(generator.normal(size=(steps, nodes)), axis=0) * 0.1
    values += generator.normal(size=values.shape)
    values[generator.random(values.shape) < 0.01] = np.nan
    ring = np.roll(np.eye(nodes), 1, axis=1) * np.linspace(0.5, 1.0, nodes)[:, None]
    return Series(
        name="ring",
        values=values[:, :, None].astype(np.float32),
        times=np.datetime64("2024-03-01T00:00", "m") + np.arange(steps) * np.timedelta64(interval_minutes, "m"),
        interval_minutes=interval_minutes,
        unit=("km/h",),
        channels=("speed",),
        adjacency=ring + ring.T,
        sensor_ids=tuple(str(node) for node in range(nodes)),
    )
