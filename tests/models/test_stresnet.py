"""ST-ResNet: the published counts, the formula written out, frames and calendar, taps, masks that equal a cut."""

import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kdsearch.distill.taps import tapped
from kdsearch.models.forecaster import DataShape
from kdsearch.models.stresnet import StResnet, StResnetSize
from tests.masking import check_that_the_small_network_is_the_masked_one, draw_masks

SLOTS = 2
"""Of a short day, so that a week is 14 steps."""

HISTORY = 28
GRID = DataShape(nodes=12, slots=SLOTS, grid=(2, 3, 2))
SMALL = StResnetSize((3, 2, 4), (2, 3, 4, 1, 2, 3), 3, 2, 2, 2, 3, 2, SLOTS)


def network_of(size: StResnetSize, history: int = HISTORY, seed: int = 0) -> StResnet:
    """In evaluation and float64, all parameters and statistics drawn anew, so that none is zero or one."""
    torch.manual_seed(seed)
    nodes = size.flows * size.rows * size.columns
    network = StResnet(np.zeros((nodes, nodes)), size, history=history).double().eval()
    for tensor in (*network.parameters(), *(one for one in network.buffers() if one.is_floating_point())):
        if tensor is not (network.external.calendar if network.external is not None else None):
            torch.nn.init.normal_(tensor, std=0.3)
    for name, statistic in network.named_buffers():
        if name.endswith("running_var"):
            torch.nn.init.uniform_(statistic, 0.5, 2)
    return network


