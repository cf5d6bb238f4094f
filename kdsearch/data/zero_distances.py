"""What a distance of 0 between two sensors means: no road, or one place."""

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kdsearch.errors import DataError

__all__ = ["NO_ROAD", "ZeroMeaning", "no_road_note", "zeros_judged"]

ZeroMeaning = Literal["no road", "same place"]

NO_ROAD = -1.0
"""The number that many programs write where no way leads from one sensor to the other."""

ALIKE = 0.05
"""Two sensors may be at one place where their distances to the others differ by no more than this share."""

WITNESSES = 3
"""They are at one place where that many different distances agree."""

SAMPLED_PAIRS = 200

Distances = NDArray[np.float64]
"""``(node, node)``, infinite where there is no road; the diagonal does not matter."""


def no_road_note(count: int, path: Path) -> tuple[str, ...]:
    """Say how many distances are `NO_ROAD`."""
    return (f"{path.name}: {count:,} distances of -1 are read as no road",) if count else ()


def zeros_judged(
    distances: Distances, known: NDArray[np.bool_], zero_is: ZeroMeaning | None, ids: tuple[str, ...], path: Path
) -> tuple[Distances, tuple[str, ...]]:
    """Say what distances of 0 mean, and make them infinite where they mean that there is no road.

    The author of STGCN reads 0 as "no road"; other files have sensors that are at one place. Where the source does not
    say it, the numbers do: sensors at one place have the same distances to all others.

    Args:
        distances: In the file's unit.
        known: Where the file says anything, a road or none, ``(node, node)``.
        zero_is: What the source says.
        ids: Of the sensors.
        path: The file, for errors and notes.

    Returns:
        The distances, and what was taken for granted.

    Raises:
        DataError: It is not certain what 0 means.
    """
    zero = (distances == 0) & ~np.eye(len(distances), dtype=bool)
    if not zero.any() or zero_is == "same place":
        return distances, ()
    pairs = np.argwhere(np.triu(zero | zero.T))
    count = f"{len(pairs):,} pair{'s' * (len(pairs) > 1)} of sensors"
    seen = zero_is or _meaning_of_zero(distances, known, pairs)
    if seen is None:
        one, other = (ids[node] for node in pairs[0])
        raise DataError(
            f"{path}: distance 0, between {count} such as {one} and {other}, may mean that there is no road, or that "
            'they are at one place; write zero_is = "no road" or zero_is = "same place" under [graph] in dataset.toml'
        )
    if seen == "same place":
        return distances, (
            f"{path.name}: distance 0, between {count} that are equally far from all others, is read as one place; if "
            'there is no road between them, write zero_is = "no road" under [graph] in dataset.toml',
        )
    note = (
        f"{path.name}: distance 0, between {count}, is read as no road; if they are at one place, write "
        'zero_is = "same place" under [graph] in dataset.toml'
    )
    return np.where(zero, np.inf, distances), () if zero_is else (note,)


def _meaning_of_zero(distances: Distances, known: NDArray[np.bool_], pairs: NDArray[np.intp]) -> ZeroMeaning | None:
    """Tell from the other distances what 0 means; None where they do not say.

    Args:
        distances: ``(node, node)``.
        known: Where the file says anything, a road or none, ``(node, node)``.
        pairs: Pairs of distance 0, ``(pair, 2)``.
    """
    step = -(-len(pairs) // SAMPLED_PAIRS)
    judged = [_at_one_place(distances, known, int(one), int(other)) for one, other in pairs[::step]]
    if all(judged):
        return "same place"
    return "no road" if 2 * judged.count(False) >= len(judged) else None


def _at_one_place(distances: Distances, known: NDArray[np.bool_], one: int, other: int) -> bool | None:
    """Tell whether two sensors are equally far from all others; None where too few distances say so or not."""
    mine, theirs = (np.concatenate([distances[node], distances[:, node]]) for node in (one, other))
    both = np.concatenate([known[one] & known[other], known[:, one] & known[:, other]])
    both[[one, other, one + len(distances), other + len(distances)]] = False
    longer, shorter = np.maximum(mine, theirs), np.minimum(mine, theirs)
    both &= (longer > 0) & np.isfinite(shorter) & ((shorter > 0) | np.isfinite(longer))
    if not both.any():
        return None
    longer, shorter = longer[both], shorter[both]
    difference = np.where(np.isfinite(longer), 1.0 - shorter / np.where(np.isfinite(longer), longer, 1.0), 1.0)
    if np.median(difference) > ALIKE:
        return False
    return True if len(np.unique(longer)) >= WITNESSES else None
