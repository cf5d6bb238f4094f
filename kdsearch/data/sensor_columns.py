"""Columns of wide tables that are no sensors: by their names, and by what they hold."""

from kdsearch.data.columns import (
    NOT_READINGS,
    OBSERVED_NAMES,
    QUANTITY_NAMES,
    SENSOR_NAMES,
    TIME_NAMES,
    counts_rows,
    named_like,
)
from kdsearch.data.frame import Frame
from kdsearch.errors import DataError, DataQuestion

__all__ = ["check_sensors", "names_of"]


def names_of(frame: Frame, columns: list[int]) -> list[str]:
    """Write columns as `dataset.toml` does: by their names, or counted from 1."""
    return [str(column + 1) if frame.names is None else frame.names[column] for column in columns]


def check_sensors(frame: Frame, columns: list[int], *, timed: bool) -> None:
    """Refuse columns of a wide table that are no sensors.

    Args:
        frame: The table.
        columns: What would be sensors.
        timed: Whether another column holds the times.

    Raises:
        DataError: There are none, or one is named like times and holds none.
        DataQuestion: A column looks like none.
    """
    if not columns:
        raise DataError(f"{frame.file} has no column of readings; name them as values under [series] in dataset.toml")
    if frame.names is not None:
        for column in columns:
            _check_name(frame, column, columns, timed=timed)
    for column in (one for one, grows in zip(columns, counts_rows(frame.numbers(columns)), strict=True) if grows):
        first = ", ".join(f"{value:g}" for value in frame.numbers([column])[:3, 0])
        raise DataQuestion(
            f"{frame.file}: the column {frame.name(column)} grows from row to row ({first}, ...), which no readings of "
            "traffic do; it counts rows or is a time",
            "ignore",
            [names_of(frame, [column])],
        )


def _check_name(frame: Frame, column: int, columns: list[int], *, timed: bool) -> None:
    assert frame.names is not None
    name = frame.names[column]
    if not timed and named_like(TIME_NAMES, name):
        raise DataError(
            f"{frame.file}: the column {name!r} holds no times; write them like 2024-03-01T00:00, write "
            f"time = {name!r} with time_format, or ignore = [{name!r}] under [series] in dataset.toml"
        )
    if named_like(OBSERVED_NAMES, name):
        raise DataQuestion(f"{frame.file}: the column {name!r} looks like no sensor", "observed", [name])
    if named_like(QUANTITY_NAMES, name) and len(columns) > 1:
        raise DataQuestion(
            f"{frame.file}: the column {name!r} looks like a quantity rather than a sensor; name it as a channel, or "
            "the sensors as values",
            "values",
            [[name]],
        )
    if named_like(NOT_READINGS, name) or named_like(SENSOR_NAMES, name):
        odd = [
            one
            for one in columns
            if named_like(NOT_READINGS, frame.names[one]) and not named_like(OBSERVED_NAMES, frame.names[one])
        ]
        raise DataQuestion(
            f"{frame.file}: the column {name!r} looks like no sensor", "ignore", [names_of(frame, odd or [column])]
        )
