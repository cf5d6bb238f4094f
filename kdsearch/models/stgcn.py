"""STGCN as first published: Yu, Yin, Zhu, IJCAI 2018, with the layer details of its original implementation.

Two blocks (gated temporal convolution, Chebyshev graph convolution, temporal convolution, layer norm) and an output
block. Every temporal convolution is valid, so the network is equivariant to shifts in time and a stretch of
``history + L - 1`` steps gives L forecasts. Residuals are linear, hence folded into the last tap of their kernel.
Inside, tensors are ``(batch, channel, time, node)``.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from kdsearch.models.base import ChannelGroup, Forecaster, Member, consecutive

__all__ = ["Stgcn", "StgcnSize", "chebyshev_kernels"]

TIME_KERNEL = 3
GRAPH_ORDER = 3
NORM_EPSILON = 1e-6


@dataclass(frozen=True)
class StgcnSize:
    """Channels of an STGCN.

    Attributes:
        hidden: Of each block, between its two temporal convolutions.
        output: Of each block, after its second temporal convolution; at least `hidden`.
        head: Of the output block's last hidden layer.
    """

    hidden: tuple[int, int]
    output: tuple[int, int]
    head: int

    @classmethod
    def of_width(cls, width: int) -> Self:
        """The paper's family [1, c, 2c] [2c, c, 4c]: c = 32 is the teacher, 8 the base, 2 the student."""
        return cls((width, width), (2 * width, 4 * width), 4 * width)


def chebyshev_kernels(adjacency: NDArray[np.float64], order: int = GRAPH_ORDER) -> NDArray[np.float64]:
    """Chebyshev polynomials of the scaled Laplacian, Defferrard et al. 2016 as used in STGCN's Eq 4.

    An isolated node has a zero row in the Laplacian, not a one on its diagonal.

    Args:
        adjacency: Edge weights ``(node, node)``, zero diagonal.
        order: Number of polynomials.

    Returns:
        ``(order, node, node)``: identity, L~, 2 L~ L~ - I, ...
    """
    degree = adjacency.sum(axis=1)
    scale = np.divide(1.0, np.sqrt(degree), out=np.zeros_like(degree), where=degree > 0)
    laplacian = scale[:, None] * (np.diag(degree) - adjacency) * scale[None, :]
    largest = float(np.linalg.eigvals(laplacian).real.max())
    identity = np.eye(len(adjacency))
    scaled = 2 * laplacian / largest - identity if largest > 0 else -identity
    kernels = [identity, scaled]
    while len(kernels) < order:
        kernels.append(2 * scaled @ kernels[-1] - kernels[-2])
    return np.stack(kernels[:order])


class _Masked(nn.Module):
    """A layer whose dead channels give exactly zero; `mask` is ``(channel, 1, 1)`` or None where all live."""

    mask: Tensor | None

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mask", None, persistent=False)

    def silenced(self, y: Tensor) -> Tensor:
        return y if self.mask is None else y * self.mask


