"""The families of networks by name: how one is made from a width and a depth, and again from what it says of itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kdsearch.models.d2stgnn.network import D2stgnn, D2stgnnSize
from kdsearch.models.forecaster import DataShape, Forecaster
from kdsearch.models.lightst import Lightst, LightstSize, LightstTeacher, LightstTeacherSize
from kdsearch.models.stgcn.network import Stgcn, StgcnSize
from kdsearch.models.stid import Stid, StidSize
from kdsearch.models.stmlp import StMlp, StMlpSize
from kdsearch.models.stresnet import StResnet, StResnetSize

__all__ = ["FAMILIES", "Family", "FamilyName", "build", "new_forecaster"]

FamilyName = Literal["stgcn", "stid", "lightst", "lightst-teacher", "st-mlp", "d2stgnn", "st-resnet"]


@dataclass(frozen=True)
class Family:
    """How networks of a family are made.

    Attributes:
        network: Takes a graph, a size, and how many steps come out and go in.
        size: Takes the fields of a size.
        of_width: Takes width, depth and place; gives a size.
        depth: Where none is asked for; None where the family has one depth alone.
        iterates: Whether its networks can also forecast one step at a time.
        large_operators: Whether wide networks of it gain from several threads inside an operator. Many small operators
            lose: each waits for all threads, and twenty times as long where another process has one of the cores.
    """

    network: Callable[..., Forecaster]
    size: Callable[..., Any]
    of_width: Callable[[int, int, DataShape], Any]
    depth: int | None
    iterates: bool = False
    large_operators: bool = False


FAMILIES: dict[FamilyName, Family] = {
    "stgcn": Family(Stgcn, StgcnSize, lambda width, _depth, _place: StgcnSize.of_width(width), None, True, True),
    "stid": Family(Stid, StidSize, StidSize.of_width, StidSize.DEFAULT_DEPTH),
    "lightst": Family(Lightst, LightstSize, LightstSize.of_width, LightstSize.DEFAULT_DEPTH),
    "lightst-teacher": Family(
        LightstTeacher, LightstTeacherSize, LightstTeacherSize.of_width, LightstTeacherSize.DEFAULT_DEPTH
    ),
    "st-mlp": Family(StMlp, StMlpSize, StMlpSize.of_width, StMlpSize.DEFAULT_DEPTH),
    "d2stgnn": Family(D2stgnn, D2stgnnSize, D2stgnnSize.of_width, D2stgnnSize.DEFAULT_DEPTH),
    "st-resnet": Family(
        StResnet, StResnetSize, StResnetSize.of_width, StResnetSize.DEFAULT_DEPTH, large_operators=True
    ),
}
"""A family is a module with a network and its size, and a line here."""


def new_forecaster(
    family: FamilyName,
    width: int,
    depth: int | None,
    adjacency: NDArray[np.float64],
    shape: DataShape,
    *,
    outputs: int,
    history: int,
) -> Forecaster:
    """An untrained network; its weights are drawn from torch's generator.

    Raises:
        ValueError: Where the family has no such width or depth, or cannot work on such data.
    """
    known = FAMILIES[family]
    if depth is not None and known.depth is None:
        raise ValueError(f"a network of family {family} has no other depth than its own; leave depth = {depth} out")
    size = known.of_width(width, depth or known.depth or 0, shape)
    return known.network(adjacency, size, outputs=outputs, history=history)


def build(spec: dict[str, Any], adjacency: NDArray[np.float64]) -> Forecaster:
    """The architecture that `Forecaster.spec` described, with fresh weights."""
    known = FAMILIES[spec["family"]]
    fields = {name: tuple(value) if isinstance(value, list) else value for name, value in spec["size"].items()}
    return known.network(adjacency, known.size(**fields), outputs=spec["outputs"], history=spec["history"])
