"""Doubts about a graph whose numbers look as if they had another unit, or were of another kind than was said."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.graph_source import GraphSource
from kdsearch.errors import DataError

__all__ = ["doubts_about_distances", "doubts_about_weights"]

NEAR = 0.99
"""A weight above it stands for a road of no length: 317 m at 10 km^2."""

NEARLY_ALL = 0.95

SPACING_METRES = 20.0
"""Sensors are further apart than that from their nearest neighbours, but for those at one place."""

MOST = 0.5

TOML = "under [graph] in dataset.toml"


def doubts_about_distances(
    metres: NDArray[np.float64], weights: NDArray[np.float64], source: GraphSource, path: Path
) -> tuple[str, ...]:
    """Judge the weights that a kernel made of distances.

    Args:
        metres: ``(node, node)``, infinite where there is no road.
        weights: The kernel's weights.
        source: Where they are from; a unit that it names is believed.
        path: The file, for errors and notes.

    Returns:
        What looks odd, and what to write.

    Raises:
        DataError: No edge is left, or the distances look like kilometres or weights, and the source names no unit.
    """
    lengths = np.where(np.eye(len(metres), dtype=bool) | ~np.isfinite(metres) | (metres <= 0), np.nan, metres)
    given = np.isfinite(lengths)
    if not given.any():
        return () if (weights > 0).any() or len(metres) == 1 else (f"{path.name} has no road between two sensors",)
    asked = source.unit_metres is None and source.kind != "coordinates"
    reached = given.any(axis=1)
    spacing = float(np.median(np.nanmin(lengths[reached], axis=1)))
    sigma2_km2 = _number(float(f"{4 * (spacing / 1000) ** 2:.2g}")).replace(
        ",", ""
    )  # the nearest neighbour then weighs 0.78
    least, most = float(np.nanmin(lengths)), float(np.nanmax(lengths))
    span = f"distances of {f'{_number(least)} to ' * (most > least)}{_number(most)} m"
    edges = weights > 0
    if not edges.any():
        words = (
            f"{path}: no two sensors are near enough for an edge, {span} are beyond {_reach(source)}; write "
            f"{'unit_metres = ... if they are not metres (0.3048 for feet), else ' * asked}"
            f"sigma2_km2 = {sigma2_km2} {TOML}"
        )
        if asked or source.kind == "coordinates":
            raise DataError(words)
        return (words,)
    if (weights[edges] > NEAR).mean() >= NEARLY_ALL:
        return _all_near(spacing, span, most, sigma2_km2, source, path, asked=asked)
    lonely = int((reached & ~edges.any(axis=1) & ~edges.any(axis=0)).sum())
    if lonely > MOST * reached.sum():
        return (
            f"{path.name}: {lonely:,} of {len(metres):,} sensors have no edge, for edges end at {_reach(source)}; "
            f"check unit_metres, or write sigma2_km2 = {sigma2_km2} {TOML}",
        )
    return ()


def _all_near(
    spacing: float, span: str, most: float, sigma2_km2: str, source: GraphSource, path: Path, *, asked: bool
) -> tuple[str, ...]:
    if asked and spacing < SPACING_METRES:
        kind = "weighted-edges" if source.is_list else "weights"
        other = f'kind = "{kind}" if they are weights, ' if most <= 1 else ""
        raise DataError(
            f"{path}: {span} look like kilometres, for nearly every edge would weigh more than {NEAR}; write "
            f"{other}unit_metres = 1000 if they are kilometres, 1609.344 if miles, or 1 if metres, {TOML}"
        )
    return (
        f"{path.name}: nearly every edge weighs more than {NEAR}, for {span} are short beside the kernel; check "
        f"unit_metres, or write sigma2_km2 = {sigma2_km2} {TOML} to tell near from far",
    )


def _number(number: float) -> str:
    """Write a number with four digits at least, without an exponent."""
    return f"{number:,.0f}" if number >= 1000 else f"{number:.4g}"


def _reach(source: GraphSource) -> str:
    """Write the distance at which edges end."""
    if source.threshold in (0.0, 1.0):
        return f"a weight of {source.threshold:g}"
    return f"{np.sqrt(-source.sigma2_km2 * np.log(source.threshold)):.2f} km"


def doubts_about_weights(weights: NDArray[np.float64], source: GraphSource, path: Path) -> tuple[str, ...]:
    """Judge weights ``(node, node)`` that are taken as they stand."""
    edges = weights[(weights > 0) & ~np.eye(len(weights), dtype=bool)]
    if not edges.size:
        return (f"{path.name} has no weight above 0 between two sensors",) if len(weights) > 1 else ()
    if np.median(edges) <= 1:
        return ()
    return (
        f"{path.name}: weights of {_number(edges.min())} to {_number(edges.max())} are taken as they stand; "
        f'if they are distances, write kind = "{"edges" if source.is_list else "distances"}" {TOML}',
    )
