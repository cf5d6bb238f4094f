"""LightST: the formulas written out, windows' own scale, the graph, and masks that equal a smaller network."""

import math
from collections.abc import Callable
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
from kdsearch.models.lightst import STD_FLOOR, Lightst, LightstSize, LightstTeacher, LightstTeacherSize
from tests.masking import check_that_every_channel_matters, check_that_the_small_network_is_the_masked_one, draw_masks

NODES = 6
TEACHER, STUDENT = LightstTeacherSize(4, 2), LightstSize((7, 5), 4, 3)


def roads() -> NDArray[np.float64]:
    """Random one-way roads, to and from every node but the last, which is isolated."""
    randomness = np.random.default_rng(0)
    adjacency = randomness.uniform(0.1, 1, (NODES, NODES)) * (randomness.random((NODES, NODES)) < 0.6)
    adjacency[:-1, :-1] += np.roll(np.eye(NODES - 1), 1, axis=1)
    np.fill_diagonal(adjacency, 0)
    adjacency[-1] = adjacency[:, -1] = 0
    return adjacency


def random(made: LightstTeacher | Lightst) -> None:
    """Give it random weights and biases."""
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.5)


def teacher(size: LightstTeacherSize = TEACHER, outputs: int = 9) -> LightstTeacher:
    """With random weights, float64."""
    torch.manual_seed(0)
    made = LightstTeacher(roads(), size, outputs=outputs).double()
    random(made)
    return made


def student(size: LightstSize = STUDENT, outputs: int = 9) -> Lightst:
    """With random weights, float64."""
    torch.manual_seed(0)
    made = Lightst(roads(), size, outputs=outputs).double()
    random(made)
    return made


BOTH: list[Callable[[], Any]] = [teacher, student]


