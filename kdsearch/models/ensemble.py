"""The mean of several trained networks as one forecaster (the several teachers of Izadi et al.'s future work)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kdsearch.models.forecaster import ChannelGroup, DataShape, Forecaster

__all__ = ["Ensemble", "EnsembleSize", "no_width"]

Value = TypeVar("Value")


@dataclass(frozen=True)
class EnsembleSize:
    """Networks of an ensemble.

    Attributes:
        members: `Forecaster.spec` of each.
    """

    members: tuple[dict[str, Any], ...]


class Ensemble(Forecaster):
    """Mean of the forecasts of several networks that see the same scaled input.

    Args:
        adjacency: Edge weights ``(node, node)``.
        size: What the members are.
        outputs: Steps given in one pass; members that give fewer go step by step inside.
        history: Steps looked at, by every member.
    """

    family = "ensemble"

    def __init__(self, adjacency: NDArray[np.float64], size: EnsembleSize, *, outputs: int, history: int) -> None:
        from kdsearch.models.families import build  # noqa: PLC0415 - the table has a row for this class

        members = [build(spec, adjacency) for spec in size.members]
        own_size = EnsembleSize(tuple(member.spec() for member in members))  # one that was packed has lists for tuples
        super().__init__(adjacency, own_size, outputs=outputs, history=history)
        if not members:
            raise ValueError("an ensemble needs a network at least")
        if any(member.history != history for member in members):
            raise ValueError(f"the networks of an ensemble look at {history} steps, each of them")
        self.members: nn.ModuleList = nn.ModuleList(members)
        self.clock = any(member.clock for member in members)
        self.shares_steps = all(member.shares_steps for member in members)

    @classmethod
    def of(cls, networks: Sequence[Forecaster], horizon: int) -> Self:
        """Join networks on one graph, with their weights, into a forecaster of so many steps."""
        first = networks[0]
        size = EnsembleSize(tuple(network.spec() for network in networks))
        made = cls(first._adjacency, size, outputs=horizon, history=first.history)
        for member, network in zip(made.members, networks, strict=True):
            member.load_state_dict(network.state_dict())
        return made

    def forward(self, x: Tensor) -> Tensor:
        """See `Forecaster.forward`."""
        forecasts = [
            member.forecast_segments(x if member.clock else x[..., :1], self.outputs) for member in self._networks()
        ]
        return torch.stack(forecasts).mean(dim=0)

    def _networks(self) -> list[Forecaster]:
        return [member for member in self.members if isinstance(member, Forecaster)]

    def channel_groups(self) -> list[ChannelGroup]:
        """See `Forecaster.channel_groups`: those of every member, cut one by one."""
        return [
            replace(
                group,
                name=f"{number}.{group.name}",
                members=tuple(replace(one, parameter=f"members.{number}.{one.parameter}") for one in group.members),
            )
            for number, member in enumerate(self._networks())
            for group in member.channel_groups()
        ]

    def set_masks(self, masks: Mapping[str, Tensor]) -> None:
        """See `Forecaster.set_masks`."""
        for number, member in enumerate(self._networks()):
            member.set_masks(_own(masks, number))

    def resized(self, sizes: Mapping[str, int]) -> Self:
        """See `Forecaster.resized`."""
        members = [member.resized(_own(sizes, number)) for number, member in enumerate(self._networks())]
        return type(self).of(members, self.outputs)


def _own(named: Mapping[str, Value], number: int) -> dict[str, Value]:
    """Pick what is named for one member, by the member's own names."""
    start = f"{number}."
    return {name.removeprefix(start): value for name, value in named.items() if name.startswith(start)}


def no_width(width: int, depth: int, shape: DataShape) -> EnsembleSize:  # noqa: ARG001
    """Refuse to make an ensemble of untrained networks: it is made of teachers."""
    raise ValueError("an ensemble is made of trained teachers: write ensemble = 4 under [teacher] of the space")
