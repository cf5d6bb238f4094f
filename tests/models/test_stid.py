"""STID: counts, the formulas written out, what it hears of the clock, and masks that equal a smaller network."""

from dataclasses import asdict

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from kdsearch.distill.taps import tapped
from kdsearch.models.forecaster import DataShape
from kdsearch.models.stid import Stid, StidSize
from tests.masking import check_that_the_small_network_is_the_masked_one, draw_masks

SLOTS = 24
SMALL = StidSize(5, 3, 4, 2, inner=(6, 7), slots=SLOTS, dropout=0.0)


def roads(nodes: int) -> NDArray[np.float64]:
    """A ring road."""
    return np.roll(np.eye(nodes), 1, axis=1) + np.roll(np.eye(nodes), -1, axis=1)


def windows(count: int, nodes: int, length: int = 12, seed: int = 0) -> Tensor:
    """Random readings and the clock of hours from a Saturday evening on, ``(window, length, node, 3)``, float64."""
    generator = torch.Generator().manual_seed(seed)
    readings = torch.randn(count, length, nodes, dtype=torch.float64, generator=generator)
    hours = 5 * SLOTS + 20 + torch.arange(count)[:, None] * 7 + torch.arange(length)
    slots = (hours % SLOTS).to(torch.float32) / SLOTS
    weekdays = hours // SLOTS % 7
    return torch.stack([readings, *(x.double()[..., None].expand_as(readings) for x in (slots, weekdays))], dim=-1)


def network(size: StidSize = SMALL, nodes: int = 6, outputs: int = 9) -> Stid:
    """With random weights and biases, float64."""
    torch.manual_seed(0)
    made = Stid(roads(nodes), size, outputs=outputs).double()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter)
    return made


def count(made: Stid) -> int:
    return sum(parameter.numel() for parameter in made.parameters())


def test_the_published_size_on_pems08_has_the_published_count() -> None:
    """0.12 million, of which the original's embedding of the clock channels, which ours leaves out, is 768."""
    made = Stid(roads(170), StidSize(), outputs=12)
    tables = 170 * 32 + 288 * 32 + 7 * 32
    assert count(made) == 12 * 32 + 32 + tables + 3 * 2 * (128 * 128 + 128) + 128 * 12 + 12
    assert round((count(made) + 768) / 1e6, 2) == 0.12


@pytest.mark.parametrize(("width", "depth", "hidden"), [(32, 2, 68), (16, 3, 34), (1, 1, 4)])
def test_one_width_and_one_depth_give_all_sizes(width: int, depth: int, hidden: int) -> None:
    size = StidSize.of_width(width, depth, DataShape(nodes=6, slots=SLOTS))
    assert size.hidden == hidden
    assert size.inner == (hidden,) * depth
    assert (size.slots, size.dropout) == (SLOTS, 0.0)


def test_the_network_equals_the_formulas_written_out() -> None:
    made, x = network(), windows(5, 6)
    p = dict(made.named_parameters())
    expected = torch.zeros(5, 9, 6, dtype=torch.float64)
    for window in range(5):
        slot = round(x[window, -1, 0, 1].item() * SLOTS)
        weekday = int(x[window, -1, 0, 2].item())
        for node in range(6):
            reading = p["reading.weight"] @ x[window, :, node, 0] + p["reading.bias"]
            h = torch.cat([reading, p["node"][node], p["time"][slot], p["weekday"][weekday]])
            for layer in ("layers.0", "layers.1"):
                inner = torch.relu(p[f"{layer}.widen.weight"] @ h + p[f"{layer}.widen.bias"])
                h = h + p[f"{layer}.narrow.weight"] @ inner + p[f"{layer}.narrow.bias"]
            expected[window, :, node] = p["regression.weight"] @ h + p["regression.bias"]
    torch.testing.assert_close(made.windows(x), expected, rtol=0, atol=1e-10)


def test_every_slot_of_the_day_is_found_again_in_float32() -> None:
    size = StidSize(1, 1, 1, 1, inner=(), slots=288, dropout=0.0)
    made = Stid(roads(3), size, outputs=1)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.zero_()
        made.time.copy_(torch.arange(288.0)[:, None])
        made.regression.weight[0, 2] = 1.0
    x = torch.zeros(288, 12, 3, 3)
    x[..., 1] = torch.from_numpy((np.arange(288) * 5 / 1440).astype(np.float32))[:, None, None]
    assert made.windows(x)[:, 0, 0].tolist() == list(range(288))


