"""Readings and times that no road has: refused, or said."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.card import DatasetCard
from kdsearch.data.interval import check_spacing
from kdsearch.data.keys import YEARS
from kdsearch.data.quantity import check_readings
from kdsearch.data.readings import Readings, blocks_of
from kdsearch.errors import DataError

__all__ = ["check_range", "check_years", "cleaned"]

LARGEST_READING = 1e15
"""Sums of squares of larger ones do not fit into float32."""


def cleaned(readings: Readings, card: DatasetCard, channels: tuple[str, ...], path: Path) -> list[str]:
    """Take out, in place, what the card says is no reading, and refuse what no road has.

    Args:
        readings: As the file has them; their values change.
        card: Its missing value, quantities and interval count.
        channels: Names of the channels that are there.
        path: The file, for messages.

    Returns:
        What is said of the readings, one sentence each.

    Raises:
        DataError: Times or readings cannot be those of a road at this interval.
    """
    if readings.flags:
        raise DataError(
            f"{path} holds true and false, which are no readings; name the array of the readings as key under "
            "[series], and this one as observed where it says what was measured"
        )
    check_years(readings.times, path)
    check_spacing(readings.times, card.interval_minutes, card.name)
    if card.missing_value is not None:
        for rows in blocks_of(readings.values):
            rows[rows == np.float32(card.missing_value)] = np.nan
    if card.negative_is_zero:
        np.maximum(readings.values, np.float32(0), out=readings.values)
    check_readings(readings.values, channels, card.quantity[: len(channels)], card.name)
    return check_range(readings.values, channels, path)


def check_years(times: NDArray[np.datetime64], path: Path) -> None:
    """Refuse times in a year of which nobody has readings: start or interval are wrong."""
    for number, year in enumerate(times[[0, -1]].astype("datetime64[Y]").astype(np.int64) + 1970):
        if not YEARS[0] <= year < YEARS[1]:
            raise DataError(
                f"{path}: the {('first', 'last')[number]} row is of the year {year}; correct its times, or start and "
                "interval_minutes in dataset.toml"
            )


def check_range(values: NDArray[np.float32], channels: tuple[str, ...], path: Path) -> list[str]:
    """Refuse readings that no sum of squares holds, and say which channels have none: a sentence each."""
    notes = []
    for number, channel in enumerate(channels):
        one = values[:, :, number]
        largest = max(
            np.fmax.reduce(one, axis=None), -np.fmin.reduce(one, axis=None)
        )  # no copy is made; NaN if all are
        if largest > LARGEST_READING:
            row, node = (int(place) for place in np.argwhere(np.abs(one) == largest)[0])
            raise DataError(
                f"{path}, row {row + 1}, sensor {node + 1}: the reading {one[row, node]:g} is too large to be one; "
                "name it as missing_value in dataset.toml if it stands for a missing reading, else correct it"
            )
        if np.isnan(largest):
            notes.append(f"channel {channel} has no reading at all")
    if len(notes) == len(channels):
        raise DataError(f"{path} has no reading at all; correct the file, or missing_value in dataset.toml")
    return notes
