"""The compiled feature losses are the plain ones: the same numbers, the same gradients."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from kdsearch.distill import fused, losses
from kdsearch.distill.losses import Error

sizes = st.integers(1, 9)
errors = st.sampled_from(["squared", "absolute"])


def assert_same(plain: Tensor, compiled: Tensor, student: Tensor) -> None:
    """Also where the loss is only a part of what is trained: the incoming gradient is not one."""
    expected, got = (torch.autograd.grad(3 * loss, student)[0] for loss in (plain, compiled))
    assert compiled.item() == pytest.approx(plain.item(), rel=2e-6, abs=1e-7)
    assert (got - expected).abs().max() <= 2e-6 * expected.abs().max() + 1e-7


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(2, 40), sizes, sizes, errors, st.integers(0, 2**31))
def test_spatial(slices: int, nodes: int, channels: int, teacher_channels: int, error: Error, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    student = torch.randn(slices, nodes, channels, generator=generator).requires_grad_()
    teacher = torch.randn(slices, nodes, teacher_channels, generator=generator)
    weight = torch.rand(slices, generator=generator) + 0.1
    given_to = student, teacher, weight
    assert_same(
        losses.spatial_correlation(*given_to, error=error), fused.spatial_correlation(*given_to, error=error), student
    )


@settings(deadline=None)
@given(st.integers(2, 7), st.integers(0, 5), st.integers(1, 40), sizes, sizes, errors, st.integers(0, 2**31))
def test_temporal(
    span: int, further: int, nodes: int, channels: int, teacher_channels: int, error: Error, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    student = torch.randn(2, span + further, nodes, channels, generator=generator).requires_grad_()
    teacher = torch.randn(2, span + further, nodes, teacher_channels, generator=generator)
    given_to = student, teacher, span
    assert_same(
        losses.temporal_correlation(*given_to, error=error), fused.temporal_correlation(*given_to, error=error), student
    )


@pytest.mark.parametrize("error", ["squared", "absolute"])
def test_equal_nodes_pull_nowhere(error: Error) -> None:
    """The slope of an absolute value is taken as zero at zero, as in the plain form."""
    student = torch.zeros(2, 5, 3, requires_grad=True)
    teacher = torch.randn(2, 5, 3)
    (gradient,) = torch.autograd.grad(fused.spatial_correlation(student, teacher, torch.ones(2), error=error), student)
    assert not gradient.any()
    student = torch.zeros(1, 4, 5, 3, requires_grad=True)
    (gradient,) = torch.autograd.grad(
        fused.temporal_correlation(student, torch.randn(1, 4, 5, 3), 4, error=error), student
    )
    assert not gradient.any()


def test_features_of_any_layout_are_taken() -> None:
    """Networks hold channels before nodes and give a view of them."""
    torch.manual_seed(0)
    student, teacher = torch.randn(2, 2, 6, 7).permute(0, 2, 3, 1), torch.randn(2, 4, 6, 7).permute(0, 2, 3, 1)
    student.requires_grad_()
    assert_same(
        losses.temporal_correlation(student, teacher, 4), fused.temporal_correlation(student, teacher, 4), student
    )


def test_other_precisions_take_the_plain_form() -> None:
    torch.manual_seed(0)
    student, teacher = torch.randn(3, 5, 2, dtype=torch.float64), torch.randn(3, 5, 4, dtype=torch.float64)
    weight = torch.ones(3, dtype=torch.float64)
    plain = losses.spatial_correlation(student, teacher, weight)
    assert torch.equal(fused.spatial_correlation(student, teacher, weight), plain)
