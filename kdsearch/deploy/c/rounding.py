"""Numbers of fewer bits: what an int8 file holds, as a checkpoint whose errors can be measured as any network's."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.profile import Profile

__all__ = ["CALENDAR_LEVELS", "WEIGHT_LEVELS", "rounded_checkpoint", "rounded_to_levels"]

WEIGHT_LEVELS = 127
CALENDAR_LEVELS = 32767
"""Largest stored numbers. A calendar has 16 bits: with 8 its steps would be as large as the errors of forecasts."""

Pairs = tuple[NDArray[Any], NDArray[np.float32]]


def rounded_to_levels(values: NDArray[np.float32], channel_dim: int, largest: int) -> Pairs:
    """Round each channel to whole multiples of a scale of its own.

    Returns:
        The multiples, of the shape of `values`, and the scales ``(channel,)``.
    """
    others = tuple(dim for dim in range(values.ndim) if dim != channel_dim)
    scales = np.abs(values).max(axis=others, keepdims=True, initial=0.0) / np.float32(largest)
    multiples = np.rint(np.divide(values, scales, out=np.zeros_like(values), where=scales > 0))
    return multiples.astype(np.int8 if largest == WEIGHT_LEVELS else np.int16), scales.ravel().astype(np.float32)


def rounded_checkpoint(checkpoint: Checkpoint, columns: Collection[str]) -> Checkpoint:
    """Make the checkpoint whose network and calendar are those of an int8 file.

    Biases and other parameters of one dimension stay as they are.

    Args:
        checkpoint: The trained network.
        columns: Parameters whose output channels are their second dimension.
    """
    state = {
        name: value if value.ndim < 2 else _restored(value, int(name in columns), WEIGHT_LEVELS)
        for name, value in checkpoint.state.items()
    }
    profile = checkpoint.scaler.profile
    if profile is not None and profile.factors is not None:
        shares = _restored(profile.factors[1], 0, CALENDAR_LEVELS)
        profile = Profile.of_factors(profile.factors[0], shares, profile.table.shape[1], profile.holidays)
    elif profile is not None:
        profile = replace(profile, table=_restored(profile.table, 2, CALENDAR_LEVELS))
    return replace(checkpoint, state=state, scaler=replace(checkpoint.scaler, profile=profile))


def _restored(values: NDArray[Any], channel_dim: int, largest: int) -> NDArray[np.float32]:
    multiples, scales = rounded_to_levels(values.astype(np.float32), channel_dim, largest)
    shape = [1] * values.ndim
    shape[channel_dim] = -1
    return np.asarray(multiples * scales.reshape(shape), dtype=np.float32)
