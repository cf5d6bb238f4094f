"""ST-MLP: a student without a graph, in which perceptrons mix nodes and channels by turns.

"Knowledge Distillation based Spatio-Temporal MLP Model for Real-Time Traffic Flow Prediction", IEEE Transactions on
Intelligent Transportation Systems 2024; the network is that of the released code, which gives as many steps as it sees.
Where the two numbers differ, ours maps the steps of the input to those of the forecast by one linear map. The weekday
enters as a number from 0 to 6, as it does there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kdsearch.models.forecaster import ChannelGroup, DataShape, Member, consecutive
from kdsearch.models.window import ChannelNorm, WindowForecaster

__all__ = ["StMlp", "StMlpSize"]

INPUTS = 3
"""Reading, time of day, weekday."""

MIXERS = 2


@dataclass(frozen=True)
class StMlpSize:
    """Channels of an ST-MLP. Fields of both mixers come in pairs.

    Attributes:
        width: Channels of each mixer at a step of the history.
        tokens1: The first mixer's hidden channels where it mixes nodes; it has as many layers as entries.
        tokens2: The same of the second mixer.
        inner1: The first mixer's hidden channels where it mixes the channels of a node, as many entries as `tokens1`.
        inner2: The same of the second mixer.
        pointwise: Channels after each of the three maps between the mixers.
        head: Channels of the decoder's hidden layer.
        dropout: Share of channels that training drops in the mixers.
        pointwise_dropout: Share of channels that training drops after each but the last of the maps between them.
    """

    DEFAULT_DEPTH: ClassVar[int] = 2

    width: tuple[int, ...] = (8, 8)
    tokens1: tuple[int, ...] = (16, 16)
    tokens2: tuple[int, ...] = (16, 16)
    inner1: tuple[int, ...] = (48, 48)
    inner2: tuple[int, ...] = (48, 48)
    pointwise: tuple[int, ...] = (32, 32, 8)
    head: int = 8
    dropout: float = 0.0
    pointwise_dropout: float = 0.0

    @classmethod
    def released(cls, nodes: int) -> Self:
        """Size the release's network, for histories of 12 steps; on 207 nodes it has 25 million weights."""
        tokens = (4 * nodes,) * 6
        return cls((64, 128), tokens, tokens, (384,) * 6, (768,) * 6, (1024, 2048, 64), 64, 0.1, 0.3)

    @classmethod
    def of_width(cls, width: int, depth: int, _place: DataShape) -> Self:
        """Size both mixers alike, of `depth` layers; a channel of `tokens1` or `tokens2` has two weights a node."""
        tokens, inner = (2 * width,) * depth, (6 * width,) * depth
        return cls((width,) * 2, tokens, tokens, inner, inner, (4 * width, 4 * width, width), width)


