"""Forecasts of a trained network from the newest readings, in real units."""

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.clock import clock, weekdays_and_minutes
from kdsearch.data.fill import carried_forward
from kdsearch.data.profile import Scaler
from kdsearch.data.series import Series
from kdsearch.data.target import Target
from kdsearch.deploy.matching import matched_readings, table_of
from kdsearch.measure.bounds import bounds_around

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
        DataError: As `matched_readings`.
    """
    readings = matched_readings(target, series)
    x = _inputs(checkpoint.scaler, target, readings.values, readings.times)
    network = checkpoint.network(torch.device("cpu")).eval()
    if network.clock:
        day = np.broadcast_to(clock(readings.times[-target.history :])[:, None], (*x.shape, 2))
        x = np.concatenate([x[..., None], day], axis=-1)
    else:
        x = x[..., None]
    with torch.inference_mode():
        scaled = network.forecast(torch.from_numpy(x)[None], target.horizon)[0].numpy()
    ahead = target.ahead(readings.times[-1])
    real = scaled * np.float32(checkpoint.scaler.std) + checkpoint.scaler.offsets(ahead, scaled.shape[1])
    return ahead, target.kind.possible(real)


def forecast_frame(checkpoint: Checkpoint, target: Target, series: Series) -> pd.DataFrame:
    """Forecast the horizon after the last row of a series, as a long table.

    Returns:
        A row for each time and sensor: ``time`` of the forecast value, ``sensor``, ``step`` from 1; ``forecast``, and
        ``lower`` and ``upper`` bounds where the network has them, in the unit of the readings; and ``channel`` where
        there are several.

    Raises:
        DataError: As `matched_readings`.
    """
    times, forecast = newest_forecast(checkpoint, target, series)
    columns = {"forecast": forecast}
    if checkpoint.bounds is not None:
        radius = checkpoint.bounds.radius(weekdays_and_minutes(times)[1] // 60)
        columns["lower"], columns["upper"] = bounds_around(forecast, radius, target.kind.least)
    return table_of(target, times, columns)


def _inputs(
    scaler: Scaler, target: Target, values: NDArray[np.float32], times: NDArray[np.datetime64]
) -> NDArray[np.float32]:
    """Scale the readings of the last `history` rows, ``(history, node)``, with gaps filled as in training."""
    if target.zero_is_missing:
        values = np.nan_to_num(values, nan=0.0)
    scaled = (values - scaler.offsets(times, values.shape[1])) / np.float32(scaler.std)
    return carried_forward(scaled)[-target.history :]
