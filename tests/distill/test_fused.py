"""The compiled feature losses are the plain ones: the same numbers, the same gradients."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from kdsearch.distill import fused, losses
from kdsearch.distill.losses import Error, Reduction

sizes = st.integers(1, 9)
errors = st.sampled_from(["squared", "absolute"])
precisions = st.sampled_from([torch.float32, torch.float16])


def assert_same(plain: Tensor, compiled: Tensor, student: Tensor) -> None:
    """Compare losses and gradients, with an incoming gradient other than 1, as where other losses are added.

    Distances are about one, and their last digit is 1.2e-7: by two of these a difference of two distances may be off.
    """
    expected, got = (torch.autograd.grad(3 * loss, student)[0] for loss in (plain, compiled))
    assert compiled.item() == pytest.approx(plain.item(), rel=2e-6, abs=2.4e-7)
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


@settings(deadline=None)
@given(st.integers(1, 9), st.integers(2, 40), sizes, precisions, errors, st.integers(0, 2**31))
def test_spatial_from_distances(
    slices: int, nodes: int, channels: int, precision: torch.dtype, error: Error, seed: int
) -> None:
    """Also where a few slices at a time make several turns."""
    generator = torch.Generator().manual_seed(seed)
    student = torch.randn(slices, nodes, channels, generator=generator).requires_grad_()
    table = torch.rand(slices, nodes * (nodes - 1) // 2, generator=generator).to(precision)
    given_to = student, table, torch.rand(slices, generator=generator) + 0.1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fused, "NUMBERS_AT_ONCE", 3 * table.shape[1] + 3)
        compiled = fused.spatial_from_distances(*given_to, error=error)
    assert_same(losses.spatial_from_distances(*given_to, error=error), compiled, student)


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(1, 5), st.integers(1, 40), sizes, precisions, errors, st.integers(0, 2**31))
def test_temporal_from_distances(
    lags: int, samples: int, nodes: int, channels: int, precision: torch.dtype, error: Error, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    student = torch.randn(2, lags + samples, nodes, channels, generator=generator).requires_grad_()
    table = torch.rand(2, lags + samples, lags, nodes, generator=generator).to(precision)
    assert_same(
        losses.temporal_from_distances(student, table, error=error),
        fused.temporal_from_distances(student, table, error=error),
        student,
    )


@settings(deadline=None)
@given(st.integers(1, 5), st.integers(2, 30), sizes, st.integers(1, 4), st.integers(0, 2**31))
def test_distances(time: int, nodes: int, channels: int, lags: int, seed: int) -> None:
    features = torch.randn(2, lags + time, nodes, channels, generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(fused.pair_distances(features[0]), losses.pair_distances(features[0]))
    torch.testing.assert_close(fused.lagged_distances(features, lags), losses.lagged_distances(features, lags))


@pytest.mark.parametrize("error", ["squared", "absolute"])
def test_equal_nodes_pull_nowhere(error: Error) -> None:
    """The gradient of an absolute value is taken as zero at zero, as in the plain form."""
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
    table = losses.pair_distances(teacher).half()
    plain = losses.spatial_from_distances(student, table, weight)
    assert plain.dtype == torch.float64
    assert torch.equal(fused.spatial_from_distances(student, table, weight), plain)


batches = st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 9), st.integers(1, 30))
reductions = st.sampled_from(["mean", "sum"])


def outputs_of_a_batch(shape: tuple[int, ...], seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Draw student, teacher, target and mask; in memory, the student's has forecasts before steps, as in a network."""
    generator = torch.Generator().manual_seed(seed)
    student = torch.randn(shape, generator=generator).transpose(1, 2).contiguous().transpose(1, 2)
    teacher, target = torch.randn(shape, generator=generator), torch.randn(shape, generator=generator)
    return student.requires_grad_(), teacher, target, torch.rand(shape, generator=generator) > 0.2


@settings(deadline=None)
@given(batches, st.floats(0, 1), errors, reductions, st.integers(0, 2**31))
def test_response(shape: tuple[int, ...], beta: float, error: Error, reduction: Reduction, seed: int) -> None:
    batch = outputs_of_a_batch(shape, seed)
    plain = losses.response(*batch, beta=beta, error=error, reduction=reduction)
    assert_same(plain, fused.response(*batch, beta=beta, error=error, reduction=reduction), batch[0])


@settings(deadline=None)
@given(batches, st.floats(0, 1), errors, reductions, st.integers(0, 2**31))
def test_bounded_response(shape: tuple[int, ...], alpha1: float, error: Error, reduction: Reduction, seed: int) -> None:
    batch = outputs_of_a_batch(shape, seed)
    plain = losses.bounded_response(*batch, alpha1=alpha1, error=error, reduction=reduction)
    assert_same(plain, fused.bounded_response(*batch, alpha1=alpha1, error=error, reduction=reduction), batch[0])


def test_where_nothing_was_measured_the_response_is_zero() -> None:
    student, teacher, target, measured = outputs_of_a_batch((1, 2, 3, 4), 0)
    nothing = torch.zeros_like(measured)
    for loss in (
        fused.response(student, teacher, target, nothing, beta=0.5),
        fused.bounded_response(student, teacher, target, nothing, alpha1=0.5),
    ):
        assert loss.item() == 0
        assert not torch.autograd.grad(loss, student)[0].any()


def test_a_response_that_is_not_finite_stays_so() -> None:
    student, teacher, target, measured = outputs_of_a_batch((1, 2, 3, 4), 0)
    broken = torch.full_like(student, torch.nan).requires_grad_()
    assert fused.response(broken, teacher, target, torch.ones_like(measured), beta=0.5).isnan()


def test_where_memory_lies_does_not_change_a_digit() -> None:
    """A seed gives the same training bit for bit: sums are made in one order, wherever arrays begin."""
    batch = [x.detach() for x in outputs_of_a_batch((5, 10, 9, 17), 0)]
    slices = torch.randn(7, 13, 3), torch.randn(7, 13, 8), torch.ones(7)
    kept, responses, correlations = [], set(), set()
    for length in range(60):
        kept += [torch.empty(1000 + 17 * length), *(copies := [x.clone() for x in batch])]
        responses.add(fused.response(*copies, beta=0.3, error="absolute").item())
        kept += (copies := [x.clone() for x in slices])
        correlations.add(fused.spatial_correlation(*copies).item())
    assert len(responses) == len(correlations) == 1
