"""D2STGNN: traffic decoupled into a signal from other nodes and a node's own signal.

Shao et al., "Decoupled Dynamic Spatial-Temporal Graph Neural Network for Traffic Forecasting", VLDB 2022, arXiv
2206.09112. Layer by layer a gate estimates the diffusion signal, a graph convolution over the graph of the moment takes
it out, and a recurrence with attention takes out the node's own; both forecast hidden states, and the sum over all
layers is the forecast. The modules say where paper and released code differ. That code also norms over the batch where
readings become features of the dynamic graph, which the paper does not say and ours does not do. Left out are its
parameters without effect: biases of keys, the last layer's last backcast, and unused ones.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Self

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from kdsearch.models.d2stgnn.diffusion import DiffusionBlock, EstimationGate, LearnedGraphs
from kdsearch.models.d2stgnn.inherent import InherentBlock
from kdsearch.models.d2stgnn.size import D2stgnnSize, channel_groups, forecast_maps
from kdsearch.models.forecaster import ChannelGroup
from kdsearch.models.window import WindowForecaster

__all__ = ["D2stgnn", "D2stgnnSize"]

WEEKDAYS = 7


class D2stgnn(WindowForecaster):
    """D2STGNN.

    Args:
        adjacency: Edge weights ``(node, node)``.
        size: Channels of each part.
        outputs: Steps given in one pass.
        history: Steps looked at.

    Raises:
        ValueError: The layers' convolutions would use up the history.
    """

    family = "d2stgnn"
    size: D2stgnnSize
    clock = True

    def __init__(self, adjacency: NDArray[np.float64], size: D2stgnnSize, *, outputs: int, history: int = 12) -> None:
        if history <= size.layers * (size.kernel - 1):
            raise ValueError(
                f"{size.layers} layers whose convolutions see {size.kernel} steps need a history of more than "
                f"{size.layers * (size.kernel - 1)} steps; it is {history}"
            )
        super().__init__(adjacency, size, outputs=outputs, history=history)
        self.ahead = -(-outputs // size.gap)
        last = f"layers.{size.layers - 1}"
        self.embeddings = (f"{last}.diffusion.states", f"{last}.inherent.states")
        self.upstream, self.downstream = _table(len(adjacency), size.node), _table(len(adjacency), size.node)
        self.time, self.weekday = _table(size.slots, size.time), _table(WEEKDAYS, size.weekday)
        self.graphs = LearnedGraphs(
            adjacency,
            history=history,
            inner=size.inner,
            series=size.series,
            others=size.time + size.weekday + size.node,
            key=size.key,
            hidden=size.hidden,
            order=size.order,
            dropout=size.dropout,
        )
        self.embedding = nn.Linear(1, size.hidden)
        self.layers = nn.ModuleList(
            DecoupledLayer(size, position, history + self.ahead) for position in range(size.layers)
        )
        self.widen = nn.Linear(size.forecast, size.output)
        self.narrow = nn.Linear(size.output, size.gap)

    def windows(self, x: Tensor) -> Tensor:
        """See `WindowForecaster.windows`."""
        readings, clock = x[..., 0].transpose(1, 2), self._clock(x)
        graphs = self.graphs(readings, clock[:, -1], self.upstream, self.downstream)
        nodes = torch.cat([self.upstream, self.downstream], dim=-1)
        signal, told = self.embedding(readings[..., None]), list[Tensor]()
        for layer in self.layers:
            signal, *states = layer(signal, clock, nodes, graphs, self.ahead)
            told += states
        steps: Tensor = self.narrow(torch.relu(self.widen(torch.relu(self._forecast(told)))))
        return steps.flatten(2)[..., : self.outputs].transpose(1, 2)

    def _clock(self, x: Tensor) -> Tensor:
        """Embed time of day and weekday of each step: ``(window, step, channel)``."""
        slot, weekday = (x[:, :, 0, 1] * self.size.slots).round().long(), x[:, :, 0, 2].long()
        return torch.cat([F.embedding(slot, self.time), F.embedding(weekday, self.weekday)], dim=-1)

    def _forecast(self, told: list[Tensor]) -> Tensor:
        """Sum all blocks' forecasts ``(window, node, ahead, forecast)``, in one product."""
        maps = forecast_maps(self.size)
        weight = torch.cat([self.get_parameter(f"{name}.weight") for name in maps], dim=1)
        bias = torch.stack([self.get_parameter(f"{name}.bias") for name in maps]).sum(dim=0)
        return F.linear(torch.cat(told, dim=-1), weight, bias)

    def channel_groups(self) -> list[ChannelGroup]:
        """List all groups but the signal, whose positions are sines with rates by the channel's place."""
        return channel_groups(self.size)

    def resized(self, sizes: Mapping[str, int]) -> Self:
        """See `Forecaster.resized`."""
        whole = ("forecast", "output", "inner", "series", "key", "node", "time", "weekday")
        layers = range(self.size.layers)
        size = replace(
            self.size,
            **{name: sizes[name] for name in whole},
            gates=tuple(sizes[f"gate{layer}"] for layer in layers),
            local=tuple(sizes[f"local{layer}"] for layer in layers),
            heads=tuple(sizes[f"heads{layer}"] for layer in layers),
        )
        return self.of_size(size)


class DecoupledLayer(nn.Module):
    """One layer: the gate, then the diffusion block, then the inherent block on the rest."""

    def __init__(self, size: D2stgnnSize, position: int, positions: int) -> None:
        super().__init__()
        self.gate = EstimationGate(size.time + size.weekday, 2 * size.node, size.gates[position])
        self.diffusion = DiffusionBlock(
            size.hidden,
            size.local[position],
            size.forecast,
            kernel=size.kernel,
            graphs=size.graphs,
            dropout=size.dropout,
        )
        self.inherent = InherentBlock(
            size.hidden,
            size.forecast,
            size.heads[position],
            size.head_width,
            positions=positions,
            last=position == size.layers - 1,
            dropout=size.dropout,
        )

    def forward(
        self, x: Tensor, clock: Tensor, nodes: Tensor, graphs: Tensor, ahead: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Split a signal ``(window, node, step, hidden)`` into the rest and the states forecast by both blocks."""
        share = self.gate(clock[:, -x.shape[2] :], nodes)
        x, diffused = self.diffusion(x, share, graphs, ahead)
        x, inherent = self.inherent(x, ahead)
        return x, diffused, inherent


def _table(rows: int, channels: int) -> nn.Parameter:
    return nn.Parameter(nn.init.xavier_uniform_(torch.empty(rows, channels)))
