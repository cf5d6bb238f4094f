"""The diffusion part of D2STGNN: learned graphs, the estimation gate, the localised convolution, the block of both.

The paper and its equations are those of `kdsearch.models.d2stgnn.network`. Inside, tensors are ``(window, node, step,
channel)``, so that a product with graphs is one product of matrices for each window.
"""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["DiffusionBlock", "EstimationGate", "LearnedGraphs"]


class LearnedGraphs(nn.Module):
    """Transition matrices of each window, and one learned matrix for all windows, each up to a power.

    A window's forward and backward transitions are ``P * softmax(Q K^T / sqrt(hidden))``, P being the edge weights, or
    those against their direction, divided by their rows' sums; queries and keys see a node's readings, its embedding
    and the clock of the last step. The paper leaves these products as they are; like the released code, ours divides
    them by their rows' sums, which makes both steps one softmax of scores to which ``log P`` is added. That code adds
    1e-7 to P, by which every node receives a little of all others, and takes P transposed. A node without edges stays
    where it is. The matrix for all windows is ``softmax(relu(E_d E_u^T))``.

    Args:
        adjacency: Edge weights ``(node, node)``.
        history: Readings that describe a node.
        inner: Channels between the two maps of the readings.
        series: Channels of the features made of the readings.
        others: Channels of clock and node embedding.
        key: Channels of queries and keys.
        hidden: Scores are divided by its root, whatever is left of the queries.
        order: Largest power.
        dropout: Share of the inner channels that training drops.
    """

    log_transitions: Tensor
    elsewhere: Tensor

    def __init__(
        self,
        adjacency: NDArray[np.float64],
        *,
        history: int,
        inner: int,
        series: int,
        others: int,
        key: int,
        hidden: int,
        order: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.order, self.scale = order, hidden**-0.5
        self.widen = nn.Linear(history, inner)
        self.dropout = nn.Dropout(dropout)
        self.narrow = nn.Linear(inner, series)
        self.query = nn.Linear(series + others, key, bias=False)
        self.key = nn.Linear(series + others, key, bias=False)
        both = np.stack([_transitions(adjacency), _transitions(adjacency.T)])
        self.register_buffer("log_transitions", torch.from_numpy(both).log().to(self.key.weight), persistent=False)
        self.register_buffer("elsewhere", 1 - torch.eye(len(adjacency)), persistent=False)

    def forward(self, readings: Tensor, clock: Tensor, upstream: Tensor, downstream: Tensor) -> Tensor:
        """Compute the graphs, one below the other; no node sends to itself, since a convolution adds that apart.

        Args:
            readings: ``(window, node, history)``.
            clock: Embedded clock of the last step, ``(window, channel)``.
            upstream: E_u, ``(node, channel)``.
            downstream: E_d, the same shape.

        Returns:
            ``(window, graph * node, node)``; graphs are forward, backward and the one for all windows, power by power.
        """
        dynamic = torch.softmax(self._scores(readings, clock, upstream, downstream) + self.log_transitions, dim=-1)
        adaptive = torch.softmax(torch.relu(downstream @ upstream.mT), dim=-1)
        powers, power, adaptive_power = list[Tensor](), dynamic, adaptive
        for exponent in range(self.order):
            if exponent:
                power, adaptive_power = power @ dynamic, adaptive_power @ adaptive
            powers += [power, adaptive_power.expand(readings.shape[0], 1, -1, -1)]
        return (torch.cat(powers, dim=1) * self.elsewhere).flatten(1, 2)

    def _scores(self, readings: Tensor, clock: Tensor, upstream: Tensor, downstream: Tensor) -> Tensor:
        """Score the relation of each pair of nodes, ``(window, direction, node, node)``."""
        series: Tensor = self.narrow(self.dropout(torch.relu(self.widen(readings))))
        windows, nodes = series.shape[:2]
        told = clock[:, None].expand(-1, nodes, -1)
        directions = (upstream.expand(windows, -1, -1), downstream.expand(windows, -1, -1))
        features = torch.stack([torch.cat([series, told, embedding], dim=-1) for embedding in directions], dim=1)
        scores: Tensor = (self.query(features) * self.scale) @ self.key(features).mT
        return scores


def _transitions(adjacency: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide edge weights by their rows' sums; an empty row gets a one on the diagonal."""
    weights = adjacency + np.diag(adjacency.sum(axis=1) == 0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


class EstimationGate(nn.Module):
    """Eq 3: the share of a node's signal at a step that came from other nodes, judged by node and clock alone.

    ``sigmoid(W2 relu(W1 [time, weekday, E_u, E_d] + b1) + b2)``; clock and nodes go through their parts of W1 before
    they are joined.
    """

    def __init__(self, clock: int, nodes: int, hidden: int) -> None:
        super().__init__()
        self.clock = clock
        self.widen = nn.Linear(clock + nodes, hidden)
        self.narrow = nn.Linear(hidden, 1)

    def forward(self, clock: Tensor, nodes: Tensor) -> Tensor:
        """Estimate shares in (0, 1).

        Args:
            clock: ``(window, step, channel)``.
            nodes: Both embeddings side by side, ``(node, channel)``.

        Returns:
            ``(window, node, step, 1)``.
        """
        told = F.linear(clock, self.widen.weight[:, : self.clock])
        own = F.linear(nodes, self.widen.weight[:, self.clock :], self.widen.bias)
        return torch.sigmoid(self.narrow(torch.relu(told[:, None] + own[:, None])))


class LocalConvolution(nn.Module):
    """The spatial-temporal localised convolution: a node sees its neighbours' last `kernel` steps, in one product.

    All steps go through ``relu(W x)`` together. The localised matrix repeats a graph once for each step, so that its
    product with the steps is the graph's with their sum.
    """

    def __init__(self, hidden: int, local: int, *, kernel: int, graphs: int, dropout: float) -> None:
        super().__init__()
        self.kernel, self.graphs = kernel, graphs
        self.local = nn.Linear(kernel * hidden, kernel * local, bias=False)
        self.mix = nn.Linear((graphs + 1) * local, hidden)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, graphs: Tensor) -> Tensor:
        """Map ``(window, node, step, hidden)`` and the graphs of `LearnedGraphs` to ``kernel - 1`` steps less."""
        steps = x.shape[2] - self.kernel + 1
        seen = torch.cat([x[:, :, tap : tap + steps] for tap in range(self.kernel)], dim=-1)
        total = torch.relu(self.local(seen)).view(*seen.shape[:3], self.kernel, -1).sum(dim=3)
        sent = torch.bmm(graphs, total.flatten(2)).view(x.shape[0], self.graphs, *total.shape[1:])
        parts = torch.cat([total[:, :, :, None] / self.kernel, sent.permute(0, 2, 3, 1, 4)], dim=3)
        mixed: Tensor = self.dropout(self.mix(parts.flatten(3)))
        return mixed


class DiffusionBlock(nn.Module):
    """The signal from other nodes: convolved, forecast as hidden states, and taken out of the signal."""

    def __init__(self, hidden: int, local: int, forecast: int, *, kernel: int, graphs: int, dropout: float) -> None:
        super().__init__()
        self.convolution = LocalConvolution(hidden, local, kernel=kernel, graphs=graphs, dropout=dropout)
        self.backcast = nn.Linear(hidden, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.forecast = nn.Linear(hidden, forecast)
        self.states = nn.Identity()

    def forward(self, x: Tensor, share: Tensor, graphs: Tensor, ahead: int) -> tuple[Tensor, Tensor]:
        """Split a signal.

        Args:
            x: ``(window, node, step, hidden)``.
            share: Share of it that is diffusion, ``(window, node, step, 1)``.
            graphs: As given by `LearnedGraphs`.
            ahead: Number of hidden states to forecast.

        Returns:
            The rest ``norm(x - relu(backcast))``, ``kernel - 1`` steps shorter, and the forecast states
            ``(window, node, ahead, hidden)``, each but the first convolved from those before it.
        """
        seen = x * share
        states = self.convolution(seen, graphs)
        self.states(states.permute(0, 3, 2, 1))  # for hooks on this tap
        told = [states[:, :, -1:]]
        while len(told) < ahead:
            seen = torch.cat([seen, told[-1]], dim=2)[:, :, -self.convolution.kernel :]
            told.append(self.convolution(seen, graphs))
        rest: Tensor = self.norm(x[:, :, -states.shape[2] :] - torch.relu(self.backcast(states)))
        return rest, torch.cat(told, dim=2)