class TemporalConvolution(_Masked):
    """Valid convolution over time with the activation "glu", "relu" or "sigmoid".

    glu: ``(P + R) * sigmoid(Q)`` with P and Q the halves of the filters; relu: ``relu(P + R)``; sigmoid: no residual.
    R is the input cropped to its last steps, its channels aligned by `align`: "pad" (zero channels at the end),
    "project" (learned, without bias) or "none". It is carried explicitly, since after pruning the sizes no longer say.
    """

    align: Tensor | None

    def __init__(self, inputs: int, outputs: int, kernel: int, activation: str, align: str) -> None:
        super().__init__()
        filters = 2 * outputs if activation == "glu" else outputs
        self.activation = activation
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(filters, inputs, kernel, 1)))
        self.bias = nn.Parameter(torch.zeros(filters))
        if align == "project":
            self.align = nn.Parameter(nn.init.xavier_uniform_(torch.empty(outputs, inputs, 1, 1)))
        else:
            identity = torch.eye(outputs, inputs)[:, :, None, None] if align == "pad" else None
            self.register_buffer("align", identity, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, inputs, time, node)`` -> ``(batch, outputs, time - kernel + 1, node)``."""
        weight: Tensor = self.weight
        if self.align is not None:
            gate_filters = len(weight) - len(self.align)
            weight = weight + F.pad(self.align, (0, 0, weight.shape[2] - 1, 0, 0, 0, 0, gate_filters))
        y = F.conv2d(x, weight, self.bias)
        if self.activation == "glu":
            y = F.glu(y, dim=1)
        else:
            y = torch.relu(y) if self.activation == "relu" else torch.sigmoid(y)
        return self.silenced(y)


class GraphConvolution(_Masked):
    """``relu(sum_k T_k X W_k + b + X)``, STGCN's Eq 5 with its residual; the identity polynomial is not multiplied."""

    kernels: Tensor
    residual: Tensor

    def __init__(self, channels: int, kernels: Tensor) -> None:
        super().__init__()
        order = len(kernels)
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(channels, order * channels, 1, 1)))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("kernels", kernels[1:], persistent=False)
        self.register_buffer("residual", torch.eye(channels, order * channels)[:, :, None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, channel, time, node)`` -> the same shape."""
        spread = torch.cat([x, *(x @ kernel for kernel in self.kernels)], dim=1)
        return self.silenced(torch.relu(F.conv2d(spread, self.weight + self.residual, self.bias)))


class NodeChannelNorm(_Masked):
    """Layer norm over nodes and channels jointly, per sample and step; statistics are of living channels alone.

    So a masked network equals the small network that remains when the dead channels are cut out.
    """

    def __init__(self, channels: int, nodes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels, nodes))
        self.bias = nn.Parameter(torch.zeros(channels, nodes))

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, channel, time, node)`` -> the same shape."""
        if self.mask is None:
            scaled = F.layer_norm(x.transpose(1, 2), self.weight.shape, self.weight, self.bias, NORM_EPSILON)
            return scaled.transpose(1, 2).contiguous()
        living = self.mask.sum() * x.shape[3]
        mean = x.sum(dim=(1, 3), keepdim=True) / living
        variance = ((x - mean) * self.mask).square().sum(dim=(1, 3), keepdim=True) / living
        scaled = (x - mean) * torch.rsqrt(variance + NORM_EPSILON)
        return self.silenced(scaled * self.weight[:, None] + self.bias[:, None])


class Block(nn.Module):
    """Spatio-temporal block: gated time, graph, time, norm."""

    def __init__(self, inputs: int, hidden: int, output: int, align: str, kernels: Tensor) -> None:
        super().__init__()
        self.temporal1 = TemporalConvolution(inputs, hidden, TIME_KERNEL, "glu", align)
        self.graph = GraphConvolution(hidden, kernels)
        self.temporal2 = TemporalConvolution(hidden, output, TIME_KERNEL, "relu", "pad")
        self.norm = NodeChannelNorm(output, kernels.shape[-1])

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, inputs, time, node)`` -> ``(batch, output, time - 4, node)``."""
        y: Tensor = self.norm(self.temporal2(self.graph(self.temporal1(x))))
        return y


class Head(nn.Module):
    """Output block: gated time over all that is left of the history, norm, two 1x1 layers.

    The last bias is one per node, as in the original; with several outputs one per output is added to it.
    """

    def __init__(self, inputs: int, hidden: int, kernel: int, outputs: int, nodes: int) -> None:
        super().__init__()
        self.temporal1 = TemporalConvolution(inputs, inputs, kernel, "glu", "pad")
        self.norm = NodeChannelNorm(inputs, nodes)
        self.temporal2 = TemporalConvolution(inputs, hidden, 1, "sigmoid", "none")
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(outputs, hidden, 1, 1)))
        self.node_bias = nn.Parameter(torch.zeros(nodes))
        self.step_bias = nn.Parameter(torch.zeros(outputs)) if outputs > 1 else None

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, inputs, time, node)`` -> ``(batch, outputs, time - kernel + 1, node)``."""
        y = self.temporal2(self.norm(self.temporal1(x)))
        return F.conv2d(y, self.weight, self.step_bias) + self.node_bias


