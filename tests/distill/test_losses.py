"""Losses against values worked out by hand, against gradcheck, and against their own definitions written as loops."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from kdsearch.distill import losses

STUDENT = torch.tensor([[1.0, 2.0], [3.0, 5.0]], dtype=torch.float64)
TEACHER = torch.tensor([[2.0, 2.0], [1.0, 4.0]], dtype=torch.float64)
TARGET = torch.tensor([[2.0, 4.0], [2.0, 4.0]], dtype=torch.float64)
MEASURED = torch.ones(2, 2, dtype=torch.bool)


@pytest.mark.parametrize(
    ("error", "reduction", "expected"),
    [("squared", "sum", 0.25 * 6 + 0.75 * 7), ("absolute", "sum", 0.25 * 4 + 0.75 * 5), ("squared", "mean", 6.75 / 4)],
)
def test_response_loss_by_hand(error: losses.Error, reduction: losses.Reduction, expected: float) -> None:
    """Squared differences to the teacher are 1, 0, 4, 1 and to the target 1, 4, 1, 1."""
    value = losses.response(STUDENT, TEACHER, TARGET, MEASURED, beta=0.25, error=error, reduction=reduction)
    assert value.item() == pytest.approx(expected)


def test_attention_scales_the_teachers_error_over_the_whole_batch() -> None:
    """Errors 0, 2, 1, 0 scale to 0, 1, 0.5, 0: above 0.4 lie the second and the third."""
    teacher = losses.attention(TEACHER, TARGET, MEASURED, alpha1=0.4)
    assert teacher.tolist() == [[False, True], [True, False]]


def test_bounded_response_by_hand() -> None:
    """Towards the target 1 and 1, towards the teacher 0 and 4."""
    value = losses.bounded_response(STUDENT, TEACHER, TARGET, MEASURED, alpha1=0.4, reduction="sum")
    assert value.item() == pytest.approx(1 + 0 + 4 + 1)


def test_attention_survives_a_teacher_that_errs_everywhere_alike() -> None:
    """Maximum and minimum are equal, so nothing can exceed the threshold, and nothing divides by zero."""
    assert not losses.attention(TARGET + 1, TARGET, MEASURED, alpha1=0.5).any()


def test_the_whole_batch_follows_the_teacher_below_threshold_zero() -> None:
    teacher = losses.attention(TEACHER, TARGET, MEASURED, alpha1=-1.0)
    assert teacher.all()


def test_softmax_divergence_by_hand() -> None:
    """One step, two nodes, teacher probabilities 2/3 and 1/3, student's 1/2 each."""
    teacher = torch.tensor([[math.log(2.0), 0.0]])
    student = torch.zeros(1, 2)
    expected = 2 / 3 * math.log(4 / 3) + 1 / 3 * math.log(2 / 3)
    measured = torch.ones(1, 2, dtype=torch.bool)
    assert losses.kl_divergence(student, teacher, measured).item() == pytest.approx(expected)
    assert losses.kl_divergence(student, teacher, measured, reduction="sum").item() == pytest.approx(expected)


def test_printed_divergence_by_hand() -> None:
    """``2 log(2/1) + 2 log(2/2) + 1 log(1/3) + 4 log(4/5)``; below the floor readings count as the floor."""
    expected = 2 * math.log(2) + math.log(1 / 3) + 4 * math.log(4 / 5)
    assert losses.printed_divergence(STUDENT, TEACHER, MEASURED, reduction="sum").item() == pytest.approx(expected)
    assert losses.printed_divergence(STUDENT - 9, TEACHER - 9, MEASURED).item() == 0


def test_entries_that_were_not_measured_count_nowhere() -> None:
    measured = torch.tensor([[True, True], [True, False]])
    whole = losses.response(STUDENT, TEACHER, TARGET, measured, beta=0.5)
    moved = losses.response(STUDENT, TEACHER, TARGET + ~measured * 1e6, measured, beta=0.5)
    assert whole.item() == pytest.approx((0.5 * (1 + 0 + 4) + 0.5 * (1 + 4 + 1)) / 3)
    assert moved.item() == whole.item()


