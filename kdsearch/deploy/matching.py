"""Readings matched to what a network knows, and its forecasts as a table; no torch here."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kdsearch.data.series import Series
from kdsearch.data.target import Target
from kdsearch.errors import DataError

__all__ = ["Matched", "matched_readings", "table_of"]


@dataclass(frozen=True, eq=False)
class Matched:
    """Readings in the order of a network's nodes.

    Attributes:
        values: ``(step, node)``, NaN where nothing was measured; a row for each step, also those that the series lacks.
        times: Local time of each row, ``datetime64[s]``, one step apart.
        absent: The network's sensors that the series lacks; their readings are missing throughout.
    """

    values: NDArray[np.float32]
    times: NDArray[np.datetime64]
    absent: tuple[str, ...]

    @property
    def note(self) -> str | None:
        """What a reader should know of the sensors."""
        if not self.absent:
            return None
        named = ", ".join(self.absent[:5]) + (f" and {len(self.absent) - 5} more" if len(self.absent) > 5 else "")
        return f"no readings of {len(self.absent)} sensors ({named}): their forecasts begin from the mean of the others"


def matched_readings(target: Target, series: Series) -> Matched:
    """Match the sensors of a series by id: their order, and further sensors, do not matter.

    Raises:
        DataError: The series has another interval, no channel of that name, none of the sensors, or too few steps.
    """
    if series.interval_minutes != target.interval_minutes:
        raise DataError(
            f"{series.name} has a step every {series.interval_minutes} minutes, and the network forecasts every "
            f"{target.interval_minutes}; give readings of that interval"
        )
    place = {name: number for number, name in enumerate(series.sensor_ids)}
    known = [(node, place[name]) for node, name in enumerate(target.sensors) if name in place]
    if not known:
        raise DataError(
            f"{series.name} has none of the network's {len(target.sensors)} sensors, such as {target.sensors[0]!r}; "
            "give the ids that the training data had"
        )
    rows = (series.times - series.times[0]) // target.step
    steps = int(rows[-1]) + 1
    if steps < target.history:
        raise DataError(
            f"{series.name} has readings of {steps} steps, and a forecast looks at {target.history}; give "
            f"the newest {target.history} rows, {target.interval_minutes} minutes apart"
        )
    nodes, columns = np.array(known).T
    values = np.full((steps, len(target.channels), len(target.sensors)), np.nan, dtype=np.float32)
    for number, name in enumerate(target.channels):
        if name not in series.channels and (len(target.channels) > 1 or len(series.channels) > 1):
            raise DataError(f"{series.name} has no channel {name!r}; it has {', '.join(series.channels)}")
        channel = series.channels.index(name) if name in series.channels else 0
        values[np.ix_(rows, [number], nodes)] = series.values[:, None, columns, channel]
    times = series.times[0].astype("datetime64[s]") + target.step * np.arange(steps)
    absent = tuple(name for name in target.sensors if name not in place)
    return Matched(values.reshape(steps, -1), times, absent)


def table_of(target: Target, times: NDArray[np.datetime64], values: Mapping[str, NDArray[np.float32]]) -> pd.DataFrame:
    """Write forecasts as a long table.

    Args:
        target: What is forecast.
        times: Of the forecast values, ``(horizon,)``.
        values: Name of a column -> ``(horizon, node)``: the forecast and its bounds.

    Returns:
        A row for each time and sensor: ``time``, ``sensor``, ``step`` from 1, these columns, and ``channel`` where
        there are several.
    """
    steps, sensors, channels = len(times), len(target.sensors), len(target.channels)
    nodes = sensors * channels
    columns = {
        "time": np.repeat(times.astype("datetime64[s]"), nodes),
        "sensor": np.tile(np.array(target.sensors, dtype=object), steps * channels),
        "step": np.repeat(np.arange(1, steps + 1), nodes),
        **{name: one.ravel() for name, one in values.items()},
    }
    if channels > 1:
        columns["channel"] = np.tile(np.repeat(np.array(target.channels, dtype=object), sensors), steps)
    return pd.DataFrame(columns)
