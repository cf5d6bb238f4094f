"""A small dataset as a user's own folder."""

from pathlib import Path

import numpy as np

from kdsearch.data.series import Series

__all__ = ["write_ring"]

DATASET = """
name = "ring"
start = "2024-03-01T00:00"
interval_minutes = 15
unit = "km/h"
channels = ["speed"]
[series]
file = "readings.csv"
[graph]
file = "weights.csv"
kind = "weights"
"""


def write_ring(folder: Path, source: Series) -> None:
    """Make `folder/ring`, with readings and weights of a series of one channel at 15 minutes."""
    (folder / "ring").mkdir()
    (folder / "ring" / "dataset.toml").write_text(DATASET)
    np.savetxt(folder / "ring" / "readings.csv", source.values[:, :, 0], delimiter=",")
    np.savetxt(folder / "ring" / "weights.csv", source.adjacency, delimiter=",")
