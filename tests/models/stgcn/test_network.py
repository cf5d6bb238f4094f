"""STGCN: the published counts, shift equivariance, decoding, and masks that equal a smaller network."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kdsearch.models import Stgcn, StgcnSize, build
from kdsearch.models.stgcn.graph import chebyshev_graph
from kdsearch.prune.shrink import shrink
from tests.masking import check_that_the_small_network_is_the_masked_one, draw_masks

TABLE_1 = {
    (228, 32): 333_604,
    (228, 8): 48_628,
    (228, 2): 10_144,
    (170, 32): 296_426,
    (170, 8): 39_290,
    (170, 2): 7_766,
}


def ring(nodes: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """A ring road."""
    return np.roll(np.eye(nodes), 1, axis=1) + np.roll(np.eye(nodes), -1, axis=1)


@pytest.mark.parametrize(("nodes", "width"), TABLE_1)
def test_parameter_counts_are_those_of_table_1(nodes: int, width: int) -> None:
    network = Stgcn(ring(nodes), StgcnSize.of_width(width))
    assert sum(parameter.numel() for parameter in network.parameters()) == TABLE_1[nodes, width]


@pytest.mark.parametrize("outputs", [1, 9])
def test_a_stretch_gives_the_forecasts_of_its_windows(outputs: int) -> None:
    """Everything is shift-equivariant in time, so neighbouring windows share one pass exactly."""
    torch.manual_seed(0)
    network = Stgcn(ring(6), StgcnSize.of_width(4), outputs=outputs).double()
    x = torch.randn(2, 17, 6, 1, dtype=torch.float64)
    windows = torch.stack([network(x[:, start : start + 12])[:, 0] for start in range(6)], dim=1)
    torch.testing.assert_close(network(x), windows, rtol=0, atol=1e-12)


def test_iterated_decoding_feeds_each_step_back() -> None:
    torch.manual_seed(0)
    network = Stgcn(ring(5), StgcnSize.of_width(2))
    x = torch.randn(3, 12, 5, 1)
    first = network(x)[:, 0]
    second = network(torch.cat([x[:, 1:], first[..., None]], dim=1))[:, 0]
    torch.testing.assert_close(network.forecast(x, 2), torch.cat([first, second], dim=1))


def test_direct_decoding_is_one_pass() -> None:
    torch.manual_seed(0)
    network = Stgcn(ring(5), StgcnSize.of_width(2), outputs=9)
    x = torch.randn(3, 12, 5, 1)
    torch.testing.assert_close(network.forecast(x, 9), network(x)[:, 0])


def test_a_history_that_the_blocks_use_up_is_refused() -> None:
    """One step more is enough, at once and step by step."""
    size, adjacency = StgcnSize.of_width(2), np.ones((3, 3)) - np.eye(3)
    with pytest.raises(ValueError, match="need a history of 10 steps or more; it is 9"):
        Stgcn(adjacency, size, outputs=3, history=9)
    for outputs in (1, 3):
        network = Stgcn(adjacency, size, outputs=outputs, history=10)
        assert network.forecast(torch.zeros(2, 10, 3, 1), 3).shape == (2, 3, 3)


def test_layers_equal_the_formulas_of_the_original() -> None:
    """A network written out plainly (residuals added, not folded; identity polynomial multiplied) gives the same."""
    torch.manual_seed(0)
    adjacency = np.abs(np.random.default_rng(0).normal(size=(6, 6)))
    np.fill_diagonal(adjacency, 0)
    network = Stgcn(adjacency, StgcnSize.of_width(3)).double()
    kernels = torch.from_numpy(chebyshev_graph(adjacency).kernels())
    x = torch.randn(2, 12, 6, 1, dtype=torch.float64)
    y = x
    for block, align in ((network.block0, "pad"), (network.block1, "project")):
        y = plain_gate(y, block.temporal1, align)
        channels = y.shape[-1]
        weight = block.graph.weight[:, :, 0, 0].reshape(channels, 3, channels)
        spread = torch.einsum("btic,kij,okc->btjo", y, kernels, weight)
        y = torch.relu(spread + block.graph.bias + y)
        convolved = plain_convolution(y, block.temporal2.weight, block.temporal2.bias)
        y = torch.relu(convolved + padded(y[:, 2:], convolved.shape[-1]))
        y = plain_norm(y, block.norm)
    y = plain_norm(plain_gate(y, network.head.temporal1, "pad"), network.head.norm)
    y = torch.sigmoid(plain_convolution(y, network.head.temporal2.weight, network.head.temporal2.bias))
    y = y @ network.head.weight[:, :, 0, 0].T + network.head.node_bias[:, None]
    torch.testing.assert_close(network(x)[:, 0, 0], y[:, 0, :, 0], rtol=0, atol=1e-10)


def plain_convolution(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """Valid convolution over time of ``(batch, time, node, channel)``."""
    kernel = weight.shape[2]
    steps = [
        sum(x[:, start + tap] @ weight[:, :, tap, 0].T for tap in range(kernel)) + bias
        for start in range(x.shape[1] - kernel + 1)
    ]
    return torch.stack(steps, dim=1)


def padded(x: torch.Tensor, channels: int) -> torch.Tensor:
    """Zero channels at the end."""
    return torch.nn.functional.pad(x, (0, channels - x.shape[-1]))


def plain_gate(x: torch.Tensor, layer: torch.nn.Module, align: str) -> torch.Tensor:
    """Gated convolution with the residual added to the linear half before the gate."""
    weight, bias = layer.get_parameter("weight"), layer.get_parameter("bias")
    linear, gate = plain_convolution(x, weight, bias).chunk(2, dim=-1)
    cropped = x[:, weight.shape[2] - 1 :]
    aligned = (
        padded(cropped, linear.shape[-1]) if align == "pad" else cropped @ layer.get_parameter("align")[:, :, 0, 0].T
    )
    return (linear + aligned) * torch.sigmoid(gate)


def plain_norm(x: torch.Tensor, layer: torch.nn.Module) -> torch.Tensor:
    """Layer norm over nodes and channels."""
    mean = x.mean(dim=(2, 3), keepdim=True)
    variance = (x - mean).square().mean(dim=(2, 3), keepdim=True)
    return (x - mean) / (variance + 1e-6).sqrt() * layer.get_parameter("weight").T + layer.get_parameter("bias").T


def test_an_isolated_node_has_no_laplacian_row() -> None:
    adjacency = np.zeros((4, 4))
    adjacency[0, 1] = adjacency[1, 0] = adjacency[1, 2] = adjacency[2, 1] = 1.0
    kernels = chebyshev_graph(adjacency).kernels()
    assert kernels[1][3].tolist() == [0, 0, 0, -1]
    np.testing.assert_allclose(kernels[2], 2 * kernels[1] @ kernels[1] - np.eye(4))


def test_a_spec_builds_the_same_network_again() -> None:
    torch.manual_seed(0)
    network = Stgcn(ring(5), StgcnSize((3, 2), (5, 4), 3), outputs=9)
    again = build(network.spec(), ring(5))
    again.load_state_dict(network.state_dict())
    x = torch.randn(1, 12, 5, 1)
    torch.testing.assert_close(again(x), network(x), rtol=0, atol=0)


@st.composite
def masked_networks(draw: st.DrawFn) -> tuple[Stgcn, dict[str, torch.Tensor]]:
    """A random network and masks that leave each group at least one channel and its required ones."""
    hidden = (draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    output = (hidden[0] + draw(st.integers(0, 4)), hidden[1] + draw(st.integers(0, 5)))
    torch.manual_seed(draw(st.integers(0, 1000)))
    network = Stgcn(ring(5), StgcnSize(hidden, output, draw(st.integers(1, 6))), outputs=draw(st.sampled_from([1, 9])))
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter)
    return network.double(), draw_masks(draw, network)


@settings(max_examples=60, deadline=None)
@given(masked_networks())
def test_a_shrunk_network_equals_its_masked_one(case: tuple[Stgcn, dict[str, torch.Tensor]]) -> None:
    """To 1e-10 in float64, for every mask that the pruner can produce; and it has as many parameters as foretold."""
    check_that_the_small_network_is_the_masked_one(*case, torch.randn(2, 14, 5, 1, dtype=torch.float64))


def test_masks_really_change_the_output() -> None:
    """The equality above would be empty if masks did nothing."""
    torch.manual_seed(0)
    network = Stgcn(ring(5), StgcnSize.of_width(4), outputs=9).double()
    masks = {group.name: torch.ones(group.size, dtype=torch.bool) for group in network.channel_groups()}
    x = torch.randn(2, 12, 5, 1, dtype=torch.float64)
    whole = network(x)
    for group in network.channel_groups():
        network.set_masks(masks | {group.name: torch.arange(group.size) < group.size - 1})
        assert (network(x) - whole).abs().max() > 1e-6, group.name
    network.set_masks({})
    torch.testing.assert_close(network(x), whole, rtol=0, atol=0)


def test_shrinking_refuses_to_cut_the_reading_itself() -> None:
    network = Stgcn(ring(5), StgcnSize.of_width(4))
    masks = {group.name: torch.ones(group.size, dtype=torch.bool) for group in network.channel_groups()}
    masks["block0.hidden"][0] = False
    with pytest.raises(ValueError, match=r"block0\.hidden"):
        shrink(network, masks)


def test_every_parameter_of_a_layer_is_in_some_group() -> None:
    """Only the graph-free last biases and the raw input's dimension belong to no group."""
    network = Stgcn(ring(5), StgcnSize.of_width(4), outputs=9)
    grouped = {member.parameter for group in network.channel_groups() for member in group.members}
    parameters = {name for name, _ in network.named_parameters()}
    assert parameters - grouped == {"head.node_bias", "head.step_bias"}