def segments(batch: int, windows: int, history: int = HISTORY, first: int = 0) -> torch.Tensor:
    """Noise with the clock of days of two steps, from Monday's first one on."""
    steps = history + windows - 1
    x = torch.randn(batch, steps, 12, 3, dtype=torch.float64)
    row = torch.arange(first, first + steps)
    x[..., 1] = (row % SLOTS / SLOTS)[:, None]
    x[..., 2] = (row // SLOTS % 7)[:, None].to(x)
    return x


@pytest.mark.parametrize(
    ("grid", "slots", "units", "frames", "published"),
    [
        ((2, 16, 8), 24, 4, (3, 1, 1), 899_360),
        ((2, 16, 8), 24, 4, (3, 4, 4), 906_272),
        ((2, 32, 32), 48, 2, (3, 1, 1), 481_512),
        ((2, 32, 32), 48, 4, (3, 1, 1), 924_648),
        ((2, 32, 32), 48, 12, (3, 1, 1), 2_697_192),
    ],
)
def test_parameter_counts_are_the_published_ones(
    grid: tuple[int, int, int], slots: int, units: int, frames: tuple[int, int, int], published: int
) -> None:
    """In Beijing, 32 x 32, the external part has 28 inputs: 20 more than here, each with 10 weights."""
    place = DataShape(int(np.prod(grid)), slots, grid)
    closeness, period, trend = frames
    size = replace(StResnetSize.of_width(64, units, place), closeness=closeness, period=period, trend=trend)
    network = StResnet(np.zeros((place.nodes, place.nodes)), size, history=28 * slots)
    count = sum(parameter.numel() for parameter in network.parameters())
    assert count + (20 * 10 if slots == 48 else 0) == published


def test_batch_norm_adds_a_weight_and_a_bias_for_each_channel() -> None:
    """2,706,408 parameters of the twelve units with it, in Beijing."""
    place = DataShape(2048, 48, (2, 32, 32))
    size = replace(StResnetSize.of_width(64, 12, place), batch_norm=True)
    network = StResnet(np.zeros((2048, 2048)), size, history=336)
    assert sum(parameter.numel() for parameter in network.parameters()) + 20 * 10 == 2_706_408


def plain_convolution(x: torch.Tensor, layer: Any) -> torch.Tensor:
    """3x3 with zeros around ``(channel, row, column)``, tap by tap."""
    y: torch.Tensor
    rows, columns = x.shape[1:]
    wide = torch.zeros(len(x), rows + 2, columns + 2, dtype=x.dtype)
    wide[:, 1:-1, 1:-1] = x
    y = layer.bias[:, None, None].expand(-1, rows, columns)
    for i in range(3):
        for j in range(3):
            y = y + torch.einsum("oc,crs->ors", layer.weight[:, :, i, j], wide[:, i : i + rows, j : j + columns])
    return y


def plain_norm(x: torch.Tensor, layer: Any) -> torch.Tensor:
    """By kept statistics; the same where there is no norm."""
    if isinstance(layer, torch.nn.Identity):
        return x
    columns = [one[:, None, None] for one in (layer.running_mean, layer.running_var, layer.weight, layer.bias)]
    mean, variance, weight, bias = columns
    y: torch.Tensor = (x - mean) / (variance + 1e-5).sqrt() * weight + bias
    return y


def plain_forecast(network: StResnet, readings: torch.Tensor, weekday: int) -> torch.Tensor:
    """Of one window ``(history, flow, row, column)``, when the forecast step is on this weekday."""
    size = network.size
    total = torch.zeros_like(readings[0])
    day, week = size.slots, 7 * size.slots
    for branch, frames, step in (
        (network.closeness, size.closeness, 1),
        (network.period, size.period, day),
        (network.trend, size.trend, week),
    ):
        seen = [readings[len(readings) - step * (back + 1)] for back in range(frames)]
        x = plain_convolution(torch.cat(seen), branch.input)
        for unit in branch.units:
            y = plain_convolution(torch.relu(plain_norm(x, unit.norm1)), unit.convolution1)
            x = x + plain_convolution(torch.relu(plain_norm(y, unit.norm2)), unit.convolution2)
        total = total + branch.fusion * plain_convolution(torch.relu(x), branch.output)
    if network.external is not None:
        known = torch.tensor([float(one == weekday) for one in range(7)] + [float(weekday < 5)], dtype=readings.dtype)
        hidden = torch.relu(network.external.hidden.weight @ known + network.external.hidden.bias)
        cells = torch.relu(network.external.output.weight @ hidden + network.external.output.bias)
        total = total + cells.view_as(total)
    return torch.tanh(total)


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("external", [0, 5])
def test_the_network_equals_its_formula(batch_norm: bool, external: int) -> None:
    """Convolutions tap by tap, frames by hand, and the weekday of the step after the window; with a border of days."""
    network = network_of(replace(SMALL, batch_norm=batch_norm, external=external))
    x = segments(1, windows=14)
    made = network(x)
    assert made.shape == (1, 14, 1, 12)
    for window in range(14):
        readings = x[0, window : window + HISTORY, :, 0].view(HISTORY, 2, 3, 2)
        expected = plain_forecast(network, readings, (window + HISTORY) // SLOTS % 7)
        torch.testing.assert_close(made[0, window, 0], expected.flatten(), rtol=0, atol=1e-12)


def test_only_the_frames_matter() -> None:
    """Readings that are no frame of any branch leave the forecast alone, each frame changes it."""
    network = network_of(SMALL)
    x = segments(1, windows=1)
    frames = {HISTORY - lag for lags in SMALL.lags().values() for lag in lags}
    assert sorted(HISTORY - frame for frame in frames) == [1, 2, 3, 4, 14, 28]
    for step in range(HISTORY):
        other = x.clone()
        other[:, step, :, 0] += 1
        assert bool((network(other) - network(x)).abs().max() > 1e-6) == (step in frames)


def test_the_calendar_is_that_of_the_forecast_step() -> None:
    """A clock one day later changes the forecast; the last slot of Sunday forecasts as any step before Monday does."""
    network = network_of(SMALL)
    x = segments(1, windows=1)
    later = x.clone()
    later[..., 2] = (later[..., 2] + 1) % 7
    assert (network(later) - network(x)).abs().max() > 1e-4
    sunday_night, monday_morning = x.clone(), x.clone()
    sunday_night[..., 1], sunday_night[..., 2] = (SLOTS - 1) / SLOTS, 6
    monday_morning[..., 1], monday_morning[..., 2] = 0, 0
    torch.testing.assert_close(network(sunday_night), network(monday_morning), rtol=0, atol=0)


@pytest.mark.parametrize("slots", [24, 48, 288])
def test_slots_are_recovered_from_the_clock_in_float32(slots: int) -> None:
    """Of all steps of a day only the last one's next step is on the next day."""
    size = StResnetSize((1, 1, 1), (1, 1, 1), 1, 1, 1, 2, 3, 2, slots)
    external = network_of(size, history=7 * slots).float().external
    assert external is not None
    last = torch.stack([torch.arange(slots, dtype=torch.float32) / slots, torch.full((slots,), 2.0)], dim=-1)
    made = external(last[None])[0]
    assert (made[:-1] == made[0]).all()
    assert not torch.equal(made[-1], made[0])


def test_taps_of_a_stretch_are_those_of_its_windows() -> None:
    """``(batch, channel, forecast, cell)``: the residual stream of each branch over the cells of the grid."""
    network = network_of(SMALL)
    x = segments(2, windows=3)
    with tapped(network, network.spatial_taps) as features:
        network(x)
        together = dict(features)
        for window in range(3):
            network(x[:, window : window + HISTORY])
            for name, feature in features.items():
                torch.testing.assert_close(together[name][:, window : window + 1], feature, rtol=0, atol=1e-12)
    assert [tuple(together[name].shape) for name in network.spatial_taps] == [(2, 3, 6, 3), (2, 3, 6, 2), (2, 3, 6, 4)]
    branch = network.closeness
    seen = x[1, [HISTORY + 1, HISTORY, HISTORY - 1], :, 0].view(6, 3, 2)  # of the last window, nearest first
    stream = plain_convolution(seen, branch.input)
    for unit in branch.units:
        inside = plain_convolution(torch.relu(stream), unit.convolution1)
        stream = stream + plain_convolution(torch.relu(inside), unit.convolution2)
    torch.testing.assert_close(together["closeness.tap"][1, 2], stream.flatten(1).T)


def test_gradient_of_forecast_reaches_every_parameter_and_that_of_a_tap_its_branch() -> None:
    torch.manual_seed(0)
    network = StResnet(np.zeros((12, 12)), StResnetSize.of_width(6, 2, GRID), history=14)
    x = segments(4, windows=2, history=14).float()
    torch.autograd.backward(network(x).square().sum())
    silent = [name for name, one in network.named_parameters() if one.grad is None or not one.grad.any()]
    assert silent == []
    network.zero_grad()
    with tapped(network, ["period.tap"]) as features:
        network(x)
    torch.autograd.backward(features["period.tap"].square().sum())
    heard = {name.split(".")[0] for name, one in network.named_parameters() if one.grad is not None and one.grad.any()}
    assert heard == {"period"}


def test_a_spec_builds_the_same_network_again() -> None:
    network = network_of(SMALL)
    spec = json.loads(json.dumps(network.spec()))
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in spec["size"].items()
    }
    again = StResnet(np.zeros((12, 12)), StResnetSize(**fields), outputs=spec["outputs"], history=spec["history"])
    assert (spec["family"], again.size) == ("st-resnet", network.size)
    again.double().eval().load_state_dict(network.state_dict())
    x = segments(1, windows=2)
    torch.testing.assert_close(again(x), network(x), rtol=0, atol=0)


def test_windows_and_batches_of_any_size_give_what_each_gives_alone() -> None:
    network = network_of(SMALL)
    x = segments(5, windows=1)
    alone = torch.cat([network.windows(x[one : one + 1]) for one in range(5)])
    torch.testing.assert_close(network.windows(x), alone, rtol=0, atol=1e-12)
    torch.testing.assert_close(network.forecast(x, 1), alone, rtol=0, atol=1e-12)


def test_what_it_cannot_do_is_refused_with_a_remedy() -> None:
    with pytest.raises(ValueError, match="needs a grid; choose a dataset"):
        StResnetSize.of_width(4, 2, DataShape(12, 24))
    size = StResnetSize.of_width(4, 2, GRID)
    with pytest.raises(ValueError, match=r"looks back 14 steps and forecasts 1, here are 13 and 1; choose a protocol"):
        StResnet(np.zeros((12, 12)), size, history=13)
    with pytest.raises(ValueError, match="here are 14 and 3"):
        StResnet(np.zeros((12, 12)), size, outputs=3, history=14)


@st.composite
def masked_networks(draw: st.DrawFn) -> tuple[StResnet, dict[str, torch.Tensor]]:
    """A random network, with batch norm or without, and masks that leave each group a channel."""
    sizes = st.integers(1, 4)
    size = replace(
        SMALL,
        filters=(draw(sizes), draw(sizes), draw(sizes)),
        units=tuple(draw(st.lists(sizes, min_size=6, max_size=6))),
        batch_norm=draw(st.booleans()),
        external=draw(st.integers(0, 4)),
    )
    network = network_of(size, seed=draw(st.integers(0, 1000)))
    return network, draw_masks(draw, network)


@settings(max_examples=40, deadline=None)
@given(masked_networks())
def test_a_shrunk_network_equals_its_masked_one(case: tuple[StResnet, dict[str, torch.Tensor]]) -> None:
    check_that_the_small_network_is_the_masked_one(*case, segments(2, windows=2))


def test_masks_really_change_the_output() -> None:
    """The equality above would be empty if masks did nothing; the last channel of every group matters."""
    network = network_of(replace(StResnetSize.of_width(4, 2, GRID), batch_norm=True), history=14)
    masks = {group.name: torch.ones(group.size, dtype=torch.bool) for group in network.channel_groups()}
    assert len(masks) == 3 * (1 + 2) + 1
    x = 10 * segments(3, windows=1, history=14)  # so that every ReLU lets something through
    x[..., 1:] /= 10
    whole = network(x).detach()
    for group in network.channel_groups():
        network.set_masks(masks | {group.name: torch.arange(group.size) < group.size - 1})
        assert (network(x) - whole).abs().max() > 1e-6, group.name


def test_every_parameter_but_the_last_biases_and_the_fusion_is_in_a_group() -> None:
    network = network_of(replace(SMALL, batch_norm=True))
    grouped = {member.parameter for group in network.channel_groups() for member in group.members}
    free = {name for name, _ in network.named_parameters()} - grouped
    branches = ("closeness", "period", "trend")
    assert free == {f"{branch}.{name}" for branch in branches for name in ("output.bias", "fusion")} | {
        "external.output.bias"
    }
    statistics = {name for name, _ in network.named_buffers() if "running" in name}
    assert statistics <= grouped
    assert asdict(network.size)["batch_norm"]
