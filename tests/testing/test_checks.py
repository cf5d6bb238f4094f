"""The checks that users import: what is right passes, and each mistake is named."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from kdsearch.distill.loss import Features, Outputs
from kdsearch.distill.loss_config import LossConfig
from kdsearch.distill.loss_table import LOSSES, Loss
from kdsearch.models import FAMILIES
from kdsearch.models.module import NetworkShape
from kdsearch.testing import check_forecaster, check_loss


class Linear(nn.Module):
    """One linear map along time, the same at every node."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.map = nn.Linear(shape.history, shape.horizon)

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.map(x[..., 0].transpose(1, 2))
        return made.transpose(1, 2)


@pytest.mark.parametrize("family", sorted(set(FAMILIES) - {"st-resnet", "ensemble"}))  # a grid, trained members
def test_every_family_of_kdsearch_passes(family: str) -> None:
    assert check_forecaster(family).prunes


def test_a_module_passes_with_its_counts() -> None:
    found = check_forecaster(Linear)
    assert (found.parameters, found.uncounted_operators, found.prunes) == (12 * 9 + 9, (), False)


class Mixing(Linear):
    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = super().forward(x)
        return made + made.mean(dim=0, keepdim=True)


class Idle(Linear):
    def __init__(self, shape: NetworkShape) -> None:
        super().__init__(shape)
        self.unused = nn.Linear(2, 2)


class Forgetful(Linear):
    def __init__(self, shape: NetworkShape) -> None:
        super().__init__(shape)
        self.shift = torch.randn(())

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = super().forward(x)
        return made + self.shift


class Blind(Linear):
    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = super().forward(torch.cat([x[:, :-1], x[:, :1]], dim=1))
        return made


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (Mixing, "windows influence one another"),
        (Idle, r"no gradient reaches module\.unused\.weight, module\.unused\.bias"),
        (Forgetful, "its state_dict lacks numbers"),
        (Blind, "the last reading has no influence"),
    ],
)
def test_a_mistake_in_a_module_is_named(module: type[Linear], words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check_forecaster(module)


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_of_kdsearch_passes(loss: str) -> None:
    check_loss(loss)


Judge = Callable[[LossConfig, Outputs, Features | None, torch.Generator], Tensor]


def own(judge: Judge, weights: tuple[str, ...] = ("beta",)) -> Loss:
    return Loss(name="own", sentence="of a test", symbol="x", judge=judge, weights=weights, teacher="outputs")


def shared(config: LossConfig, outputs: Outputs, *_: object) -> Tensor:
    """Follow teacher and truth in shares of beta."""
    goal = config.beta * outputs.teacher_outputs + (1 - config.beta) * outputs.target
    return ((outputs.student - goal).abs() * outputs.measured).sum() / outputs.measured.sum()


def unmasked(_config: LossConfig, outputs: Outputs, *_: object) -> Tensor:
    return (outputs.student - outputs.target).abs().mean()


def entries(_config: LossConfig, outputs: Outputs, *_: object) -> Tensor:
    return (outputs.student - outputs.target).abs() * outputs.measured


def deaf(_config: LossConfig, outputs: Outputs, *_: object) -> Tensor:
    return entries(_config, outputs).mean()


def constant(_config: LossConfig, outputs: Outputs, *_: object) -> Tensor:
    return (outputs.student * 0).sum()


def test_a_loss_of_ones_own_passes() -> None:
    check_loss(own(shared))


@pytest.mark.parametrize(
    ("judge", "weights", "words"),
    [
        (shared, (), "reads the weight 'beta', which the row does not name"),
        (shared, ("beta", "alpha1"), "names the weight 'alpha1', which changes nothing"),
        (unmasked, (), "not measured count"),
        (entries, (), "it must be one number"),
        (deaf, (), "another teacher changes nothing"),
        (constant, (), "is zero everywhere"),
    ],
)
def test_a_mistake_in_a_loss_is_named(judge: Judge, weights: tuple[str, ...], words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check_loss(own(judge, weights))
