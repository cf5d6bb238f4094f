"""What is best where objectives disagree: the Pareto front, its hypervolume and its knee. Everything is minimised."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["hypervolume", "knee", "non_dominated"]


def non_dominated(values: ArrayLike) -> NDArray[np.bool_]:
    """Marks the Pareto front: the points that no other point equals or betters everywhere and betters somewhere.

    Equal points do not dominate each other, so all copies of a front point are on the front. A point with a NaN
    is never on the front and dominates nothing.

    Args:
        values: Objectives ``(trial, objective)``, all minimised.

    Returns:
        Mask ``(trial,)``, true on the front.
    """
    points = _matrix(values)
    usable = ~np.isnan(points).any(axis=1)
    mask = np.zeros(len(points), dtype=np.bool_)
    for index in np.flatnonzero(usable):
        no_worse = (points <= points[index]).all(axis=1)
        better = (points < points[index]).any(axis=1)
        mask[index] = not (usable & no_worse & better).any()
    return mask


def hypervolume(front: ArrayLike, reference_point: ArrayLike) -> float:
    """Measures the part of objective space that a front dominates, bounded by the reference point.

    Exact: an interval for one objective, a staircase of rectangles for two, slabs of staircases for three (Zitzler
    and Thiele 1998 define the measure). Points that are not better than the reference point everywhere add nothing.

    Args:
        front: Objectives ``(point, objective)`` with one to three objectives, all minimised; dominated points are
            allowed and add nothing.
        reference_point: The worst corner ``(objective,)``.

    Returns:
        The volume, in the product of the objectives' units.

    Raises:
        ValueError: With more than three objectives, or a reference point of another length.
    """
    points, corner = _matrix(front), np.asarray(reference_point, dtype=np.float64)
    if points.size == 0:
        return 0.0
    if corner.shape != points.shape[1:]:
        raise ValueError(f"reference_point has shape {corner.shape}, the points have {points.shape[1]} objectives")
    points = points[(points < corner).all(axis=1)]
    match corner.size:
        case 1:
            return float(np.max(corner - points[:, 0], initial=0.0))
        case 2:
            return _staircase_area(points, corner)
        case 3:
            return _slab_volume(points, corner)
    raise ValueError(f"hypervolume knows one to three objectives, not {corner.size}")


def knee(values: ArrayLike, logarithmic: Sequence[bool]) -> int:
    """Chooses the point of a front where giving up a little of one objective stops buying much of another.

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
    points = _matrix(values)
    if points.size == 0 or not np.isfinite(points).all():
        raise ValueError("a knee needs at least one point, and finite values only")
    scaled = np.zeros_like(points)
    for objective, in_log in enumerate(logarithmic):
        column = points[:, objective]
        column = np.log(column) if in_log and (column > 0).all() else column
        span = float(np.ptp(column))
        if span > 0:
            scaled[:, objective] = (column - column.min()) / span
    below = -scaled.sum(axis=1)
    equally_far = np.flatnonzero(below >= below.max() - 1e-9)
    return int(equally_far[np.argmin(points[equally_far, 0])])


def _matrix(values: ArrayLike) -> NDArray[np.float64]:
    points = np.asarray(values, dtype=np.float64)
    if points.size == 0:
        return points.reshape(0, points.shape[-1] if points.ndim == 2 else 0)
    if points.ndim != 2:
        raise ValueError(f"objectives must be (trial, objective), got an array of shape {points.shape}")
    return points


def _staircase_area(points: NDArray[np.float64], corner: NDArray[np.float64]) -> float:
    area, height = 0.0, float(corner[1])
    for first, second in points[np.lexsort((points[:, 1], points[:, 0]))]:
        if second < height:
            area += (corner[0] - first) * (height - second)
            height = second
    return float(area)


def _slab_volume(points: NDArray[np.float64], corner: NDArray[np.float64]) -> float:
    points = points[np.argsort(points[:, 2])]
    ceilings = [*points[1:, 2], corner[2]][: len(points)]
    return sum(
        float(ceiling - point[2]) * _staircase_area(points[: index + 1, :2], corner[:2])
        for index, (point, ceiling) in enumerate(zip(points, ceilings, strict=True))
        if ceiling > point[2]
    )
