"""Reading of a source: one file or several, with the times of the rows perhaps in an array of their own."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.readers import Readings, read_series
from kdsearch.data.series_source import SeriesSource
from kdsearch.data.times import check_times, read_slot_times
from kdsearch.errors import DataError

__all__ = ["read_marks", "read_source"]


def read_source(source: SeriesSource, folder: Path, interval_minutes: int) -> Readings:
    """Read all files of a source together, in order of time.

    Args:
        source: The files and their layout.
        folder: The folder of the files.
        interval_minutes: Minutes between rows.

    Raises:
        DataError: A file is absent, damaged or not as described, or the files do not fit together.
    """
    paths = [folder / name for name in (source.file, *source.further)]
    pieces = [_piece(source, path, interval_minutes) for path in paths]
    first = pieces[0]
    layout = (first.values.shape[1:], first.grid, first.sensor_ids)
    for path, piece in zip(paths, pieces, strict=True):
        if (piece.values.shape[1:], piece.grid, piece.sensor_ids) != layout:
            raise DataError(
                f"{path} has other sensors or channels than {paths[0].name}; name files of one layout under further"
            )
    times = [piece.times for piece in pieces if piece.times is not None]
    for path, (before, after) in zip(paths[1:], itertools.pairwise(times), strict=False):
        if after[0] <= before[-1]:
            raise DataError(
                f"{path} begins at {after[0]}, the file before it ends at {before[-1]}; order further by time"
            )
    values = np.concatenate([piece.values for piece in pieces])
    return replace(first, values=values, times=np.concatenate(times) if times else None)


def read_marks(
    source: SeriesSource, folder: Path, interval_minutes: int, shape: tuple[int, ...]
) -> NDArray[np.bool_] | None:
    """Read which readings the source filled in, ``(step, node, channel)``; None where it does not say.

    Args:
        source: The files; its `observed` is zero, or no number, where nothing was observed.
        folder: The folder of the files.
        interval_minutes: Minutes between rows.
        shape: Shape of the readings.

    Raises:
        DataError: As `read_source`, or what was observed has another shape than the readings.
    """
    if source.observed is None:
        return None
    elsewhere = (folder / source.observed).is_file()
    changes = {"file": source.observed, "further": ()} if elsewhere else {"key": source.observed}
    if not elsewhere and source.file.lower().endswith(".csv"):
        raise DataError(
            f"{folder} has no file {source.observed!r}; put it there, or correct observed under [series] of its "
            "dataset.toml"
        )
    observed = read_source(source.model_copy(update=changes), folder, interval_minutes).values
    if observed.shape != shape:
        raise DataError(
            f"{source.observed} of {folder} has the shape {observed.shape}, the readings have {shape}; give each "
            "reading its own share, or leave observed out of dataset.toml"
        )
    return ~(observed > 0)


def _piece(source: SeriesSource, path: Path, interval_minutes: int) -> Readings:
    readings = read_series(path, source.key, source.axes, source.header)
    if source.dates is not None:
        readings = replace(readings, times=read_slot_times(path, source.dates, interval_minutes))
    if readings.times is not None:
        if len(readings.times) != len(readings.values):
            raise DataError(
                f"{path} holds {len(readings.values)} steps of readings and {len(readings.times)} dates; get the file "
                "again, or correct axes under [series] in dataset.toml"
            )
        check_times(readings.times, interval_minutes, path)
    return readings
