"""What the networks of a study forecast: kept with it, so that they forecast from readings that came later."""

from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from kdsearch.data.clock import DAY_MINUTES
from kdsearch.data.protocol import Protocol
from kdsearch.data.quantity import QUANTITIES, Quantity, QuantityName
from kdsearch.data.split import SplitSeries

__all__ = ["Target"]


class Target(BaseModel):
    """What is forecast, and from how many readings.

    Attributes:
        channels: Names of the forecast channels; a network's nodes are the sensors of the first, then of the second.
        sensors: The sensors' ids in the order of the nodes.
        unit: Unit of readings and forecasts.
        quantity: Kind of quantity.
        interval_minutes: Minutes between steps.
        history: Steps looked at.
        horizon: Steps forecast.
        zero_is_missing: Whether the networks learned that a zero stands for a missing reading, as in the protocols of
            some papers; else a gap holds the node's last input.
        zone: Time zone of the readings, such as "Europe/Berlin"; None where it is not known.
        rules: The protocol, by which a file's errors can be measured anywhere; None in studies older than this entry.
    """

    model_config = ConfigDict(frozen=True)

    channels: tuple[str, ...] = Field(min_length=1)
    sensors: tuple[str, ...] = Field(min_length=1)
    unit: str
    quantity: QuantityName
    interval_minutes: int = Field(ge=1, le=DAY_MINUTES)
    history: int = Field(ge=1)
    horizon: int = Field(ge=1)
    zero_is_missing: bool = False
    zone: str | None = None
    rules: Protocol | None = None

    @classmethod
    def of(cls, series: SplitSeries) -> Self:
        """Read it from a series cut by a protocol."""
        source, protocol = series.source, series.protocol
        return cls(
            channels=source.channels if protocol.channel is None else (source.channels[protocol.channel],),
            sensors=source.sensor_ids,
            unit=series.unit,
            quantity=series.quantity.name,
            interval_minutes=source.interval_minutes,
            history=protocol.history,
            horizon=protocol.horizon,
            zero_is_missing=protocol.fill == "zero" and not bool(series.present.all()),
            zone=source.zone,
            rules=protocol,
        )

    @property
    def nodes(self) -> list[str]:
        """Names of the nodes: the sensors' ids, each with its channel where there are several."""
        several = len(self.channels) > 1
        return [f"{sensor}, {channel}" if several else sensor for channel in self.channels for sensor in self.sensors]

    @property
    def step(self) -> np.timedelta64:
        """Time between steps."""
        return np.timedelta64(60 * self.interval_minutes, "s")

    def ahead(self, newest: np.datetime64) -> NDArray[np.datetime64]:
        """List the times that are forecast after the newest reading, ``(horizon,)``."""
        return np.asarray(newest + self.step * np.arange(1, self.horizon + 1))

    @property
    def kind(self) -> Quantity:
        """Kind of quantity, as its row."""
        return QUANTITIES[self.quantity]
