"""The families of networks by name: how one is made from a width and a depth, and again from what it says of itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdsearch.errors import SpaceError
from kdsearch.models.d2stgnn.network import D2stgnn, D2stgnnSize
from kdsearch.models.ensemble import Ensemble, EnsembleSize, no_width
from kdsearch.models.forecaster import DataShape, Forecaster
from kdsearch.models.lightst import Lightst, LightstSize, LightstTeacher, LightstTeacherSize
from kdsearch.models.stgcn.network import Stgcn, StgcnSize
from kdsearch.models.stid import Stid, StidSize
from kdsearch.models.stmlp import StMlp, StMlpSize
from kdsearch.models.stresnet import StResnet, StResnetSize
from kdsearch.table import Table

__all__ = ["FAMILIES", "Family", "build", "new_forecaster"]


@dataclass(frozen=True)
class Family:
    """How networks of a family are made.

    Attributes:
        name: As written after `family`; the network's own `family`, too.
        network: Takes a graph, a size, and how many steps come out and go in.
        size: Takes the fields of a size.
        of_width: Takes width, depth and `DataShape`; gives a size.
        depth: Where none is asked for; None where the family has one depth alone.
        iterates: Whether its networks can also forecast one step at a time.
        large_operators: Whether wide networks of it gain from several threads inside an operator. Many small operators
            lose: each waits for all threads, and twenty times as long where another process has one of the cores.
    """

    name: str
    network: Callable[..., Forecaster]
    size: Callable[..., Any]
    of_width: Callable[[int, int, DataShape], Any]
    depth: int | None
    iterates: bool = False
    large_operators: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.network, type) and getattr(self.network, "family", None) != self.name:
            raise SpaceError(
                f"the family {self.name!r} has networks of the class {self.network.__name__}, whose family is "
                f"{getattr(self.network, 'family', None)!r}; give both one name"
            )


FAMILIES = Table(
    "family",
    [
        Family("stgcn", Stgcn, StgcnSize, lambda width, _depth, _shape: StgcnSize.of_width(width), None, True, True),
        Family("stid", Stid, StidSize, StidSize.of_width, StidSize.DEFAULT_DEPTH),
        Family("lightst", Lightst, LightstSize, LightstSize.of_width, LightstSize.DEFAULT_DEPTH),
        Family(
            "lightst-teacher",
            LightstTeacher,
            LightstTeacherSize,
            LightstTeacherSize.of_width,
            LightstTeacherSize.DEFAULT_DEPTH,
        ),
        Family("st-mlp", StMlp, StMlpSize, StMlpSize.of_width, StMlpSize.DEFAULT_DEPTH),
        Family("d2stgnn", D2stgnn, D2stgnnSize, D2stgnnSize.of_width, D2stgnnSize.DEFAULT_DEPTH),
        Family(
            "st-resnet",
            StResnet,
            StResnetSize,
            StResnetSize.of_width,
            StResnetSize.DEFAULT_DEPTH,
            large_operators=True,
        ),
        Family("ensemble", Ensemble, EnsembleSize, no_width, None),
    ],
    mistake=SpaceError,
)
"""A family is a module with a network and its size, and a line here. An ensemble is made of trained teachers alone."""


def new_forecaster(
    family: str,
    width: int,
    depth: int | None,
    adjacency: NDArray[np.float64],
    shape: DataShape,
    *,
    outputs: int,
    history: int,
) -> Forecaster:
    """Make an untrained network; its weights are drawn from torch's generator.

    Raises:
        SpaceError: Where there is no such family.
        ValueError: Where the family has no such width or depth, or cannot work on such data.
    """
    known = FAMILIES.choose(family)
    if depth is not None and known.depth is None:
        raise ValueError(f"a network of family {family} has no other depth than its own; leave depth = {depth} out")
    size = known.of_width(width, depth or known.depth or 0, shape)
    return known.network(adjacency, size, outputs=outputs, history=history)


def build(spec: dict[str, Any], adjacency: NDArray[np.float64]) -> Forecaster:
    """Build the architecture that `Forecaster.spec` described, with fresh weights.

    Raises:
        SpaceError: Where there is no such family; a user's own is there when its module is imported.
    """
    known = FAMILIES.choose(spec["family"])
    fields = {name: tuple(value) if isinstance(value, list) else value for name, value in spec["size"].items()}
    return known.network(adjacency, known.size(**fields), outputs=spec["outputs"], history=spec["history"])
