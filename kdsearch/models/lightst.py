"""LightST: a graph network as teacher, and a perceptron on each single node as its student.

Zhang et al., "Efficient Traffic Prediction Through Spatio-Temporal Distillation", AAAI 2025, arXiv 2501.10459; these
are the paper's networks. The released code has others: its teacher learns its graph from node embeddings, convolves in
time by gated inceptions of four kernels and norms over nodes; its student keeps all of that but the graph, for which
three linear maps along time stand in, so that nine tenths of the weights remain.

Both take each window of a node less its own mean and divided by its own std (Eq 1). The paper does not say how
forecasts get their level; ours are scaled back by the same two numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kdsearch.models.forecaster import ChannelGroup, DataShape, Member, consecutive
from kdsearch.models.window import WindowForecaster

__all__ = ["Lightst", "LightstSize", "LightstTeacher", "LightstTeacherSize"]

STD_FLOOR = 0.1
"""Smallest divisor of a window, in scaled units, so that the noise of a quiet night is not blown up. A student's
error on PeMSD8 hardly depends on it: from 0.001 to 1 by 0.1 % on deviations from the calendar, by 2 % on raw input."""

TIME_KERNEL = 3
TEMPORAL_LAYERS = 2


@dataclass(frozen=True)
class LightstTeacherSize:
    """Channels of LightST's teacher.

    Attributes:
        width: Channels of every layer, d.
        layers: Graph convolutions, L.
        dropout: Share of the channels that training drops in the temporal layers.
    """

    DEFAULT_DEPTH: ClassVar[int] = 2

    width: int = 32
    layers: int = 2
    dropout: float = 0.0

    @classmethod
    def of_width(cls, width: int, depth: int, _place: DataShape) -> Self:
        """Size a teacher of `depth` graph convolutions."""
        return cls(width, depth)


class LightstTeacher(WindowForecaster):
    """LightST's teacher, Eq 1 to 4; its head is linear, on which the paper says nothing.

    Convolutions in time are padded, so that both embeddings have all steps of the history.

    Args:
        adjacency: Edge weights ``(node, node)``; the graph belongs to the data and is not counted as stored.
        size: Channels and layers.
        outputs: Steps given in one pass.
        history: Steps looked at.
    """

    family = "lightst-teacher"
    size: LightstTeacherSize
    embeddings = ("spatial", "temporal")
    edges: Tensor

    def __init__(
        self, adjacency: NDArray[np.float64], size: LightstTeacherSize, *, outputs: int, history: int = 12
    ) -> None:
        super().__init__(adjacency, size, outputs=outputs, history=history)
        self.direction = nn.Parameter(torch.randn(size.width))
        edges = torch.tensor(_normalised(adjacency), dtype=self.direction.dtype)
        self.register_buffer("edges", edges, persistent=False)
        self.graph = nn.ModuleList(nn.Linear(size.width, size.width, bias=False) for _ in range(size.layers))
        self.spatial = nn.Identity()
        self.convolutions = nn.ModuleList(TemporalConvolution(size.width, size.dropout) for _ in range(TEMPORAL_LAYERS))
        self.temporal = nn.Identity()
        self.head = nn.Linear(history * size.width, outputs)

    def windows(self, x: Tensor) -> Tensor:
        """See `WindowForecaster.windows`."""
        scores, mean, std = _scores(x[..., 0])
        scores = scores.permute(2, 0, 1)  # nodes outermost, channels innermost: every layer is one product of matrices
        embedding = total = scores[..., None] * self.direction
        for position, layer in enumerate(self.graph):
            # the first product with the graph is the same before there are channels, and that much cheaper
            spread = self._spread(embedding) if position else self._spread(scores)[..., None] * self.direction
            embedding = torch.relu(layer(spread))
            total = total + embedding
        embedding = _shown(self.spatial, total)
        for convolution in self.convolutions:
            embedding = convolution(embedding)
        forecasts: Tensor = self.head(_shown(self.temporal, embedding).flatten(2))
        return forecasts.permute(1, 2, 0) * std + mean

    def _spread(self, y: Tensor) -> Tensor:
        """Sum the inputs from each node's neighbours: ``(node, ...)`` -> the same shape."""
        return (self.edges @ y.flatten(1)).view_as(y)

    def channel_groups(self) -> list[ChannelGroup]:
        """List one group: sums over layers and residuals tie the channels of all layers."""
        width, once = self.size.width, (0,)
        cuts = [("direction", 0, once), ("head.weight", 1, tuple(range(0, self.history * width, width)))]
        for position in range(self.size.layers):
            cuts += [(f"graph.{position}.weight", dim, once) for dim in (0, 1)]
        for position in range(TEMPORAL_LAYERS):
            taps, steps = f"convolutions.{position}.taps", tuple(range(0, TIME_KERNEL * width, width))
            cuts += [(f"{taps}.weight", 0, once), (f"{taps}.bias", 0, once), (f"{taps}.weight", 1, steps)]
        members = tuple(Member(name, dim, consecutive(0, width, halves=offsets)) for name, dim, offsets in cuts)
        return [ChannelGroup("width", width, members)]

    def resized(self, sizes: Mapping[str, int]) -> Self:
        """See `Forecaster.resized`."""
        size = LightstTeacherSize(sizes["width"], self.size.layers, self.size.dropout)
        return self.of_size(size)


