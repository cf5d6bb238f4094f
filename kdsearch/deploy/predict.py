"""Forecasts of an exported file from the newest readings; no torch here."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kdsearch.deploy.matching import Matched, table_of
from kdsearch.deploy.onnx_forecaster import OnnxForecaster, WindowForecasts
from kdsearch.errors import DataError
from kdsearch.measure.bounds import LEVEL, adapted_scale, bounds_around

__all__ = ["predicted"]

ADAPTING_WINDOWS = 2016
"""Newest windows from which adaptive bounds learn: a week of five minutes."""


def predicted(file: OnnxForecaster, readings: Matched, *, adaptive: bool = False) -> pd.DataFrame:
    """Forecast the horizon after the newest readings.

    Args:
        file: The exported file.
        readings: Matched to its sensors.
        adaptive: Whether the bounds follow how large the errors of the readings' own past were.

    Returns:
        A row for each time and sensor: ``time``, ``sensor``, ``step`` from 1, ``forecast``, ``lower``, ``upper``, and
        ``channel`` where there are several.

    Raises:
        DataError: Adaptive bounds are asked for, and no reading is there of which a forecast could be judged.
    """
    target = file.card.target
    filled = file.filled(readings.values, readings.times)
    made = file.run(filled[None, -target.history :], readings.times[-1:])
    if adaptive:
        made = _adapted(file, readings, filled, made)
    return table_of(
        target, target.ahead(readings.times[-1]), {name: values[0] for name, values in made._asdict().items()}
    )


def _adapted(
    file: OnnxForecaster, readings: Matched, filled: NDArray[np.float32], newest: WindowForecasts
) -> WindowForecasts:
    """Scale the newest bounds by the errors of the windows before."""
    target = file.card.target
    last = len(filled) - target.history
    starts = np.arange(max(0, last - ADAPTING_WINDOWS), last)
    if not len(starts):
        raise DataError(
            f"adaptive bounds learn from the errors of earlier forecasts, and {len(filled)} rows have none; give "
            f"more than {target.history} rows, a week if you can"
        )
    made = file.run(filled[starts[:, None] + np.arange(target.history)], readings.times[starts + target.history - 1])
    rows = starts[:, None] + target.history + np.arange(target.horizon)
    truth = np.where(rows[..., None] < len(filled), readings.values[np.minimum(rows, len(filled) - 1)], np.nan)
    scores = np.abs(truth - made.forecast) / (made.upper - made.forecast)
    unknown = np.full((1, *scores.shape[1:]), np.nan, dtype=np.float32)
    factor = adapted_scale(np.concatenate([scores, unknown]).astype(np.float32), np.append(starts, last), LEVEL)[-1:]
    radius = factor * (newest.upper - newest.forecast)
    return WindowForecasts(newest.forecast, *bounds_around(newest.forecast, radius, target.kind.least))
