"""Which column of a table holds the times, the sensors and the readings: told, seen for certain, or asked for."""

import difflib
from dataclasses import dataclass

from kdsearch.data.card import DatasetCard
from kdsearch.data.clock import DAY_MINUTES
from kdsearch.data.columns import NOT_READINGS, SENSOR_NAMES, named_like
from kdsearch.data.frame import Frame
from kdsearch.data.sensor_columns import check_sensors, names_of
from kdsearch.data.series_source import SeriesSource
from kdsearch.data.time_text import is_clock, is_time
from kdsearch.errors import DataError, DataQuestion

__all__ = ["Roles", "roles_of", "time_columns"]


@dataclass(frozen=True)
class Roles:
    """Columns of a table by what they hold.

    Attributes:
        layout: As in `SeriesSource`.
        time: Columns of times: none, one, or dates and times of day.
        sensor: Column of the sensors' ids; None where there is none.
        values: Columns of readings.
        observed: Column of what was observed; None where there is none.
    """

    layout: str
    time: tuple[int, ...]
    sensor: int | None
    values: tuple[int, ...]
    observed: int | None = None


def roles_of(frame: Frame, source: SeriesSource, card: DatasetCard) -> Roles:
    """Find what each column of a table holds; every one is accounted for.

    Args:
        frame: The table.
        source: What `dataset.toml` says of it.
        card: The dataset; its channels and interval say how many columns of readings there are.

    Raises:
        DataError: A column that was named is not there.
        DataQuestion: What a column holds is not certain.
    """
    ignored = _ignored(frame, source)
    told = tuple(_position(frame, name, "values") for name in source.values)
    sensor = None if source.sensor is None else _position(frame, source.sensor, "sensor")
    mark = None if source.observed is None else _position(frame, source.observed, "observed")
    free = [column for column in frame.columns if column not in ignored | {sensor, mark}]
    time = time_columns(frame, source)
    free = [column for column in free if column not in time]
    layout = source.layout or _layout(frame, time, sensor, told, free, card.channels)
    rest = [column for column in free if column not in told]
    if layout == "transposed":
        return _transposed(frame, sensor, free)
    if layout == "days":
        return _days(frame, time, sensor, free, card)
    if not time and layout == "long":
        raise DataQuestion(f"{frame.file} has a row for each reading and no times", "time", frame.names or (1,))
    if layout == "long":
        sensor = sensor if sensor is not None or (source.layout and told and not rest) else _sensor(frame, time, rest)
        rest = [column for column in rest if column != sensor]
        return Roles(layout, time, sensor, told or _channels(frame, rest, card), mark)
    if not told:
        check_sensors(frame, free, timed=bool(time))
    elif rest:
        raise DataQuestion(
            f"{frame.file}: the column {frame.name(rest[0])} is not named", "ignore", [names_of(frame, rest)]
        )
    return Roles(layout, time, None, told or tuple(free), mark)


def _position(frame: Frame, name: str, key: str) -> int:
    if key == "observed" and name not in (frame.names or ()):
        raise DataError(
            f"{frame.file} has no column {name!r}, nor has its folder a file of that name; correct observed under "
            "[series] in dataset.toml"
        )
    if frame.names is None:
        if name.isdigit() and 1 <= int(name) <= frame.data.shape[1]:
            return int(name) - 1
        raise DataError(
            f"{frame.file} has no header, so that {key} = {name!r} names no column; write the number of the column, "
            f'such as {key} = "1"'
        )
    if name not in frame.names:
        near = difflib.get_close_matches(name, frame.names, n=3, cutoff=0.0)
        raise DataError(
            f"{frame.file} has no column {name!r}; write {key} = one of {', '.join(map(repr, near))} under [series] in "
            "dataset.toml"
        )
    return frame.names.index(name)


def _ignored(frame: Frame, source: SeriesSource) -> set[int]:
    return {_position(frame, name, "ignore") for name in source.ignore}


def time_columns(frame: Frame, source: SeriesSource) -> tuple[int, ...]:
    """Find the column of times, or those of dates and of times of day; none where the table has none.

    Raises:
        DataError: A column that was named is not there.
        DataQuestion: Several columns hold times.
    """
    if source.time:
        return tuple(_position(frame, name, "time") for name in source.time)
    taken = _ignored(frame, source) | {_position(frame, name, "values") for name in source.values}
    free = [column for column in frame.columns if column not in taken]
    found = [column for column in free if frame.is_times(column)]
    if not found:
        return ()
    if len(found) > 1:
        raise DataQuestion(
            f"{frame.file} has several columns of times",
            "time",
            names_of(frame, found),
        )
    clocks = [column for column in free if frame.is_clocks(column)]
    midnight = frame.is_text(found[0]) and ":" not in str(frame.data[found[0]].iloc[0])
    return (found[0], clocks[0]) if len(clocks) == 1 and midnight else (found[0],)