def test_it_hears_of_the_last_steps_clock_alone() -> None:
    made, x = network(), windows(1, 6)
    expected = made.windows(x)
    earlier = x.clone()
    earlier[:, :-1, :, 1:] = 0
    torch.testing.assert_close(made.windows(earlier), expected, rtol=0, atol=0)
    for channel, shift in ((1, 1 / SLOTS), (2, -1)):
        later = x.clone()
        later[:, -1, :, channel] += shift
        assert (made.windows(later) - expected).abs().min() > 1e-6


def test_each_node_is_forecast_from_its_own_readings() -> None:
    made, x = network(), windows(1, 6)
    moved = x.clone()
    moved[:, :, 2, 0] += 1
    differs = (made.windows(moved) - made.windows(x)).abs().amax(dim=(0, 1)) > 1e-9
    assert differs.tolist() == [node == 2 for node in range(6)]


def test_the_embedding_is_the_last_residual_stream() -> None:
    made, x = network(), windows(4, 6)
    with tapped(made, ["hidden"]) as features:
        forecasts = made.windows(x)
    assert features["hidden"].shape == (4, 1, 6, SMALL.hidden)
    again = made.regression(features["hidden"][:, 0]).transpose(1, 2)
    torch.testing.assert_close(again, forecasts, rtol=0, atol=1e-12)


def test_gradients_reach_every_parameter() -> None:
    made = network()
    made.windows(windows(40, 6)).square().sum().backward()  # type: ignore[no-untyped-call]
    for name, parameter in made.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_a_spec_builds_the_same_network_again() -> None:
    made, x = network(), windows(2, 6)
    spec = made.spec()
    again = Stid(roads(6), StidSize(**spec["size"]), outputs=spec["outputs"], history=spec["history"]).double()
    again.load_state_dict(made.state_dict())
    assert (spec["family"], spec["size"]) == ("stid", asdict(SMALL))
    torch.testing.assert_close(again.windows(x), made.windows(x), rtol=0, atol=0)


def test_dropout_acts_in_training_alone() -> None:
    made, x = network(StidSize(5, 3, 4, 2, inner=(6,), slots=SLOTS, dropout=0.5)), windows(2, 6)
    assert (made.windows(x) - made.windows(x)).abs().max() > 0
    made.eval()
    torch.testing.assert_close(made.windows(x), made.windows(x), rtol=0, atol=0)


@st.composite
def masked_networks(draw: st.DrawFn) -> tuple[Stid, dict[str, Tensor]]:
    """A random network and masks that leave each group at least one channel."""
    channels = st.integers(1, 5)
    reading, node, time, weekday = (draw(channels) for _ in range(4))
    inner = tuple(draw(st.lists(channels, max_size=3)))
    made = network(StidSize(reading, node, time, weekday, inner, SLOTS, dropout=0.0))
    return made, draw_masks(draw, made)


@settings(max_examples=40, deadline=None)
@given(masked_networks())
def test_a_shrunk_network_equals_its_masked_one(case: tuple[Stid, dict[str, Tensor]]) -> None:
    check_that_the_small_network_is_the_masked_one(*case, windows(2, 6, length=14))


def test_every_group_matters_and_covers_what_is_as_wide_as_it() -> None:
    made, x = network(), windows(2, 6)
    whole = made.windows(x)
    masks = {group.name: torch.ones(group.size, dtype=torch.bool) for group in made.channel_groups()}
    assert list(masks) == ["reading", "node", "time", "weekday", "inner0", "inner1"]
    for group in made.channel_groups():
        made.set_masks(masks | {group.name: torch.arange(group.size) < group.size - 1})
        assert (made.windows(x) - whole).abs().max() > 1e-6, group.name
    made.set_masks({})
    torch.testing.assert_close(made.windows(x), whole, rtol=0, atol=0)
    grouped = {member.parameter for group in made.channel_groups() for member in group.members}
    assert {name for name, _ in made.named_parameters()} - grouped == {"regression.bias"}
