"""Scores of channels, one number each; the lowest go first."""

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor

from kdsearch.models import ChannelGroup, Forecaster

__all__ = ["Criterion", "Scores"]

Criterion = Literal["taylor", "magnitude", "random"]


class Scores:
    """Scores gathered over the minibatches between two pruning events (Izadi et al., Algorithm 1).

    "taylor" is Eq 13 and 14: the sum over minibatches and over a channel's weights of ``(gradient * weight)^2``, after
    Molchanov et al. 2019. With the gradient of a distillation loss it is the paper's KDIS, with that of plain training
    its comparison without distillation. A channel's weights are all that a cut would remove: its filter, and what the
    layers after it hold for it; an entry that ties a channel to itself counts for both ends. "magnitude" (sum of
    squared weights) and "random" are controls.
    """

    def __init__(self, criterion: Criterion, groups: Sequence[ChannelGroup], seed: int) -> None:
        self.criterion, self.groups = criterion, groups
        self._generator = torch.Generator().manual_seed(seed)
        self._sums = {group.name: torch.zeros(group.size) for group in groups}

    def observe(self, network: Forecaster) -> None:
        """Take in the gradients of one minibatch."""
        if self.criterion == "taylor":
            self._add(network, lambda parameter: (_gradient(parameter) * parameter).square())

    def result(self, network: Forecaster) -> dict[str, Tensor]:
        """Group name -> score of each channel ``(size,)``."""
        if self.criterion == "magnitude":
            self._add(network, torch.square)
        if self.criterion == "random":
            return {group.name: torch.rand(group.size, generator=self._generator) for group in self.groups}
        return dict(self._sums)

    @torch.no_grad()
    def _add(self, network: Forecaster, importance: Callable[[Tensor], Tensor]) -> None:
        parameters = dict(network.named_parameters())
        values = {name: importance(parameter).cpu() for name, parameter in parameters.items()}
        for group in self.groups:
            for member in group.members:
                if member.parameter in values:
                    value = values[member.parameter].movedim(member.dim, 0)
                    by_row = value.reshape(len(value), -1).sum(dim=1)
                    self._sums[group.name] += by_row[torch.tensor(member.rows)].sum(dim=1)


def _gradient(parameter: Tensor) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
