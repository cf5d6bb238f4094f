"""Scores of channels, one number each; the lowest go first. A criterion is one function that adds to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from kdsearch.errors import RunError, SpaceError
from kdsearch.models import ChannelGroup, Forecaster
from kdsearch.table import Table, check_row

__all__ = ["CRITERIA", "Criterion", "Scores"]


@dataclass(frozen=True)
class Criterion:
    """How channels are scored before they are cut.

    One of your own is one function and one row, in a file that a space or the command line imports::

        def l1(scores, network):
            scores.add(network, lambda weight, gradient: weight.abs())

        CRITERIA.add(Criterion("l1", "sum of absolute weights", l1))

    Attributes:
        name: As written after `criterion`.
        sentence: What a channel's score is, for help texts.
        score: Takes the `Scores` and the network, and adds to the scores.
        every_step: Whether it is asked after each minibatch between two pruning events, whose gradients it reads, and
            its scores add up; otherwise it is asked once, when channels are about to go.
    """

    name: str
    sentence: str
    score: Callable[["Scores", Forecaster], None]
    every_step: bool = False

    def __post_init__(self) -> None:
        check_row("criterion", self.name, self.sentence, self.score, ("scores", "network"))


class Scores:
    """Scores gathered over the minibatches between two pruning events (Izadi et al., Algorithm 1).

    A channel's weights are all that a cut would remove: its filter, and what the layers after it hold for it; an entry
    that ties a channel to itself counts for both ends.

    Attributes:
        groups: The channels, by group.
        sums: Group name -> score of each channel so far ``(size,)``.
        generator: For what a criterion draws.

    Raises:
        SpaceError: Where there is no criterion of that name.
    """

    def __init__(self, criterion: str, groups: Sequence[ChannelGroup], seed: int) -> None:
        self._criterion, self.groups = CRITERIA.choose(criterion), groups
        self.generator = torch.Generator().manual_seed(seed)
        self.sums = {group.name: torch.zeros(group.size) for group in groups}

    def observe(self, network: Forecaster) -> None:
        """Take in the gradients of one minibatch."""
        if self._criterion.every_step:
            self._criterion.score(self, network)

    def result(self, network: Forecaster) -> dict[str, Tensor]:
        """Give group name -> score of each channel ``(size,)``.

        Raises:
            RunError: Where the criterion left a channel without a finite score.
        """
        if not self._criterion.every_step:
            self._criterion.score(self, network)
        for group in self.groups:
            if tuple(self.sums[group.name].shape) != (group.size,) or not torch.isfinite(self.sums[group.name]).all():
                raise RunError(
                    f"criterion {self._criterion.name} gives group {group.name} of {group.size} channels scores of "
                    f"shape {tuple(self.sums[group.name].shape)} or without a finite value; give each channel one"
                )
        return dict(self.sums)

    @torch.no_grad()
    def add(self, network: Forecaster, importance: Callable[[Tensor, Tensor], Tensor]) -> None:
        """Add to each channel's score the importance of all its weights.

        Args:
            network: Its weights are scored.
            importance: Takes a parameter and its gradient, zero where there is none; gives a number for each entry.
        """
        values = {name: importance(weight, _gradient(weight)).cpu() for name, weight in network.named_parameters()}
        for group in self.groups:
            for member in group.members:
                if member.parameter in values:
                    value = values[member.parameter].movedim(member.dim, 0)
                    by_row = value.reshape(len(value), -1).sum(dim=1)
                    self.sums[group.name] += by_row[torch.tensor(member.rows)].sum(dim=1)


def _gradient(parameter: Tensor) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad


def taylor(scores: Scores, network: Forecaster) -> None:
    """Add ``(gradient * weight)^2`` over a channel's weights: Izadi et al., Eq 13 and 14, after Molchanov et al. 2019.

    With the gradient of a distillation loss it is the paper's KDIS, with that of plain training its comparison without
    distillation.
    """
    scores.add(network, lambda weight, gradient: (gradient * weight).square())


def magnitude(scores: Scores, network: Forecaster) -> None:
    """Add the squares of a channel's weights: a control."""
    scores.add(network, lambda weight, _gradient: weight.square())


def random(scores: Scores, _network: Forecaster) -> None:
    """Draw each channel's score between 0 and 1: a control."""
    for group in scores.groups:
        scores.sums[group.name] += torch.rand(group.size, generator=scores.generator)


CRITERIA = Table(
    "criterion",
    [
        Criterion(
            "taylor",
            "squared gradient times weight; with a distillation loss the paper's KDIS",
            taylor,
            every_step=True,
        ),
        Criterion("magnitude", "sum of squared weights", magnitude),
        Criterion("random", "drawn by chance", random),
    ],
    mistake=SpaceError,
)
