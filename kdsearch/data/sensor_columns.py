"""Columns of wide tables that are no sensors: by their names, and by what they hold."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.columns import (
    COUNTING_ROWS,
    NOT_READINGS,
    OBSERVED_NAMES,
    QUANTITIES,
    QUANTITY_NAMES,
    SENSOR_NAMES,
    counts_rows,
    named_like,
)
from kdsearch.data.frame import Frame
from kdsearch.data.sensor_names import plain_id
from kdsearch.errors import DataError, DataQuestion

__all__ = ["check_ids", "check_sensors"]


def check_sensors(frame: Frame, columns: list[int]) -> None:
    """Refuse columns of a wide table that are no sensors.

    Args:
        frame: The table.
        columns: What would be sensors.

    Raises:
        DataError: There are none.
        DataQuestion: A column looks like none.
    """
    if not columns:
        raise DataError(f"{frame.file} has no column of readings; name them as values under [series] in dataset.toml")
    if words := [column for column in columns if frame.is_words(column)]:
        what = f"{frame.file}: the column {frame.name(words[0])} holds words, such as {frame.first(words[0])!r}"
        raise DataQuestion(what, "ignore", [frame.labels(words)])
    if frame.names is not None:
        nameless = [str(column + 1) for column in columns if not frame.names[column].strip()]
        if len(nameless) > 1:
            raise DataError(
                f"{frame.file}: the columns {', '.join(nameless)} have readings and no name; write one above each"
            )
        for column in columns:
            _check_name(frame, column, columns)
        _check_quantities(frame, columns)
    head = replace(frame, data=frame.data.iloc[:COUNTING_ROWS])  # of most columns a few rows tell
    doubtful = np.array(columns)[counts_rows(head.numbers(columns))].tolist()
    growing = [column for column in doubtful if counts_rows(frame.numbers([column])).all()]
    if not growing:
        return
    first = ", ".join(f"{value:g}" for value in frame.numbers(growing[:1])[:3, 0])
    what = f"the column {frame.name(growing[0])} grows from row to row ({first}, ...)"
    if 1 < len(growing) == len(columns):
        raise DataError(
            f"{frame.file}: {what}, and so do all others, as counters do that go on; write what each interval counted"
        )
    raise DataQuestion(
        f"{frame.file}: {what}, which no readings of traffic do; it counts rows or is a time",
        "ignore",
        [frame.labels(growing[:1])],
    )


def _check_name(frame: Frame, column: int, columns: list[int]) -> None:
    assert frame.names is not None
    name = frame.names[column]
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
            f"{frame.file}: the column {name!r} looks like no sensor", "ignore", [frame.labels(odd or [column])]
        )


def _check_quantities(frame: Frame, columns: list[int]) -> None:
    """Refuse columns that are all named by what they hold, and not all by the same."""
    kinds = [
        [column for column in columns if named_like(pattern, frame.name(column))] for pattern in QUANTITIES.values()
    ]
    found = [kind for kind in kinds if 0 < len(kind) < len(columns)]
    if len(found) > 1 and len(set().union(*found)) == len(columns):
        first, other = (frame.name(kind[0]) for kind in found[:2])
        what = f"{frame.file}: the columns {first} and {other} look like different quantities"
        raise DataQuestion(what, "values", [frame.labels(kind) for kind in found])


def check_ids(ids: tuple[str, ...], nodes: NDArray[np.int64], stamps: NDArray[np.datetime64], file: str) -> None:
    """Refuse ids that differ by zeros in front or by capitals, and are never there together: one sensor written twice.

    Args:
        ids: Of the sensors.
        nodes: Sensor of each row, ``(row,)``.
        stamps: Time of each row, ``(row,)``.
        file: Names the file for a message.

    Raises:
        DataError: There are such ids.
    """
    first: dict[str, int] = {}
    for node, one in enumerate(ids):
        other = first.setdefault(plain_id(one), node)
        if other != node and not np.isin(stamps[nodes == node], stamps[nodes == other]).any():
            raise DataError(
                f"{file}: the ids {ids[other]!r} and {one!r} are never there at the same time, and may be one sensor; "
                "write them alike, or, if they are two, otherwise"
            )
