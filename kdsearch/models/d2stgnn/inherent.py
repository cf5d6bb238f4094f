"""The inherent part of D2STGNN, a node's own signal: a recurrence and attention over its states.

The paper is that of `kdsearch.models.d2stgnn.network`. Inside, tensors are ``(window, node, step, channel)``.
"""

import math

import torch
from torch import Tensor, nn

__all__ = ["InherentBlock"]


class Recurrence(nn.Module):
    """A gated recurrent unit, Cho et al. 2014; its three gates are reset, update and candidate."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.input = nn.Linear(hidden, 3 * hidden)
        self.state = nn.Linear(hidden, 3 * hidden)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the states, starting from zero: ``(window, node, step, hidden)`` -> the same shape."""
        state, states = torch.zeros_like(x[:, :, 0]), list[Tensor]()
        for gates in self.input(x.permute(2, 0, 1, 3)).unbind():
            state = self._next(gates, state)
            states.append(state)
        return torch.stack(states, dim=2)

    def step(self, x: Tensor, state: Tensor) -> Tensor:
        """Compute the state after one more step ``(window, node, hidden)``."""
        return self._next(self.input(x), state)

    def _next(self, gates: Tensor, state: Tensor) -> Tensor:
        reset, update, candidate = gates.chunk(3, dim=-1)
        state_reset, state_update, state_candidate = self.state(state).chunk(3, dim=-1)
        candidate = torch.tanh(candidate + torch.sigmoid(reset + state_reset) * state_candidate)
        return candidate + torch.sigmoid(update + state_update) * (state - candidate)


class Attention(nn.Module):
    """Attention of several heads along the steps of each node; keys have no bias, since softmax cancels it."""

    def __init__(self, hidden: int, heads: int, head_width: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.scale = heads, head_width**-0.5
        self.query = nn.Linear(hidden, heads * head_width)
        self.key = nn.Linear(hidden, heads * head_width, bias=False)
        self.value = nn.Linear(hidden, heads * head_width)
        self.output = nn.Linear(heads * head_width, hidden)
        self.dropout = nn.Dropout(dropout)

    def memory(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Compute keys, values ``(window, node, head, step, channel)`` of states ``(window, node, step, hidden)``."""
        return self._split(self.key(x)), self._split(self.value(x))

    def forward(self, x: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Attend from states ``(window, node, step, hidden)`` to those of `memory`; the same shape."""
        queries = self._split(self.query(x)) * self.scale
        weights = torch.softmax(keys @ queries.mT, dim=-2)  # softmax over a row of a dozen: 4 times as long
        found: Tensor = self.dropout(self.output((weights.mT @ values).transpose(2, 3).flatten(3)))
        return found

    def _split(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:3], self.heads, -1).transpose(2, 3)


class InherentBlock(nn.Module):
    """A node's own signal: a recurrence, attention over its states, forecast states, and their removal from the signal.

    The released code adds the positions again to all states at each forecast state, and goes on from states that have
    them; ours adds each once, and the recurrence never sees it. The last layer has no backcast, since nothing after it
    would take the rest.

    Args:
        hidden: Channels of the signal.
        forecast: Channels of the forecast.
        heads: Heads of the attention.
        head_width: Channels of each head.
        positions: Steps of the longest signal and all forecast states.
        last: Whether the block is in the last layer.
        dropout: Share of channels of the states and of the attention's output that training drops.
    """

    positions: Tensor

    def __init__(
        self, hidden: int, forecast: int, heads: int, head_width: int, *, positions: int, last: bool, dropout: float
    ) -> None:
        super().__init__()
        self.recurrence = Recurrence(hidden)
        self.dropout = nn.Dropout(dropout)
        self.attention = Attention(hidden, heads, head_width, dropout)
        self.forecast = nn.Linear(hidden, forecast)
        self.states = nn.Identity()
        self.backcast = None if last else nn.Linear(hidden, hidden)
        self.norm = None if last else nn.LayerNorm(hidden)
        self.register_buffer("positions", _positions(positions, hidden), persistent=False)

    def forward(self, x: Tensor, ahead: int) -> tuple[Tensor, Tensor]:
        """Split ``(window, node, step, hidden)`` into the rest, of the same shape, and the forecast states.

        The states are ``(window, node, ahead, hidden)``. The recurrence takes the state before; the new one attends to
        all those up to itself.
        """
        states = self.recurrence(x)
        steps, state = x.shape[2], states[:, :, -1]
        placed = self.dropout(states + self.positions[:steps])
        keys, values = self.attention.memory(placed)
        found = self.attention(placed, keys, values)
        self.states(found.permute(0, 3, 2, 1))  # for hooks on this tap
        told = [found[:, :, -1:]]
        while len(told) < ahead:
            state = self.recurrence.step(told[-1][:, :, 0], state)
            placed = self.dropout(state + self.positions[steps + len(told) - 1])[:, :, None]
            key, value = self.attention.memory(placed)
            keys, values = torch.cat([keys, key], dim=3), torch.cat([values, value], dim=3)
            told.append(self.attention(placed, keys, values))
        if self.backcast is not None and self.norm is not None:
            x = self.norm(x - torch.relu(self.backcast(found)))
        return x, torch.cat(told, dim=2)


def _positions(steps: int, channels: int) -> Tensor:
    """Make the sines and cosines of Vaswani et al. 2017, ``(step, channel)``; even channels are sines."""
    rates = torch.exp(torch.arange(0, channels, 2, dtype=torch.float64) * (-math.log(10000.0) / channels))
    angles = torch.arange(steps)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)[:, :channels].to(torch.get_default_dtype())
