"""ST-MLP: published counts, the formulas written out, the clock, and masks that equal a smaller network."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from kdsearch.distill.taps import tapped
from kdsearch.models.forecaster import DataShape
from kdsearch.models.stmlp import StMlp, StMlpSize
from tests.masking import check_that_every_channel_matters, check_that_the_small_network_is_the_masked_one, draw_masks

NODES, HISTORY = 5, 4
SMALL = StMlpSize((2, 3), (4, 3), (5,), (6, 5), (7,), (4, 5, 3), 4)


def roads(nodes: int = NODES) -> NDArray[np.float64]:
    """A ring road."""
    return np.roll(np.eye(nodes), 1, axis=1) + np.roll(np.eye(nodes), -1, axis=1)


def windows(count: int, length: int = HISTORY) -> Tensor:
    """Random readings and the clock of hours from a Thursday evening on, ``(window, length, node, 3)``, float64."""
    generator = torch.Generator().manual_seed(1)
    readings = torch.randn(count, length, NODES, dtype=torch.float64, generator=generator)
    hours = 3 * 24 + 20 + torch.arange(count)[:, None] * 7 + torch.arange(length)
    clock = ((hours % 24).double() / 24, (hours // 24 % 7).double())
    return torch.stack([readings, *(x[..., None].expand_as(readings) for x in clock)], dim=-1)


def network(size: StMlpSize = SMALL, outputs: int = 3) -> StMlp:
    """With random weights and biases, float64."""
    torch.manual_seed(0)
    made = StMlp(roads(), size, outputs=outputs, history=HISTORY).double()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return made


def count(made: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in made.parameters())


@pytest.mark.parametrize(("nodes", "published"), [(207, 25_416_101), (325, 31_449_677)])
def test_the_released_size_has_the_published_count(nodes: int, published: int) -> None:
    with torch.device("meta"):
        made = StMlp(roads(nodes), StMlpSize.released(nodes), outputs=12)
    assert count(made) == published


@pytest.mark.parametrize(("width", "depth"), [(1, 1), (4, 2), (16, 3)])
def test_one_width_and_one_depth_give_all_sizes(width: int, depth: int) -> None:
    made = StMlp(roads(20), StMlpSize.of_width(width, depth, DataShape(20, 288)), outputs=9)
    stream, tokens, inner = 12 * width, 2 * width, 6 * width
    layer = 4 * stream + 2 * 20 * tokens + tokens + 20 + 2 * stream * inner + inner + stream
    mixers = 37 * stream + (stream + 1) * stream + 2 * (depth * layer + 2 * stream)
    pointwise = (width + 1) * 4 * width + (4 * width + 1) * 4 * width + (4 * width + 1) * width
    assert count(made) == mixers + pointwise + (width + 1) * width + width + 1 + 13 * 9
    assert made.size.dropout == made.size.pointwise_dropout == 0.0


def plain_mixer(p: Mapping[str, Tensor], name: str, x: Tensor, depth: int) -> Tensor:
    """``(window, node, step, input)`` -> the same with the mixer's width, by the definition."""
    y = torch.einsum("wni,oi->wno", x.flatten(2), p[f"{name}.embedding.weight"]) + p[f"{name}.embedding.bias"]

    def normed(y: Tensor, norm: str) -> Tensor:
        std, mean = torch.std_mean(y, dim=-1, correction=0, keepdim=True)
        return (y - mean) / (std**2 + 1e-5).sqrt() * p[f"{norm}.weight"] + p[f"{norm}.bias"]

    for layer in (f"{name}.layers.{position}" for position in range(depth)):
        z = torch.einsum("tn,wnc->wtc", p[f"{layer}.nodes_in.weight"], normed(y, f"{layer}.node_norm"))
        z = F.gelu(z + p[f"{layer}.nodes_in.bias"][:, None])
        z = torch.einsum("nt,wtc->wnc", p[f"{layer}.nodes_out.weight"], z)
        y = y + z + p[f"{layer}.nodes_out.bias"][:, None]
        z = torch.einsum("hc,wnc->wnh", p[f"{layer}.channels_in.weight"], normed(y, f"{layer}.channel_norm"))
        z = F.gelu(z + p[f"{layer}.channels_in.bias"])
        y = y + torch.einsum("ch,wnh->wnc", p[f"{layer}.channels_out.weight"], z) + p[f"{layer}.channels_out.bias"]
    return normed(y, f"{name}.norm").reshape(*y.shape[:2], HISTORY, -1)


