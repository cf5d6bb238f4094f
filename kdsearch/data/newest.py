"""Fresh readings for a network that is trained: a file in any layout that datasets have, or a dataset."""

from pathlib import Path

import numpy as np

from kdsearch.data.card import DatasetCard
from kdsearch.data.folders import find_dataset
from kdsearch.data.load import load_series
from kdsearch.data.places import is_file, must_be_a_file, what_is_there
from kdsearch.data.plausible import cleaned
from kdsearch.data.series import Series
from kdsearch.data.series_source import SeriesSource
from kdsearch.data.sources import read_source
from kdsearch.data.target import Target
from kdsearch.errors import DataError

__all__ = ["newest_readings"]


def newest_readings(place: Path, target: Target, *, allow_outside: bool = False) -> Series:
    """Read them.

    A `dataset.toml` beside a file says how it is written, as for the readings before; without one it is read as far as
    that is certain.

    Args:
        place: A file of readings, a folder with a `dataset.toml`, or the name of a dataset.
        target: What is forecast.
        allow_outside: Whether files of a dataset may lie outside its folder.

    Raises:
        DataError: There is no such file, or it is not as described.
        DataQuestion: It can be read in several ways; a `dataset.toml` beside it decides.
    """
    if what_is_there(place) != "a file":
        if what_is_there(place) == "nothing" and place.suffix:
            must_be_a_file(place)
        return load_series(str(place), allow_outside=allow_outside)
    card, source = _described(place, target, allow_outside=allow_outside)
    readings = read_source(card, source, place.parent)
    channels = card.channels[: readings.values.shape[2]]
    if readings.values.shape[2] > len(card.channels):
        raise DataError(
            f"{place} has {readings.values.shape[2]} channels, and {', '.join(card.channels)} is forecast; put a "
            "dataset.toml beside it that names all of its channels"
        )
    notes = cleaned(readings, card, channels, place)
    return Series(
        name=place.name,
        values=readings.values,
        times=readings.times,
        interval_minutes=card.interval_minutes,
        unit=card.unit[: len(channels)],
        channels=channels,
        adjacency=np.zeros((readings.values.shape[1],) * 2),
        sensor_ids=readings.sensor_ids or _as_trained(place, readings.values.shape[1], target),
        grid=readings.grid,
        marked=readings.marked,
        quantity=card.quantity[: len(channels)],
        notes=(*notes, *readings.notes),
        zone=card.timezone,
    )


def _described(place: Path, target: Target, *, allow_outside: bool) -> tuple[DatasetCard, SeriesSource]:
    """Say how a file is written: as the `dataset.toml` beside it says, or as the readings that were trained on."""
    if what_is_there(place.parent / "dataset.toml") == "a file":
        card = find_dataset(str(place.parent.resolve()), allow_outside=allow_outside)[0]
        if (source := card.series) is not None:
            elsewhere = source.observed is not None and is_file(place.parent / source.observed)
            alone = {"file": place.name, "further": (), "observed": None if elsewhere else source.observed}
            return card, source.model_copy(update=alone)
    facts = {"interval_minutes": target.interval_minutes, "unit": target.unit, "channels": target.channels}
    facts |= {"quantity": target.quantity, "timezone": target.zone}
    return DatasetCard.model_validate({"name": place.stem} | facts), SeriesSource(file=place.name)


def _as_trained(place: Path, sensors: int, target: Target) -> tuple[str, ...]:
    """Give sensors without names those of the training data, of which there must be as many."""
    if sensors != len(target.sensors):
        raise DataError(
            f"{place} has {sensors} sensors without names, and the network forecasts {len(target.sensors)}; write "
            "their ids into its first line"
        )
    return target.sensors
