"""Tables in all their layouts become readings: wide, long, a row for each day, transposed."""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kdsearch.data.card import DatasetCard
from kdsearch.data.clock import DAY_MINUTES
from kdsearch.data.columns import sorted_ids, whole_ids
from kdsearch.data.frame import Frame
from kdsearch.data.readings import Readings, float32_of
from kdsearch.data.roles import Roles, roles_of
from kdsearch.data.sensor_columns import check_ids
from kdsearch.data.series_source import SeriesSource
from kdsearch.data.time_grid import Placed, placed
from kdsearch.data.time_text import WrittenTimes, parsed_times
from kdsearch.data.times import counted_times
from kdsearch.data.times_of_day import day_columns, is_clock
from kdsearch.data.written_times import written_times, zone_of
from kdsearch.data.zones import LocalTimes, absent_hours, local_times
from kdsearch.errors import DataError, DataQuestion

__all__ = ["readings_of"]


def readings_of(frame: Frame, source: SeriesSource, card: DatasetCard) -> Readings:
    """Read a table.

    Args:
        frame: The table.
        source: What `dataset.toml` says of it.
        card: The dataset.

    Raises:
        DataError: A cell is no number or no time, or a time is there twice or off the grid.
        DataQuestion: What a column holds, or a time means, is not certain.
    """
    roles = roles_of(frame, source, card)
    match roles.layout:
        case "wide":
            return _wide(frame, roles, source, card)
        case "long":
            return _long(frame, roles, source, card)
        case "days":
            return _days(frame, roles, source, card)
        case _:
            return _transposed(frame, roles, source, card)


def _wide(frame: Frame, roles: Roles, source: SeriesSource, card: DatasetCard) -> Readings:
    local = None
    if roles.time:
        frame, local = _timed(frame, roles, source, card)
    values = frame.numbers(roles.values)[:, :, None]
    ids = None if frame.names is None else tuple(frame.names[column].strip() for column in roles.values)
    if roles.observed is not None:
        values = np.concatenate([values, frame.numbers([roles.observed])[:, :, None]], axis=1)
    if local is None:
        local = counted_times(card, source, values.shape)
    found, marked = _on_grid(frame, local, None, values, source, card), None
    if roles.observed is not None:
        marked = np.repeat(~(found.values[:, -1:] > 0), len(roles.values), axis=1)
        made = None if found.made is None else found.made[:, :-1]
        found = replace(found, values=found.values[:, :-1], made=made)
    return replace(_readings(found, ids, frame, marked), counted=not roles.time)


def _long(frame: Frame, roles: Roles, source: SeriesSource, card: DatasetCard) -> Readings:
    frame, local = _timed(frame, roles, source, card)
    values = frame.numbers(roles.values)
    if roles.observed is not None:
        values = np.concatenate([values, frame.numbers([roles.observed])], axis=1)
    nodes, ids = _nodes(frame, roles.sensor, card)
    check_ids(ids, nodes, local.stamps, frame.file)
    found = _on_grid(frame, local, nodes, values, source, card, ids)
    marked = None
    if roles.observed is not None:
        marked = np.repeat(~(found.values[:, :, -1:] > 0), len(roles.values), axis=2)
        found = replace(found, values=found.values[:, :, :-1])
    return _readings(found, ids, frame, marked)


def _days(frame: Frame, roles: Roles, source: SeriesSource, card: DatasetCard) -> Readings:
    values = frame.numbers(roles.values)
    slots = values.shape[1]
    named = day_columns(frame.names or (), slots)
    minutes = np.array(
        [named[column] for column in roles.values] if named else range(0, DAY_MINUTES, card.interval_minutes)
    )
    if minutes[-1] == 0 < minutes[0]:
        raise DataError(
            f"{frame.file}: the column {frame.name(roles.values[-1])} follows {frame.name(roles.values[-2])}, and so "
            "is the end of a day; write it as 24:00"
        )
    written = written_times(frame, roles.time, source, card.interval_minutes)
    stamps = (written.clock[:, None] + minutes.astype("timedelta64[m]").astype("timedelta64[s]")).reshape(-1)
    rows = np.flatnonzero(_of_the_clock(stamps, values.reshape(-1, 1), card))
    place = _chosen(_repeated(frame.place, slots), rows)
    clock = WrittenTimes(stamps, None, written.notes).chosen(rows)
    local = local_times(clock, card.clock, card.timezone, place, frame.file)
    nodes, ids = _nodes(frame, roles.sensor, card)
    notes = frame.notes
    if frame.names is not None and not is_clock(first := frame.names[roles.values[0]]):
        last = frame.names[roles.values[-1]]
        notes += (f"the columns {first!r} to {last!r} were taken for the times of a day, from 00:00 on",)
    spread = replace(frame, place=place)
    found = _on_grid(spread, local, np.repeat(nodes, slots)[rows], values.reshape(-1, 1)[rows], source, card, ids)
    return _readings(found, ids, replace(frame, notes=notes))


