"""The interface of a forecaster, and the groups of channels to be kept or pruned together."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["ChannelGroup", "DataShape", "Forecaster", "Member", "consecutive"]

WINDOWS_AT_ONCE = 48
"""Windows in one pass through a network on a processor, so that the data between two layers stays in its cache. A
network of width 32 takes 1.6 s for 1140 windows in portions of 48, and 5.8 s for all at once."""


@dataclass(frozen=True)
class DataShape:
    """The facts of the data, besides its graph, that shape a network.

    Attributes:
        nodes: Nodes of the graph, or of a grid.
        slots: Steps in a day.
        grid: ``(flow, row, column)`` where the nodes are the cells of a grid, in this order; None on a road graph.
    """

    nodes: int
    slots: int
    grid: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Member:
    """The place of a group's channels in one parameter.

    Attributes:
        parameter: Name as in `named_parameters`.
        dim: The dimension to cut.
        rows: For each channel of the group, its indices along `dim`.
    """

    parameter: str
    dim: int
    rows: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class ChannelGroup:
    """Channels tied by residuals or shared tensors: kept or pruned together, in every member at once."""

    name: str
    size: int
    members: tuple[Member, ...]
    required: frozenset[int] = frozenset()

    def __str__(self) -> str:
        cuts = ", ".join(f"{member.parameter}[{member.dim}]" for member in self.members)
        return f"{self.name} ({self.size} channels): {cuts}"


class Forecaster(nn.Module, ABC):
    """A network from `history` steps to the next `outputs` steps in one pass.

    With `outputs` of 1 a longer horizon is reached step by step (iterated decoding); with `outputs` equal to the
    horizon it is reached at once (direct decoding). A forecaster sees and gives scaled values, never units.

    Args:
        adjacency: Edge weights ``(node, node)``.
        size: Channels of each part, as the family names them.
        outputs: Steps given in one pass.
        history: Steps looked at.

    Attributes:
        family: Its name, as in `kdsearch.models.FAMILIES`.
        history: Steps it looks back, M.
        outputs: Steps it gives in one pass.
        size: Channels of each part.
        temporal_taps: Names of the submodules whose output is a temporal feature.
        spatial_taps: Names of the submodules whose output is a spatial feature.
        embeddings: Names of the submodules whose outputs are, for a window, a spatial and a temporal embedding;
            contrastive losses take a student's temporal one.
        clock: Whether the input has, beside the reading, the time of day in [0, 1) and the weekday, 0 for Monday.
        shares_steps: Whether neighbouring windows cost less together than one by one.

    The output of a tap or an embedding is ``(batch, channel, time, node)``.
    """

    family: ClassVar[str]
    history: int
    outputs: int
    size: Any
    temporal_taps: tuple[str, ...] = ()
    spatial_taps: tuple[str, ...] = ()
    embeddings: tuple[str, str] | None = None
    clock: bool = False
    shares_steps: bool = False

    def __init__(self, adjacency: NDArray[np.float64], size: Any, *, outputs: int, history: int) -> None:
        super().__init__()
        self.history, self.outputs, self.size = history, outputs, size
        self._adjacency = adjacency

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Forecast from every full history inside `x`.

        Args:
            x: ``(batch, time, node, channel)``, time at least `history`; channel 0 is the reading, 1 and 2 the clock.

        Returns:
            ``(batch, forecast, step, node)`` with ``forecast = time - history + 1``; forecast f looks at the steps
            f to ``f + history - 1`` of `x` and nothing else, so that a segment costs less than its windows one by one.
        """

    def spec(self) -> dict[str, Any]:
        """Give the plain values that, with the graph, build this architecture again."""
        return {"family": self.family, "size": asdict(self.size), "outputs": self.outputs, "history": self.history}

    def of_size(self, size: Any) -> Self:
        """Build an untrained network of this family on the same graph, of another size."""
        return type(self)(self._adjacency, size, outputs=self.outputs, history=self.history)

    @abstractmethod
    def channel_groups(self) -> list[ChannelGroup]:
        """List the groups for pruning; every cut of their channels leaves a network of the same family."""

    @abstractmethod
    def set_masks(self, masks: Mapping[str, Tensor]) -> None:
        """Mask channels: group name -> bool ``(size,)``, True for a kept channel. An empty mapping keeps all."""

    @abstractmethod
    def resized(self, sizes: Mapping[str, int]) -> Self:
        """Build an untrained network of this family on the same graph with groups of these sizes."""

    def forecast(self, x: Tensor, horizon: int) -> Tensor:
        """Forecast the whole horizon after each window.

        Args:
            x: ``(batch, history, node, channel)``, scaled, as in `forward`.
            horizon: Steps to forecast.

        Returns:
            ``(batch, horizon, node)``, scaled.
        """
        if x.device.type == "cpu" and len(x) > WINDOWS_AT_ONCE:
            return torch.cat([self.forecast(some, horizon) for some in torch.split(x, WINDOWS_AT_ONCE)])
        return self.forecast_segments(x, horizon)[:, 0]

    def forecast_segments(self, x: Tensor, horizon: int) -> Tensor:
        """Forecast the whole horizon after every window of some segments; shared steps may be computed once.

        Args:
            x: ``(segment, time, node, channel)``, scaled, each of ``time - history + 1`` neighbouring windows.
            horizon: Steps to forecast.

        Returns:
            ``(segment, window, horizon, node)``, scaled.
        """
        if self.outputs >= horizon:
            forecasts: Tensor = self(x)
            return forecasts[:, :, :horizon]
        windows = x.unfold(1, self.history, 1).permute(0, 1, 4, 2, 3)
        x, steps = windows.flatten(0, 1), list[Tensor]()
        while self.outputs * len(steps) < horizon:
            steps.append(self(x)[:, 0])
            x = torch.cat([x, steps[-1][..., None]], dim=1)[:, -self.history :]
        return torch.cat(steps, dim=1)[:, :horizon].view(*windows.shape[:2], horizon, -1)


def consecutive(start: int, count: int, *, halves: Sequence[int] = (0,)) -> tuple[tuple[int, ...], ...]:
    """List rows of `count` channels from `start`, each repeated at the given offsets (such as a gate's two halves)."""
    return tuple(tuple(offset + start + channel for offset in halves) for channel in range(count))
