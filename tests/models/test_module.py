"""A user's torch module as a family: made, saved, cut and refused like every other."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from kdsearch.models import ChannelGroup, DataShape, Forecaster, Member
from kdsearch.models.module import ModuleForecaster, NetworkShape, module_family
from kdsearch.prune.shrink import shrink, shrink_error

NODES, HISTORY, HORIZON = 5, 12, 3


class Perceptron(nn.Module):
    """Two linear maps along time, the same at every node."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.first = nn.Linear(shape.history * shape.channels, 2 * shape.width)
        self.second = nn.Linear(2 * shape.width, shape.horizon)

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.second(torch.relu(self.first(x.transpose(1, 2).flatten(2))))
        return made.transpose(1, 2)


def hidden(module: nn.Module) -> list[ChannelGroup]:
    """The channels between the two maps."""
    assert isinstance(module, Perceptron)
    size = module.first.weight.shape[0]
    rows = tuple((channel,) for channel in range(size))
    names = (("first.weight", 0), ("first.bias", 0), ("second.weight", 1))
    return [ChannelGroup("hidden", size, tuple(Member(name, dim, rows) for name, dim in names))]


def made(*, width: int = 4, clock: bool = False, groups: bool = False) -> Forecaster:
    family = module_family("mine", Perceptron, clock=clock, groups=hidden if groups else None)
    size = family.of_width(width, 0, DataShape(nodes=NODES, slots=288))
    torch.manual_seed(0)
    return family.network(np.eye(NODES), size, outputs=HORIZON, history=HISTORY)


@pytest.mark.parametrize("clock", [False, True])
def test_every_window_of_a_segment_is_forecast_by_itself(clock: bool) -> None:
    network = made(clock=clock).eval()
    x = torch.randn(2, HISTORY + 3, NODES, 3 if clock else 1)
    forecasts = network(x)
    assert forecasts.shape == (2, 4, HORIZON, NODES)
    torch.testing.assert_close(forecasts[:, 2], network.forecast(x[:, 2 : 2 + HISTORY], HORIZON))


def test_pruning_cuts_the_stated_channels_exactly_and_again() -> None:
    network = made(groups=True).double().eval()
    x = torch.randn(2, HISTORY, NODES, 1, dtype=torch.float64)
    for kept in ([0, 2, 3, 6, 7], [1, 4]):
        (group,) = network.channel_groups()
        mask = torch.zeros(group.size, dtype=torch.bool)
        mask[kept] = True
        small = shrink(network, {"hidden": mask})
        assert shrink_error(network, {"hidden": mask}, small, x) < 1e-10
        assert small.size.kept == {"hidden": len(kept)}
        network = small


def test_a_cut_network_is_built_again_from_its_spec() -> None:
    network = made(groups=True)
    small = shrink(network, {"hidden": torch.arange(8) < 3})
    family = module_family("mine", Perceptron, groups=hidden)
    again = family.network(np.eye(NODES), family.size(**small.spec()["size"]), outputs=HORIZON, history=HISTORY)
    again.load_state_dict(small.state_dict())
    x = torch.randn(1, HISTORY, NODES, 1)
    torch.testing.assert_close(again(x), small(x), rtol=0, atol=0)


def test_without_stated_groups_there_is_nothing_to_prune() -> None:
    assert made().channel_groups() == []


def test_forecasts_of_another_shape_are_refused_with_both_shapes() -> None:
    class Wrong(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x[..., 0]

    family = module_family("wrong", lambda _: Wrong())
    size = family.of_width(1, 0, DataShape(nodes=NODES, slots=288))
    network = family.network(np.eye(NODES), size, outputs=HORIZON, history=HISTORY)
    assert isinstance(network, ModuleForecaster)
    words = r"family wrong gives forecasts of shape \(1, 12, 5\).*it must be \(batch, horizon, node\) = \(1, 3, 5\)"
    with pytest.raises(ValueError, match=words):
        network(torch.zeros(1, HISTORY, NODES, 1))
