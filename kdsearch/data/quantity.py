"""The kinds of quantity that readings can be: which values there are none of, and from which truth on MAPE counts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from kdsearch.errors import DataError

__all__ = ["QUANTITIES", "Quantity", "QuantityName", "check_readings", "read_quantities"]

QuantityName = Literal["none", "count", "speed"]


class _Clipped(Protocol):
    """Arrays of numpy and tensors of torch."""

    def clip(self, smallest: float, largest: None, /) -> Self:
        """Raise what is below, and lower what is above."""


Numbers = TypeVar("Numbers", bound=_Clipped)


@dataclass(frozen=True)
class Quantity:
    """A kind of quantity.

    Attributes:
        name: As written in `dataset.toml`.
        smallest: The smallest value that there is: a forecast below it counts, and leaves, as this value. None where
            any number may be.
        mape_share: Share of the mean reading, above which a truth counts in MAPE: beside a reading of 2e-17 any error
            is beyond all bounds, and would be the whole mean.
        mape_least: Above this a truth must be, too, real units.
    """

    name: QuantityName
    smallest: float | None
    mape_share: float
    mape_least: float = 0.0

    def mape_floor(self, mean_reading: float) -> float:
        """Compute the reading above which a truth counts in MAPE, real units."""
        return max(self.mape_share * mean_reading, self.mape_least)

    @property
    def least(self) -> float:
        """The smallest value; minus infinity where any number may be."""
        return -math.inf if self.smallest is None else self.smallest

    def possible(self, forecast: Numbers) -> Numbers:
        """Raise forecasts below the smallest value to it; arrays and tensors of real units."""
        return forecast if self.smallest is None else forecast.clip(self.smallest, None)

    @property
    def mape_floor_words(self) -> str:
        """Describe the floor: "0.1 % of the mean reading"."""
        least = f" and above {self.mape_least:g}" if self.mape_least else ""
        return f"{100 * self.mape_share:g} % of the mean reading{least}"


QUANTITIES: dict[str, Quantity] = {
    quantity.name: quantity
    for quantity in (
        Quantity("none", None, 0.001),
        Quantity("count", 0.0, 0.01, 0.5),  # of whole numbers: from 1 on
        Quantity("speed", 0.0, 0.01),
    )
}
"""The kinds by name; "none" is a quantity of which nothing is known."""


def read_quantities(written: Any, channels: int, where: str) -> tuple[QuantityName, ...]:
    """Read the key `quantity`: one kind for all channels, or a list with one for each.

    Args:
        written: What stands in `dataset.toml`.
        channels: Number of channels.
        where: The file, for the message.

    Raises:
        DataError: Where it is no kind, or not one for each channel.
    """
    kinds = [written] * channels if isinstance(written, str) else written
    remedy = f"write one of {', '.join(QUANTITIES)}, or a list with one for each channel"
    if not isinstance(kinds, Sequence) or not all(isinstance(kind, str) and kind in QUANTITIES for kind in kinds):
        raise DataError(f"{where} has quantity = {written!r}; {remedy}")
    if kinds and len(kinds) != channels:
        raise DataError(f"{where} has {len(kinds)} kinds of quantity for {channels} channels; {remedy}")
    return tuple(kinds)


def check_readings(
    values: NDArray[np.float32], channels: Sequence[str], quantities: Sequence[QuantityName], name: str
) -> None:
    """Refuse readings ``(step, node, channel)`` of which their quantity has none.

    Raises:
        DataError: With the first channel of that kind, how many readings, and the smallest.
    """
    for position, kind in enumerate(quantities):
        smallest, readings = QUANTITIES[kind].smallest, values[:, :, position]
        if smallest is None or not (below := readings < smallest).any():
            continue
        raise DataError(
            f"channel {channels[position]} of {name} has {int(below.sum()):,} readings below {smallest:g}, such as "
            f"{float(np.nanmin(readings)):g}, and quantity = {kind!r} says that there are none; write missing_value or "
            "negative_is_zero = true, or take quantity out of dataset.toml"
        )
