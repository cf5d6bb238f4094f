"""Our approximation of SKD: relations between nodes, outputs, and gradients that do not hinder the task."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kdsearch.distill.loss import Features, Outputs
from kdsearch.distill.loss_config import LossConfig
from kdsearch.distill.losses import pair_distances, response
from kdsearch.distill.skd import relations, relations_loss, revised, revised_backward, skd_terms
from kdsearch.distill.teacher_features import SpatialTable

VECTORS = st.lists(st.floats(-2, 2, width=32), min_size=3, max_size=3).map(torch.tensor)


EVEN = torch.ones(2, dtype=torch.float64)


def features(slices: int = 2, nodes: int = 4, channels: int = 3, seed: int = 0) -> torch.Tensor:
    """Draw random features, in double precision."""
    return torch.randn(slices, nodes, channels, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_relations_are_distances_in_units_of_their_mean() -> None:
    """A pair at no distance is not counted in the mean."""
    found = relations(torch.tensor([[1.0, 3.0, 0.0], [0.0, 0.0, 0.0]]))
    torch.testing.assert_close(found, torch.tensor([[0.5, 1.5, 0.0], [0.0, 0.0, 0.0]]))


def test_the_loss_is_the_smooth_l1_error_of_relations() -> None:
    """By hand: nodes at 0, 1, 4 have distances 1, 4, 3, mean 8/3; the teacher's are all alike."""
    student = torch.tensor([[[0.0], [1.0], [4.0]]])
    differences = torch.tensor([3 / 8, 12 / 8, 9 / 8]) - 1
    torch.testing.assert_close(
        relations_loss(student, torch.full((1, 3), 7.0), torch.ones(1)), (differences.square() / 2).mean()
    )


def test_a_slice_counts_as_often_as_windows_look_at_it() -> None:
    """A weight of two is the slice twice."""
    student, teacher_distances = features(), pair_distances(features(seed=1))
    weighted = relations_loss(student, teacher_distances, torch.tensor([2.0, 1.0]))
    twice = relations_loss(student[[0, 0, 1]], teacher_distances[[0, 0, 1]], torch.ones(3))
    torch.testing.assert_close(weighted, twice)


def test_features_that_are_the_teachers_in_another_scale_lose_nothing() -> None:
    """Whatever the number of channels; relations have no unit."""
    teacher = features()
    torch.testing.assert_close(relations_loss(3 * teacher, pair_distances(teacher), EVEN), torch.zeros(()).double())
    doubled = torch.cat([teacher, teacher], dim=2)
    torch.testing.assert_close(relations_loss(doubled, pair_distances(teacher), EVEN), torch.zeros(()).double())


def test_its_gradient_is_right_and_finite_where_nodes_coincide() -> None:
    """A distance of zero has no gradient."""
    teacher_distances = pair_distances(features(seed=1))
    assert torch.autograd.gradcheck(
        lambda x: relations_loss(x, teacher_distances, EVEN), (features().requires_grad_(),)
    )
    same = torch.zeros(2, 4, 3, dtype=torch.float64, requires_grad=True)
    relations_loss(same, teacher_distances, EVEN).backward()  # type: ignore[no-untyped-call]
    assert same.grad is not None
    assert torch.isfinite(same.grad).all()


@given(VECTORS, VECTORS)
def test_a_revised_gradient_never_points_against_the_task(task: torch.Tensor, gradient: torch.Tensor) -> None:
    """One that agrees is left alone; of one that does not, the rest stands at a right angle to the task."""
    found = revised(task, gradient)
    assert found @ task >= -1e-4
    if gradient @ task >= 0:
        assert torch.equal(found, gradient)


def test_the_step_goes_along_the_task_and_the_revised_rest() -> None:
    """The step is written into the memory that the optimiser knows."""
    weights = torch.nn.Parameter(torch.tensor([1.0, 1.0]))
    weights.grad = torch.full((2,), 99.0)
    place = weights.grad.data_ptr()
    x, y = weights
    revised_backward(weights, (2 * x, -3 * x + y, x - y))
    assert weights.grad.data_ptr() == place
    torch.testing.assert_close(
        weights.grad, torch.tensor([2.0, 0.0]) + torch.tensor([0.0, 1.0]) + torch.tensor([1.0, -1.0])
    )


@pytest.mark.parametrize("alpha", [0.0, 0.25, 1.0])
def test_terms_are_task_relations_and_answers_by_their_shares(alpha: float) -> None:
    """The paper's alpha is the share of what is distilled."""
    student, target, teacher = (features(3, 4, 1, seed).squeeze(2).float() for seed in range(3))
    measured = torch.ones(3, 4, dtype=torch.bool)
    shown = features(3, 4, 2).float()[None]
    teacher_distances = pair_distances(features(3, 4, 5, seed=7).float())
    loss_config = LossConfig("skd", alpha=alpha, slice_share=1.0)
    outputs = Outputs(student, target, measured, teacher, 1.0, torch.zeros(3, 4))
    given_features = Features(
        [(shown, SpatialTable(teacher_distances.numpy().astype(np.float32)))], [], torch.tensor([0]), 1
    )
    terms = skd_terms(loss_config, outputs, given_features, torch.Generator())
    expected = (
        (1 - alpha) * response(student, target, target, measured, beta=0.0),
        alpha * relations_loss(shown[0], teacher_distances, torch.ones(3)),
        alpha * response(student, teacher, target, measured, beta=1.0),
    )
    for term, one in zip(terms, expected, strict=True):
        torch.testing.assert_close(term, one)
