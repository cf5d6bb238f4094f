"""Epochs that a search has time for: on a large dataset one training must not take the whole of it."""

import math

import torch

from kdsearch.data.protocols import SplitSeries
from kdsearch.pipeline.fitting import families_of
from kdsearch.study.space.parameters import Parameter, Range
from kdsearch.study.space.space import Point, SearchSpace
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.foreseen import foreseen_training

__all__ = ["timely_space"]

TRIAL_SHARE = 0.25
"""Of the time for a search, that a network of middle width may take with the most epochs that are searched."""


def timely_space(
    space: SearchSpace, series: SplitSeries, seconds: float, device: str = "cpu"
) -> tuple[SearchSpace, list[str]]:
    """Lower the most epochs of each family to what a search of so many seconds has time for.

    Args:
        space: The space; epochs that are fixed stay as they are.
        series: Cut by the protocol.
        seconds: For the search.
        device: Device of the trainings.

    Returns:
        The space, and a sentence for each family that has fewer epochs now.
    """
    most: dict[str, int] = {}
    for family in families_of(space):
        ranges = [one for one in space.parameters if isinstance(one, Range) and _searches_epochs(one, family)]
        asked = max((one.high for one in ranges), default=0)
        if asked:
            foreseen = foreseen_training(series, _middle(space, family), threads=1, device=torch.device(device))
            fitting = max(1, foreseen.epochs_within(TRIAL_SHARE * seconds))
            most |= {family: fitting} if fitting < asked else {}
    parameters = tuple(_lowered(one, most) for one in space.parameters)
    only = families_of(space)[0]  # points do not name the one family of a space
    points = tuple(_shortened(point, most, only) for point in space.points)
    said = [
        f"{family} trains for at most {epochs} epochs: with more, one trial would take over a quarter of the search"
        for family, epochs in most.items()
    ]
    return space.model_copy(update={"parameters": parameters, "points": points}), said


def _searches_epochs(parameter: Parameter, family: str) -> bool:
    own = parameter.when.get("family", (family,))
    return isinstance(parameter, Range) and parameter.name == "epochs" and family in own


def _middle(space: SearchSpace, family: str) -> TrialConfig:
    """Configure a network of the family between its narrowest and its widest one."""
    own = [one for one in space.parameters if one.name == "width" and family in one.when.get("family", (family,))]
    widths = [
        round(math.sqrt(one.low * one.high)) if isinstance(one, Range) else one.values()[len(one.values()) // 2]
        for one in own
    ]
    return TrialConfig.of({"family": family} | ({"width": widths[0]} if widths else {}))


def _lowered(parameter: Parameter, most: dict[str, int]) -> Parameter:
    """Lower a range of epochs; one that several families share to the fewest of theirs."""
    own = [epochs for family, epochs in most.items() if _searches_epochs(parameter, family)]
    if not own or not isinstance(parameter, Range):
        return parameter
    high = min(parameter.high, *own)
    return parameter.model_copy(update={"high": high, "low": min(parameter.low, high)})


def _shortened(point: Point, most: dict[str, int], only: str) -> Point:
    epochs, fitting = point.params.get("epochs"), most.get(str(point.params.get("family", only)))
    if not isinstance(epochs, int) or fitting is None or epochs <= fitting:
        return point
    return point.model_copy(update={"params": point.params | {"epochs": fitting}})
