"""Adjacency from road distances by the rule of STGCN, or as others have weighted it."""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.correlation import correlation_adjacency
from kdsearch.data.graph_doubts import doubts_about_distances, doubts_about_weights
from kdsearch.data.graph_files import read_edges, read_matrix, read_pickled_graph
from kdsearch.data.graph_source import WITHOUT_A_FILE, GraphSource
from kdsearch.data.positions import great_circle_metres, read_positions
from kdsearch.data.segments import distances_from_edges, joined_segments, weights_from_edges
from kdsearch.data.sensor_matrix import check_cells, ordered
from kdsearch.data.sensor_names import Sensors, by_id_or_number
from kdsearch.data.sizes import check_graph_fits
from kdsearch.data.zero_distances import NO_ROAD, no_road_note, zeros_judged
from kdsearch.errors import DataError

__all__ = ["Graph", "adjacency_from_distances", "grid_adjacency", "read_graph"]

WITHOUT_ROADS = (
    "there is no road graph: networks of stgcn and lightst-teacher have no neighbours to look at, d2stgnn has the "
    "graph that it learns, and the other families need none"
)


@dataclass(frozen=True, eq=False)
class Graph:
    """The road graph of a dataset's sensors, in the order of its readings.

    Attributes:
        adjacency: Edge weights, float64 ``(node, node)``, non-negative, zero diagonal.
        notes: What was taken for granted, one sentence each.
        positions: Latitude and longitude in degrees, float64 ``(node, 2)``; None where they are not known.
        rows: First rows of the readings that it was computed from; 0 where it does not come from readings.
    """

    adjacency: NDArray[np.float64]
    notes: tuple[str, ...] = ()
    positions: NDArray[np.float64] | None = None
    rows: int = 0


def adjacency_from_distances(
    distances_metres: NDArray[np.float64], sigma2_km2: float = 10.0, threshold: float = 0.5
) -> NDArray[np.float64]:
    """Compute edge weights ``exp(-d^2 / sigma^2)``; those below the threshold are zero.

    Yu, Yin and Zhu, "Spatio-Temporal Graph Convolutional Networks", IJCAI 2018, Eq 10. Eq 16 of Izadi, Safayani and
    Mirzaei (arXiv 2401.11798) prints the threshold as a summand; it is read as a threshold here.

    Args:
        distances_metres: ``(node, node)``; infinite or NaN where there is no road, the diagonal does not matter.
        sigma2_km2: Width of the kernel; at 10 km^2 and threshold 0.5 edges end at 2.63 km.
        threshold: Weights below it become 0.

    Returns:
        float64 ``(node, node)``, zero diagonal.
    """
    exponents = (distances_metres / 1000.0) ** 2 / sigma2_km2
    # numpy's own exponential gives other last bits on other processors, and a graph is part of a study's identity.
    farthest = -math.log(threshold) + 1e-9 if threshold > 0 else np.finfo(np.float64).max
    near = exponents <= farthest  # false for NaN: no road
    weights = np.zeros_like(exponents)
    weights[near] = [math.exp(-exponent) for exponent in exponents[near].tolist()]
    weights[weights < threshold] = 0.0
    np.fill_diagonal(weights, 0.0)
    return weights


def grid_adjacency(rows: int, columns: int) -> NDArray[np.float64]:
    """Join cells that share a side by edges of weight 1: float64 ``(cell, cell)``, cell = row * columns + column."""
    cells = np.arange(rows * columns).reshape(rows, columns)
    weights = np.zeros((cells.size, cells.size))
    for one, other in ((cells[:-1], cells[1:]), (cells[:, :-1], cells[:, 1:])):
        weights[one, other] = weights[other, one] = 1.0
    return weights