def readings(count: int = 3, length: int = 12) -> Tensor:
    """``(window, length, node, 1)``, float64."""
    return torch.randn(count, length, NODES, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def z_scores(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Each node's window by its own mean and population deviation."""
    std, mean = torch.std_mean(x[..., 0], dim=1, correction=0, keepdim=True)
    return (x[..., 0] - mean) / std, mean, std


def test_the_teacher_equals_the_formulas_written_out() -> None:
    made, x = teacher(), readings()
    p = dict(made.named_parameters())
    scores, mean, std = z_scores(x)
    adjacency = torch.from_numpy(roads())
    scale = torch.diag(torch.where(adjacency.sum(1) > 0, adjacency.sum(1), math.inf).rsqrt())
    edges = (scale @ adjacency @ scale).float().double()  # as the network keeps them
    layers = [torch.einsum("wtn,d->wtnd", scores, p["direction"])]
    for layer in range(2):
        layers.append(torch.relu(torch.einsum("nm,wtmd,ed->wtne", edges, layers[-1], p[f"graph.{layer}.weight"])))
    y = torch.stack(layers).sum(0).permute(0, 3, 1, 2)
    for layer in range(2):
        weight = p[f"convolutions.{layer}.taps.weight"].view(4, 3, 4).permute(0, 2, 1)[..., None]
        convolved = F.conv2d(y, weight, p[f"convolutions.{layer}.taps.bias"], padding=(1, 0))
        y = F.leaky_relu(convolved + y, 0.01)
    head = p["head.weight"].view(9, 12, 4)
    forecasts = torch.einsum("wdtn,otd->won", y, head) + p["head.bias"][:, None]
    torch.testing.assert_close(made.windows(x), forecasts * std + mean, rtol=0, atol=1e-10)


def test_the_student_equals_the_formulas_written_out() -> None:
    made, x = student(), readings()
    p = dict(made.named_parameters())
    scores, mean, std = z_scores(x)
    y = scores
    for layer in range(3):
        bias = p[f"layers.{layer}.bias"]
        y = torch.relu(torch.einsum("win,oi->won", y, p[f"layers.{layer}.weight"]) + bias[:, None])
    forecasts = torch.einsum("win,oi->won", y, p["head.weight"]) + p["head.bias"][:, None]
    torch.testing.assert_close(made.windows(x), forecasts * std + mean, rtol=0, atol=1e-10)


@pytest.mark.parametrize("width", [1, 8, 32])
def test_counts_follow_from_the_widths(width: int) -> None:
    place = DataShape(nodes=NODES, slots=288)
    teachers = LightstTeacher(roads(), LightstTeacherSize.of_width(width, 3, place), outputs=12)
    count = sum(parameter.numel() for parameter in teachers.parameters())
    assert count == width + 3 * width**2 + 2 * (3 * width**2 + width) + 12 * (12 * width) + 12
    students = Lightst(roads(), LightstSize.of_width(width, 3, place), outputs=12)
    count = sum(parameter.numel() for parameter in students.parameters())
    hidden = 2 * width
    assert count == 13 * hidden + (hidden + 1) * hidden + (hidden + 1) * width + 12 * width + 12


@pytest.mark.parametrize("build", BOTH)
def test_forecasts_move_and_stretch_with_the_window_of_their_node(build: Callable[[], Any]) -> None:
    made, x = build(), readings()
    moved, stretched = x.clone(), x.clone()
    moved[:, :, 2] += 5
    stretched[:, :, 2] *= 3
    expected = made.windows(x)
    expected_moved, expected_stretched = expected.clone(), expected.clone()
    expected_moved[:, :, 2] += 5
    expected_stretched[:, :, 2] *= 3
    torch.testing.assert_close(made.windows(moved), expected_moved, rtol=0, atol=1e-10)
    torch.testing.assert_close(made.windows(stretched), expected_stretched, rtol=0, atol=1e-10)


@pytest.mark.parametrize("build", BOTH)
def test_a_window_without_change_is_forecast_near_its_level(build: Callable[[], Any]) -> None:
    """What the network says of a window at rest is in units of the floor."""
    made, x = build(), torch.full((1, 12, NODES, 1), 3.0, dtype=torch.float64)
    at_rest = (made.windows(x) - 3.0) / STD_FLOOR
    assert at_rest.isfinite().all()
    torch.testing.assert_close((made.windows(x + 4) - 7.0) / STD_FLOOR, at_rest)


def test_the_teacher_hears_of_neighbours_as_far_as_it_has_layers() -> None:
    """On a one-way road node n is sent what node n + 1 reads; two layers reach two nodes, and no isolated one."""
    road = np.diag(np.ones(NODES - 2), k=1)
    road = np.pad(road, (0, 1))
    road[NODES - 2, 0] = 1.0
    made = LightstTeacher(road, LightstTeacherSize(16, 2), outputs=9).double()
    torch.manual_seed(0)
    random(made)
    x = readings()
    moved = x.clone()
    moved[:, 3, 3] += 1
    differs = (made.windows(moved) - made.windows(x)).abs().amax(dim=(0, 1)) > 1e-9
    assert differs.tolist() == [False, True, True, True, False, False]


def test_the_student_sees_the_nodes_own_window_alone() -> None:
    made, x = student(), readings()
    moved = x.clone()
    moved[:, 3, 3] += 1
    differs = (made.windows(moved) - made.windows(x)).abs().amax(dim=(0, 1)) > 1e-9
    assert differs.tolist() == [node == 3 for node in range(NODES)]


def test_the_teachers_embeddings_are_the_sum_of_its_graph_layers_and_its_last_temporal_layer() -> None:
    made, x = teacher(), readings()
    with tapped(made, made.embeddings) as features:
        forecasts = made.windows(x)
    spatial, temporal = (features[name] for name in made.embeddings)
    assert spatial.shape == temporal.shape == (3, 12, NODES, 4)
    y = spatial.permute(2, 0, 1, 3)
    for layer in made.convolutions:
        y = layer(y)
    torch.testing.assert_close(y.permute(1, 2, 0, 3), temporal, rtol=0, atol=1e-12)
    _, mean, std = z_scores(x)
    again = made.head(temporal.permute(0, 2, 1, 3).flatten(2)).transpose(1, 2) * std + mean
    torch.testing.assert_close(again, forecasts, rtol=0, atol=1e-10)


@pytest.mark.parametrize("steps", [1, 3])
def test_the_students_embedding_is_what_its_head_reads(steps: int) -> None:
    made, x = student(LightstSize((7, 5), 4, steps)), readings()
    with tapped(made, made.embeddings) as features:
        forecasts = made.windows(x)
    embedding = features["embedding"]
    assert embedding.shape == (3, steps, NODES, 4)
    _, mean, std = z_scores(x)
    head = made.head.weight.view(9, 4, steps)
    again = torch.einsum("wtnd,odt->won", embedding, head) + made.head.bias[:, None]
    torch.testing.assert_close(again * std + mean, forecasts, rtol=0, atol=1e-10)


@pytest.mark.parametrize("build", BOTH)
def test_gradients_reach_every_parameter(build: Callable[[], Any]) -> None:
    made = build()
    made.windows(readings(20)).square().sum().backward()
    for name, parameter in made.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("build", BOTH)
def test_a_spec_builds_the_same_network_again(build: Callable[[], Any]) -> None:
    made, x = build(), readings()
    spec = made.spec()
    assert spec["size"] == asdict(made.size)
    again = type(made)(roads(), type(made.size)(**spec["size"]), outputs=spec["outputs"], history=spec["history"])
    again.double().load_state_dict(made.state_dict())
    torch.testing.assert_close(again.windows(x), made.windows(x), rtol=0, atol=0)


def test_each_network_says_its_family() -> None:
    assert [teacher().spec()["family"], student().spec()["family"]] == ["lightst-teacher", "lightst"]


def test_dropout_acts_in_training_alone() -> None:
    for made in (teacher(LightstTeacherSize(4, 2, 0.5)), student(LightstSize((7,), 4, 3, 0.5))):
        x = readings()
        assert (made.windows(x) - made.windows(x)).abs().max() > 0
        made.eval()
        torch.testing.assert_close(made.windows(x), made.windows(x), rtol=0, atol=0)


Masked = tuple[LightstTeacher | Lightst, dict[str, Tensor]]


@st.composite
def masked_networks(draw: st.DrawFn) -> Masked:
    """A random network and masks that leave each group at least one channel."""
    channels = st.integers(1, 5)
    made: LightstTeacher | Lightst
    if draw(st.booleans()):
        made = teacher(LightstTeacherSize(draw(channels), draw(channels)))
    else:
        made = student(LightstSize(tuple(draw(st.lists(channels, max_size=3))), draw(channels), draw(channels)))
    return made, draw_masks(draw, made)


@settings(max_examples=40, deadline=None)
@given(masked_networks())
def test_a_shrunk_network_equals_its_masked_one(case: Masked) -> None:
    check_that_the_small_network_is_the_masked_one(*case, readings(2, length=14))


@pytest.mark.parametrize("build", BOTH)
def test_every_group_matters_and_only_the_last_bias_is_in_none(build: Callable[[], Any]) -> None:
    made, x = build(), readings()
    check_that_every_channel_matters(made, x)
    grouped = {member.parameter for group in made.channel_groups() for member in group.members}
    assert {name for name, _ in made.named_parameters()} - grouped == {"head.bias"}