class Stgcn(Forecaster):
    """STGCN; `outputs` of 1 is the published network, more are our direct decoding.

    Args:
        adjacency: Edge weights ``(node, node)``; the graph belongs to the data and is not counted as stored.
        size: Channels of each layer.
        outputs: Steps given in one pass.
        history: Steps looked at, M; at least 10, since two blocks consume 8.
    """

    temporal_taps = ("block0.temporal1", "block0.temporal2", "block1.temporal1", "block1.temporal2")
    spatial_taps = ("block0.graph", "block1.graph")

    def __init__(self, adjacency: NDArray[np.float64], size: StgcnSize, *, outputs: int = 1, history: int = 12) -> None:
        super().__init__()
        self.history, self.outputs, self.size = history, outputs, size
        self._adjacency = adjacency
        kernels = torch.from_numpy(chebyshev_kernels(adjacency)).to(torch.get_default_dtype())
        self.block0 = Block(1, size.hidden[0], size.output[0], "pad", kernels)
        self.block1 = Block(size.output[0], size.hidden[1], size.output[1], "project", kernels)
        remaining = history - 4 * (TIME_KERNEL - 1)
        self.head = Head(size.output[1], size.head, remaining, outputs, len(adjacency))

    def forward(self, x: Tensor) -> Tensor:
        """See `Forecaster.forward`."""
        y: Tensor = self.head(self.block1(self.block0(x.permute(0, 3, 1, 2))))
        return y.permute(0, 2, 1, 3)

    def spec(self) -> dict[str, Any]:
        """Plain values that, with the graph, build this architecture again."""
        return {"family": "stgcn", "size": asdict(self.size), "outputs": self.outputs, "history": self.history}

    def channel_groups(self) -> list[ChannelGroup]:
        """Five groups: hidden and further output channels of each block, and the head's hidden channels.

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

        def living(name: str, size: int) -> Tensor:
            mask = masks.get(name)
            return self.block0.norm.weight.new_ones(size) if mask is None else mask.to(self.block0.norm.weight)

        layers: list[tuple[_Masked, Tensor]] = []
        for position, (name, block) in enumerate((("block0", self.block0), ("block1", self.block1))):
            hidden, output = self.size.hidden[position], self.size.output[position]
            tied = living(f"{name}.hidden", hidden)
            every = torch.cat([tied, living(f"{name}.output", output - hidden)])
            layers += [(block.temporal1, tied), (block.graph, tied), (block.temporal2, every), (block.norm, every)]
        layers += [(self.head.temporal1, layers[-1][1]), (self.head.norm, layers[-1][1])]
        layers += [(self.head.temporal2, living("head", self.size.head))]
        for layer, mask in layers:
            layer.mask = mask[:, None, None] if masks else None

    def resized(self, sizes: Mapping[str, int]) -> Self:
        """See `Forecaster.resized`."""
        hidden = (sizes["block0.hidden"], sizes["block1.hidden"])
        output = (hidden[0] + sizes.get("block0.output", 0), hidden[1] + sizes.get("block1.output", 0))
        size = StgcnSize(hidden, output, sizes["head"])
        return type(self)(self._adjacency, size, outputs=self.outputs, history=self.history)


_Cut = tuple[str, int, tuple[int, ...]]


def _members(start: int, count: int, cuts: list[_Cut]) -> tuple[Member, ...]:
    return tuple(Member(name, dim, consecutive(start, count, halves=offsets)) for name, dim, offsets in cuts)


def _block_output(block: str) -> list[_Cut]:
    """What belongs to an output channel inside its own block."""
    names = (f"{block}.temporal2.weight", f"{block}.temporal2.bias", f"{block}.norm.weight", f"{block}.norm.bias")
    return [(name, 0, (0,)) for name in names]


def _next_block(block: str) -> list[_Cut]:
    """What belongs to an input channel of the following block."""
    return [(f"{block}.temporal1.weight", 1, (0,)), (f"{block}.temporal1.align", 1, (0,))]


def _head_input(channels: int) -> list[_Cut]:
    """What belongs to an input channel of the head, whose first layer keeps its channels by an identity residual."""
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
