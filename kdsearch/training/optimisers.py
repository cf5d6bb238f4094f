"""The optimisers by name."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from kdsearch.errors import SpaceError
from kdsearch.table import Table, check_row

__all__ = ["OPTIMISERS", "Optimiser", "in_one_vector"]


@dataclass(frozen=True)
class Optimiser:
    """How a training takes its steps.

    Attributes:
        name: As written after `optimiser`.
        sentence: For help texts.
        make: Takes all weights in one vector and a learning rate; gives an optimiser with one group of parameters.
    """

    name: str
    sentence: str
    make: Callable[[torch.nn.Parameter, float], torch.optim.Optimizer]

    def __post_init__(self) -> None:
        check_row("optimiser", self.name, self.sentence, self.make, ("weights", "rate"))


def in_one_vector(network: torch.nn.Module) -> torch.nn.Parameter:
    """Move what is trained into one vector, and the gradients into another: an optimiser has one thing to do, not 25.

    Returns:
        ``(parameter,)``, the vector; the network's parameters and their gradients are views of it and of its gradient.
    """
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    weights = torch.nn.Parameter(torch.cat([parameter.detach().flatten() for parameter in parameters]))
    weights.grad = torch.zeros_like(weights)
    lengths = [parameter.numel() for parameter in parameters]
    pieces, grads = torch.split(weights.data, lengths), torch.split(weights.grad, lengths)
    for parameter, own, grad in zip(parameters, pieces, grads, strict=True):
        parameter.data, parameter.grad = own.view_as(parameter), grad.view_as(parameter)
    return weights


class TensorFlowRmsProp(torch.optim.Optimizer):
    """RMSProp as TensorFlow 1 computes it, with which STGCN was published.

    Decay 0.9, mean square starting at one, epsilon 1e-10 inside the root.
    """

    def __init__(self, weights: torch.nn.Parameter, lr: float) -> None:
        super().__init__([weights], {"lr": lr})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        """Take one step."""
        for group in self.param_groups:
            for parameter in group["params"]:
                square = self.state[parameter].setdefault("mean_square", torch.ones_like(parameter))
                square.lerp_(parameter.grad.square(), 0.1)
                parameter.sub_(parameter.grad * torch.rsqrt(square + 1e-10), alpha=group["lr"])


OPTIMISERS = Table(
    "optimiser",
    [
        Optimiser("adam", "Adam", lambda weights, rate: torch.optim.Adam([weights], rate, fused=True)),
        Optimiser("tf-rmsprop", "RMSProp as TensorFlow 1 has it, for the paper's way to train", TensorFlowRmsProp),
    ],
    mistake=SpaceError,
)
