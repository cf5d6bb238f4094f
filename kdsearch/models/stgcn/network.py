"""STGCN as first published: Yu, Yin, Zhu, IJCAI 2018, with the layer details of its original implementation.

Two blocks (gated temporal convolution, Chebyshev graph convolution, temporal convolution, layer norm) and an output
block. Every temporal convolution is valid, so the network is equivariant to shifts in time and a segment of
``history + L - 1`` steps gives L forecasts. Residuals are linear, hence folded into the last tap of their kernel.
Inside, tensors are ``(batch, channel, time, node)``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kdsearch.models.forecaster import ChannelGroup, Forecaster, Member, consecutive
from kdsearch.models.stgcn.graph import GRAPH_ORDER, chebyshev_graph
from kdsearch.models.stgcn.layers import TIME_KERNEL, Block, Head, Masked

__all__ = ["Stgcn", "StgcnSize"]


LEAST_HISTORY = 4 * (TIME_KERNEL - 1) + 2


@dataclass(frozen=True)
class StgcnSize:
    """Channels of an STGCN.

    Attributes:
        hidden: Channels of each block, between its two temporal convolutions.
        output: Channels of each block, after its second temporal convolution; at least `hidden`.
        head: Channels of the output block's last hidden layer.
    """

    hidden: tuple[int, int]
    output: tuple[int, int]
    head: int

    @classmethod
    def of_width(cls, width: int) -> Self:
        """Size a network as in the paper, [1, c, 2c] [2c, c, 4c]: c = 32 is the teacher, 8 the base, 2 the student."""
        return cls((width, width), (2 * width, 4 * width), 4 * width)


class Stgcn(Forecaster):
    """STGCN; `outputs` of 1 is the published network, more are our direct decoding.

    Args:
        adjacency: Edge weights ``(node, node)``; the graph belongs to the data and is not counted as stored.
        size: Channels of each layer.
        outputs: Steps given in one pass.
        history: Steps looked at, M; at least 10, since two blocks consume 8.

    Raises:
        ValueError: The blocks would use up the history.
    """

    family = "stgcn"
    size: StgcnSize
    temporal_taps = ("block0.temporal1", "block0.temporal2", "block1.temporal1", "block1.temporal2")
    spatial_taps = ("block0.graph", "block1.graph")
    embeddings = ("block1.graph", "block1.temporal2")
    shares_steps = True

    def __init__(self, adjacency: NDArray[np.float64], size: StgcnSize, *, outputs: int = 1, history: int = 12) -> None:
        if history < LEAST_HISTORY:
            raise ValueError(
                f"the two blocks of stgcn need a history of {LEAST_HISTORY} steps or more; it is {history}"
            )
        super().__init__(adjacency, size, outputs=outputs, history=history)
        graph = chebyshev_graph(adjacency)
        self.block0 = Block(1, size.hidden[0], size.output[0], "pad", graph)
        self.block1 = Block(size.output[0], size.hidden[1], size.output[1], "project", graph)
        remaining = history - 4 * (TIME_KERNEL - 1)
        self.head = Head(size.output[1], size.head, remaining, outputs, len(adjacency))

    def forward(self, x: Tensor) -> Tensor:
        """See `Forecaster.forward`."""
        y: Tensor = self.head(self.block1(self.block0(x.permute(0, 3, 1, 2))))
        return y.permute(0, 2, 1, 3)

    def forecast_segments(self, x: Tensor, horizon: int) -> Tensor:
        """See `Forecaster.forecast_segments`.

        In iterated decoding a window differs from its neighbours only by its own forecast steps: for each of them every
        layer computes one column, from the last columns of its input, which are kept.
        """
        if self.outputs > 1:
            return super().forecast_segments(x, horizon)
        windows = x.shape[1] - self.history + 1
        columns = x.permute(0, 3, 1, 2)
        kept: list[Tensor] = []
        for kernel, stage in self._stages():
            first = columns.shape[2] - windows - (kernel - 2)
            last = columns[:, :, first:].unfold(2, kernel - 1, 1)  # (segment, channel, window, node, column)
            kept.append(last.permute(0, 2, 1, 4, 3).flatten(0, 1))
            columns = stage(columns)
        steps = [columns[:, 0].flatten(0, 1)]
        while len(steps) < horizon:
            column = steps[-1][:, None, None]
            for position, (_, stage) in enumerate(self._stages()):
                seen = torch.cat([kept[position], column], dim=2)
                kept[position] = seen[:, :, 1:]
                column = stage(seen)
            steps.append(column[:, 0, 0])
        return torch.stack(steps, dim=1).view(x.shape[0], windows, horizon, -1)

    def _stages(self) -> list[tuple[int, Callable[[Tensor], Tensor]]]:
        """Cut the network in front of each layer that looks at several steps: number of steps, and function."""
        blocks = (self.block0, self.block1)
        return [stage for block in blocks for stage in block.stages()] + [(self.head.kernel, self.head)]

    def channel_groups(self) -> list[ChannelGroup]:
        """List five groups: hidden and further output channels of each block, and the head's hidden channels.

        The second temporal convolution's first outputs take the residual of the graph channels, so these belong to the
        hidden group; the head's first layer has an identity residual, so it belongs to block 1's channels. Channel 0 of
        block 0 carries the reading itself through the residual and is never cut.
        """
        groups = [
            self._hidden_group("block0", 0, _next_block("block1")),
            self._output_group("block0", 0, _next_block("block1")),
            self._hidden_group("block1", 1, _head_input(self.size.output[1])),
            self._output_group("block1", 1, _head_input(self.size.output[1])),
            ChannelGroup(
                "head",
                self.size.head,
                _members(0, self.size.head, _head_hidden()),
            ),
        ]
        return [group for group in groups if group.size]

    def _hidden_group(
        self, block: str, position: int, following: list[tuple[str, int, tuple[int, ...]]]
    ) -> ChannelGroup:
        hidden = self.size.hidden[position]
        gate, orders = (0, hidden), tuple(order * hidden for order in range(GRAPH_ORDER))
        cuts = [
            (f"{block}.temporal1.weight", 0, gate),
            (f"{block}.temporal1.bias", 0, gate),
            (f"{block}.graph.weight", 0, (0,)),
            (f"{block}.graph.weight", 1, orders),
            (f"{block}.graph.bias", 0, (0,)),
            (f"{block}.temporal2.weight", 1, (0,)),
            *_block_output(block),
            *following,
        ]
        if position:
            cuts.append((f"{block}.temporal1.align", 0, (0,)))
        required = frozenset() if position else frozenset({0})
        return ChannelGroup(f"{block}.hidden", hidden, _members(0, hidden, cuts), required)

    def _output_group(
        self, block: str, position: int, following: list[tuple[str, int, tuple[int, ...]]]
    ) -> ChannelGroup:
        hidden, output = self.size.hidden[position], self.size.output[position]
        cuts = [*_block_output(block), *following]
        return ChannelGroup(f"{block}.output", output - hidden, _members(hidden, output - hidden, cuts))

    def set_masks(self, masks: Mapping[str, Tensor]) -> None:
        """See `Forecaster.set_masks`."""

        def kept(name: str, size: int) -> Tensor:
            mask = masks.get(name)
            return self.block0.norm.weight.new_ones(size) if mask is None else mask.to(self.block0.norm.weight)

        layers: list[tuple[Masked, Tensor]] = []
        for position, (name, block) in enumerate((("block0", self.block0), ("block1", self.block1))):
            hidden, output = self.size.hidden[position], self.size.output[position]
            tied = kept(f"{name}.hidden", hidden)
            every = torch.cat([tied, kept(f"{name}.output", output - hidden)])
            layers += [(block.temporal1, tied), (block.graph, tied), (block.temporal2, every), (block.norm, every)]
        layers += [(self.head.temporal1, layers[-1][1]), (self.head.norm, layers[-1][1])]
        layers += [(self.head.temporal2, kept("head", self.size.head))]
        for layer, mask in layers:
            layer.mask = mask[:, None, None] if masks else None

    def resized(self, sizes: Mapping[str, int]) -> Self:
        """See `Forecaster.resized`."""
        hidden = (sizes["block0.hidden"], sizes["block1.hidden"])
        output = (hidden[0] + sizes.get("block0.output", 0), hidden[1] + sizes.get("block1.output", 0))
        size = StgcnSize(hidden, output, sizes["head"])
        return self.of_size(size)


_Cut = tuple[str, int, tuple[int, ...]]


def _members(start: int, count: int, cuts: list[_Cut]) -> tuple[Member, ...]:
    return tuple(Member(name, dim, consecutive(start, count, halves=offsets)) for name, dim, offsets in cuts)


def _block_output(block: str) -> list[_Cut]:
    """List the cuts for an output channel inside its own block."""
    names = (f"{block}.temporal2.weight", f"{block}.temporal2.bias", f"{block}.norm.weight", f"{block}.norm.bias")
    return [(name, 0, (0,)) for name in names]


def _next_block(block: str) -> list[_Cut]:
    """List the cuts for an input channel of the following block."""
    return [(f"{block}.temporal1.weight", 1, (0,)), (f"{block}.temporal1.align", 1, (0,))]


def _head_input(channels: int) -> list[_Cut]:
    """List the cuts for an input channel of the head; an identity residual ties the outputs of its first layer."""
    return [
        ("head.temporal1.weight", 1, (0,)),
        ("head.temporal1.weight", 0, (0, channels)),
        ("head.temporal1.bias", 0, (0, channels)),
        ("head.norm.weight", 0, (0,)),
        ("head.norm.bias", 0, (0,)),
        ("head.temporal2.weight", 1, (0,)),
    ]


def _head_hidden() -> list[_Cut]:
    return [("head.temporal2.weight", 0, (0,)), ("head.temporal2.bias", 0, (0,)), ("head.weight", 1, (0,))]