def read_graph(
    source: GraphSource,
    folder: Path,
    sensors: Sensors,
    values: NDArray[np.float32],
    times: NDArray[np.datetime64],
) -> Graph:
    """Read the graph of a dataset's sensors in the order of its readings.

    Edge lists count in both directions and matrices as given, unless the source says otherwise; an edge made symmetric
    has the larger of its two weights. Weights are taken as they stand, except for the diagonal.

    Args:
        source: File and kind.
        folder: The folder of the file.
        sensors: The sensors of the readings.
        values: The readings ``(step, node, channel)``; only a graph of correlations looks at them.
        times: Of the steps, ``(step,)``.

    Raises:
        DataError: The graph is not of these sensors, has negative or missing entries, does not fit into the memory, or
            can be read in two ways.
    """
    if not source.is_list:  # whose ends may say better what is wrong
        check_graph_fits(len(sensors), folder / source.file, sensors.on_their_side)
    if source.kind in WITHOUT_A_FILE:
        graph = _without_a_file(source, folder, sensors, values, times)
    elif source.kind == "coordinates":
        graph = _by_position(source, folder / source.file, sensors)
    elif source.is_list:
        graph = _listed(source, folder / source.file, sensors)
    else:
        graph = _matrix(source, folder / source.file, sensors)
    weights = graph.adjacency
    if source.symmetric or (source.symmetric is None and source.is_list):
        weights = np.maximum(weights, weights.T)
    np.fill_diagonal(weights, 0.0)
    graph = replace(graph, adjacency=weights)
    if not source.positions:
        return graph
    positions, notes = read_positions(folder / source.positions, sensors, source.latitude, source.longitude)
    return replace(graph, notes=graph.notes + notes, positions=positions)


def _without_a_file(
    source: GraphSource, folder: Path, sensors: Sensors, values: NDArray[np.float32], times: NDArray[np.datetime64]
) -> Graph:
    if source.kind == "none":
        return Graph(np.zeros((len(sensors), len(sensors))), (WITHOUT_ROADS,))
    if source.kind == "correlation":
        half = len(values) // 2  # all built-in protocols train on more; `split_series` refuses those that do not
        weights = correlation_adjacency(values[:half], times[:half], source.threshold)
        words = f"the graph is of correlations of at least {source.threshold:g} in the first half of the rows"
        words += "" if weights.any() else ", of which there is none: no edge is left"
        return Graph(weights, (words,), rows=half)
    if sensors.grid is None:
        raise DataError(
            f'{folder}: kind = "grid" under [graph] wants readings of a grid; write their axes under [series] in '
            'dataset.toml, such as axes = "step channel row column", or another kind'
        )
    return Graph(grid_adjacency(*sensors.grid))


def _by_position(source: GraphSource, path: Path, sensors: Sensors) -> Graph:
    positions, notes = read_positions(path, sensors, source.latitude, source.longitude)
    graph = _kernel(great_circle_metres(positions), source, path)
    return Graph(graph.adjacency, notes + graph.notes, positions)


def _listed(source: GraphSource, path: Path, sensors: Sensors) -> Graph:
    edges, nodes = read_edges(path), len(sensors)
    names = tuple(dict.fromkeys(end for pair in edges.ends for end in pair))
    index, notes = by_id_or_number(names, sensors, source.first_node, path)
    check_graph_fits(nodes, path, f"; the list names {len(names):,}{sensors.on_their_side}")
    kept, left_out = joined_segments(edges, index, sensors.ids, path)
    if source.kind == "weighted-edges":
        weights = weights_from_edges(edges, kept, index, nodes, path)
        return Graph(weights, notes + left_out + doubts_about_weights(weights, source, path))
    distances, said = distances_from_edges(edges, kept, index, sensors.ids, path, source.zero_is)
    if edges.costs is None:
        return Graph(adjacency_from_distances(distances, source.sigma2_km2, source.threshold), notes + left_out)
    graph = _kernel(distances, source, path)
    return Graph(graph.adjacency, notes + left_out + said + graph.notes)


def _matrix(source: GraphSource, path: Path, sensors: Sensors) -> Graph:
    pickled = source.kind == "dcrnn-pickle"
    matrix = read_pickled_graph(path) if pickled else read_matrix(path, len(sensors))
    check_cells(matrix.values, path, distances=source.kind == "distances")
    values, notes = ordered(matrix, sensors, path)
    if source.kind != "distances":
        return Graph(values, notes + doubts_about_weights(values, source, path))
    absent = values == NO_ROAD
    distances = np.where(absent | np.isnan(values), np.inf, values)
    distances, said = zeros_judged(distances, np.ones(values.shape, dtype=bool), source.zero_is, sensors.ids, path)
    graph = _kernel(distances, source, path)
    return Graph(graph.adjacency, notes + no_road_note(int(absent.sum()), path) + said + graph.notes)


def _kernel(distances: NDArray[np.float64], source: GraphSource, path: Path) -> Graph:
    """Weight distances in the source's unit."""
    metres = distances * (source.unit_metres or 1.0)
    weights = adjacency_from_distances(metres, source.sigma2_km2, source.threshold)
    return Graph(weights, doubts_about_distances(metres, weights, source, path))
