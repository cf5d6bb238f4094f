"""What a forecaster has to beat: the last value, and the calendar profile alone."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from kdsearch.data.profile import Profile, fit_profile
from kdsearch.data.protocols import Prepared
from kdsearch.measure.accuracy import errors
from kdsearch.record import Reference

__all__ = ["last_value_forecasts", "profile_forecasts", "reference_lines"]


def last_value_forecasts(prepared: Prepared, part: str) -> Iterator[tuple[Tensor, Tensor]]:
    """Each node keeps its last reading."""
    starts = prepared.parts[part].starts
    last = prepared.values[starts + prepared.protocol.history - 1]
    repeated = np.repeat(last[:, None], prepared.protocol.horizon, axis=1)
    yield torch.from_numpy(starts), torch.from_numpy(repeated)


def profile_forecasts(prepared: Prepared, profile: Profile, part: str) -> Iterator[tuple[Tensor, Tensor]]:
    """Each node follows its calendar profile, whatever was just measured."""
    starts = prepared.parts[part].starts
    ahead = prepared.protocol.history + np.arange(prepared.protocol.horizon)
    expected = profile.rows(prepared.series.times)[starts[:, None] + ahead]
    yield torch.from_numpy(starts), torch.from_numpy(expected)


def reference_lines(prepared: Prepared, parts: tuple[str, ...]) -> list[Reference]:
    """Last value and the calendar profile alone; a network that loses to one of them has no claim."""
    profile = fit_profile(prepared, "table")
    return [
        Reference(
            name="last value",
            metrics={part: errors(last_value_forecasts(prepared, part), prepared) for part in parts},
        ),
        Reference(
            name="calendar profile",
            metrics={part: errors(profile_forecasts(prepared, profile, part), prepared) for part in parts},
            note=f"{profile.stored_numbers:,} stored numbers",
        ),
    ]
