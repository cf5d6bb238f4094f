"""Layers of STGCN: Yu, Yin, Zhu, IJCAI 2018, with the details of its original implementation.

Every temporal convolution is valid. Residuals are linear, hence folded into the last tap of their kernel. Tensors are
``(batch, channel, time, node)``.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kdsearch.models.stgcn.graph import ChebyshevGraph
from kdsearch.models.stgcn.ops import Activation, convolution, joint_norm, polynomials

__all__ = ["TIME_KERNEL", "Block", "Head", "Masked"]

TIME_KERNEL = 3
NORM_EPSILON = 1e-6


class Masked(nn.Module):
    """A layer whose pruned channels give exactly zero; `mask` is ``(channel, 1, 1)`` or None where all are kept."""

    mask: Tensor | None

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mask", None, persistent=False)

    def silenced(self, y: Tensor) -> Tensor:
        """Set the pruned channels of ``(batch, channel, time, node)`` to zero."""
        return y if self.mask is None else y * self.mask


class TemporalConvolution(Masked):
    """Convolution over time without padding, with the activation "glu", "relu" or "sigmoid".

    glu: ``(P + R) * sigmoid(Q)`` with P and Q the halves of the filters; relu: ``relu(P + R)``; sigmoid: no residual.
    R is the input cropped to its last steps, its channels aligned: "pad" (zero channels at the end), "project"
    (`align`, learned, without bias) or "none". It is carried explicitly, since sizes no longer tell it after pruning.
    """

    residual: Tensor | None

    def __init__(self, inputs: int, outputs: int, kernel: int, activation: Activation, align: str) -> None:
        super().__init__()
        filters = 2 * outputs if activation == "glu" else outputs
        self.activation: Activation = activation
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(filters, inputs, kernel, 1)))
        self.bias = nn.Parameter(torch.zeros(filters))
        projection = nn.init.xavier_uniform_(torch.empty(outputs, inputs, 1, 1)) if align == "project" else None
        self.align = None if projection is None else nn.Parameter(projection)
        residual = self._folded(torch.eye(outputs, inputs)[:, :, None, None]) if align == "pad" else None
        self.register_buffer("residual", residual, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, inputs, time, node)`` to ``(batch, outputs, time - kernel + 1, node)``."""
        residual = self.residual if self.align is None else self._folded(self.align)
        weight = self.weight if residual is None else self.weight + residual
        return self.silenced(convolution(x, weight, self.bias, self.activation))

    def _folded(self, aligned: Tensor) -> Tensor:
        """Pad ``(outputs, inputs, 1, 1)`` to the last tap of a kernel of the weight's shape, zero for the gates."""
        return F.pad(aligned, (0, 0, self.weight.shape[2] - 1, 0, 0, 0, 0, len(self.weight) - len(aligned)))


class GraphConvolution(Masked):
    """``relu(sum_k T_k X W_k + b + X)``, STGCN's Eq 5 with its residual; the identity polynomial is not multiplied."""

    residual: Tensor

    def __init__(self, channels: int, graph: ChebyshevGraph) -> None:
        super().__init__()
        wide = graph.order * channels
        self.graph = graph
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(channels, wide, 1, 1)))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("residual", torch.eye(channels, wide)[:, :, None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, channel, time, node)`` to the same shape."""
        spread = polynomials(x, self.graph)
        return self.silenced(convolution(spread, self.weight + self.residual, self.bias, "relu"))


class NodeChannelNorm(Masked):
    """Layer norm over nodes and channels jointly, per sample and step; statistics are of kept channels alone.

    So a masked network equals the small network that remains without the pruned channels.
    """

    def __init__(self, channels: int, nodes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels, nodes))
        self.bias = nn.Parameter(torch.zeros(channels, nodes))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, channel, time, node)`` to the same shape."""
        if self.mask is None:
            return joint_norm(x, self.weight, self.bias, NORM_EPSILON)
        kept = self.mask.sum() * x.shape[3]
        mean = x.sum(dim=(1, 3), keepdim=True) / kept
        variance = ((x - mean) * self.mask).square().sum(dim=(1, 3), keepdim=True) / kept
        scaled = (x - mean) * torch.rsqrt(variance + NORM_EPSILON)
        return self.silenced(scaled * self.weight[:, None] + self.bias[:, None])


class Block(nn.Module):
    """Spatio-temporal block: gated time, graph, time, norm."""

    def __init__(self, inputs: int, hidden: int, output: int, align: str, graph: ChebyshevGraph) -> None:
        super().__init__()
        self.temporal1 = TemporalConvolution(inputs, hidden, TIME_KERNEL, "glu", align)
        self.graph = GraphConvolution(hidden, graph)
        self.temporal2 = TemporalConvolution(hidden, output, TIME_KERNEL, "relu", "pad")
        self.norm = NodeChannelNorm(output, graph.nodes)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, inputs, time, node)`` to ``(batch, output, time - 4, node)``."""
        for _, stage in self.stages():
            x = stage(x)
        return x

    def stages(self) -> list[tuple[int, Callable[[Tensor], Tensor]]]:
        """List the two layers over several steps, each with its following layers: number of steps, and function."""
        return [
            (TIME_KERNEL, lambda x: self.graph(self.temporal1(x))),
            (TIME_KERNEL, lambda x: self.norm(self.temporal2(x))),
        ]


class Head(nn.Module):
    """Output block: gated time over all remaining steps of the history, norm, two 1x1 layers.

    The last bias is one per node, as in the original; with several outputs one per output is added to it.
    """

    def __init__(self, inputs: int, hidden: int, kernel: int, outputs: int, nodes: int) -> None:
        super().__init__()
        self.kernel = kernel
        self.temporal1 = TemporalConvolution(inputs, inputs, kernel, "glu", "pad")
        self.norm = NodeChannelNorm(inputs, nodes)
        self.temporal2 = TemporalConvolution(inputs, hidden, 1, "sigmoid", "none")
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(outputs, hidden, 1, 1)))
        self.node_bias = nn.Parameter(torch.zeros(nodes))
        self.step_bias = nn.Parameter(torch.zeros(outputs)) if outputs > 1 else None

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, inputs, time, node)`` to ``(batch, outputs, time - kernel + 1, node)``."""
        y = self.temporal2(self.norm(self.temporal1(x)))
        step_bias = self.weight.new_zeros(1) if self.step_bias is None else self.step_bias
        return convolution(y, self.weight, step_bias, "none") + self.node_bias
