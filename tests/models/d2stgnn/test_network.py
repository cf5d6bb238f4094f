"""D2STGNN: published count, the formulas written out, its graphs, and masks that equal a smaller network."""

import json
import math
from dataclasses import asdict, replace
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
from kdsearch.models.d2stgnn.network import D2stgnn, D2stgnnSize
from kdsearch.models.forecaster import DataShape
from tests.masking import check_that_every_channel_matters, check_that_the_small_network_is_the_masked_one, draw_masks

NODES, HISTORY, SLOTS = 5, 7, 24
SMALL = D2stgnnSize(
    hidden=4,
    forecast=6,
    output=5,
    gates=(3, 4),
    local=(4, 3),
    heads=(2, 3),
    head_width=2,
    inner=6,
    series=3,
    key=4,
    node=2,
    time=3,
    weekday=2,
    gap=2,
    slots=SLOTS,
    dropout=0.0,
)


def roads() -> NDArray[np.float64]:
    """A one-way ring with a short cut; the last node has no edge."""
    adjacency = np.zeros((NODES, NODES))
    for node in range(NODES - 1):
        adjacency[node, (node + 1) % (NODES - 1)] = 0.5 + 0.1 * node
    adjacency[0, 2] = 0.3
    return adjacency


def windows(count: int, length: int = HISTORY) -> Tensor:
    """Random readings and the clock of hours from a Thursday evening on, ``(window, length, node, 3)``, float64."""
    generator = torch.Generator().manual_seed(1)
    readings = torch.randn(count, length, NODES, dtype=torch.float64, generator=generator)
    hours = 3 * SLOTS + 20 + torch.arange(count)[:, None] * 7 + torch.arange(length)
    clock = ((hours % SLOTS).to(torch.float32) / SLOTS, hours // SLOTS % 7)
    return torch.stack([readings, *(x.double()[..., None].expand_as(readings) for x in clock)], dim=-1)


def network(size: D2stgnnSize = SMALL, outputs: int = 5) -> D2stgnn:
    """With random weights and biases, float64."""
    torch.manual_seed(0)
    made = D2stgnn(roads(), size, outputs=outputs, history=HISTORY).double()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return made


def count(made: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in made.parameters())


def weights(made: torch.nn.Module) -> dict[str, Tensor]:
    return {name: parameter.detach() for name, parameter in made.named_parameters()}


@pytest.mark.parametrize(("nodes", "released"), [(207, 391_962), (170, 391_222)])
def test_the_default_size_has_the_released_count_but_for_what_has_no_effect_there(nodes: int, released: int) -> None:
    with torch.device("meta"):
        made = D2stgnn(np.ones((nodes, nodes)) - np.eye(nodes), D2stgnnSize(), outputs=12)
    unused_batch_norms, unused_map, biases_of_keys = 5 * 2 * 32, 10 * 32 + 32, 5 * 32
    last_backcast, batch_norm_of_the_graph = 32 * 32 + 32 + 2 * 32, 2 * 64
    without_effect = unused_batch_norms + unused_map + biases_of_keys + last_backcast
    assert count(made) + without_effect + batch_norm_of_the_graph == released
    assert round(count(made) / 1e6, 2) == 0.39


def test_one_width_and_one_depth_give_all_sizes() -> None:
    assert D2stgnnSize.of_width(32, 5, DataShape(207, 288)) == replace(D2stgnnSize(), dropout=0.0)
    small = D2stgnnSize.of_width(8, 2, DataShape(207, 48))
    assert (small.hidden, small.forecast, small.output, small.layers, small.slots) == (8, 64, 128, 2, 48)
    with pytest.raises(ValueError, match=r"4 heads.*: 6"):
        D2stgnnSize.of_width(6, 2, DataShape(207, 288))


def test_layers_cannot_use_up_the_history() -> None:
    D2stgnn(roads(), SMALL, outputs=5, history=5)
    with pytest.raises(ValueError, match=r"more than 4 steps; it is 4"):
        D2stgnn(roads(), SMALL, outputs=5, history=4)


def linear(p: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    """A linear map of the last dimension, with a bias where there is one."""
    y = torch.einsum("...i,oi->...o", x, p[f"{name}.weight"])
    return y + p[f"{name}.bias"] if f"{name}.bias" in p else y


def as_kept(transitions: NDArray[np.float64]) -> Tensor:
    """Transitions whose logarithms were float32."""
    return torch.from_numpy(transitions).log().float().double().exp()


def embedded_clock(p: dict[str, Tensor], x: Tensor) -> Tensor:
    """``(window, step, channel)``, row by row."""
    lines = [
        torch.cat([p["time"][round(slot.item() * SLOTS)], p["weekday"][int(weekday)]])
        for slot, weekday in x[:, :, 0, 1:].flatten(0, 1)
    ]
    return torch.stack(lines).view(*x.shape[:2], -1)


def plain_graphs(p: dict[str, Tensor], x: Tensor) -> Tensor:
    """Transitions times attention over their rows' sums, and the adaptive one: ``(window, graph, node, node)``."""
    graphs = []
    for window, told in zip(x, embedded_clock(p, x)[:, -1], strict=True):
        series = linear(p, "graphs.narrow", torch.relu(linear(p, "graphs.widen", window[..., 0].T)))
        powers = []
        for adjacency, embedding in ((roads(), p["upstream"]), (roads().T, p["downstream"])):
            features = torch.cat([series, told.expand(NODES, -1), embedding], dim=1)
            query, key = linear(p, "graphs.query", features), linear(p, "graphs.key", features)
            weights = adjacency + np.diag(adjacency.sum(axis=1) == 0)
            masked = as_kept(weights / weights.sum(axis=1, keepdims=True))
            masked = masked * torch.softmax(query @ key.T / math.sqrt(SMALL.hidden), dim=1)
            powers.append(masked / masked.sum(dim=1, keepdim=True))
        powers.append(torch.softmax(torch.relu(p["downstream"] @ p["upstream"].T), dim=1))
        once = torch.stack(powers)
        graphs.append(torch.cat([once, once @ once]) * (1 - torch.eye(NODES)))
    return torch.stack(graphs)


def plain_convolution(p: dict[str, Tensor], name: str, x: Tensor, graphs: Tensor) -> Tensor:
    """``(window, step, node, hidden)``, by localised matrices ``(node, kernel * node)``."""
    states = []
    for first in range(x.shape[1] - 2):
        frames = torch.cat([x[:, first + tap] for tap in range(3)], dim=-1)
        local = torch.relu(linear(p, f"{name}.local", frames)).chunk(3, dim=-1)
        below = torch.cat(local, dim=1)
        localised = torch.cat([graphs] * 3, dim=-1)
        parts = [torch.stack(local).mean(dim=0), *(localised[:, graph] @ below for graph in range(graphs.shape[1]))]
        states.append(linear(p, f"{name}.mix", torch.cat(parts, dim=-1)))
    return torch.stack(states, dim=1)


def plain_step(p: dict[str, Tensor], name: str, x: Tensor, state: Tensor) -> Tensor:
    """A gated recurrent unit's next state."""
    ours, theirs = linear(p, f"{name}.input", x).chunk(3, -1), linear(p, f"{name}.state", state).chunk(3, -1)
    reset, update = torch.sigmoid(ours[0] + theirs[0]), torch.sigmoid(ours[1] + theirs[1])
    return (1 - update) * torch.tanh(ours[2] + reset * theirs[2]) + update * state


def plain_attention(p: dict[str, Tensor], name: str, query: Tensor, others: Tensor, width: int) -> Tensor:
    """What one state ``(..., hidden)`` finds among others ``(..., step, hidden)``, head by head."""
    found = []
    wide = (linear(p, f"{name}.{kind}", x) for kind, x in (("query", query), ("key", others), ("value", others)))
    for q, k, v in zip(*(torch.split(x, width, dim=-1) for x in wide), strict=True):
        share = torch.softmax(torch.einsum("...c,...sc->...s", q, k) / math.sqrt(width), dim=-1)
        found.append(torch.einsum("...s,...sc->...c", share, v))
    return linear(p, f"{name}.output", torch.cat(found, dim=-1))


def plain_position(step: int, channels: int) -> Tensor:
    angles = [step / 10000 ** (channel // 2 * 2 / channels) for channel in range(channels)]
    values = [math.cos(angle) if channel % 2 else math.sin(angle) for channel, angle in enumerate(angles)]
    return torch.tensor(values, dtype=torch.float32).double()  # as the network keeps them


def plain_inherent(p: dict[str, Tensor], name: str, x: Tensor, ahead: int, width: int) -> tuple[Tensor, list[Tensor]]:
    """What attention finds at each step, and the states told ahead, from ``(window, step, node, hidden)``."""
    state, states = torch.zeros_like(x[:, 0]), list[Tensor]()
    for step in range(x.shape[1]):
        state = plain_step(p, f"{name}.recurrence", x[:, step], state)
        states.append(state + plain_position(step, SMALL.hidden))
    others = torch.stack(states, dim=-2)
    found = [plain_attention(p, f"{name}.attention", each, others, width) for each in states]
    told = [found[-1]]
    while len(told) < ahead:
        state = plain_step(p, f"{name}.recurrence", told[-1], state)
        states.append(state + plain_position(len(states), SMALL.hidden))
        told.append(plain_attention(p, f"{name}.attention", states[-1], torch.stack(states, dim=-2), width))
    return torch.stack(found, dim=1), told


def plain_layer(
    p: dict[str, Tensor], layer: int, x: Tensor, clock: Tensor, graphs: Tensor, ahead: int
) -> tuple[Tensor, Tensor, Tensor]:
    """The rest after both blocks ``(window, step, node, hidden)`` and their forecasts ``(ahead, window, node, c)``."""
    name, steps = f"layers.{layer}", x.shape[1]
    told = clock[:, -steps:, None].expand(-1, -1, NODES, -1)
    nodes = torch.cat([p["upstream"], p["downstream"]], dim=1).expand(*told.shape[:2], -1, -1)
    hidden = torch.relu(linear(p, f"{name}.gate.widen", torch.cat([told, nodes], dim=-1)))
    gated = x * torch.sigmoid(linear(p, f"{name}.gate.narrow", hidden))
    states = plain_convolution(p, f"{name}.diffusion.convolution", gated, graphs)
    diffused = [states[:, -1]]
    seen = gated
    while len(diffused) < ahead:
        seen = torch.cat([seen, diffused[-1][:, None]], dim=1)
        diffused.append(plain_convolution(p, f"{name}.diffusion.convolution", seen, graphs)[:, -1])
    x = x[:, 2:] - torch.relu(linear(p, f"{name}.diffusion.backcast", states))
    x = F.layer_norm(x, x.shape[-1:], p[f"{name}.diffusion.norm.weight"], p[f"{name}.diffusion.norm.bias"])
    found, own = plain_inherent(p, f"{name}.inherent", x, ahead, SMALL.head_width)
    if f"{name}.inherent.norm.weight" in p:
        x = x - torch.relu(linear(p, f"{name}.inherent.backcast", found))
        x = F.layer_norm(x, x.shape[-1:], p[f"{name}.inherent.norm.weight"], p[f"{name}.inherent.norm.bias"])
    diffusion, inherent = f"{name}.diffusion.forecast", f"{name}.inherent.forecast"
    return x, linear(p, diffusion, torch.stack(diffused)), linear(p, inherent, torch.stack(own))


def test_the_network_equals_the_formulas_written_out() -> None:
    """Layer after layer on what the one before left; the forecasts of all blocks are summed."""
    made, x = network(), windows(3)
    p = weights(made)
    graphs, clock = plain_graphs(p, x), embedded_clock(p, x)
    signal, total = linear(p, "embedding", x[..., :1]), torch.zeros(1).double()
    for layer in range(2):
        signal, diffused, own = plain_layer(p, layer, signal, clock, graphs, ahead=3)
        total = total + diffused + own
    steps = linear(p, "narrow", torch.relu(linear(p, "widen", torch.relu(total))))
    expected = steps.permute(1, 0, 3, 2).flatten(1, 2)[:, :5]
    torch.testing.assert_close(made.windows(x), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("layer", [0, 1])
def test_a_layer_takes_both_halves_out_of_its_signal(layer: int) -> None:
    """In the last layer nothing reads what is left after the inherent half, so that there is none."""
    made, x = network(), windows(2)
    p = weights(made)
    signal = torch.randn(2, HISTORY, NODES, SMALL.hidden).double()
    graphs, clock = plain_graphs(p, x), embedded_clock(p, x)
    expected = plain_layer(p, layer, signal, clock, graphs, ahead=3)[0]
    nodes = torch.cat([made.upstream, made.downstream], dim=-1)
    rest, diffused, own = made.layers[layer](signal.transpose(1, 2), clock, nodes, graphs.flatten(1, 2), 3)
    torch.testing.assert_close(rest.transpose(1, 2), expected, rtol=0, atol=1e-10)
    assert rest.shape[2] == HISTORY - 2
    assert diffused.shape == own.shape == (2, NODES, 3, SMALL.hidden)


def graphs_of(made: D2stgnn, x: Tensor) -> Tensor:
    """As the network has them, ``(window, power, graph, node, node)``."""
    with torch.no_grad():
        below: Tensor = made.graphs(x[..., 0].transpose(1, 2), made._clock(x)[:, -1], made.upstream, made.downstream)
    return below.view(len(x), 2, 3, NODES, NODES)


def test_graphs_of_the_moment_are_transitions_over_the_roads_alone() -> None:
    """Rows of the nodes that have roads sum to one; the one that has none hears nobody."""
    graphs = graphs_of(network(), windows(3))
    sums = torch.tensor([1.0] * (NODES - 1) + [0.0]).double().expand(3, -1)
    for direction, adjacency in enumerate((roads(), roads().T)):
        dynamic = graphs[:, 0, direction]
        assert ((dynamic > 0) == torch.from_numpy(adjacency > 0)).all()
        torch.testing.assert_close(dynamic.sum(dim=-1), sums, rtol=0, atol=1e-12)
        twice = dynamic @ dynamic * (1 - torch.eye(NODES))
        torch.testing.assert_close(graphs[:, 1, direction], twice, rtol=0, atol=1e-12)
    assert (graphs[0, 0, 0] - graphs[1, 0, 0]).abs().max() > 1e-6, "each window has its own"


def test_edge_weights_weigh_the_graphs_of_the_moment() -> None:
    """Where attention is indifferent, what remains are the edge weights, divided by their rows' sums."""
    made = network()
    with torch.no_grad():
        made.graphs.query.weight.zero_()
    road = roads()[:-1] / roads()[:-1].sum(axis=1, keepdims=True)
    torch.testing.assert_close(graphs_of(made, windows(1))[0, 0, 0, :-1], torch.from_numpy(road), rtol=0, atol=1e-6)


def test_the_graph_for_all_windows_knows_the_embeddings_alone() -> None:
    graphs = graphs_of(network(), windows(3))[:, :, 2]
    torch.testing.assert_close(graphs, graphs[:1].expand_as(graphs), rtol=0, atol=0)
    assert ((graphs > 0) == (torch.eye(NODES) == 0)).all()


def test_forecasts_of_all_blocks_are_summed() -> None:
    made = network()
    told = [torch.randn(2, NODES, 3, SMALL.hidden).double() for _ in range(4)]
    blocks: list[Any] = [block for layer in made.layers for block in (layer.diffusion, layer.inherent)]
    expected = sum(block.forecast(states) for block, states in zip(blocks, told, strict=True))
    torch.testing.assert_close(made._forecast(told), expected, rtol=0, atol=1e-12)


def test_a_shorter_horizon_is_the_longer_ones_beginning() -> None:
    """Hidden states told ahead give `gap` steps each, and what is beyond the outputs is left out."""
    short, long, x = network(outputs=3), network(outputs=6), windows(2)
    torch.testing.assert_close(short.windows(x), long.windows(x)[:, :3], rtol=0, atol=1e-12)


def test_the_embeddings_are_the_states_of_both_halves_of_the_last_layer() -> None:
    made, x = network(), windows(3)
    last: Any = made.layers[-1]
    assert made.embeddings is not None
    with tapped(made, made.embeddings) as features:
        made.windows(x)
    diffused, own = (features[name].transpose(1, 2) for name in made.embeddings)
    assert diffused.shape == own.shape == (3, NODES, HISTORY - 4, SMALL.hidden)
    given_to = list[tuple[Tensor, ...]]()
    handle = last.diffusion.register_forward_pre_hook(lambda _module, inputs: given_to.append(inputs))
    made.windows(x)
    handle.remove()
    signal, share, graphs, _ = given_to[0]
    torch.testing.assert_close(last.diffusion.convolution(signal * share, graphs), diffused, rtol=0, atol=1e-12)
    rest = last.diffusion.norm(signal[:, :, 2:] - torch.relu(last.diffusion.backcast(diffused)))
    found, _ = plain_inherent(weights(last), "inherent", rest.transpose(1, 2), 1, SMALL.head_width)
    torch.testing.assert_close(own.transpose(1, 2), found, rtol=0, atol=1e-10)


@pytest.mark.parametrize(("channel", "shift"), [(1, -1 / SLOTS), (2, -1)])
def test_the_clock_of_every_step_matters(channel: int, shift: float) -> None:
    made, x = network(), windows(1)
    x[:, 4:, :, 1] += 1 / SLOTS  # so that no slot is the day's first
    expected = made.windows(x)
    for step in range(HISTORY):
        moved = x.clone()
        moved[:, step, :, channel] += shift
        assert (made.windows(moved) - expected).abs().max() > 1e-6, step


def test_every_slot_of_the_day_is_found_again_in_float32() -> None:
    made = D2stgnn(roads(), replace(SMALL, slots=288), outputs=1, history=HISTORY)
    x = torch.zeros(288, HISTORY, NODES, 3)
    x[..., 1] = torch.from_numpy((np.arange(288) * 5 / 1440).astype(np.float32))[:, None, None]
    torch.testing.assert_close(made._clock(x)[:, 0, : SMALL.time], made.time, rtol=0, atol=0)


def test_gradients_reach_every_parameter() -> None:
    made = network()
    made.windows(windows(20)).square().sum().backward()  # type: ignore[no-untyped-call]
    for name, parameter in made.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 1e-6, name


def test_a_spec_builds_the_same_network_again() -> None:
    made, x = network(), windows(2)
    spec = made.spec()
    assert (spec["family"], spec["size"]) == ("d2stgnn", asdict(SMALL))
    fields: dict[str, Any] = json.loads(json.dumps(spec["size"]))
    fields = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    size = D2stgnnSize(**fields)
    again = D2stgnn(roads(), size, outputs=spec["outputs"], history=spec["history"]).double()
    again.load_state_dict(made.state_dict())
    torch.testing.assert_close(again.windows(x), made.windows(x), rtol=0, atol=0)


def test_dropout_acts_in_training_alone() -> None:
    made, x = network(replace(SMALL, dropout=0.5)), windows(2)
    assert (made.windows(x) - made.windows(x)).abs().max() > 0
    made.eval()
    torch.testing.assert_close(made.windows(x), made.windows(x), rtol=0, atol=0)


@st.composite
def masked_networks(draw: st.DrawFn) -> tuple[D2stgnn, dict[str, Tensor]]:
    """A random network and masks that leave each group at least one channel."""
    channels, layers = st.integers(1, 4), draw(st.integers(1, 2))
    names = ("hidden", "forecast", "output", "head_width", "inner", "series", "key", "node", "time", "weekday", "gap")
    fields: dict[str, Any] = {name: draw(channels) for name in names}
    fields |= {name: tuple(draw(channels) for _ in range(layers)) for name in ("gates", "local", "heads")}
    made = network(D2stgnnSize(**fields, order=draw(st.integers(1, 3)), slots=SLOTS, dropout=0.0), outputs=3)
    return made, draw_masks(draw, made)


@settings(max_examples=40, deadline=None)
@given(masked_networks())
def test_a_shrunk_network_equals_its_masked_one(case: tuple[D2stgnn, dict[str, Tensor]]) -> None:
    check_that_the_small_network_is_the_masked_one(*case, windows(2, length=HISTORY + 2))


def test_every_group_matters_and_what_is_in_none_is_as_wide_as_the_signal() -> None:
    made, x = network(), windows(2)
    check_that_every_channel_matters(made, x)
    grouped = {member.parameter for group in made.channel_groups() for member in group.members}
    rest = {
        name.removesuffix(".weight").removesuffix(".bias") for name, _ in made.named_parameters() if name not in grouped
    }
    assert {name.split(".", 2)[-1] if name.startswith("layers") else name for name in rest} == {
        "embedding",
        "narrow",
        "gate.narrow",
        "diffusion.convolution.mix",
        "diffusion.backcast",
        "diffusion.norm",
        "inherent.recurrence.input",
        "inherent.recurrence.state",
        "inherent.attention.output",
        "inherent.backcast",
        "inherent.norm",
    }