def loop_spatial(student: Tensor, teacher: Tensor) -> float:
    """Compute Eq 9 and 10 as printed: mean over slices and unordered node pairs."""
    terms = []
    for piece in range(len(student)):
        for i, j in itertools.combinations(range(student.shape[1]), 2):
            s = (student[piece, i] - student[piece, j]).abs().mean()
            t = (teacher[piece, i] - teacher[piece, j]).abs().mean()
            terms.append((s - t) ** 2)
    return float(torch.stack(terms).mean())


def loop_temporal(student: Tensor, teacher: Tensor, span: int) -> float:
    """Compute Eq 7 and 8 as printed, over every sample of `span` steps."""
    terms = []
    for batch, start, node in itertools.product(
        range(len(student)), range(student.shape[1] - span + 1), range(student.shape[2])
    ):
        for i, j in itertools.combinations(range(start, start + span), 2):
            s = (student[batch, i, node] - student[batch, j, node]).abs().mean()
            t = (teacher[batch, i, node] - teacher[batch, j, node]).abs().mean()
            terms.append((s - t) ** 2)
    return float(torch.stack(terms).mean())


def test_spatial_correlation_equals_its_definition() -> None:
    torch.manual_seed(0)
    student, teacher = torch.randn(4, 5, 2, dtype=torch.float64), torch.randn(4, 5, 7, dtype=torch.float64)
    value = losses.spatial_correlation(student, teacher, torch.ones(4, dtype=torch.float64))
    assert value.item() == pytest.approx(loop_spatial(student, teacher), rel=1e-12)


@pytest.mark.parametrize(("time", "span"), [(6, 6), (9, 4), (5, 2)])
def test_temporal_correlation_equals_its_definition(time: int, span: int) -> None:
    """Counting pairs by lag gives the mean over every window of the segment."""
    torch.manual_seed(0)
    student = torch.randn(2, time, 3, 2, dtype=torch.float64)
    teacher = torch.randn(2, time, 3, 5, dtype=torch.float64)
    value = losses.temporal_correlation(student, teacher, span)
    assert value.item() == pytest.approx(loop_temporal(student, teacher, span), rel=1e-12)


def test_a_student_like_its_teacher_has_no_feature_loss() -> None:
    """Channels repeated do not change a mean over channels, so the feature losses vanish at any width."""
    torch.manual_seed(0)
    features = torch.randn(3, 6, 4, 2)
    wide = features.repeat(1, 1, 1, 8)
    assert losses.temporal_correlation(features, wide, 4).item() == pytest.approx(0, abs=1e-12)
    slices, weight = features.flatten(0, 1), torch.ones(18)
    assert losses.spatial_correlation(slices, wide.flatten(0, 1), weight).item() == pytest.approx(0, abs=1e-12)


def test_gradients_pass_gradcheck() -> None:
    torch.manual_seed(0)
    student = torch.randn(2, 5, 3, 2, dtype=torch.float64, requires_grad=True)
    teacher = torch.randn(2, 5, 3, 4, dtype=torch.float64)
    weight = torch.rand(10, dtype=torch.float64)
    measured = torch.rand(2, 5, 3, 2) > 0.2
    teacher, target = torch.randn(2, 2, 5, 3, 2, dtype=torch.float64).unbind(0)

    def spatial(x: Tensor) -> Tensor:
        return losses.spatial_correlation(x.flatten(0, 1), teacher.flatten(0, 1), weight)

    assert torch.autograd.gradcheck(spatial, student)
    assert torch.autograd.gradcheck(lambda x: losses.temporal_correlation(x, teacher, 4), student)
    assert torch.autograd.gradcheck(lambda x: losses.response(x, teacher, target, measured, beta=0.3), student)
    assert torch.autograd.gradcheck(
        lambda x: losses.bounded_response(x, teacher, target, measured, alpha1=0.3), student
    )
    assert torch.autograd.gradcheck(lambda x: losses.kl_divergence(x, teacher, measured, temperature=2.0), student)
    positive = (student.detach().abs() + 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: losses.printed_divergence(x, teacher + 5, measured), positive)
