"""Reading of a source: one file or several, tables or arrays, with their times on the clock of the place."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kdsearch.data.card import DatasetCard
from kdsearch.data.frame import Frame, frame_of_pandas
from kdsearch.data.layouts import readings_of
from kdsearch.data.parquet_files import read_parquet
from kdsearch.data.places import must_be_a_file
from kdsearch.data.readers import ARRAY_SUFFIXES, Array, read_array
from kdsearch.data.readings import Readings
from kdsearch.data.series_source import SeriesSource
from kdsearch.data.text_frames import frame_of_text
from kdsearch.data.text_table import read_text_table
from kdsearch.data.time_grid import placed
from kdsearch.data.times import counted_times, read_slot_times
from kdsearch.data.zones import LocalTimes, local_times
from kdsearch.errors import DataError

__all__ = ["check_suffix", "is_table", "read_source", "read_tables", "source_paths"]

TEXT_SUFFIXES = (".csv", ".txt", ".tsv", ".gz", ".zip")
TABLE_SUFFIXES = (*TEXT_SUFFIXES, ".parquet")


def source_paths(source: SeriesSource, folder: Path) -> list[Path]:
    """List the files of a source; those of a pattern in the order of their names.

    Raises:
        DataError: No file fits a pattern.
    """
    paths: list[Path] = []
    for name in (source.file, *source.further):
        found = sorted(folder.glob(name), key=_counting) if "*" in name else [folder / name]
        if not found:
            raise DataError(f"no file of {folder} fits {name!r}; correct file under [series] in dataset.toml")
        paths += found
    return paths


def _counting(path: Path) -> list[tuple[int, str]]:
    """Order names as people do: p2 before p10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name)]


def read_source(card: DatasetCard, source: SeriesSource, folder: Path) -> Readings:
    """Read all files of a source together.

    Args:
        card: The dataset.
        source: The files and their layout.
        folder: The folder of the files.

    Raises:
        DataError: A file is absent, damaged or not as described, or the files do not fit together.
        DataQuestion: A file can be read in several ways.
    """
    paths = source_paths(source, folder)
    for path in paths:
        must_be_a_file(path)
        check_suffix(path)
    arrays = [path for path in paths if path.suffix.lower() in ARRAY_SUFFIXES]
    if arrays and source.each_file == "sensor":
        raise DataError(f'{paths[0]} is an array; each_file = "sensor" is for tables: save all sensors in one array')
    elsewhere = source.observed is not None and (bool(arrays) or (folder / source.observed).is_file())
    told = source.model_copy(update={"observed": None}) if elsewhere else source
    readings = _from_arrays(card, told, paths) if arrays else readings_of(_joined(told, paths), told, card)
    if not elsewhere:
        return readings
    marks = _marks(card, source, folder, readings)
    return replace(readings, marked=marks if readings.marked is None else marks | readings.marked)


def check_suffix(path: Path) -> None:
    """Refuse a file whose name does not end as those of readings do.

    Raises:
        DataError: It does not.
    """
    if path.suffix.lower() not in (*TABLE_SUFFIXES, *ARRAY_SUFFIXES):
        raise DataError(
            f"{path} ends in {path.suffix!r}; readings are read from {', '.join((*TABLE_SUFFIXES, *ARRAY_SUFFIXES))} "
            "files, of which .gz and .zip pack text"
        )


def _marks(card: DatasetCard, source: SeriesSource, folder: Path, readings: Readings) -> NDArray[np.bool_]:
    """Read which readings the source filled in, ``(step, node, channel)``: where nothing, or no number, was observed.

    Raises:
        DataError: As `read_source`, or what was observed is of other steps or sensors than the readings.
    """
    assert source.observed is not None
    changes = (
        {"file": source.observed, "further": ()} if (folder / source.observed).is_file() else {"key": source.observed}
    )
    found = read_source(card, source.model_copy(update=changes | {"observed": None}), folder)
    shape, observed, ids = readings.values.shape, found.values, found.sensor_ids
    if ids is not None and readings.sensor_ids is not None and set(ids) == set(readings.sensor_ids):
        observed = observed[:, [ids.index(one) for one in readings.sensor_ids]]
    elif ids is not None and readings.sensor_ids is not None:
        raise DataError(f"{source.observed} of {folder} names other sensors than the readings; give both the same ids")
    if observed.shape != shape or not np.array_equal(found.times, readings.times):
        raise DataError(
            f"{source.observed} of {folder} has the shape {observed.shape} from {found.times[0]} on, the readings have "
            f"{shape} from {readings.times[0]} on; give each reading its share, or leave observed out of dataset.toml"
        )
    return ~(observed > 0)


def is_table(path: Path) -> bool:
    """Tell whether a file is a table, and no array."""
    return path.suffix.lower() in TABLE_SUFFIXES


def read_tables(source: SeriesSource, folder: Path) -> Frame:
    """Read the tables of a source below each other.

    Raises:
        DataError: A file is absent, damaged or not as described, or the files do not fit together.
        DataQuestion: A file can be read in several ways.
    """
    return _joined(source, source_paths(source, folder))


