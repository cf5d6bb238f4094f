"""Which sensors of the readings the names in a graph's file mean: by id, or by column number."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kdsearch.errors import DataError

__all__ = ["Sensors", "by_id", "by_id_or_number", "plain_id", "whole", "written_otherwise"]

Index = dict[str, int]
"""Name in the graph's file -> column of the readings; names of no sensor are left out."""


@dataclass(frozen=True)
class Sensors:
    """The sensors of the readings, one for each node.

    Attributes:
        ids: Their ids.
        named: Whether these are the source's own ids, to be matched with those of the graph.
        steps: Rows of the readings, where the rows may be sensors by mistake; None where they are surely steps.
        grid: Rows and columns where the sensors are the cells of a grid.
    """

    ids: tuple[str, ...]
    named: bool
    steps: int | None = None
    grid: tuple[int, int] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def on_their_side(self) -> str:
        """Say what to write where the readings have a row for each sensor: the end of a sentence."""
        if self.steps is None:
            return ""
        return (
            '; if the readings have a row for each sensor, write axes = "node step" under [series] in dataset.toml '
            '(axes = "step node" where a row is a step)'
        )


def whole(name: str) -> int | None:
    """Read a name as a whole number, `7`, `007` and `7.0` alike; None where it is none of at most 18 digits."""
    plain = plain_id(name)
    return int(plain) if re.fullmatch(r"[0-9]{1,18}", plain) else None


def plain_id(name: str) -> str:
    """Write a number without zeros in front and behind the point, other names in small letters."""
    number = re.fullmatch(r"0*([0-9]+)(\.0*)?", name.strip())
    return number[1] if number else name.strip().casefold()


def by_id(names: Iterable[str], ids: tuple[str, ...]) -> Index:
    """Find the sensors of these ids: as they are written or, where that finds more, as numbers and in small letters.

    The second reading is taken only where different names are different sensors under it.
    """
    distinct = dict.fromkeys(names)
    exact = {one: number for number, one in enumerate(ids)}
    found = {name: exact[name] for name in distinct if name in exact}
    if len(found) == len(distinct):
        return found
    plain = {plain_id(one): number for number, one in enumerate(ids)}
    loose = {name: plain[key] for name in distinct if (key := plain_id(name)) in plain}
    one_to_one = len(plain) == len(ids) and len(set(loose.values())) == len(loose)
    return loose if one_to_one and len(loose) > len(found) else found


def by_id_or_number(
    names: Iterable[str], sensors: Sensors, first_node: Literal[0, 1] | None, path: Path
) -> tuple[Index, tuple[str, ...]]:
    """Find the sensors that the ends of an edge list mean: ids or, where they are none, column numbers.

    Args:
        names: Ends of the segments.
        sensors: Sensors of the readings.
        first_node: Number of the first column; None where the list is to tell, which it does where it has a segment of
            the first or of the last column.
        path: The list, for errors and notes.

    Returns:
        The index, and what was taken for granted.

    Raises:
        DataError: It is not certain which sensors are meant, or none is.
    """
    names, nodes = tuple(dict.fromkeys(names)), len(sensors)
    numbers = {name: whole(name) for name in names}
    columns = all(number is not None and number <= nodes for number in numbers.values())
    if first_node is not None or not sensors.named:
        return _by_number(numbers, sensors, first_node, path)
    index = by_id(names, sensors.ids)
    unknown = [name for name in names if name not in index]
    numbered = sensors.ids == tuple(map(str, range(nodes)))  # ids that are column numbers themselves
    if unknown and columns and (numbered or not index):
        return _by_number(numbers, sensors, None, path)
    if index and columns and any(numbers[name] == 0 for name in unknown):
        raise DataError(
            f"{path}: its ends may be ids or column numbers, for 0 is no id of the readings; write first_node = 0 "
            "under [graph] in dataset.toml where 0 is the first column, else remove the segments of 0"
        )
    return index, written_otherwise(index, sensors, path)


def written_otherwise(index: Index, sensors: Sensors, path: Path) -> tuple[str, ...]:
    """Say which ids a graph writes in another way than the readings."""
    other = [name for name, node in index.items() if name != sensors.ids[node]]
    if not other:
        return ()
    return (
        f"{path.name} writes {len(other):,} of its sensors otherwise than the readings, such as {other[0]!r} for "
        f"{sensors.ids[index[other[0]]]!r}; their segments or rows are taken as meant",
    )


def _by_number(
    numbers: dict[str, int | None], sensors: Sensors, first_node: Literal[0, 1] | None, path: Path
) -> tuple[Index, tuple[str, ...]]:
    nodes = len(sensors)
    known = {name: number for name, number in numbers.items() if number is not None}
    if len(known) < len(numbers):
        other = next(name for name, number in numbers.items() if number is None)
        raise DataError(
            f"{path}: its end {other!r} is no column number, and the readings have no ids to join it with; write the "
            "sensors' ids into ids_file = ... under [series] in dataset.toml, or number the columns from 0"
        )
    lowest, highest = min(known.values()), max(known.values())
    counts = {highest + 1} if lowest == 0 else {highest, highest + 1}
    if nodes not in counts and sensors.steps in counts:
        raise DataError(
            f"{path} is of {sensors.steps:,} sensors, and the readings were read as {sensors.steps:,} steps of "
            f"{nodes:,} sensors{sensors.on_their_side}"
        )
    first = _first_node(lowest, highest, nodes, path) if first_node is None else first_node
    if lowest < first or highest - first >= nodes:
        wrong = lowest if lowest < first else highest
        raise DataError(
            f"{path}: its end {wrong} is no column of the readings, which are {first} to {nodes - 1 + first}; correct "
            f"it, or write the sensors' ids into ids_file = ... under [series] in dataset.toml{sensors.on_their_side}"
        )
    notes = []
    if first == 1 and first_node is None:
        notes.append(f"{path.name} numbers the sensors from 1: its sensor 1 is the first column of the readings")
    index = {name: number - first for name, number in known.items()}
    count = len(set(index.values()))
    if highest - first + 1 < nodes or count < nodes / 2:
        notes.append(
            f"{path.name} names {count:,} of {nodes:,} sensors, the others have no road{sensors.on_their_side}"
        )
    return index, tuple(notes)


def _first_node(lowest: int, highest: int, nodes: int, path: Path) -> Literal[0, 1]:
    """Tell from the numbers of a list whether it counts from 0 or from 1; numbers beyond the columns are not judged."""
    if highest == nodes and lowest == 0:
        raise DataError(
            f"{path}: its ends are 0 to {nodes}, and the readings have {nodes} sensors, not {nodes + 1}; correct it, "
            "or write the sensors' ids into ids_file = ... under [series] in dataset.toml"
        )
    if lowest > 0 and highest < nodes:
        raise DataError(
            f"{path}: its ends are {lowest} to {highest} of {nodes} sensors without ids, which may be counted from 0 "
            "or from 1; write first_node = 0 or first_node = 1 under [graph] in dataset.toml"
        )
    return 0 if lowest == 0 or highest > nodes else 1