class StMlp(WindowForecaster):
    """ST-MLP.

    Args:
        adjacency: Edge weights ``(node, node)``, of which only the number of nodes matters.
        size: Channels of each part.
        outputs: Steps given in one pass.
        history: Steps looked at.
    """

    family = "st-mlp"
    size: StMlpSize
    embeddings = ("encoded", "decoded")
    clock = True

    def __init__(self, adjacency: NDArray[np.float64], size: StMlpSize, *, outputs: int, history: int = 12) -> None:
        super().__init__(adjacency, size, outputs=outputs, history=history)
        nodes, channels = len(adjacency), (size.width[0], *size.pointwise)
        self.mixer1 = Mixer(nodes, history, INPUTS, size.width[0], size.tokens1, size.inner1, size.dropout)
        self.encoded = nn.Identity()
        self.pointwise = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(channels))
        self.dropout = nn.Dropout(size.pointwise_dropout)
        self.mixer2 = Mixer(nodes, history, channels[-1], size.width[1], size.tokens2, size.inner2, size.dropout)
        self.decoded = nn.Identity()
        self.head = nn.Linear(size.width[1], size.head)
        self.regression = nn.Linear(size.head, 1)
        self.steps = nn.Linear(history, outputs) if outputs != history else nn.Identity()

    def windows(self, x: Tensor) -> Tensor:
        """See `WindowForecaster.windows`."""
        y = self.mixer1(x.transpose(1, 2))
        self.encoded(y.permute(0, 3, 2, 1))  # for hooks on this tap
        for layer in self.pointwise[:-1]:
            y = self.dropout(torch.relu(layer(y)))
        y = self.mixer2(self.pointwise[-1](y))
        self.decoded(y.permute(0, 3, 2, 1))  # for hooks on this tap
        readings = self.regression(torch.tanh(self.head(y)))[..., 0]
        forecasts: Tensor = self.steps(readings)
        return forecasts.transpose(1, 2)

    def channel_groups(self) -> list[ChannelGroup]:
        """List one group for each hidden layer and each mixer's width; a channel of a width has a row for each step."""
        size, groups = self.size, list[ChannelGroup]()
        following = ("pointwise.0", "head")
        for mixer in range(1, MIXERS + 1):
            groups += self._mixer_groups(mixer, following[mixer - 1])
        for position, channels in enumerate(size.pointwise):
            here, last = f"pointwise.{position}", position == len(size.pointwise) - 1
            after, steps = ("mixer2.embedding", self.history) if last else (f"pointwise.{position + 1}", 1)
            read = Member(f"{after}.weight", 1, _strided(channels, steps))
            groups.append(ChannelGroup(f"pointwise{position}", channels, (*_made(here, channels), read)))
        read = Member("regression.weight", 1, consecutive(0, size.head))
        return [*groups, ChannelGroup("head", size.head, (*_made("head", size.head), read))]

    def _mixer_groups(self, mixer: int, following: str) -> list[ChannelGroup]:
        name, width = f"mixer{mixer}", self.size.width[mixer - 1]
        rows = _strided(width, self.history)
        norms = [f"{name}.norm"]
        stream = [Member(f"{name}.embedding.{kind}", 0, rows) for kind in ("weight", "bias")]
        stream.append(Member(f"{following}.weight", 1, consecutive(0, width)))
        groups = []
        for position, (tokens, inner) in enumerate(zip(*self._hidden(mixer), strict=True)):
            layer = f"{name}.layers.{position}"
            norms += [f"{layer}.node_norm", f"{layer}.channel_norm"]
            stream.append(Member(f"{layer}.channels_in.weight", 1, rows))
            stream += [Member(f"{layer}.channels_out.{kind}", 0, rows) for kind in ("weight", "bias")]
            for kind, size in (("nodes", tokens), ("channels", inner)):
                read = Member(f"{layer}.{kind}_out.weight", 1, consecutive(0, size))
                members = (*_made(f"{layer}.{kind}_in", size), read)
                groups.append(ChannelGroup(f"{name}.{kind}{position}", size, members))
        stream += [Member(f"{norm}.{kind}", 0, rows) for norm in norms for kind in ("weight", "bias")]
        return [ChannelGroup(f"{name}.width", width, tuple(stream)), *groups]

    def _hidden(self, mixer: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        size = self.size
        return (size.tokens1, size.inner1) if mixer == 1 else (size.tokens2, size.inner2)

    def resized(self, sizes: Mapping[str, int]) -> Self:
        """See `Forecaster.resized`."""

        def of(name: str, count: int) -> tuple[int, ...]:
            return tuple(sizes[f"{name}{position}"] for position in range(count))

        size = replace(
            self.size,
            width=(sizes["mixer1.width"], sizes["mixer2.width"]),
            tokens1=of("mixer1.nodes", len(self.size.tokens1)),
            tokens2=of("mixer2.nodes", len(self.size.tokens2)),
            inner1=of("mixer1.channels", len(self.size.inner1)),
            inner2=of("mixer2.channels", len(self.size.inner2)),
            pointwise=of("pointwise", len(self.size.pointwise)),
            head=sizes["head"],
        )
        return self.of_size(size)


class Mixer(nn.Module):
    """A node's whole input in a line, `width` channels for each step; layers mix across lines, then within lines."""

    def __init__(
        self,
        nodes: int,
        history: int,
        inputs: int,
        width: int,
        tokens: tuple[int, ...],
        inner: tuple[int, ...],
        dropout: float,
    ) -> None:
        super().__init__()
        self.history = history
        self.embedding = nn.Linear(history * inputs, history * width)
        self.layers = nn.ModuleList(
            MixerLayer(nodes, history * width, *hidden, dropout) for hidden in zip(tokens, inner, strict=True)
        )
        self.norm = ChannelNorm(history * width)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(window, node, step, input)`` to ``(window, node, step, width)``."""
        y = self.embedding(x.flatten(2))
        for layer in self.layers:
            y = layer(y)
        mixed: Tensor = self.norm(y)
        return mixed.view(*mixed.shape[:2], self.history, -1)


class MixerLayer(nn.Module):
    """``x + W2 gelu(W1 norm(x))`` along the nodes, and then along the channels; with biases and dropout.

    The bias of `nodes_out` is the same for all channels of a node, and every norm takes it away again. It has no effect
    and is there because the release has it.
    """

    def __init__(self, nodes: int, channels: int, tokens: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.node_norm = ChannelNorm(channels)
        self.nodes_in = nn.Linear(nodes, tokens)
        self.nodes_out = nn.Linear(tokens, nodes)
        self.channel_norm = ChannelNorm(channels)
        self.channels_in = nn.Linear(channels, inner)
        self.channels_out = nn.Linear(inner, channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(window, node, channel)`` to the same shape."""
        hidden = torch.nn.functional.gelu(_across(self.nodes_in, self.node_norm(x)))
        change = self.dropout(_across(self.nodes_out, self.dropout(hidden)))
        if self.node_norm.kept is not None:
            change = change * self.node_norm.kept  # the biases of nodes_in reach every channel, pruned ones too
        x = x + change
        hidden = torch.nn.functional.gelu(self.channels_in(self.channel_norm(x)))
        mixed: Tensor = x + self.dropout(self.channels_out(self.dropout(hidden)))
        return mixed


def _across(layer: nn.Linear, x: Tensor) -> Tensor:
    """Apply a linear map along the nodes: ``(window, node, channel)`` -> ``(window, output, channel)``."""
    return torch.baddbmm(layer.bias[:, None], layer.weight.expand(x.shape[0], -1, -1), x)


def _strided(channels: int, steps: int) -> tuple[tuple[int, ...], ...]:
    """List the rows of channels that recur at each step, one step after the other."""
    return consecutive(0, channels, halves=range(0, steps * channels, channels))


def _made(layer: str, channels: int) -> tuple[Member, ...]:
    """List the members for the outputs of a linear map."""
    return tuple(Member(f"{layer}.{kind}", 0, consecutive(0, channels)) for kind in ("weight", "bias"))
