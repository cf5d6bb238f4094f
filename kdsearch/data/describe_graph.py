"""Which file of a folder may be the graph of its readings, and of what kind."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.graph_files import EdgeList, Matrix, read_edges, read_matrix, read_pickled_graph
from kdsearch.data.positions import LATITUDES
from kdsearch.data.readings import Readings
from kdsearch.data.sensor_names import Sensors, by_id, whole
from kdsearch.data.text_table import read_text_table
from kdsearch.data.time_text import is_time
from kdsearch.errors import DataError

__all__ = ["proposed_graph"]

SUFFIXES = (".csv", ".txt", ".tsv", ".pkl")


def proposed_graph(path: Path, graph: Path | None, readings: Readings) -> tuple[dict[str, Any], dict[str, str]]:
    """Propose the `[graph]` table of a `dataset.toml`.

    Args:
        path: The file of readings.
        graph: The file of roads; the first file beside the readings that may be one where None.
        readings: What the file holds; a graph names some of its sensors.

    Returns:
        The keys of the table, and what is not certain by key.
    """
    nodes = readings.values.shape[1]
    ids = readings.sensor_ids or tuple(map(str, range(nodes)))
    beside = sorted(one for one in path.parent.iterdir() if one.suffix.lower() in SUFFIXES and one != path)
    for one in [graph] if graph is not None else beside:
        if keys := _kind_of(one, Sensors(ids, named=readings.sensor_ids is not None)):
            return {"file": one.name} | keys[0], {"kind": keys[1]} if keys[1] else {}
    words = "no graph was found beside the readings; name its file and kind if there is one"
    if graph is not None:
        words = f"{graph.name} is no graph that names a sensor of the readings"
    return {"kind": "none"}, {"kind": words}


def _kind_of(path: Path, sensors: Sensors) -> tuple[dict[str, Any], str] | None:
    """Tell the kind of a graph file, and what is not certain of it; None where it is none of these sensors."""
    try:
        if path.suffix.lower() == ".pkl":
            return ({"kind": "dcrnn-pickle"}, "") if _is_graph(read_pickled_graph(path), sensors) else None
        table = read_text_table(path)
        if any(is_time(cell) for cell in table.cells(min(1, len(table.lines) - 1))):
            return None  # further readings
        if any(cell.lower() in LATITUDES for cell in table.first):
            return {"kind": "coordinates"}, "distances along the earth stand for those on roads"
        if table.width in (2, 3) and len(table.lines) > 1:
            edges = read_edges(path)
            return _list_of(edges.costs) if _joins(edges, sensors) else None
        if len(table.lines) - table.width in (0, 1):
            matrix = read_matrix(path, len(sensors))
            return _matrix_of(matrix.values) if _is_graph(matrix, sensors) else None
    except DataError:
        pass  # another file
    return None


def _is_graph(matrix: Matrix, sensors: Sensors) -> bool:
    """Tell whether a matrix is of these sensors, each as far from itself as the others are."""
    own = np.unique(np.diag(matrix.values))
    known = by_id(matrix.ids, sensors.ids) if matrix.ids and sensors.named else len(matrix.values) == len(sensors)
    return bool(known) and len(own) == 1


def _joins(edges: EdgeList, sensors: Sensors) -> bool:
    """Tell whether a list joins sensors: by their ids, two pairs of them at least, or all by numbers of columns."""
    if not sensors.named:
        numbers = [whole(end) for pair in edges.ends for end in pair]
        return all(number is not None and number <= len(sensors) for number in numbers)
    index = by_id([end for pair in edges.ends for end in pair], sensors.ids)
    joined = [pair for pair in edges.ends if pair[0] in index and pair[1] in index]
    return len(joined) >= min(2, len(edges.ends))


def _list_of(costs: NDArray[np.float64] | None) -> tuple[dict[str, Any], str]:
    if costs is not None and np.nanmax(costs) <= 1:
        return {"kind": "weighted-edges"}, "no cost is above 1, so that they look like weights rather than distances"
    if costs is not None and np.nanmax(costs) < 100:
        return {"kind": "edges", "unit_metres": 1000}, "distances below 100 look like km"
    return {"kind": "edges"}, ""


def _matrix_of(values: NDArray[np.float64]) -> tuple[dict[str, Any], str]:
    if np.nanmax(values) <= 1:
        return {"kind": "weights"}, ""
    if np.nanmax(values) < 100:
        return {"kind": "distances", "unit_metres": 1000}, "distances below 100 look like km"
    return {"kind": "distances"}, ""