class TemporalConvolution(nn.Module):
    """``leaky_relu(dropout(W * E + b) + E)``, Eq 4, over `TIME_KERNEL` steps, those beyond the window's ends zero."""

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.taps = nn.Linear(TIME_KERNEL * channels, channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(node, window, time, channel)`` to the same shape."""
        padded = nn.functional.pad(x, (0, 0, TIME_KERNEL // 2, TIME_KERNEL // 2))
        seen = torch.cat([padded[:, :, tap : tap + x.shape[2]] for tap in range(TIME_KERNEL)], dim=-1)
        return nn.functional.leaky_relu(self.dropout(self.taps(seen)) + x)


@dataclass(frozen=True)
class LightstSize:
    """Channels of LightST's student.

    Attributes:
        hidden: Channels of all layers but the last; there is one layer more than entries.
        width: Channels of the embedding, d.
        steps: Steps of the embedding, T'.
        dropout: Share of the channels that training drops after each layer.
    """

    DEFAULT_DEPTH: ClassVar[int] = 3

    hidden: tuple[int, ...] = (64, 64)
    width: int = 32
    steps: int = 1
    dropout: float = 0.0

    @classmethod
    def of_width(cls, width: int, depth: int, _place: DataShape) -> Self:
        """Size a student of `depth` layers, all but the last twice as wide as the embedding."""
        return cls((2 * width,) * (depth - 1), width)


class Lightst(WindowForecaster):
    """LightST's student: it sees only a node's own window.

    A rectifier follows each layer, the last one too: its output is the student's embedding, and the head is linear. The
    learned vector of Eq 1 would only multiply the first layer's weights, so it is left out.

    Args:
        adjacency: Edge weights ``(node, node)``, unused.
        size: Channels of each layer.
        outputs: Steps given in one pass.
        history: Steps looked at.
    """

    family = "lightst"
    size: LightstSize
    embeddings = ("embedding", "embedding")

    def __init__(self, adjacency: NDArray[np.float64], size: LightstSize, *, outputs: int, history: int = 12) -> None:
        super().__init__(adjacency, size, outputs=outputs, history=history)
        channels = (history, *size.hidden, size.width * size.steps)
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(channels))
        self.dropout = nn.Dropout(size.dropout)
        self.embedding = nn.Identity()
        self.head = nn.Linear(channels[-1], outputs)

    def windows(self, x: Tensor) -> Tensor:
        """See `WindowForecaster.windows`."""
        scores, mean, std = _scores(x[..., 0])
        y = scores.transpose(1, 2)
        for layer in self.layers:
            y = self.dropout(torch.relu(layer(y)))
        embedding: Tensor = self.embedding(y.view(*y.shape[:2], self.size.width, self.size.steps).permute(0, 2, 3, 1))
        forecasts: Tensor = self.head(embedding.permute(0, 3, 1, 2).flatten(2))
        return forecasts.transpose(1, 2) * std + mean

    def channel_groups(self) -> list[ChannelGroup]:
        """List one group for each hidden layer, and one for the embedding with all steps of a channel together."""
        steps = self.size.steps
        wide = tuple(tuple(range(channel * steps, (channel + 1) * steps)) for channel in range(self.size.width))
        rows = [*(consecutive(0, size) for size in self.size.hidden), wide]
        groups = []
        for position, channels in enumerate(rows):
            following = "head" if position == len(self.size.hidden) else f"layers.{position + 1}"
            cuts = ((f"layers.{position}.weight", 0), (f"layers.{position}.bias", 0), (f"{following}.weight", 1))
            name = "width" if following == "head" else f"hidden{position}"
            groups.append(ChannelGroup(name, len(channels), tuple(Member(*cut, channels) for cut in cuts)))
        return groups

    def resized(self, sizes: Mapping[str, int]) -> Self:
        """See `Forecaster.resized`."""
        hidden = tuple(sizes[f"hidden{position}"] for position in range(len(self.size.hidden)))
        size = LightstSize(hidden, sizes["width"], self.size.steps, self.size.dropout)
        return self.of_size(size)


def _scores(readings: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Compute Eq 1 without its vector: each node's window ``(window, time, node)`` less its mean, divided by its std.

    Returns:
        The scores, and mean and std ``(window, 1, node)``. The std is the population's, floored.
    """
    mean = readings.mean(dim=1, keepdim=True)
    centred = readings - mean
    std = centred.square().mean(dim=1, keepdim=True).sqrt().clamp(min=STD_FLOOR)
    return centred / std, mean, std


def _shown(tap: nn.Module, y: Tensor) -> Tensor:
    """Pass ``(node, window, time, channel)`` through a tap in the layout of taps."""
    shown: Tensor = tap(y.permute(1, 3, 2, 0))
    return shown.permute(3, 0, 2, 1)


def _normalised(adjacency: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute ``D^-1/2 A D^-1/2`` ``(node, node)``; zeros where a node has no edge."""
    degree = adjacency.sum(axis=1)
    scale = np.divide(1.0, np.sqrt(degree), out=np.zeros_like(degree), where=degree > 0)
    return np.asarray(scale[:, None] * adjacency * scale)
