"""A network whose cost is measured."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from kdsearch.models import Forecaster

__all__ = ["Subject"]


@dataclass(frozen=True, eq=False)
class Subject:
    """A network whose cost is measured, with what it is timed on.

    Attributes:
        network: The forecaster.
        window: One window, ``(1, history, node, channel)``.
        stored_numbers: What it keeps besides its weights: its calendar profile.
        file_bytes: Bytes of its exported file; None where nobody asked for them.
        file: Forecasts one window with its exported file; None where the network itself is timed.
        batch: Windows of a second timing, ``(batch, history, node, channel)``; None where there is none.
    """

    network: Forecaster
    window: Tensor
    stored_numbers: int
    file_bytes: int | None = None
    file: Callable[[], object] | None = None
    batch: Tensor | None = None
