"""The rule that chooses a network from the front: the knee, or the reader's own weights."""

import math
from collections.abc import Sequence

from kdsearch.errors import StudyError

__all__ = ["parse_weights", "rule_of", "rule_text"]


def parse_weights(text: str, objectives: Sequence[str]) -> dict[str, float]:
    """Read the weights of "mae=2,latency=1"; an objective that is not named counts 1.

    Args:
        text: NAME=NUMBER, comma-separated.
        objectives: Names of the study's objectives.

    Returns:
        Name -> weight above 0, in the order of the objectives.

    Raises:
        StudyError: Where an objective is unknown or named twice, or a weight is no number above 0.
    """
    weights: dict[str, float] = {}
    for part in text.split(","):
        name, _, number = (piece.strip() for piece in part.partition("="))
        if name not in objectives:
            raise StudyError(
                f"--prefer {text!r} weighs {name!r}, and the study's objectives are {', '.join(objectives)}"
            )
        if name in weights:
            raise StudyError(f"--prefer {text!r} weighs {name} twice; give it one weight")
        try:
            weights[name] = float(number)
        except ValueError:
            weights[name] = math.nan
        if not 0 < weights[name] < math.inf:
            raise StudyError(f"--prefer {text!r} has no weight above 0 for {name}; write {name}=2")
    return {name: weights.get(name, 1.0) for name in objectives}


def rule_of(weights: dict[str, float] | None) -> str:
    """Name the rule that chose: "the knee" or "your weights mae 2, latency 1"."""
    if weights is None:
        return "the knee"
    return f"your weights {', '.join(f'{name} {weight:g}' for name, weight in weights.items())}"


def rule_text(weights: dict[str, float] | None) -> str:
    """Write the rule down for readers who want to check it (`kdsearch.report.front` cites the sources)."""
    scale = "Every objective is scaled to 0 to 1 over the front, costs in log scale"
    if weights is None:
        return (
            "The knee is where giving up a little of one objective stops buying much of another (Das 1999). "
            f"{scale}; it is the network whose scaled objectives have the smallest sum, and of equals the one that is "
            "better in the first objective."
        )
    return (
        f"The preferred network is the nearest one to the best of the front in everything, by {rule_of(weights)}. "
        f"{scale}; the distance is the largest of weight times scaled objective, with the weights divided by their "
        "sum, plus a thousandth of the sum of the scaled objectives (Steuer and Choo 1983, after Wierzbicki 1980)."
    )