def _joined(source: SeriesSource, paths: Sequence[Path]) -> Frame:
    frames = [_frame(source, path) for path in paths]
    if source.each_file == "sensor":
        frames = [_of_one_sensor(frame, path) for frame, path in zip(frames, paths, strict=True)]
    first = frames[0]
    if len(frames) == 1:
        return first
    pieces = []
    for frame, path in zip(frames, paths, strict=True):
        if frame.data.shape[1] != first.data.shape[1] or set(frame.names or ()) != set(first.names or ()):
            raise DataError(
                f"{path} has other sensors or channels than {paths[0].name}; name files of one layout under further"
            )
        order = (
            [frame.names.index(name) for name in first.names] if first.names and frame.names else list(frame.columns)
        )
        pieces.append(frame.data[order].set_axis(range(len(order)), axis=1))
    data = pd.concat(pieces, ignore_index=True)
    notes = tuple(dict.fromkeys(note for frame in frames for note in frame.notes))
    place = _place_in([len(frame.data) for frame in frames], [frame.place for frame in frames])
    return replace(first, data=data, place=place, notes=notes)


def _place_in(lengths: Sequence[int], places: Sequence[Callable[[int], str]]) -> Callable[[int], str]:
    """Name rows of files that were read below each other, by the names that each file gives to its own."""
    ends = np.cumsum(lengths)

    def place(row: int) -> str:
        number = int(np.searchsorted(ends, row, side="right"))
        return places[number](row - (int(ends[number - 1]) if number else 0))

    return place


def _row_of(path: Path) -> Callable[[int], str]:
    return lambda row: f"{path}, row {row + 1}"


def _frame(source: SeriesSource, path: Path) -> Frame:
    if path.suffix.lower() == ".parquet":
        return frame_of_pandas(read_parquet(path), str(path), source)
    return frame_of_text(read_text_table(path, source), source)


def _of_one_sensor(frame: Frame, path: Path) -> Frame:
    """Add a column with the name of the file, which is the id of its sensor."""
    names = frame.names or tuple(str(column + 1) for column in frame.columns)
    sensor = re.sub(r"(\.(csv|txt|tsv|parquet))?(\.(gz|zip))?$", "", path.name, flags=re.IGNORECASE)
    data = frame.data.assign(sensor=sensor)
    return replace(frame, data=data.set_axis(range(data.shape[1]), axis=1), names=(*names, "sensor"))


def _from_arrays(card: DatasetCard, source: SeriesSource, paths: Sequence[Path]) -> Readings:
    """Read arrays that go on where the one before ends."""
    pieces = [_dated(card, source, path) for path in paths]
    first = pieces[0]
    layout = (first.values.shape[1:], first.grid, first.sensor_ids, first.written is None)
    for path, piece in zip(paths, pieces, strict=True):
        if (piece.values.shape[1:], piece.grid, piece.sensor_ids, piece.written is None) != layout:
            raise DataError(
                f"{path} has other sensors or channels than {paths[0].name}; name files of one layout under further"
            )
    values = first.values if len(pieces) == 1 else np.concatenate([piece.values for piece in pieces])
    place = _place_in([len(piece.values) for piece in pieces], [_row_of(path) for path in paths])
    local = _array_times(card, source, pieces, values.shape, place, paths[0])
    found = placed(local, None, values, interval_minutes=card.interval_minutes, rule=source.on_grid, place=place)
    return Readings(
        np.asarray(found.values, dtype=np.float32),
        found.times,
        first.sensor_ids,
        first.grid,
        marked=found.marks,
        counted=first.written is None,
        flags=any(piece.flags for piece in pieces),
        notes=found.notes,
    )


def _array_times(
    card: DatasetCard,
    source: SeriesSource,
    pieces: Sequence[Array],
    shape: tuple[int, ...],
    place: Callable[[int], str],
    path: Path,
) -> LocalTimes:
    written = [piece.written for piece in pieces if piece.written is not None]
    if not written:
        return counted_times(card, source, shape)
    zone, clock = pieces[0].zone, np.concatenate([one.clock for one in written])
    together = replace(written[0], clock=clock)
    if zone is None:
        return local_times(together, card.clock, card.timezone, place, str(path))
    offsets = np.zeros(len(clock), dtype=np.int64)  # pandas stores times with a zone in UTC
    timezone = card.timezone or (None if zone == "UTC" else zone)
    return local_times(replace(together, offset_minutes=offsets), "utc", timezone, place, str(path))


def _dated(card: DatasetCard, source: SeriesSource, path: Path) -> Array:
    """Read an array file, with the times that stand in an array of their own."""
    array = read_array(path, source.key, source.axes)
    if source.dates is None:
        return array
    written = read_slot_times(path, source.dates, card.interval_minutes)
    if len(written.clock) != len(array.values):
        raise DataError(
            f"{path} holds {len(array.values)} steps of readings and {len(written.clock)} dates; get the file "
            "again, or correct axes under [series] in dataset.toml"
        )
    return replace(array, written=written)
