"""Forecasts of a trained network from the newest readings, in real units."""

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.clock import clock
from kdsearch.data.fill import carried_forward
from kdsearch.data.profile import Scaler
from kdsearch.data.series import Series
from kdsearch.data.target import Target
from kdsearch.errors import DataError

__all__ = ["forecast_frame", "newest_forecast"]


def newest_forecast(
    checkpoint: Checkpoint, target: Target, series: Series
) -> tuple[NDArray[np.datetime64], NDArray[np.float32]]:
    """Forecast the horizon after the last row of a series.

    A gap holds the node's last input, as in training, from before the history too where the series reaches back. A
    sensor that the series lacks is a gap throughout: it takes the mean input of the others.

    Args:
        checkpoint: The network and its scaler.
        target: What it forecasts.
        series: Readings that end where the forecast begins; its sensors are matched by id, others are left out.

    Returns:
        Local times ``(horizon,)``, and forecasts in real units ``(horizon, node)``.

    Raises:
        DataError: The series has another interval, no channel of that name, none of the sensors, or too few steps.
    """
    readings = _readings(target, series)
    step = np.timedelta64(target.interval_minutes, "m")
    rows = (series.times - series.times[0]) // step
    if int(rows[-1]) + 1 < target.history:
        raise DataError(
            f"{series.name} has readings of {int(rows[-1]) + 1} steps, and a forecast looks at {target.history}; give "
            f"the newest {target.history} rows, {target.interval_minutes} minutes apart"
        )
    values = np.full((int(rows[-1]) + 1, readings.shape[1]), np.nan, dtype=np.float32)
    values[rows] = readings
    times = series.times[0] + step * np.arange(len(values) + target.horizon)
    x = _inputs(checkpoint.scaler, target, values, times[: len(values)])
    network = checkpoint.network(torch.device("cpu")).eval()
    if network.clock:
        day = np.broadcast_to(clock(times[len(values) - target.history : len(values)])[:, None], (*x.shape, 2))
        x = np.concatenate([x[..., None], day], axis=-1)
    else:
        x = x[..., None]
    with torch.inference_mode():
        scaled = network.forecast(torch.from_numpy(x)[None], target.horizon)[0].numpy()
    ahead = times[len(values) :]
    real = scaled * np.float32(checkpoint.scaler.std) + checkpoint.scaler.offsets(ahead, scaled.shape[1])
    return ahead, target.kind.possible(real)


def forecast_frame(checkpoint: Checkpoint, target: Target, series: Series) -> pd.DataFrame:
    """Forecast the horizon after the last row of a series, as a long table.

    Returns:
        A row for each time and sensor: ``time`` of the forecast value, ``sensor``, ``step`` from 1, ``forecast`` in the
        unit of the readings, and ``channel`` where there are several.

    Raises:
        DataError: As `newest_forecast`.
    """
    times, values = newest_forecast(checkpoint, target, series)
    steps, nodes = values.shape
    columns = {
        "time": np.repeat(times.astype("datetime64[s]"), nodes),
        "sensor": np.tile(np.array(target.sensors, dtype=object), steps * len(target.channels)),
        "step": np.repeat(np.arange(1, steps + 1), nodes),
        "forecast": values.ravel(),
    }
    if len(target.channels) > 1:
        columns["channel"] = np.tile(np.repeat(np.array(target.channels, dtype=object), len(target.sensors)), steps)
    return pd.DataFrame(columns)


def _readings(target: Target, series: Series) -> NDArray[np.float32]:
    """Order a series' readings as the network's nodes, ``(step, node)``; NaN for sensors that it lacks."""
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
    nodes, columns = np.array(known).T
    readings = np.full((len(series.times), len(target.channels), len(target.sensors)), np.nan, dtype=np.float32)
    for number, name in enumerate(target.channels):
        if name not in series.channels and (len(target.channels) > 1 or len(series.channels) > 1):
            raise DataError(f"{series.name} has no channel {name!r}; it has {', '.join(series.channels)}")
        channel = series.channels.index(name) if name in series.channels else 0
        readings[:, number, nodes] = series.values[:, columns, channel]
    return readings.reshape(len(readings), -1)


def _inputs(
    scaler: Scaler, target: Target, values: NDArray[np.float32], times: NDArray[np.datetime64]
) -> NDArray[np.float32]:
    """Scale the readings of the last `history` rows, ``(history, node)``, with gaps filled as in training."""
    if target.zero_is_missing:
        values = np.nan_to_num(values, nan=0.0)
    scaled = (values - scaler.offsets(times, values.shape[1])) / np.float32(scaler.std)
    return carried_forward(scaled)[-target.history :]