@pytest.mark.parametrize("outputs", [HISTORY, 3])
def test_the_network_equals_the_formulas_written_out(outputs: int) -> None:
    """With as many outputs as steps of the history it is the released network; otherwise one more map follows."""
    made, x = network(outputs=outputs), windows(3)
    p = dict(made.named_parameters())
    y = plain_mixer(p, "mixer1", x.permute(0, 2, 1, 3), depth=2)
    for layer in range(3):
        y = torch.einsum("oi,wnti->wnto", p[f"pointwise.{layer}.weight"], y) + p[f"pointwise.{layer}.bias"]
        y = torch.relu(y) if layer < 2 else y
    y = plain_mixer(p, "mixer2", y, depth=1)
    y = torch.tanh(torch.einsum("oi,wnti->wnto", p["head.weight"], y) + p["head.bias"])
    expected = torch.einsum("i,wnti->wtn", p["regression.weight"][0], y) + p["regression.bias"]
    assert ("steps.weight" in p) == (outputs != HISTORY)
    if outputs != HISTORY:
        expected = torch.einsum("ot,wtn->won", p["steps.weight"], expected) + p["steps.bias"][:, None]
    torch.testing.assert_close(made.windows(x), expected, rtol=0, atol=1e-10)


def test_every_reading_and_the_clock_reach_every_forecast() -> None:
    made, x = network(), windows(1)
    expected = made.windows(x)
    for channel in range(3):
        moved = x.clone()
        moved[:, 1, 2, channel] += 1
        assert (made.windows(moved) - expected).abs().min() > 1e-9, channel


def test_the_embeddings_are_what_the_two_mixers_give() -> None:
    made, x = network(), windows(3)
    with tapped(made, made.embeddings) as features:
        forecasts = made.windows(x)
    encoded, decoded = (features[name] for name in made.embeddings)
    assert (encoded.shape, decoded.shape) == ((3, HISTORY, NODES, 2), (3, HISTORY, NODES, 3))
    y = encoded.transpose(1, 2)
    for position, layer in enumerate(made.pointwise):
        y = layer(y) if position == 2 else torch.relu(layer(y))
    torch.testing.assert_close(made.mixer2(y), decoded.transpose(1, 2), rtol=0, atol=1e-12)
    readings = made.regression(torch.tanh(made.head(decoded)))[..., 0]
    again = made.steps(readings.transpose(1, 2)).transpose(1, 2)
    torch.testing.assert_close(again, forecasts, rtol=0, atol=1e-12)


def test_gradients_reach_every_parameter_but_biases_that_the_norms_take_away() -> None:
    made, x = network(), windows(10)
    expected = made.windows(x)
    expected.square().sum().backward()  # type: ignore[no-untyped-call]
    for name, parameter in made.named_parameters():
        assert parameter.grad is not None, name
        if name.endswith("nodes_out.bias"):
            with torch.no_grad():
                parameter.add_(1.0)
        else:
            assert parameter.grad.abs().sum() > 1e-9, name
    torch.testing.assert_close(made.windows(x), expected, rtol=0, atol=1e-10)


def test_a_spec_builds_the_same_network_again() -> None:
    made, x = network(), windows(2)
    spec = made.spec()
    assert (spec["family"], spec["size"]) == ("st-mlp", asdict(SMALL))
    fields: dict[str, Any] = json.loads(json.dumps(spec["size"]))
    fields = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    size = StMlpSize(**fields)
    again = StMlp(roads(), size, outputs=spec["outputs"], history=spec["history"]).double()
    again.load_state_dict(made.state_dict())
    torch.testing.assert_close(again.windows(x), made.windows(x), rtol=0, atol=0)


@pytest.mark.parametrize(("dropout", "pointwise"), [(0.5, 0.0), (0.0, 0.5)])
def test_dropout_acts_in_training_alone(dropout: float, pointwise: float) -> None:
    size = StMlpSize((2, 3), (4,), (5,), (6,), (7,), (4, 5, 3), 4, dropout, pointwise)
    made, x = network(size), windows(2)
    assert (made.windows(x) - made.windows(x)).abs().max() > 0
    made.eval()
    torch.testing.assert_close(made.windows(x), made.windows(x), rtol=0, atol=0)


@st.composite
def masked_networks(draw: st.DrawFn) -> tuple[StMlp, dict[str, Tensor]]:
    """A random network and masks that leave each group at least one channel."""
    channels = st.integers(1, 4)

    def several(count: int) -> tuple[int, ...]:
        return tuple(draw(channels) for _ in range(count))

    first, second = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    hidden = (several(first), several(second), several(first), several(second))
    made = network(StMlpSize(several(2), *hidden, several(3), draw(channels)), draw(st.sampled_from([3, HISTORY])))
    return made, draw_masks(draw, made)


@settings(max_examples=40, deadline=None)
@given(masked_networks())
def test_a_shrunk_network_equals_its_masked_one(case: tuple[StMlp, dict[str, Tensor]]) -> None:
    check_that_the_small_network_is_the_masked_one(*case, windows(2, length=HISTORY + 2))


def test_every_group_matters_and_what_is_in_none_is_as_wide_as_nodes_or_steps() -> None:
    made, x = network(), windows(2)
    check_that_every_channel_matters(made, x)
    grouped = {member.parameter for group in made.channel_groups() for member in group.members}
    across = {"mixer1.layers.0.nodes_out.bias", "mixer1.layers.1.nodes_out.bias", "mixer2.layers.0.nodes_out.bias"}
    names = {name for name, _ in made.named_parameters()}
    assert names - grouped == across | {"regression.bias", "steps.weight", "steps.bias"}
