"""The replay of searches over trained networks, of which `benchmarks/README.md` quotes figures."""

import itertools
import math

import pytest

from benchmarks.replay import DEFAULT, RANDOM, TABLE, Arm, outcome, quartiles, replay
from benchmarks.replayed import CORNER, EPOCHS, Cell, Network, Table


@pytest.fixture(scope="module")
def table() -> Table:
    """Six networks: the wider the better and dearer, and of each width a flat learner that no search should finish."""
    networks: dict[Cell, Network] = {}
    for width, learner in itertools.product((1, 2, 3), ("good", "flat")):
        last = 3.6 - 0.1 * width + (0.4 if learner == "flat" else 0.0)
        falls = 0.3 if learner == "good" else 0.0  # in each doubling of the epochs
        curve = tuple(last + falls * (3 - math.log2(eighth)) for eighth in range(1, 9))
        networks[width, learner] = Network(1000 * width, last, curve)
    return Table(("width", "learner"), networks)


@pytest.mark.parametrize("arm", [DEFAULT, RANDOM])
def test_a_replay_ends_when_the_best_networks_are_found(table: Table, arm: Arm) -> None:
    """The share of the best hypervolume never falls, and is whole once the three good ones are finished."""
    run = replay(table, arm, seed=0, until=1.0)
    shares = [share for _, share in run.volumes]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
    assert table.front() == {(1, "good"), (2, "good"), (3, "good")}
    assert table.front() <= set(run.proposed) - set(run.stopped)


def test_stopped_trials_cost_the_epochs_that_they_had(table: Table) -> None:
    """Without stopping every trial costs all of its epochs."""
    for seed in range(5):
        plain, stopping = (replay(table, arm, seed, until=2.0) for arm in (RANDOM, Arm("", "random", True)))
        assert plain.epochs >= EPOCHS * len(plain.volumes)
        assert not plain.stopped
        assert {learner for _, learner in stopping.stopped} <= {"flat"}
        assert stopping.epochs < plain.epochs or not stopping.stopped
    assert stopping.stopped


def test_the_table_is_whole_and_has_a_front_of_its_own() -> None:
    """324 trained students; those of the front are better than last value and cheaper than the teacher."""
    table = Table.read(TABLE)
    assert len(table.networks) == 3 * 2 * 3 * 3 * 2 * 3
    assert all(len(network.curve) == 8 for network in table.networks.values())
    # A curve is scored on a part of the validation windows.
    assert all(network.curve[-1] == pytest.approx(network.mae, abs=0.05) for network in table.networks.values())
    front = [table.networks[cell] for cell in table.front()]
    assert len(front) >= 2
    assert all(network.mae < CORNER[0] and network.flops < CORNER[1] for network in front)


def test_an_outcome_counts_what_was_proposed_and_what_of_the_front_was_stopped(table: Table) -> None:
    one = outcome(table, DEFAULT, 0)
    assert one.trials >= 3
    assert one.front[1] == 0
    assert quartiles([one, one]) == [one.reached] * 3