def _layout(
    frame: Frame,
    time: tuple[int, ...],
    sensor: int | None,
    told: tuple[int, ...],
    free: list[int],
    channels: tuple[str, ...],
) -> str:
    """See how a table is laid out."""
    names = frame.names or ()
    if sum(is_time(name) for name in names) >= max(2, len(names) // 2):
        return "transposed"
    if time and sum(is_clock(names[column]) for column in free if names) >= max(2, len(names) // 2):
        return "days"
    if sensor is not None:
        return "long"
    others = [column for column in free if column not in told]
    if not time:
        return "wide"
    by_name = not told and bool(names)
    if (
        any(frame.is_words(column) for column in others)
        or (by_name and set(channels) <= {names[column] for column in others})  # of one sensor, perhaps
        or (by_name and any(named_like(SENSOR_NAMES, names[column]) for column in others))
        or (not _unique(frame, time) and _candidates(frame, time, others))
    ):
        return "long"
    return "wide"


def _unique(frame: Frame, columns: tuple[int, ...]) -> bool:
    return not frame.data.duplicated(subset=list(columns)).any()


def _candidates(frame: Frame, time: tuple[int, ...], free: list[int]) -> list[int]:
    """List the columns that may name sensors: of no decimals, and of each time no two rows alike."""
    return [column for column in free if frame.is_text(column) and _unique(frame, (*time, column))]


def _sensor(frame: Frame, time: tuple[int, ...], free: list[int]) -> int | None:
    """Find the column of sensors in a long table; None where each time has one row alone."""
    words = [column for column in free if frame.is_words(column)]
    named = [column for column in free if frame.names and named_like(SENSOR_NAMES, frame.names[column])]
    alone = _unique(frame, time)
    found = named if alone else words or named or _candidates(frame, time, free)
    found = [column for column in found if _unique(frame, (*time, column))] or found
    if len(found) > 1:
        both = [column for column in found if column in named]
        found = both if len(both) == 1 else found
    if len(found) == 1:
        return found[0]
    if not found and alone:
        return None
    choices = found or free
    raise DataQuestion(
        f"{frame.file} has a row for each reading, and it is not certain which column names the sensor",
        "sensor",
        names_of(frame, choices),
    )


def _channels(frame: Frame, rest: list[int], card: DatasetCard) -> tuple[int, ...]:
    """Find the columns of readings in a long table: one for each channel."""
    names = frame.names
    if names is not None and set(card.channels) <= set(names):
        return tuple(names.index(channel) for channel in card.channels)
    odd = [column for column in rest if names and named_like(NOT_READINGS, names[column])]
    if len(rest) == len(card.channels) and not odd:
        return tuple(rest)
    likely = [column for column in rest if column not in odd and not frame.is_words(column)] or rest
    raise DataQuestion(
        f"{frame.file} has the columns {', '.join(frame.name(one) for one in rest)} for {len(card.channels)} channel"
        f"{'s' * (len(card.channels) > 1)} ({', '.join(card.channels)})",
        "values",
        [names_of(frame, likely[: len(card.channels)])],
    )


def _transposed(frame: Frame, sensor: int | None, free: list[int]) -> Roles:
    names = frame.names
    if names is None:
        raise DataError(f'{frame.file} has no line of times above its sensors; write layout = "wide" or add that line')
    times = [column for column in free if is_time(names[column])]
    others = [column for column in free if column not in times]
    if len(others) > 1:
        raise DataQuestion(f"{frame.file} has several columns beside its times", "sensor", names_of(frame, others))
    return Roles("transposed", (), sensor if sensor is not None else next(iter(others), None), tuple(times))


def _days(frame: Frame, time: tuple[int, ...], sensor: int | None, free: list[int], card: DatasetCard) -> Roles:
    names, slots = frame.names or (), DAY_MINUTES // card.interval_minutes
    values = [column for column in free if names and is_clock(names[column])] or free[-slots:]
    others = [column for column in free if column not in values]
    if len(time) != 1:
        raise DataError(
            f"{frame.file} has a row for each day and no column of dates; write time = its name under [series]"
        )
    if len(values) != slots:
        raise DataError(
            f"{frame.file} has {len(values)} columns of readings in a row for each day, and a day of "
            f"{card.interval_minutes} minute steps has {slots}; correct interval_minutes, or name the columns as values"
        )
    if len(others) > 1:
        raise DataQuestion(f"{frame.file} has several columns beside its dates", "sensor", names_of(frame, others))
    return Roles("days", time, sensor if sensor is not None else next(iter(others), None), tuple(values))
