"""Adjacency from road distances by the rule of STGCN, or as others have weighted it."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.graph_files import EdgeList, Matrix, read_edges, read_matrix, read_pickled_graph
from kdsearch.data.graph_source import GraphSource
from kdsearch.errors import DataError

__all__ = ["adjacency_from_distances", "distances_from_edges", "grid_adjacency", "read_adjacency"]


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
    kilometres = distances_metres / 1000.0
    weights = np.exp(-(kilometres**2) / sigma2_km2)
    weights = np.where(weights >= threshold, weights, 0.0)  # false for NaN: no road
    np.fill_diagonal(weights, 0.0)
    return weights


def distances_from_edges(edges: EdgeList, sensor_ids: tuple[str, ...], path: Path) -> NDArray[np.float64]:
    """Arrange listed distances as ``(node, node)`` in the list's unit, infinite for other pairs, directions separate.

    Ends are sensor ids or, where they are not, node numbers from 0. Road segments of a larger network, with an end that
    is no sensor of this series, are left out. Of a pair listed twice the shorter one counts. Without costs all listed
    pairs have distance 0, the nearest there is.

    Raises:
        DataError: A cost is negative or missing, or no road segment joins two sensors of the series.
    """
    nodes = len(sensor_ids)
    index = {one: number for number, one in enumerate(sensor_ids)}
    named = {end for pair in edges.ends for end in pair}
    if not named <= index.keys() and all(end.isdigit() and int(end) < nodes for end in named):
        index = {end: int(end) for end in named}
    costs = np.zeros(len(edges.ends)) if edges.costs is None else edges.costs
    bad = np.flatnonzero(~(costs >= 0))
    if bad.size:
        start, end = edges.ends[bad[0]]
        raise DataError(f"{path}: the cost of {start} to {end} is {costs[bad[0]]}; give a distance of 0 or more")
    kept = [number for number, (start, end) in enumerate(edges.ends) if start in index and end in index]
    if not kept:
        raise DataError(
            f"{path}: no segment joins two sensors (it names {edges.ends[0][0]!r}, the readings name "
            f"{sensor_ids[0]!r}); give both files the same ids"
        )
    distances = np.full((nodes, nodes), np.inf)
    rows = [index[edges.ends[number][0]] for number in kept]
    columns = [index[edges.ends[number][1]] for number in kept]
    np.minimum.at(distances, (rows, columns), costs[kept])
    return distances


def grid_adjacency(rows: int, columns: int) -> NDArray[np.float64]:
    """Join cells that share a side by edges of weight 1: float64 ``(cell, cell)``, cell = row * columns + column."""
    cells = np.arange(rows * columns).reshape(rows, columns)
    weights = np.zeros((cells.size, cells.size))
    for one, other in ((cells[:-1], cells[1:]), (cells[:, :-1], cells[:, 1:])):
        weights[one, other] = weights[other, one] = 1.0
    return weights


def read_adjacency(
    source: GraphSource,
    folder: Path,
    sensor_ids: tuple[str, ...],
    named: bool,
    grid: tuple[int, int] | None = None,
) -> NDArray[np.float64]:
    """Read the adjacency of a dataset's sensors in the order of its readings.

    Edge lists count in both directions and matrices as given, unless the source says otherwise; an edge made symmetric
    has the larger of its two weights. Weights are taken as they stand, except for the diagonal.

    Args:
        source: File and kind.
        folder: The folder of the file.
        sensor_ids: The ids of the readings, one for each node.
        named: Whether these are the source's own ids, to be matched with those of the graph.
        grid: Rows and columns where the sensors are the cells of a grid.

    Returns:
        float64 ``(node, node)``, non-negative, zero diagonal.

    Raises:
        DataError: The graph is not of these sensors, or has negative or missing entries.
    """
    if source.kind == "grid":
        if grid is None:
            raise DataError(
                f'{folder}: kind = "grid" under [graph] wants readings of a grid; write their axes under [series] in '
                'dataset.toml, such as axes = "step channel row column", or another kind'
            )
        return grid_adjacency(*grid)
    path = folder / source.file
    if source.kind == "edges":
        distances = distances_from_edges(read_edges(path), sensor_ids, path)
        weights = adjacency_from_distances(distances * source.unit_metres, source.sigma2_km2, source.threshold)
    else:
        matrix = read_pickled_graph(path) if source.kind == "dcrnn-pickle" else read_matrix(path)
        weights = _ordered(matrix, sensor_ids, named, path)
        _check(weights, path, missing_is_no_road=source.kind == "distances")
        if source.kind == "distances":
            weights = adjacency_from_distances(weights * source.unit_metres, source.sigma2_km2, source.threshold)
    if source.symmetric or (source.symmetric is None and source.kind == "edges"):
        weights = np.maximum(weights, weights.T)
    np.fill_diagonal(weights, 0.0)
    return weights


def _ordered(matrix: Matrix, sensor_ids: tuple[str, ...], named: bool, path: Path) -> NDArray[np.float64]:
    """Order the matrix like the readings' sensors; by id, it may have further sensors."""
    nodes = len(sensor_ids)
    if matrix.ids is None or not named:
        if len(matrix.values) != nodes:
            raise DataError(
                f"{path} is of {len(matrix.values)} sensors, the readings of {nodes}, and ids do not join them; "
                "give both the same sensors, or both ids"
            )
        return matrix.values.copy()
    position = {one: number for number, one in enumerate(matrix.ids)}
    absent = [one for one in sensor_ids if one not in position]
    if absent:
        raise DataError(f"{path} does not name sensor {absent[0]!r} of the readings; give both files the same ids")
    order = [position[one] for one in sensor_ids]
    return matrix.values[np.ix_(order, order)]


def _check(values: NDArray[np.float64], path: Path, missing_is_no_road: bool) -> None:
    bad = ~(values >= 0) & ~(np.isnan(values) & missing_is_no_road)
    if not missing_is_no_road:
        bad |= np.isinf(values)
    if bad.any():
        row, column = (int(one) for one in np.argwhere(bad)[0])
        raise DataError(
            f"{path}, row {row + 1}, column {column + 1}: {values[row, column]} is no distance or weight; "
            "give numbers of 0 or more"
        )
