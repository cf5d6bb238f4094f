"""Matrices over sensors, checked and put into the order of the readings."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.graph_files import Matrix
from kdsearch.data.sensor_names import Sensors, by_id, whole, written_otherwise
from kdsearch.data.zero_distances import NO_ROAD
from kdsearch.errors import DataError

__all__ = ["check_cells", "ordered"]


def check_cells(values: NDArray[np.float64], path: Path, *, distances: bool) -> None:
    """Refuse what is no weight, or no distance: these may be empty, infinite or -1 where there is no road.

    Raises:
        DataError: A cell is negative, or a weight infinite or missing.
    """
    bad = (values < 0) & (values != NO_ROAD) if distances else ~(values >= 0) | np.isinf(values)
    if bad.any():
        row, column = (int(one) for one in np.argwhere(bad)[0])
        remedy = ", or leave the cell empty where there is no road" if distances else ""
        raise DataError(
            f"{path}, row {row + 1}, column {column + 1}: {values[row, column]} is no distance or weight; "
            f"give numbers of 0 or more{remedy}"
        )


def ordered(matrix: Matrix, sensors: Sensors, path: Path) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Order a matrix like the sensors of the readings.

    By id it may have further sensors; without ids, or with ids that the readings lack, it has the same sensors in the
    same order, unless its ids are column numbers of the readings.

    Returns:
        float64 ``(node, node)``, and what was taken for granted.

    Raises:
        DataError: The matrix is of other sensors.
    """
    nodes, ids = len(sensors), matrix.ids
    if ids is not None and sensors.named:
        index = by_id(ids, sensors.ids)
        if len(index) == nodes:
            position = {node: number for number, one in enumerate(ids) if (node := index.get(one)) is not None}
            further = len(ids) - nodes
            larger = f"{path.name} is of a larger network: {further:,} of its {len(ids):,} sensors are left out"
            notes = written_otherwise(index, sensors, path) + (larger,) * (further > 0)
            return _taken(matrix, [position[node] for node in range(nodes)]), notes
        if len(ids) != nodes or _column_numbers(ids) != list(range(nodes)):
            absent = next(one for node, one in enumerate(sensors.ids) if node not in index.values())
            raise DataError(f"{path} does not name sensor {absent!r} of the readings; give both files the same ids")
        return matrix.values.copy(), (_in_order(path, "its ids only count its columns"),)
    if len(matrix.values) != nodes:
        turned = sensors.on_their_side if len(matrix.values) == sensors.steps else ""
        raise DataError(
            f"{path} is of {len(matrix.values)} sensors, the readings of {nodes}, and ids do not join them; "
            f"give both the same sensors, or both ids{turned}"
        )
    if ids is None:
        return matrix.values.copy(), ()
    columns = _column_numbers(ids)
    if columns is not None:
        return _taken(matrix, [int(one) for one in np.argsort(columns)]), ()
    return matrix.values.copy(), (_in_order(path, "the readings have no ids"),)


def _taken(matrix: Matrix, order: list[int]) -> NDArray[np.float64]:
    return matrix.values[np.ix_(order, order)]


def _column_numbers(ids: tuple[str, ...]) -> list[int] | None:
    """Read ids as column numbers from 0; None where they are no numbers that count all columns from 0 or 1."""
    numbers = [number for one in ids if (number := whole(one)) is not None]
    first = min(numbers, default=-1)
    counted = first in (0, 1) and sorted(numbers) == list(range(first, len(ids) + first))
    return [number - first for number in numbers] if counted else None


def _in_order(path: Path, why: str) -> str:
    return f"{path.name}: its sensors are taken in the order of the readings, for {why}"
