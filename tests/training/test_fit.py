"""The training loop: batches, rates, and the optimiser of TensorFlow 1."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kdsearch.data.profile import fit_scaler
from kdsearch.data.protocols import SplitSeries
from kdsearch.data.windows import WindowedSeries
from kdsearch.distill.loss_config import LossConfig
from kdsearch.models import Stgcn, StgcnSize
from kdsearch.training.fit import fit
from kdsearch.training.optimisers import TensorFlowRmsProp, in_one_vector
from kdsearch.training.plan import Plan, fitting_segment, steps_per_epoch


def trained(series: SplitSeries, plan: Plan, most_steps: int | None = None) -> tuple[Stgcn, int]:
    """Train a student, and count the minibatches that it sees."""
    torch.manual_seed(0)
    network = Stgcn(series.source.adjacency, StgcnSize.of_width(2), outputs=9)
    data = WindowedSeries(series, fit_scaler(series, None), torch.device("cpu"))
    seen = 0

    def count(_: object) -> None:
        nonlocal seen
        seen += 1

    starts = series.splits["train"].starts
    fit(network, data, starts, plan, LossConfig(), seed=0, on_gradients=count, most_steps=most_steps)
    return network, seen


def test_random_windows_use_every_window_once_in_an_epoch(series: SplitSeries) -> None:
    plan = Plan(epochs=2, learning_rate=1e-3, batch=50, segment=1)
    starts = series.splits["train"].starts
    assert steps_per_epoch(plan, starts) == -(-len(starts) // 50)
    assert trained(series, plan)[1] == 2 * steps_per_epoch(plan, starts)


def test_most_steps_ends_training(series: SplitSeries) -> None:
    assert trained(series, Plan(epochs=5, learning_rate=1e-3), most_steps=7)[1] == 7


def test_segments_longer_than_a_day_shrink_to_it(series: SplitSeries) -> None:
    """Windows inside one day leave runs of 76 at 15 minutes; a longer segment would find no window at all."""
    assert trained(series, Plan(epochs=1, learning_rate=1e-3, segment=500))[1] > 0


@pytest.mark.parametrize(("batch", "segment", "used"), [(50, 10, 10), (25, 10, 5), (20, 3, 3), (4, 10, 1)])
def test_a_batch_has_at_least_five_segments(batch: int, segment: int, used: int) -> None:
    plan = Plan(epochs=1, learning_rate=1e-3, batch=batch, segment=segment)
    assert fitting_segment(plan, np.arange(268)) == used


def test_cosine_warms_up_and_falls_to_zero() -> None:
    plan = Plan(epochs=10, learning_rate=2.0)
    rates = [plan.rate(step, 1000, 0) for step in range(1000)]
    assert rates[0] == pytest.approx(0.02)
    assert max(rates) == rates[99] == pytest.approx(2.0, rel=1e-3)
    assert rates[-1] < 1e-4
    assert all(np.diff(rates[100:]) <= 0)


@pytest.mark.parametrize("batch", [25, 50, 100])
def test_the_rate_reaches_zero_at_the_last_minibatch(series: SplitSeries, batch: int) -> None:
    """Segments give fewer windows than an epoch holds; the schedule counts what really comes."""
    starts = series.splits["train"].starts
    plan = Plan(epochs=3, learning_rate=1.0, batch=batch, segment=10)
    plan = replace(plan, segment=fitting_segment(plan, starts))
    total = 3 * steps_per_epoch(plan, starts)
    assert trained(series, replace(plan, learning_rate=1e-4))[1] == total
    assert plan.rate(total - 1, total, 2) < 0.01


def test_segments_leave_at_most_a_tenth_of_the_windows_out() -> None:
    """Runs of 14 windows are cut in sevens or less, runs of 268 in tens, single windows one by one."""
    runs = np.concatenate([100 * run + np.arange(14) for run in range(5)])
    plan = Plan(epochs=1, learning_rate=1.0, batch=50, segment=10)
    assert fitting_segment(plan, runs) == 7
    assert fitting_segment(plan, np.arange(268)) == 10
    assert fitting_segment(plan, np.arange(0, 50, 2)) == 1


def test_staircase_is_the_papers() -> None:
    plan = Plan(epochs=50, learning_rate=1e-3, schedule="staircase")
    assert [plan.rate(0, 1, epoch) for epoch in (0, 4, 5, 10)] == pytest.approx([1e-3, 1e-3, 7e-4, 4.9e-4])


def test_rmsprop_starts_with_a_mean_square_of_one() -> None:
    """By hand: gradient 2 gives mean square 0.9 + 0.4 = 1.3, then 1.17 + 0.4 = 1.57."""
    parameter = torch.nn.Parameter(torch.tensor([1.0]))
    optimiser = TensorFlowRmsProp(parameter, 0.1)
    expected = 1.0
    for square in (1.3, 1.57):
        parameter.grad = torch.tensor([2.0])
        optimiser.step()
        expected -= 0.1 * 2 / square**0.5
        assert parameter.item() == pytest.approx(expected, rel=1e-6)


def test_one_vector_holds_all_parameters_and_their_gradients(series: SplitSeries) -> None:
    """What an optimiser does to the vector is done to the network, and gradients arrive in the vector's."""
    torch.manual_seed(0)
    network = Stgcn(series.source.adjacency, StgcnSize.of_width(2), outputs=9)
    x = torch.randn(2, 12, 5, 1)
    before = network(x).detach()
    expected = torch.autograd.grad(network(x).sum(), list(network.parameters()))
    weights = in_one_vector(network)
    assert weights.numel() == sum(parameter.numel() for parameter in network.parameters())
    torch.testing.assert_close(network(x), before, rtol=0, atol=0)
    network(x).sum().backward()
    assert weights.grad is not None
    torch.testing.assert_close(weights.grad, torch.cat([gradient.flatten() for gradient in expected]))
    with torch.no_grad():
        weights.zero_()
    assert not any(parameter.any() for parameter in network.parameters())


def test_averaged_weights_are_the_mean_of_the_last_ones(series: SplitSeries) -> None:
    """Training itself is the same; of no steps, or of the last one alone, the weights are those of plain training."""
    plan, data = (
        Plan(epochs=2, learning_rate=1e-2),
        WindowedSeries(series, fit_scaler(series, None), torch.device("cpu")),
    )
    starts = series.splits["train"].starts

    def weights_of(averaged: float) -> tuple[torch.Tensor, list[torch.Tensor]]:
        torch.manual_seed(0)
        network, seen = Stgcn(series.source.adjacency, StgcnSize.of_width(2), outputs=9), list[torch.Tensor]()

        def keep(under_way: torch.nn.Module) -> None:
            seen.append(torch.nn.utils.parameters_to_vector(under_way.parameters()).detach().clone())

        own = replace(plan, averaged=averaged)
        fit(network, data, starts, own, LossConfig(), seed=0, on_gradients=keep)
        return torch.nn.utils.parameters_to_vector(network.parameters()).detach(), seen

    last, before = weights_of(0.0)
    assert torch.equal(weights_of(1e-9)[0], last)
    after_steps = torch.stack([*before[1:], last]).double()
    for share in (1.0, 0.5):
        mean, same = weights_of(share)
        assert torch.equal(torch.stack(same), torch.stack(before))
        wanted = after_steps[len(after_steps) - int(np.ceil(share * len(after_steps) - 1e-9)) :].mean(dim=0)
        torch.testing.assert_close(mean, wanted.float(), rtol=1e-6, atol=1e-7)
