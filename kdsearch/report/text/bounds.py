"""The sentence on the bounds around the chosen network's forecasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kdsearch.report.numbers import error, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kdsearch.breakdown import Covered, CoveredSums
    from kdsearch.report.summary import TrialSummary

__all__ = ["bounds_hold", "node_name", "share_inside"]


def bounds_hold(chosen: TrialSummary | None, nodes: Sequence[str], unit: str = "") -> str | None:
    """Say what share of the test readings the bounds hold, in the worst week and sensor too, and how wide they are.

    Args:
        chosen: The network; None where there is none.
        nodes: Names of the nodes; empty where they are not known.
        unit: Unit of the readings.
    """
    found = None if chosen is None or chosen.confirmed is None else chosen.confirmed.breakdown
    if chosen is None or found is None or not found.fixed.overall[1]:
        return None
    return (
        f"Bounds: those at {share(found.level)} of trial {chosen.number}, from the validation split, hold "
        f"{_said(found.fixed, nodes, unit)}. Scaled by the readings known when a forecast is made, they hold "
        f"{_said(found.adaptive, nodes, unit)}."
    )


def _said(covered: Covered, nodes: Sequence[str], unit: str) -> str:
    inside, count, width = covered.overall
    known = {node_name(nodes, node): each for node, each in enumerate(covered.sensor) if each[1]}
    sensor = min(known, key=lambda name: share_inside(known[name]))
    parts = [f"{share(inside / count)} of the test readings at a mean width of {error(width / count, unit)}"]
    if len(covered.week) > 1:
        week = min(covered.week, key=lambda day: share_inside(covered.week[day]))
        parts.append(f"{share(share_inside(covered.week[week]))} in the worst week, from {week}")
    parts.append(f"{share(share_inside(known[sensor]))} at the worst sensor, {sensor}")
    return ", ".join(parts)


def share_inside(sums: CoveredSums) -> float:
    """Divide the readings inside the bounds by all; NaN without any."""
    inside, count, _ = sums
    return inside / count if count else float("nan")


def node_name(nodes: Sequence[str], node: int) -> str:
    """Name a node; by its number, from 0, where the study did not keep names."""
    return nodes[node] if node < len(nodes) else f"node {node}"
