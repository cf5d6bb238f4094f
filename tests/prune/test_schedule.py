"""Schedules reach the asked share of all parameters, and the lowest scores go."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kdsearch.models import Stgcn, StgcnSize
from kdsearch.prune.criteria import Scores
from kdsearch.prune.schedule import event_shares, masks_for_share, network_for_share, sizes_for_share
from kdsearch.prune.shrink import shrink, shrunk_weight_count

NODES = 20
ADJACENCY = np.roll(np.eye(NODES), 1, axis=1) + np.roll(np.eye(NODES), -1, axis=1)


def network(width: int = 16, outputs: int = 9) -> Stgcn:
    """A network to prune."""
    torch.manual_seed(0)
    return Stgcn(ADJACENCY, StgcnSize.of_width(width), outputs=outputs)


def count(pruned: torch.nn.Module) -> int:
    """All parameters."""
    return sum(parameter.numel() for parameter in pruned.parameters())


def test_shares_fall_by_equal_factors_to_the_asked_one() -> None:
    shares = event_shares(0.03, 4)
    assert shares[-1] == pytest.approx(0.03)
    ratios = np.array(shares) / np.array([1.0, *shares[:-1]])
    np.testing.assert_allclose(ratios, ratios[0])


@settings(max_examples=30, deadline=None)
@given(st.floats(0.02, 1.0), st.integers(1, 4))
def test_a_pruned_network_keeps_at_most_the_asked_share_and_not_much_less(keep: float, events: int) -> None:
    """Three percent kept means three percent of all parameters, layer norms and biases among them."""
    pruned = whole = network()
    for share in event_shares(keep, events):
        scores = {group.name: torch.rand(group.size) for group in pruned.channel_groups()}
        pruned = shrink(pruned, masks_for_share(pruned, scores, share * count(whole)))  # type: ignore[assignment]
    assert count(pruned) <= keep * count(whole)
    smallest = shrunk_weight_count(whole, {group.name: 1 for group in whole.channel_groups()})
    assert count(pruned) >= min(0.6 * keep * count(whole), smallest)
    assert network_for_share(whole, keep, events).spec() == pruned.spec(), "the size is known before the scores are"


def test_below_the_smallest_network_one_channel_of_each_group_stays() -> None:
    assert set(sizes_for_share(network(), 1.0).values()) == {1}


def test_three_percent_of_the_papers_teacher_is_the_papers_student() -> None:
    """At 228 nodes the student has 3.04 % of the teacher, so at most 3.04 % leaves the student's channels."""
    teacher = Stgcn(np.ones((228, 228)) - np.eye(228), StgcnSize.of_width(32))
    sizes = sizes_for_share(teacher, 0.03041 * 333_604)
    hidden, output = (sizes["block0.hidden"], sizes["block1.hidden"]), (sizes["block0.output"], sizes["block1.output"])
    assert (hidden, output, sizes["head"]) == ((2, 2), (2, 6), 8)


def test_the_lowest_scores_go_and_the_reading_stays() -> None:
    pruned = network(4)
    scores = {group.name: torch.arange(group.size, dtype=torch.float32) for group in pruned.channel_groups()}
    masks = masks_for_share(pruned, scores, 0.5 * count(pruned))
    assert masks["block0.hidden"][0]
    for group in pruned.channel_groups():
        kept = masks[group.name].nonzero()[:, 0].tolist()
        expected = list(range(group.size - len(kept), group.size))
        assert kept == (expected if group.name != "block0.hidden" else [0, *expected[1:]])


def scored(criterion: str) -> tuple[Stgcn, dict[str, torch.Tensor]]:
    """Scores after two minibatches."""
    observed = network(3)
    scores = Scores(criterion, observed.channel_groups(), seed=0)
    for batch in range(2):
        observed.zero_grad()
        torch.manual_seed(batch)
        observed(torch.randn(2, 12, NODES, 1)).square().sum().backward()
        scores.observe(observed)
    return observed, scores.result(observed)


def test_taylor_scores_sum_squared_gradient_times_weight_over_a_filter() -> None:
    """Eq 13 and 14 by hand for a channel of the head: a row of the 1x1 layer, its bias and a column of the last."""
    observed, scores = scored("taylor")
    expected = torch.zeros(12)
    for batch in range(2):
        observed.zero_grad()
        torch.manual_seed(batch)
        observed(torch.randn(2, 12, NODES, 1)).square().sum().backward()
        for parameter, dim in (
            (observed.head.temporal2.weight, 0),
            (observed.head.temporal2.bias, 0),
            (observed.head.weight, 1),
        ):
            assert parameter.grad is not None
            product = (parameter.grad * parameter.detach()).square()
            expected += product.movedim(dim, 0).reshape(12, -1).sum(dim=1)
    torch.testing.assert_close(scores["head"], expected)


def test_magnitude_scores_ignore_gradients() -> None:
    observed, scores = scored("magnitude")
    head = observed.head
    expected = head.temporal2.weight.square().sum(dim=(1, 2, 3)) + head.temporal2.bias.square()
    expected += head.weight.square().sum(dim=(0, 2, 3))
    torch.testing.assert_close(scores["head"], expected.detach())


def test_random_scores_follow_their_seed() -> None:
    (_, first), (_, second) = scored("random"), scored("random")
    assert all((first[name] == second[name]).all() for name in first)