def _transposed(frame: Frame, roles: Roles, source: SeriesSource, card: DatasetCard) -> Readings:
    assert frame.names is not None
    values = frame.numbers(roles.values).T[:, :, None]
    texts = pd.Series([frame.names[column] for column in roles.values])

    def column(row: int) -> str:
        return f"{frame.file}, column {roles.values[row] + 1}"

    place: Callable[[int], str] = column
    written = parsed_times(texts, source, card.interval_minutes, place)
    if written.offset_minutes is None:
        columns = np.flatnonzero(_of_the_clock(written.clock, values[:, :, 0], card))
        values, written, place = values[columns], written.chosen(columns), _chosen(place, columns)
    local = local_times(written, card.clock, card.timezone, place, frame.file)
    ids = None if roles.sensor is None else tuple(whole_ids(frame.texts(roles.sensor)))
    spread = replace(frame, place=place)
    return _readings(_on_grid(spread, local, None, values, source, card), ids, frame)


def _of_the_clock(stamps: NDArray[np.datetime64], values: NDArray[np.float64], card: DatasetCard) -> NDArray[np.bool_]:
    """Select rows ``(row,)``: all but those without a reading in the hour that a local clock skips.

    Tables of whole days have empty cells there; a reading in that hour is a question.
    """
    if card.timezone is None or card.clock != "local":
        return np.ones(len(stamps), dtype=np.bool_)
    return ~(absent_hours(stamps, card.timezone) & np.isnan(values).all(axis=1))


def _timed(frame: Frame, roles: Roles, source: SeriesSource, card: DatasetCard) -> tuple[Frame, LocalTimes]:
    """Read the local times of the rows, without empty rows of the hour that a local clock skips."""
    written = written_times(frame, roles.time, source, card.interval_minutes)
    _refuse_midnights(written.clock, card.interval_minutes, frame.place)
    if written.offset_minutes is None and card.timezone is not None and card.clock == "local":
        rows = np.flatnonzero(_of_the_clock(written.clock, frame.numbers(roles.values), card))
        if len(rows) < len(frame.data):
            data = frame.data.iloc[rows].reset_index(drop=True)
            frame, written = replace(frame, data=data, place=_chosen(frame.place, rows)), written.chosen(rows)
    name = frame.name(roles.time[0])
    if written.offset_minutes is None and re.search("utc|gmt", name, re.I) and "clock" not in card.model_fields_set:
        raise DataQuestion(f"{frame.file}: the column {name} may show the clock of UTC", "clock", ["utc", "local"], "")
    timezone = card.timezone or zone_of(frame.data[roles.time[0]])
    return frame, local_times(written, card.clock, timezone, frame.place, frame.file)


def _refuse_midnights(clock: NDArray[np.datetime64], interval_minutes: int, place: Callable[[int], str]) -> None:
    """Refuse 00:00 with the date of the day that ends: between that day's last row and the next day's first one."""
    step, day = np.timedelta64(interval_minutes, "m"), np.timedelta64(DAY_MINUTES, "m")
    apart = np.diff(clock)
    back = (apart[:-1] == step - day) & (apart[1:] == step + day) & (clock[1:-1] == clock[1:-1].astype("datetime64[D]"))
    if back.any() and step < day:
        row = int(back.argmax()) + 1
        raise DataError(
            f"{place(row)}: {clock[row]} follows {clock[row - 1]}, so that 00:00 ends a day there; write it as 24:00, "
            "or with the date of the next day"
        )


def _chosen(place: Callable[[int], str], rows: NDArray[np.int64]) -> Callable[[int], str]:
    return lambda row: place(int(rows[row]))


def _nodes(frame: Frame, sensor: int | None, card: DatasetCard) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Give the sensor of each row a number; a table of one sensor has the name of the dataset."""
    if sensor is None:
        return np.zeros(len(frame.data), dtype=np.int64), (card.name,)
    texts = frame.texts(sensor)
    if (empty := np.flatnonzero((texts == "").to_numpy())).size:
        raise DataError(f"{frame.place(int(empty[0]))}: the row names no sensor; write its id, or remove the row")
    codes, unique = pd.factorize(texts)
    names = whole_ids(unique)
    ids = sorted_ids(pd.Index(names).unique())
    return pd.Index(ids).get_indexer(pd.Index(names))[codes].astype(np.int64), tuple(ids)


def _on_grid(
    frame: Frame,
    local: LocalTimes,
    nodes: NDArray[np.int64] | None,
    values: NDArray[np.float64],
    source: SeriesSource,
    card: DatasetCard,
    ids: tuple[str, ...] = (),
) -> Placed:
    return placed(
        local,
        nodes,
        values,
        interval_minutes=card.interval_minutes,
        rule=source.on_grid,
        place=frame.place,
        ids=ids,
    )


def _readings(
    found: Placed, ids: tuple[str, ...] | None, frame: Frame, marked: NDArray[np.bool_] | None = None
) -> Readings:
    if (made := found.marks) is not None:
        marked = made if marked is None else marked | made
    return Readings(
        float32_of(found.values, frame.file), found.times, ids, marked=marked, notes=(*frame.notes, *found.notes)
    )


def _repeated(place: Callable[[int], str], times: int) -> Callable[[int], str]:
    return lambda row: place(row // times)
