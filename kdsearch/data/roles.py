"""Which column of a table holds the times, the sensors and the readings: told, seen for certain, or asked for."""

from dataclasses import dataclass

from kdsearch.data.card import DatasetCard
from kdsearch.data.clock import DAY_MINUTES
from kdsearch.data.columns import NOT_READINGS, SENSOR_NAMES, named_like
from kdsearch.data.frame import Frame
from kdsearch.data.sensor_columns import check_sensors
from kdsearch.data.series_source import SeriesSource
from kdsearch.data.time_columns import refuse_unread_times, time_columns
from kdsearch.data.time_text import is_time
from kdsearch.data.times_of_day import day_columns
from kdsearch.errors import DataError, DataQuestion

__all__ = ["Roles", "roles_of"]


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
    ignored = {frame.column(name, "ignore") for name in source.ignore}
    told = tuple(frame.column(name, "values") for name in source.values)
    sensor = None if source.sensor is None else frame.column(source.sensor, "sensor")
    mark = None if source.observed is None else frame.column(source.observed, "observed")
    time = time_columns(frame, source)
    free = [column for column in frame.columns if column not in {*ignored, *time, sensor, mark}]
    if flags := [column for column in free if frame.is_flags(column)]:
        what = f"{frame.file}: the column {frame.name(flags[0])} holds true and false, which are no readings"
        raise DataQuestion(what, "ignore", [frame.labels(flags)])
    layout = source.layout or _layout(frame, time, sensor, told, free, card)
    rest = [column for column in free if column not in told]
    if not time and layout != "transposed":
        refuse_unread_times(frame, rest)
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
        check_sensors(frame, free)
    elif rest:
        raise DataQuestion(
            f"{frame.file}: the column {frame.name(rest[0])} is not named", "ignore", [frame.labels(rest)]
        )
    return Roles(layout, time, None, told or tuple(free), mark)


def _layout(
    frame: Frame,
    time: tuple[int, ...],
    sensor: int | None,
    told: tuple[int, ...],
    free: list[int],
    card: DatasetCard,
) -> str:
    """See how a table is laid out."""
    names = frame.names or ()
    if sum(is_time(name) for name in names) >= max(2, len(names) // 2):
        return "transposed"
    if len(time) == 1 and day_columns(names, DAY_MINUTES // card.interval_minutes) and frame.is_days(time[0]):
        return "days"
    if sensor is not None:
        return "long"
    others = [column for column in free if column not in told]
    if not time:
        return "wide"
    by_name = not told and bool(names)
    words = [column for column in others if frame.is_words(column)]
    if (
        (words and (len(others) - len(words) <= len(card.channels) or not _unique(frame, time)))
        or (by_name and set(card.channels) <= {names[column] for column in others})  # of one sensor, perhaps
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
    found = named if alone else [*dict.fromkeys([*named, *words])] or _candidates(frame, time, free)
    certain = [column for column in found if _unique(frame, (*time, column))]
    if words and not (alone or certain or named):
        # Words such as directions: the sensor may have a number, which is asked for.
        found = [*_candidates(frame, time, free), *found]
    found = certain or found
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
        frame.labels(choices),
    )


def _channels(frame: Frame, rest: list[int], card: DatasetCard) -> tuple[int, ...]:
    """Find the columns of readings in a long table: one for each channel."""
    names = frame.names
    if names is not None and set(card.channels) <= set(names):
        return tuple(names.index(channel) for channel in card.channels)
    odd = [column for column in rest if names and named_like(NOT_READINGS, names[column])]
    if len(rest) == len(card.channels) and not odd:
        return tuple(rest)
    if not rest:
        raise DataError(f"{frame.file} has no column of readings; correct separator, sensor or ignore under [series]")
    if all(frame.is_words(column) for column in rest):
        frame.numbers(rest)  # says which cell is no number
    varied = [column for column in rest if column not in odd and not frame.is_words(column)]
    likely = [column for column in varied if frame.data[column].nunique() > 1] or varied or rest
    raise DataQuestion(
        f"{frame.file} has the columns {', '.join(frame.name(one) for one in rest)} for {len(card.channels)} channel"
        f"{'s' * (len(card.channels) > 1)} ({', '.join(card.channels)})",
        "values",
        [frame.labels(likely[: len(card.channels)])],
    )


def _transposed(frame: Frame, sensor: int | None, free: list[int]) -> Roles:
    names = frame.names
    if names is None:
        raise DataError(f'{frame.file} has no line of times above its sensors; write layout = "wide" or add that line')
    times = [column for column in free if is_time(names[column])]
    beside = _sensor_beside(frame, sensor, [column for column in free if column not in times], "times")
    return Roles("transposed", (), beside, tuple(times))


def _days(frame: Frame, time: tuple[int, ...], sensor: int | None, free: list[int], card: DatasetCard) -> Roles:
    names, slots = frame.names or (), DAY_MINUTES // card.interval_minutes
    found = day_columns(names, slots)
    values = [column for column in free if column in found] or free[-slots:]
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
    sensor = _sensor_beside(frame, sensor, others, "dates")
    if sensor is not None and _unique(frame, time) and frame.data[sensor].nunique() > 1:
        what = f"{frame.file} has one row for each date, and the column {frame.name(sensor)} changes"
        raise DataQuestion(f"{what}, so that it names no sensor", "ignore", [frame.labels([sensor])])
    return Roles("days", time, sensor, tuple(values))


def _sensor_beside(frame: Frame, sensor: int | None, others: list[int], what: str) -> int | None:
    """Find the column of sensors in a table whose readings stand below times; None where it has none."""
    odd = [
        column
        for column, name in zip(others, frame.labels(others), strict=True)
        if name not in ("", "index") and named_like(NOT_READINGS, name) and not frame.is_words(column)
    ]
    if odd:
        name = frame.name(odd[0])
        said = f"{frame.file}: the column {name} looks like no sensor (write sensor = {name} if it is one)"
        raise DataQuestion(said, "ignore", [frame.labels(odd)])
    if sensor is not None and others:
        said = f"{frame.file}: the column {frame.name(others[0])} is not named"
        raise DataQuestion(said, "ignore", [frame.labels(others)])
    if len(others) > 1:
        choices = sorted(frame.labels(others), key=lambda name: not named_like(SENSOR_NAMES, name))
        raise DataQuestion(f"{frame.file} has several columns beside its {what}", "sensor", choices)
    return sensor if sensor is not None else next(iter(others), None)
