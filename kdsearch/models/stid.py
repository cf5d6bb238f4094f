"""STID: a perceptron that knows the node, the time of day and the weekday, and no graph.

Shao et al., "Spatial-Temporal Identity", CIKM 2022, arXiv 2208.05233. The original embeds the history's clock channels
together with its readings; ours embeds the readings alone, since the rest of the clock follows from its last step: its
only knowledge of the time are the rows of the two clock tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from kdsearch.models.forecaster import ChannelGroup, DataShape, Member, consecutive
from kdsearch.models.window import WindowForecaster

__all__ = ["Stid", "StidSize"]

WEEKDAYS = 7


@dataclass(frozen=True)
class StidSize:
    """Channels of a STID; by default the published ones.

    Attributes:
        reading: Channels of the embedded readings.
        node: Channels of each node's embedding.
        time: Channels of each time of day's embedding.
        weekday: Channels of each weekday's embedding.
        inner: Channels of each residual layer, between its two linear maps; there are as many layers as entries.
        slots: Steps in a day.
        dropout: Share of the inner channels that training drops.
    """

    DEFAULT_DEPTH: ClassVar[int] = 2

    reading: int = 32
    node: int = 32
    time: int = 32
    weekday: int = 32
    inner: tuple[int, ...] = (128, 128, 128)
    slots: int = 288
    dropout: float = 0.15

    @property
    def hidden(self) -> int:
        """Channels of the residual stream."""
        return self.reading + self.node + self.time + self.weekday

    @classmethod
    def of_width(cls, width: int, depth: int, shape: DataShape) -> Self:
        """Size a network: half the width for node and time of day, an eighth for the weekday, `depth` layers.

        The layers are as wide as the stream.
        """
        half, eighth = max(1, width // 2), max(1, width // 8)
        inner = (width + 2 * half + eighth,) * depth
        return cls(width, half, half, eighth, inner, shape.slots, dropout=0.0)


class Stid(WindowForecaster):
    """STID; its forecast is its last layer's output alone.

    Args:
        adjacency: Edge weights ``(node, node)``, of which only the number of nodes matters.
        size: Channels of each part.
        outputs: Steps given in one pass.
        history: Steps looked at.
    """

    family = "stid"
    size: StidSize
    embeddings = ("hidden", "hidden")
    clock = True

    def __init__(self, adjacency: NDArray[np.float64], size: StidSize, *, outputs: int, history: int = 12) -> None:
        super().__init__(adjacency, size, outputs=outputs, history=history)
        self.reading = nn.Linear(history, size.reading)
        self.node = _table(len(adjacency), size.node)
        self.time = _table(size.slots, size.time)
        self.weekday = _table(WEEKDAYS, size.weekday)
        self.layers = nn.ModuleList(ResidualLayer(size.hidden, inner, size.dropout) for inner in size.inner)
        self.hidden = nn.Identity()
        self.regression = nn.Linear(size.hidden, outputs)

    def windows(self, x: Tensor) -> Tensor:
        """See `WindowForecaster.windows`."""
        stream = self._embedded(x)
        for layer in self.layers:
            stream = layer(stream)
        hidden: Tensor = self.hidden(stream.transpose(1, 2)[:, :, None])
        forecasts: Tensor = self.regression(hidden[:, :, 0].transpose(1, 2))
        return forecasts.transpose(1, 2)

    def _embedded(self, x: Tensor) -> Tensor:
        """Join readings, node and clock of each window: ``(window, node, channel)``, one line a node."""
        last = x[:, -1, 0]
        slot, weekday = (last[:, 1] * self.size.slots).round().long(), last[:, 2].long()
        readings: Tensor = self.reading(x[..., 0].transpose(1, 2))
        windows, nodes = readings.shape[:2]
        parts = (
            self.node.expand(windows, -1, -1),
            F.embedding(slot, self.time)[:, None].expand(-1, nodes, -1),
            F.embedding(weekday, self.weekday)[:, None].expand(-1, nodes, -1),
        )
        return torch.cat([readings, *parts], dim=-1)

    def channel_groups(self) -> list[ChannelGroup]:
        """List one group for each part of the residual stream and one for each layer's inner channels."""
        groups, start = list[ChannelGroup](), 0
        for name, size, members in (
            ("reading", self.size.reading, (("reading.weight", 0), ("reading.bias", 0))),
            ("node", self.size.node, (("node", 1),)),
            ("time", self.size.time, (("time", 1),)),
            ("weekday", self.size.weekday, (("weekday", 1),)),
        ):
            own = (Member(parameter, dim, consecutive(0, size)) for parameter, dim in members)
            tied = (Member(parameter, dim, consecutive(start, size)) for parameter, dim in self._stream())
            groups.append(ChannelGroup(name, size, (*own, *tied)))
            start += size
        for position, size in enumerate(self.size.inner):
            widen, narrow = f"layers.{position}.widen", f"layers.{position}.narrow"
            cuts = ((f"{widen}.weight", 0), (f"{widen}.bias", 0), (f"{narrow}.weight", 1))
            members_of_layer = tuple(Member(parameter, dim, consecutive(0, size)) for parameter, dim in cuts)
            groups.append(ChannelGroup(f"inner{position}", size, members_of_layer))
        return groups

    def _stream(self) -> list[tuple[str, int]]:
        """List the parameters, and their dimension, that are as wide as the residual stream."""
        cuts = [("regression.weight", 1)]
        for position in range(len(self.size.inner)):
            layer = f"layers.{position}"
            cuts += [(f"{layer}.widen.weight", 1), (f"{layer}.narrow.weight", 0), (f"{layer}.narrow.bias", 0)]
        return cuts

    def resized(self, sizes: Mapping[str, int]) -> Self:
        """See `Forecaster.resized`."""
        size = StidSize(
            reading=sizes["reading"],
            node=sizes["node"],
            time=sizes["time"],
            weekday=sizes["weekday"],
            inner=tuple(sizes[f"inner{position}"] for position in range(len(self.size.inner))),
            slots=self.size.slots,
            dropout=self.size.dropout,
        )
        return self.of_size(size)


class ResidualLayer(nn.Module):
    """``x + W2 dropout(relu(W1 x + b1)) + b2``, node by node."""

    def __init__(self, channels: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.widen = nn.Linear(channels, inner)
        self.dropout = nn.Dropout(dropout)
        self.narrow = nn.Linear(inner, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(window, node, channel)`` to the same shape."""
        change: Tensor = self.narrow(self.dropout(torch.relu(self.widen(x))))
        return x + change


def _table(rows: int, channels: int) -> nn.Parameter:
    return nn.Parameter(nn.init.xavier_uniform_(torch.empty(rows, channels)))
