"""Frames of pandas as series: what is in memory is read by the rules for files."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import ValidationError

from kdsearch.data.card import DatasetCard
from kdsearch.data.frame import frame_of_pandas
from kdsearch.data.interval import interval_of
from kdsearch.data.kinds_of_day import check_country
from kdsearch.data.layouts import readings_of
from kdsearch.data.mistakes import first_mistake
from kdsearch.data.plausible import cleaned
from kdsearch.data.series import Series
from kdsearch.data.series_source import SeriesSource
from kdsearch.errors import DataError

__all__ = ["series_of_frame"]


def series_of_frame(
    data: pd.DataFrame,
    name: str,
    units: tuple[str, ...],
    channels: tuple[str, ...],
    interval_minutes: int | None,
    adjacency: pd.DataFrame | NDArray[np.float64] | None,
    keys: dict[str, Any],
) -> Series:
    """Make a series of a frame.

    Raises:
        DataError: As `Series.from_frame`.
    """
    own = {key: value for key, value in keys.items() if key in SeriesSource.model_fields}
    top = {key: value for key, value in keys.items() if key in DatasetCard.model_fields}
    if unknown := keys.keys() - own.keys() - top.keys():
        raise DataError(f"there is no key {sorted(unknown)[0]!r}; keys are those of dataset.toml and of its [series]")
    given = {"name": name, "unit": units, "channels": channels, "interval_minutes": interval_minutes} | keys
    try:
        source = SeriesSource.model_validate({"file": name} | own)
        frame = frame_of_pandas(data, name, source)
        minutes = interval_of(frame, source) if interval_minutes is None else interval_minutes
        given |= {"interval_minutes": minutes}
        card = DatasetCard.model_validate({key: value for key, value in given.items() if key not in own})
    except ValidationError as error:
        raise DataError(f"{first_mistake(error, DatasetCard, given)}") from error
    if card.holidays is not None:
        check_country(card.holidays)
    readings = readings_of(frame, source, card)
    values = readings.values
    if values.shape[2] != len(channels):
        raise DataError(f"{name} has {values.shape[2]} channels, and {len(channels)} were named; name each of them")
    notes = cleaned(readings, card, channels, Path(name))
    ids = readings.sensor_ids or tuple(str(node) for node in range(values.shape[1]))
    return Series(
        name=name,
        values=values,
        times=readings.times,
        interval_minutes=minutes,
        unit=card.unit,
        channels=channels,
        adjacency=_ordered(adjacency, ids),
        sensor_ids=ids,
        marked=readings.marked,
        holidays=card.holidays,
        quantity=card.quantity,
        notes=(*notes, *readings.notes),
        zone=card.timezone,
    )


def _ordered(adjacency: pd.DataFrame | NDArray[np.float64] | None, ids: tuple[str, ...]) -> NDArray[np.float64]:
    """Order edge weights as the sensors are, ``(node, node)`` with a zero diagonal."""
    if len(set(ids)) < len(ids):
        twice = next(one for number, one in enumerate(ids) if one in ids[:number])
        raise DataError(f"sensor {twice!r} is there twice; give each its own name")
    if adjacency is None:
        return np.zeros((len(ids), len(ids)))
    if isinstance(adjacency, pd.DataFrame):
        named = adjacency.set_axis(adjacency.index.astype(str), axis=0).set_axis(adjacency.columns.astype(str), axis=1)
        absent = [one for one in ids if one not in named.index or one not in named.columns]
        if absent:
            raise DataError(f"adjacency does not name sensor {absent[0]!r} of the readings; give both the same ids")
        weights = named.loc[list(ids), list(ids)].to_numpy(dtype=np.float64, copy=True)
    elif not isinstance(adjacency, np.ndarray) or adjacency.dtype.kind not in "fiub":
        raise DataError(f"adjacency is a {type(adjacency).__name__}; give an array of numbers or a DataFrame of pandas")
    else:
        weights = np.array(adjacency, dtype=np.float64)
    if weights.shape != (len(ids), len(ids)) or not (np.isfinite(weights) & (weights >= 0)).all():
        raise DataError(
            f"adjacency has the shape {weights.shape} for {len(ids)} sensors, or weights below 0 or missing; give one "
            "weight of 0 or more for each pair"
        )
    np.fill_diagonal(weights, 0.0)
    return weights
