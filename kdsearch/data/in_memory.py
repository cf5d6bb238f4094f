"""Frames of pandas as series: what is in memory is read by the rules for files."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

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

Model = TypeVar("Model", bound=BaseModel)

OF_FILES = {
    *("series", "graph", "alternatives", "files", "parts", "shape", "title", "protocol"),
    *("file", "further", "each_file", "key", "axes", "dates", "header", "skip_lines", "separator", "ids_file"),
}
"""Keys of `dataset.toml` that say nothing of a frame."""


def series_of_frame(
    data: pd.DataFrame,
    name: str,
    unit: str | Sequence[str],
    channels: str | Sequence[str],
    interval_minutes: int | None,
    adjacency: pd.DataFrame | NDArray[np.float64] | None,
    keys: dict[str, Any],
) -> Series:
    """Make a series of a frame.

    Raises:
        DataError: As `Series.from_frame`.
    """
    own = {key: value for key, value in keys.items() if key in SeriesSource.model_fields}
    if unknown := keys.keys() - own.keys() - DatasetCard.model_fields.keys():
        raise DataError(f"there is no key {sorted(unknown)[0]!r}; keys are those of dataset.toml and of its [series]")
    if of_files := sorted(keys.keys() & OF_FILES):
        raise DataError(f"the key {of_files[0]!r} is of files, and says nothing of a frame; leave it out")
    names = [channels] if isinstance(channels, str) else _listed(channels)
    given = {"name": name, "unit": unit, "channels": names} | keys
    card = _checked(DatasetCard, given | {"interval_minutes": 5 if interval_minutes is None else interval_minutes}, own)
    source = _checked(SeriesSource, {"file": name} | own)
    frame = frame_of_pandas(data, name, source)
    if interval_minutes is None:
        card = card.model_copy(update={"interval_minutes": interval_of(frame, source)})
    if card.holidays is not None:
        check_country(card.holidays)
    readings = readings_of(frame, source, card)
    values = readings.values
    channels = card.channels
    if values.shape[2] != len(channels):
        raise DataError(f"{name} has {values.shape[2]} channels, and {len(channels)} were named; name each of them")
    notes = cleaned(readings, card, channels, Path(name))
    ids = readings.sensor_ids or tuple(str(node) for node in range(values.shape[1]))
    return Series(
        name=name,
        values=values,
        times=readings.times,
        interval_minutes=card.interval_minutes,
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


def _listed(value: Any) -> Any:
    """Write what numpy and pandas give as Python does."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic | pd.Index | pd.Series) else value


def _checked(model: type[Model], keys: dict[str, Any], apart: Collection[str] = ()) -> Model:
    """Check keys as those of a file, those of another table apart; None is as good as no key.

    Raises:
        DataError: A value is wrong.
    """
    given = {key: _listed(value) for key, value in keys.items() if key not in apart and value is not None}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise DataError(first_mistake(error, model, given)) from error


def _ordered(adjacency: pd.DataFrame | NDArray[np.float64] | None, ids: tuple[str, ...]) -> NDArray[np.float64]:
    """Order edge weights as the sensors are, ``(node, node)`` with a zero diagonal."""
    if len(set(ids)) < len(ids):
        twice = next(one for number, one in enumerate(ids) if one in ids[:number])
        raise DataError(f"sensor {twice!r} is there twice; give each its own name")
    if adjacency is None:
        return np.zeros((len(ids), len(ids)))
    if isinstance(adjacency, pd.DataFrame):
        if adjacency.index.nlevels > 1 or adjacency.columns.nlevels > 1:
            raise DataError("adjacency has rows or columns of several levels; give them the ids of the sensors")
        named = adjacency.set_axis(adjacency.index.astype(str), axis=0).set_axis(adjacency.columns.astype(str), axis=1)
        absent = [one for one in ids if one not in named.index or one not in named.columns]
        if absent:
            raise DataError(f"adjacency does not name sensor {absent[0]!r} of the readings; give both the same ids")
        try:
            weights = named.loc[list(ids), list(ids)].to_numpy(dtype=np.float64, copy=True)
        except (TypeError, ValueError) as error:
            raise DataError("adjacency holds a cell that is no number; give one weight for each pair") from error
    elif not isinstance(adjacency, np.ndarray) or adjacency.dtype.kind not in "fiub":
        kind = f" of {adjacency.dtype}" if isinstance(adjacency, np.ndarray) else ""
        raise DataError(
            f"adjacency is a {type(adjacency).__name__}{kind}; give an array of numbers or a DataFrame of pandas"
        )
    else:
        weights = np.array(adjacency, dtype=np.float64)
    if weights.shape != (len(ids), len(ids)) or not (np.isfinite(weights) & (weights >= 0)).all():
        raise DataError(
            f"adjacency has the shape {weights.shape} for {len(ids)} sensors, or weights below 0 or missing; give one "
            "weight of 0 or more for each pair"
        )
    np.fill_diagonal(weights, 0.0)
    return weights
