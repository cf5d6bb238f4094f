"""Which file of a folder may be the graph of its readings, and of what kind."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.graph_files import read_edges, read_matrix
from kdsearch.data.positions import LATITUDES
from kdsearch.data.series_source import SeriesSource
from kdsearch.data.text_table import read_text_table
from kdsearch.errors import DataError

__all__ = ["proposed_graph"]

SUFFIXES = (".csv", ".txt", ".tsv", ".pkl")


def proposed_graph(readings: Path, graph: Path | None, nodes: int) -> tuple[dict[str, Any], dict[str, str]]:
    """Propose the `[graph]` table of a `dataset.toml`.

    Args:
        readings: The file of readings.
        graph: The file of roads; the first file beside the readings that may be one where None.
        nodes: Number of sensors.

    Returns:
        The keys of the table, and what is not certain by key.
    """
    beside = sorted(path for path in readings.parent.iterdir() if path.suffix.lower() in SUFFIXES and path != readings)
    for path in [graph] if graph is not None else beside:
        if keys := _kind_of(path, nodes):
            return {"file": path.name} | keys[0], {"kind": keys[1]} if keys[1] else {}
    words = "no graph was found beside the readings; name its file and kind if there is one"
    return {"kind": "none"}, {"kind": words}


def _kind_of(path: Path, nodes: int) -> tuple[dict[str, Any], str] | None:
    """Tell the kind of a graph file, and what is not certain of it; None where it is none."""
    if path.suffix.lower() == ".pkl":
        return {"kind": "dcrnn-pickle"}, ""
    found = None
    try:
        table = read_text_table(path, SeriesSource(file=path.name))
        if any(cell.lower() in LATITUDES for cell in table.first):
            found = {"kind": "coordinates"}, "distances along the earth stand for those on roads"
        elif table.width in (2, 3) and len(table.lines) > 1:
            found = _list_of(read_edges(path).costs)
        elif len(table.lines) - table.width in (0, 1):
            found = _matrix_of(read_matrix(path, nodes).values)
    except DataError:
        return None  # another file, such as further readings
    return found


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
