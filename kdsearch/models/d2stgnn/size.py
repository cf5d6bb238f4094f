"""The channels of a D2STGNN and their ties; the network is that of `kdsearch.models.d2stgnn.network`."""

from dataclasses import dataclass
from typing import ClassVar, Self

from kdsearch.models.forecaster import ChannelGroup, DataShape, Member, consecutive

__all__ = ["D2stgnnSize", "channel_groups", "forecast_maps"]

HEADS = 4
NODE_AND_CLOCK = 10


@dataclass(frozen=True)
class D2stgnnSize:
    """Channels of a D2STGNN; by default those of the release.

    Attributes:
        hidden: Channels of the signal.
        forecast: Channels of the forecasts, which are summed over all blocks.
        output: Channels between the two maps from forecasts to readings.
        gates: Channels of each layer's estimation gate; there are as many layers as entries.
        local: Channels of each layer's convolution, for each of the steps that it sees together.
        heads: Heads of each layer's attention.
        head_width: Channels of a head.
        inner: Channels between the two maps from readings to features of the dynamic graph.
        series: Channels of these features.
        key: Channels of the dynamic graph's queries and keys.
        node: Channels of each of the two embeddings of a node.
        time: Channels of each time of day's embedding.
        weekday: Channels of each weekday's embedding.
        gap: Steps that are read from one forecast hidden state.
        order: Largest power of a graph, k_s.
        kernel: Steps that a convolution sees together, k_t.
        slots: Steps in a day.
        dropout: Share of channels that training drops.
    """

    DEFAULT_DEPTH: ClassVar[int] = 2

    hidden: int = 32
    forecast: int = 256
    output: int = 512
    gates: tuple[int, ...] = (64,) * 5
    local: tuple[int, ...] = (32,) * 5
    heads: tuple[int, ...] = (HEADS,) * 5
    head_width: int = 8
    inner: int = 64
    series: int = 32
    key: int = 32
    node: int = NODE_AND_CLOCK
    time: int = NODE_AND_CLOCK
    weekday: int = NODE_AND_CLOCK
    gap: int = 3
    order: int = 2
    kernel: int = 3
    slots: int = 288
    dropout: float = 0.1

    @property
    def layers(self) -> int:
        """Number of decoupled layers."""
        return len(self.gates)

    @property
    def graphs(self) -> int:
        """Number of a convolution's matrices: powers of the forward, the backward and the adaptive one."""
        return 3 * self.order

    @classmethod
    def of_width(cls, width: int, depth: int, shape: DataShape) -> Self:
        """Size a signal of `width` channels and `depth` layers, in the release's proportions; 32 and 5 is the release.

        Dropout is off, though: after 1500 steps of training on 24 nodes of PeMSD8, at a width of 16, the release's
        tenth leaves a validation error of 14.7 vehicles where it is 12.4 without.

        Raises:
            ValueError: The heads cannot share the width evenly.
        """
        if width % HEADS:
            raise ValueError(f"the width of a d2stgnn is shared by {HEADS} heads, so it is a multiple of that: {width}")
        return cls(
            hidden=width,
            forecast=8 * width,
            output=16 * width,
            gates=(2 * width,) * depth,
            local=(width,) * depth,
            heads=(HEADS,) * depth,
            head_width=width // HEADS,
            inner=2 * width,
            series=width,
            key=width,
            slots=shape.slots,
            dropout=0.0,
        )


def forecast_maps(size: D2stgnnSize) -> list[str]:
    """Name the maps from hidden states to forecasts, in the order of the blocks."""
    return [f"layers.{layer}.{block}.forecast" for layer in range(size.layers) for block in ("diffusion", "inherent")]


def channel_groups(size: D2stgnnSize) -> list[ChannelGroup]:
    """List all groups but the signal: forecasts, tied by their sum; embeddings, tied by their readers; inner widths."""
    clock, gates = size.time + size.weekday, [f"layers.{layer}.gate.widen.weight" for layer in range(size.layers)]
    scores = ("graphs.query.weight", "graphs.key.weight")
    read = [(name, 1, size.series) for name in scores] + [(name, 1, 0) for name in gates]
    nodes = [(name, 1, size.series + clock) for name in scores]
    nodes += [(name, 1, start) for name in gates for start in (clock, clock + size.node)]
    summed = [(f"{name}.{kind}", 0, 0) for name in forecast_maps(size) for kind in ("weight", "bias")]
    groups = [
        _group("forecast", size.forecast, *summed, ("widen.weight", 1, 0)),
        _group("output", size.output, *_between("widen", "narrow")),
        _group("inner", size.inner, *_between("graphs.widen", "graphs.narrow")),
        _group("series", size.series, *_between("graphs.narrow", "graphs.query"), ("graphs.key.weight", 1, 0)),
        _group("key", size.key, *((name, 0, 0) for name in scores)),
        _group("node", size.node, ("upstream", 1, 0), ("downstream", 1, 0), *nodes),
        _group("time", size.time, ("time", 1, 0), *read),
        _group("weekday", size.weekday, ("weekday", 1, 0), *((name, 1, s + size.time) for name, _, s in read)),
    ]
    for layer in range(size.layers):
        groups += _layer_groups(size, layer)
    return groups


def _layer_groups(size: D2stgnnSize, layer: int) -> list[ChannelGroup]:
    name = f"layers.{layer}"
    gate, local, heads = size.gates[layer], size.local[layer], size.heads[layer]
    convolution, attention = f"{name}.diffusion.convolution", f"{name}.inherent.attention"
    taps = consecutive(0, local, halves=range(0, size.kernel * local, local))
    parts = consecutive(0, local, halves=range(0, (size.graphs + 1) * local, local))
    own = tuple(tuple(range(head * size.head_width, (head + 1) * size.head_width)) for head in range(heads))
    read = ("query.weight", "query.bias", "key.weight", "value.weight", "value.bias")
    seen = (Member(f"{convolution}.local.weight", 0, taps), Member(f"{convolution}.mix.weight", 1, parts))
    cut = (Member(f"{attention}.{kind}", 0, own) for kind in read)
    return [
        _group(f"gate{layer}", gate, *_between(f"{name}.gate.widen", f"{name}.gate.narrow")),
        ChannelGroup(f"local{layer}", local, seen),
        ChannelGroup(f"heads{layer}", heads, (*cut, Member(f"{attention}.output.weight", 1, own))),
    ]


_Cut = tuple[str, int, int]
"""A parameter, the dimension to cut, and the channels' first index in it."""


def _group(name: str, size: int, *cuts: _Cut) -> ChannelGroup:
    members = tuple(Member(parameter, dim, consecutive(start, size)) for parameter, dim, start in cuts)
    return ChannelGroup(name, size, members)


def _between(first: str, second: str) -> tuple[_Cut, ...]:
    """List the cuts for the outputs of a linear map that another one reads."""
    return (f"{first}.weight", 0, 0), (f"{first}.bias", 0, 0), (f"{second}.weight", 1, 0)
