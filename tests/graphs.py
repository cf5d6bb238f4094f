"""Graph files of a few sensors, and the graph that is read from one."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.graph import Graph, read_graph
from kdsearch.data.graph_source import GraphSource
from kdsearch.data.sensor_names import Sensors

__all__ = ["IDS", "adjacency", "dense", "graph", "listed", "numbered", "write"]

IDS = ("11", "12", "13")


def write(path: Path, *lines: str) -> Path:
    """A text file of these lines."""
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def dense(rows: Any) -> list[str]:
    """Lines of a matrix without header."""
    return [",".join(str(value) for value in row) for row in np.asarray(rows).tolist()]


def listed(*segments: tuple[object, ...]) -> list[str]:
    """Lines of an edge list with a header."""
    return ["from,to,cost", *(",".join(map(str, segment)) for segment in segments)]


def numbered(nodes: int, steps: int | None = None) -> Sensors:
    """Sensors of readings without ids."""
    return Sensors(tuple(map(str, range(nodes))), named=False, steps=steps)


def graph(path: Path, kind: str, sensors: Sensors | tuple[str, ...] = IDS, **more: Any) -> Graph:
    """The graph of a file, for sensors with these ids."""
    sensors = sensors if isinstance(sensors, Sensors) else Sensors(sensors, named=True)
    source = GraphSource.model_validate({"file": path.name, "kind": kind, **more})
    steps = 4
    times = np.datetime64("2024-03-01T00:00", "m") + np.arange(steps) * np.timedelta64(5, "m")
    return read_graph(source, path.parent, sensors, np.zeros((steps, len(sensors), 1), dtype=np.float32), times)


def adjacency(path: Path, kind: str, sensors: Sensors | tuple[str, ...] = IDS, **more: Any) -> NDArray[np.float64]:
    """Its edge weights."""
    return graph(path, kind, sensors, **more).adjacency
