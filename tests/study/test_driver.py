"""What the driver decides while trials are under way."""

from collections.abc import Callable
from typing import Any

import pytest

from kdsearch.record import CurvePoint, GoOn, TrialRecord
from kdsearch.report.summary import summarise
from kdsearch.study.executors import LocalExecutor
from kdsearch.study.objectives import Objective
from kdsearch.study.runner import run_search
from kdsearch.study.space import SearchSpace
from kdsearch.study.store import StudyMeta, StudyStore
from kdsearch.study.worker import Bench

MakeRecord = Callable[..., TrialRecord]
Search = Callable[..., None]


@pytest.fixture
def search(space: SearchSpace, objectives: list[Objective]) -> Search:
    """Runs a search of some trials in this process."""

    def run(store: StudyStore, bench: Bench, trials: int) -> None:
        run_search(
            store,
            space,
            objectives,
            bench,
            LocalExecutor(),
            trials=trials,
            budget_seconds=None,
            seed=1,
            sampler="random",
            progress=lambda _: None,
        )

    return run


class Learning:
    """Every trial costs the same and learns worse than the one before it; remembers how far each was trained."""

    def __init__(self, record: MakeRecord) -> None:
        self.record = record
        self.eighths: list[int] = []

    def run(self, params: dict[str, Any], seed: int, go_on: GoOn) -> tuple[TrialRecord, bytes | None]:
        self.eighths.append(0)
        error = float(len(self.eighths))
        whole: TrialRecord = self.record(params, seed, error)
        cost = self.record(params, seed, 0.0).cost
        curve: list[CurvePoint] = []
        for eighth in range(8):
            stopped = whole.model_copy(update={"state": "PRUNED", "metrics": {}, "cost": cost, "curve": list(curve)})
            if not go_on(stopped, eighth / 8):
                return stopped, None
            self.eighths[-1] = eighth + 1
            curve.append(CurvePoint(epoch=eighth + 1, phase="train", cpu_seconds=0, train_loss=1, val_mae=error))
        return whole.model_copy(update={"cost": cost, "curve": curve}), b"weights"


def test_a_trial_beyond_a_limit_on_cost_is_stopped_before_it_is_trained(
    url: str, meta: StudyMeta, search: Search, record: MakeRecord
) -> None:
    """Its row is PRUNED, infeasible, says why, and counts as done."""
    limited = StudyStore.create(url, meta.model_copy(update={"constraints": ["params<=50"]}))
    bench = Learning(record)  # whose networks have 100 parameters
    search(limited, bench, 3)
    assert bench.eighths == [0, 0, 0]
    trials = limited.trials()
    assert [(trial.state, trial.feasible) for trial in trials] == [("PRUNED", False)] * 3
    assert trials[0].reason == "stopped before training: it is beyond the limit on params by 100 %"
    limited.close()


def test_a_trial_that_learns_worse_than_its_peers_is_stopped_and_keeps_its_curve(
    store: StudyStore, search: Search, record: MakeRecord
) -> None:
    """It is PRUNED with a reason, is never on the front, and leaves its rungs for later trials."""
    bench = Learning(record)
    search(store, bench, 8)
    trials = store.trials()
    assert {trial.state for trial in trials[:2]} == {"COMPLETE"}, "the first ones have too few peers"
    assert trials[-1].state == "PRUNED"
    assert trials[-1].record is not None
    assert len(trials[-1].record.curve) == bench.eighths[-1] > 0
    assert str(trials[-1].reason).startswith(f"stopped after {bench.eighths[-1]}/8 of its epochs")
    assert store.weights(7) is None
    assert not set(summarise(store).front) & {trial.number for trial in trials if trial.state == "PRUNED"}
    assert {rung.number for rung in store.rungs(bench.eighths[-1])} >= {0, 1, 7}


def test_a_second_driver_sees_the_rungs_of_the_first(
    store: StudyStore, url: str, search: Search, record: MakeRecord
) -> None:
    """What an earlier run or another machine learned counts from the first trial on."""
    search(store, Learning(record), 4)
    other = StudyStore.open(url, "city")
    late = Learning(record)
    late.eighths = [8] * 100  # so that it learns worse than all before
    search(other, late, 5)
    assert other.trials()[-1].state == "PRUNED"
    other.close()
