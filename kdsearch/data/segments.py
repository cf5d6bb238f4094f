"""Lists of road segments, joined with the sensors of the readings."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.graph_files import EdgeList
from kdsearch.data.sensor_names import Index
from kdsearch.data.zero_distances import NO_ROAD, ZeroMeaning, no_road_note, zeros_judged
from kdsearch.errors import DataError

__all__ = ["distances_from_edges", "joined_segments", "weights_from_edges"]

EXAMPLES = 3


def joined_segments(
    edges: EdgeList, index: Index, ids: tuple[str, ...], path: Path
) -> tuple[list[int], tuple[str, ...]]:
    """Choose the segments of a list that join two sensors of the readings, whose ids these are.

    Returns:
        Their positions in the list, and what was left out.

    Raises:
        DataError: There is none.
    """
    roads = [number for number, (start, end) in enumerate(edges.ends) if start != end]
    kept = [number for number in roads if all(end in index for end in edges.ends[number])]
    if not kept:
        other = next((end for pair in edges.ends for end in pair if end not in index), edges.ends[0][0])
        raise DataError(
            f"{path}: no segment joins two sensors of the readings (it names {other!r}, the readings name {ids[0]!r}); "
            "give both files the same ids"
        )
    if len(kept) == len(roads):
        return kept, ()
    left = [edges.ends[number] for number in sorted(set(roads) - set(kept))]
    examples = ", ".join(f"{start} to {end}" for start, end in left[:EXAMPLES]) + ", ..." * (len(left) > EXAMPLES)
    return kept, (
        f"{path.name}: {len(left):,} of {len(roads):,} segments join no two sensors of the readings and are left out: "
        f"{examples}",
    )


def distances_from_edges(
    edges: EdgeList, kept: list[int], index: Index, ids: tuple[str, ...], path: Path, zero_is: ZeroMeaning | None
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Arrange listed distances, directions separate; of a pair listed twice the shorter one counts.

    Args:
        edges: The list; without costs all listed pairs have distance 0, the nearest there is.
        kept: Segments that count, positions in the list.
        index: Sensor of each end.
        ids: Of the sensors.
        path: The list, for errors and notes.
        zero_is: What a cost of 0 means; None where the numbers are to tell.

    Returns:
        The distances, and what was taken for granted.

    Raises:
        DataError: A cost is negative or missing, or it is not certain what 0 means.
    """
    nodes = len(ids)
    distances = np.full((nodes, nodes), np.inf)
    rows, columns = _places(edges, kept, index)
    if edges.costs is None:
        distances[rows, columns] = 0.0
        return distances, ()
    absent = edges.costs == NO_ROAD
    bad = np.flatnonzero(~(edges.costs >= 0) & (~absent | absent.all()))
    if bad.size:
        start, end = edges.ends[bad[0]]
        raise DataError(
            f"{path}: the cost of {start} to {end} is {edges.costs[bad[0]]}; give a distance of 0 or more, or leave "
            "the segment out"
        )
    costs = edges.costs[kept]
    np.minimum.at(distances, (rows, columns), np.where(absent[kept], np.inf, costs))
    listed = np.zeros((nodes, nodes), dtype=bool)
    listed[rows, columns] = True
    distances, notes = zeros_judged(distances, listed, zero_is, ids, path)
    return distances, (*no_road_note(int(absent[kept].sum()), path), *notes)


def weights_from_edges(edges: EdgeList, kept: list[int], index: Index, nodes: int, path: Path) -> NDArray[np.float64]:
    """Arrange listed weights, directions separate: float64 ``(node, node)``; of a pair listed twice the larger counts.

    Raises:
        DataError: There are no weights, or one is negative, infinite or missing.
    """
    if edges.costs is None:
        raise DataError(f'{path} has no column of weights; add it, or write kind = "edges" under [graph]')
    bad = np.flatnonzero(~(edges.costs >= 0) | np.isinf(edges.costs))
    if bad.size:
        start, end = edges.ends[bad[0]]
        raise DataError(f"{path}: the weight of {start} to {end} is {edges.costs[bad[0]]}; give a number of 0 or more")
    weights = np.zeros((nodes, nodes))
    np.maximum.at(weights, _places(edges, kept, index), edges.costs[kept])
    return weights


def _places(edges: EdgeList, kept: list[int], index: Index) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give rows and columns of segments."""
    rows, columns = (np.array([index[edges.ends[number][side]] for number in kept], dtype=np.intp) for side in (0, 1))
    return rows, columns
