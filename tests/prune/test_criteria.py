"""A criterion is one row: a name without one prunes nothing, and one that is half there is refused at once."""

import inspect
from typing import Any

import numpy as np
import pytest
import torch

from kdsearch.errors import SpaceError
from kdsearch.models import Stgcn, StgcnSize
from kdsearch.prune import criteria
from kdsearch.prune.criteria import CRITERIA, Criterion, Scores
from kdsearch.trial.config import TrialConfig

NODES = 6
WHOLE: dict[str, Any] = {"name": "l1", "sentence": "sum of absolute weights", "score": lambda _scores, _network: None}


@pytest.fixture
def network() -> Stgcn:
    torch.manual_seed(0)
    return Stgcn(np.roll(np.eye(NODES), 1, axis=1), StgcnSize.of_width(3), outputs=3)


@pytest.mark.parametrize(
    ("half", "words"),
    [
        ({"sentence": ""}, "the criterion 'l1' needs a sentence"),
        ({"score": None}, r"the criterion 'l1' needs a function of \(scores, network\)"),
        ({"score": lambda _network: None}, r"the criterion 'l1' needs a function of \(scores, network\)"),
    ],
)
def test_a_criterion_that_is_half_there_is_refused_when_its_row_is_made(half: dict[str, Any], words: str) -> None:
    with pytest.raises(SpaceError, match=words):
        Criterion(**WHOLE | half)


def test_nothing_is_scored_by_a_criterion_without_a_row(network: Stgcn) -> None:
    """A name alone once gave every channel a zero."""
    with pytest.raises(SpaceError, match="there is no criterion 'l1'; choose one of taylor, magnitude, random"):
        Scores("l1", network.channel_groups(), seed=0)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_every_criterion_tells_channels_apart(criterion: str, network: Stgcn) -> None:
    scores = Scores(criterion, network.channel_groups(), seed=0)
    network(torch.randn(2, 12, NODES, 1)).square().sum().backward()
    scores.observe(network)
    found = scores.result(network)
    assert {name: len(one) for name, one in found.items()} == {one.name: one.size for one in network.channel_groups()}
    assert all(len(set(one.tolist())) > 1 for one in found.values())


@pytest.mark.usefixtures("own_rows")
def test_a_criterion_of_the_users_is_one_function_and_one_row(network: Stgcn) -> None:
    def l1(scores: Scores, scored: torch.nn.Module) -> None:
        assert isinstance(scored, Stgcn)
        scores.add(scored, lambda weight, _gradient: weight.abs())

    CRITERIA.add(Criterion("l1", "sum of absolute weights", l1))
    assert TrialConfig.of({"criterion": "l1"}).criterion == "l1"
    scores = Scores("l1", network.channel_groups(), seed=0)
    scores.observe(network)
    head = network.head
    expected = head.temporal2.weight.abs().sum(dim=(1, 2, 3)) + head.temporal2.bias.abs()
    expected += head.weight.abs().sum(dim=(0, 2, 3))
    torch.testing.assert_close(scores.result(network)["head"], expected.detach())


def test_every_function_that_scores_has_a_row() -> None:
    """One that was written and has no row would never be chosen."""
    here = criteria.__name__
    written = [one for _, one in inspect.getmembers(criteria, inspect.isfunction) if one.__module__ == here]
    functions = {one for one in written if next(iter(inspect.signature(one).parameters), "") == "scores"}
    assert functions == {row.score for row in CRITERIA.values()}
