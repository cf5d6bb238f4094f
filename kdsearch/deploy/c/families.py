"""The families whose networks can be written as C."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kdsearch.deploy.c.lightst import write_lightst
from kdsearch.deploy.c.parts import Parts
from kdsearch.deploy.c.stgcn import write_stgcn
from kdsearch.deploy.c.stid import write_stid
from kdsearch.deploy.c.stmlp import write_stmlp

__all__ = ["WRITERS", "Writer"]


@dataclass(frozen=True)
class Writer:
    """How a family is written.

    Attributes:
        write: Takes a network, the horizon and `Parts`; adds the function ``network(time, forecast)``.
        columns: Parameters whose output channels are their second dimension; those of others are the first.
        iterates: Whether networks of one output are written, whose forecasts are their next inputs.
    """

    write: Callable[[Any, int, Parts], None]
    columns: frozenset[str] = frozenset()
    iterates: bool = False


WRITERS = {
    "stid": Writer(write_stid, frozenset({"node", "time", "weekday"})),
    "lightst": Writer(write_lightst),
    "st-mlp": Writer(write_stmlp),
    "stgcn": Writer(write_stgcn, iterates=True),
}
