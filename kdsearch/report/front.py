"""The Pareto front of several objectives, its hypervolume, its knee, and the choice by weights.

Everything is minimised.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["gained_volume", "hypervolume", "in_decades", "knee", "log_hypervolume", "non_dominated", "preferred"]

_AUGMENTATION = 1e-3
"""Small enough that it only decides between points whose worst objective is equally bad."""


def non_dominated(values: ArrayLike) -> NDArray[np.bool_]:
    """Mark the Pareto front: the points that no other point equals or betters everywhere and betters somewhere.

    Equal points do not dominate each other, so all copies of a front point are on the front. A point with a NaN
    is never on the front and dominates nothing.

    Args:
        values: Objectives ``(trial, objective)``, all minimised.

    Returns:
        Mask ``(trial,)``, true on the front.
    """
    points = _matrix(values)
    mask = np.zeros(len(points), dtype=np.bool_)
    rest = np.flatnonzero(~np.isnan(points).any(axis=1))
    if not rest.size:
        return mask
    rest = rest[np.lexsort(points[rest].T[::-1])]  # what dominates a point stands before it
    while rest.size:
        first = points[rest[0]]
        mask[rest[0]] = True
        others = points[rest[1:]]
        rest = rest[1:][(others < first).any(axis=1) | (others == first).all(axis=1)]
    return mask


def hypervolume(front: ArrayLike, reference_point: ArrayLike) -> float:
    """Measure the part of objective space that a front dominates, bounded by the reference point.

    Exact: an interval for one objective, a staircase of rectangles for two, and for more the sum of what each point
    spans and no later one does (Zitzler and Thiele 1998 define the measure, While et al. 2012 the sum). Points that are
    not better than the reference point everywhere add nothing.

    Args:
        front: Objectives ``(point, objective)``, all minimised; dominated points are allowed and add nothing.
        reference_point: The worst corner ``(objective,)``.

    Returns:
        The volume, in the product of the objectives' units.

    Raises:
        ValueError: The reference point has another length.
    """
    points, corner = _matrix(front), np.asarray(reference_point, dtype=np.float64)
    if points.size == 0:
        return 0.0
    if corner.shape != points.shape[1:]:
        raise ValueError(f"reference_point has shape {corner.shape}, the points have {points.shape[1]} objectives")
    points = points[(points < corner).all(axis=1)]
    return _volume(points[non_dominated(points)], corner)


def gained_volume(point: ArrayLike, front: ArrayLike, reference_point: ArrayLike) -> float:
    """Measure how much a point adds to the hypervolume of a front, faster than by measuring both.

    Args:
        point: Objectives ``(objective,)``.
        front: As in `hypervolume`.
        reference_point: The worst corner ``(objective,)``.
    """
    own, corner = np.asarray(point, dtype=np.float64), np.asarray(reference_point, dtype=np.float64)
    if not (own < corner).all():
        return 0.0
    others = _matrix(front).reshape(-1, corner.size)
    return _own_volume(own, others[(others < corner).all(axis=1)], corner)


def in_decades(values: ArrayLike, logarithmic: Sequence[bool]) -> NDArray[np.float64]:
    """Take the base-10 logarithm of costs, so that halving a small cost counts as much as a large one.

    Args:
        values: Objectives ``(point, objective)``.
        logarithmic: For each objective, whether its logarithm is taken.

    Raises:
        ValueError: A logarithmic objective is not above 0.
    """
    points = _matrix(values).copy()
    for objective, in_log in enumerate(logarithmic):
        if in_log and points.size:
            if points[:, objective].min() <= 0:
                raise ValueError(f"objective {objective} has values that are not above 0, and so no logarithm")
            points[:, objective] = np.log10(points[:, objective])
    return points


def log_hypervolume(values: ArrayLike, reference_point: ArrayLike, logarithmic: Sequence[bool]) -> float:
    """Measure the hypervolume with costs in decades.

    Args:
        values: Objectives ``(point, objective)``, all minimised.
        reference_point: The worst corner ``(objective,)``, in the objectives' own units.
        logarithmic: For each objective, whether its base-10 logarithm is taken, in points and corner.

    Returns:
        The volume: units of the linear objectives times decades of the others.

    Raises:
        ValueError: The reference point has another length, or a logarithmic objective is not above 0.
    """
    return hypervolume(in_decades(values, logarithmic), in_decades(np.atleast_2d(reference_point), logarithmic)[0])


def knee(values: ArrayLike, logarithmic: Sequence[bool]) -> int:
    """Choose the point of a front where giving up a little of one objective stops buying much of another.

    The rule (the bend of Das 1999, in normalised objectives): costs, which span orders of magnitude, are taken in
    log scale; every objective is scaled to [0, 1] over the front; the knee is the point farthest below the line
    (the plane) through the corners that are worst in one objective and best in all others, which are the ends of a
    front of two objectives. That distance is ``(1 - sum of the scaled objectives) / sqrt(objective)``.

    Where points are equally far, the one that is better in the first objective is chosen. The ends of a front of two
    objectives lie on the line itself: of two points, and of a front that bends the wrong way, the knee is therefore
    the better one in the first objective. A front of one point is its own knee.

    Args:
        values: Objectives of the front's points ``(point, objective)``, all minimised, finite.
        logarithmic: For each objective, whether it is a cost to be taken in log scale; it is left linear where it
            is not positive everywhere.

    Returns:
        The index of the knee.

    Raises:
        ValueError: Without points, or with a value that is not finite.
    """
    points = _front_points(values)
    below = -_scaled(points, logarithmic).sum(axis=1)
    return _first(below >= below.max() - 1e-9, points)


def preferred(values: ArrayLike, logarithmic: Sequence[bool], weights: Sequence[float]) -> int:
    """Choose the point of a front that is nearest to the ideal point, by weights.

    The rule (the augmented weighted Chebyshev distance of Steuer and Choo 1983, an achievement function as in
    Wierzbicki 1980): objectives are scaled as for `knee`, so that the ideal point, the best of the front in each
    objective, is 0; the distance of a point is its largest scaled objective times weight, plus a thousandth of the sum
    of its scaled objectives. Any point of a front, also where it bends the wrong way, is chosen by some weights. Only
    the weights' ratios count. Where points are equally near, the one that is better in the first objective is chosen.

    Args:
        values: Objectives of the front's points ``(point, objective)``, all minimised, finite.
        logarithmic: As for `knee`.
        weights: One for each objective, above 0; the larger, the nearer to its best the choice is in that objective.

    Returns:
        The index of the point.

    Raises:
        ValueError: Without points, with a value that is not finite, or with weights that are not one positive number
            for each objective.
    """
    points, importance = _front_points(values), np.asarray(weights, dtype=np.float64)
    if importance.shape != points.shape[1:] or not (importance > 0).all() or not np.isfinite(importance).all():
        raise ValueError("weights must be one positive number for each objective")
    scaled = _scaled(points, logarithmic)
    distance = (scaled * importance / importance.sum()).max(axis=1) + _AUGMENTATION * scaled.sum(axis=1)
    return _first(distance <= distance.min() + 1e-9, points)


def _front_points(values: ArrayLike) -> NDArray[np.float64]:
    points = _matrix(values)
    if points.size == 0 or not np.isfinite(points).all():
        raise ValueError("a choice needs at least one point, and finite values only")
    return points


def _scaled(points: NDArray[np.float64], logarithmic: Sequence[bool]) -> NDArray[np.float64]:
    """Scale objectives to [0, 1] over the front, costs in log scale where they have one."""
    scaled = np.zeros_like(points)
    for objective, in_log in enumerate(logarithmic):
        column = points[:, objective]
        column = np.log(column) if in_log and (column > 0).all() else column
        span = float(np.ptp(column))
        if span > 0:
            scaled[:, objective] = (column - column.min()) / span
    return scaled


def _first(chosen: NDArray[np.bool_], points: NDArray[np.float64]) -> int:
    """Choose, of the points that are equally good, the one that is better in the first objective."""
    indices = np.flatnonzero(chosen)
    return int(indices[np.argmin(points[indices, 0])])


def _matrix(values: ArrayLike) -> NDArray[np.float64]:
    points = np.asarray(values, dtype=np.float64)
    if points.size == 0:
        return points.reshape(0, points.shape[-1] if points.ndim == 2 else 0)
    if points.ndim != 2:
        raise ValueError(f"objectives must be (trial, objective), got an array of shape {points.shape}")
    return points


def _volume(points: NDArray[np.float64], corner: NDArray[np.float64]) -> float:
    """Measure what points span below a corner that none of them reaches."""
    if corner.size == 1:
        return float(np.max(corner - points[:, 0], initial=0.0))
    if corner.size == 2:
        return _staircase_area(points, corner)
    points = points[
        np.argsort(-points[:, -1])
    ]  # the worst in one objective first: fewer are left of the others' limits
    return sum(_own_volume(point, points[index + 1 :], corner) for index, point in enumerate(points))


def _own_volume(point: NDArray[np.float64], others: NDArray[np.float64], corner: NDArray[np.float64]) -> float:
    """Measure what a point spans and none of the others does."""
    limited = np.maximum(others, point)
    return float(np.prod(corner - point)) - _volume(limited[non_dominated(limited)], corner)


def _staircase_area(points: NDArray[np.float64], corner: NDArray[np.float64]) -> float:
    area, height = 0.0, float(corner[1])
    for first, second in points[np.lexsort((points[:, 1], points[:, 0]))].tolist():
        if second < height:
            area += (corner[0] - first) * (height - second)
            height = second
    return float(area)
