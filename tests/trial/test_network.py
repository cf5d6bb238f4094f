"""New networks: built as configured, or refused with one sentence that says why."""

import pytest
import torch

from kdsearch.data.protocols import SplitSeries
from kdsearch.errors import SpaceError
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.network import new_network, shape_of, trained_network


def test_weights_follow_from_the_seed_alone(series: SplitSeries) -> None:
    config = TrialConfig.of({"family": "stid", "width": 4})
    torch.manual_seed(0)
    first = new_network(series, config, seed=3)
    torch.manual_seed(1)
    again, other = (new_network(series, config, seed) for seed in (3, 4))
    for one, same, different in zip(first.parameters(), again.parameters(), other.parameters(), strict=True):
        assert torch.equal(one, same)
        assert one.numel() == 1 or not torch.equal(one, different)


def test_a_listener_hears_every_epoch_and_changes_no_bit(series: SplitSeries) -> None:
    config, heard = TrialConfig.of({"family": "stid", "width": 4, "epochs": 3, "loss": "none"}), list[int]()
    there = torch.device("cpu")
    alone, _, curve = trained_network(series, config, 0, there)
    beside, _, same = trained_network(series, config, 0, there, on_epoch=lambda points: heard.append(len(points)))
    assert heard == [1, 2, 3]
    assert [point.val_errors for point in curve] == [point.val_errors for point in same]
    assert all(torch.equal(*pair) for pair in zip(alone.parameters(), beside.parameters(), strict=True))


def test_a_place_has_the_nodes_and_slots_of_the_series(series: SplitSeries, grid_series: SplitSeries) -> None:
    assert (shape_of(series).nodes, shape_of(series).slots, shape_of(series).grid) == (5, 96, None)
    assert (shape_of(grid_series).nodes, shape_of(grid_series).grid) == (12, (2, 2, 3))


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"family": "stid", "decoding": "iterated"}, "family stid forecasts all steps at once"),
        ({"family": "stgcn", "depth": 3}, "no other depth than its own; leave depth = 3 out"),
        ({"family": "d2stgnn", "width": 6}, "multiple of that: 6"),
        ({"family": "st-resnet", "width": 4}, "st-resnet needs a grid"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_a_family_cannot_be_is_one_sentence(series: SplitSeries, params: dict[str, object], sentence: str) -> None:
    with pytest.raises(SpaceError, match=sentence):
        new_network(series, TrialConfig.of(params), seed=0)
