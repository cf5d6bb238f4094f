"""Forecasting networks; they know nothing of teachers, pruning schedules or units."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdsearch.models.base import ChannelGroup, Forecaster, Member
from kdsearch.models.stgcn import Stgcn, StgcnSize

__all__ = ["ChannelGroup", "Forecaster", "Member", "Stgcn", "StgcnSize", "build"]


def build(spec: dict[str, Any], adjacency: NDArray[np.float64]) -> Forecaster:
    """The architecture that `Forecaster.spec` described, with fresh weights."""
    size = spec["size"]
    return Stgcn(
        adjacency,
        StgcnSize(tuple(size["hidden"]), tuple(size["output"]), size["head"]),
        outputs=spec["outputs"],
        history=spec["history"],
    )
