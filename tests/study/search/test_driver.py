"""Decisions of the driver while trials are running."""

from collections.abc import Callable
from typing import Any

import pytest

from kdsearch.measure.objectives import Objective
from kdsearch.record import CurvePoint, ShouldContinue, TrialRecord
from kdsearch.report.summarise import summarise
from kdsearch.study.executors.local import LocalExecutor
from kdsearch.study.executors.worker import Evaluator
from kdsearch.study.run_search import run_search
from kdsearch.study.search.ask_tell import AskedTrial, open_run
from kdsearch.study.search.driver import Driver
from kdsearch.study.space.space import SearchSpace
from kdsearch.study.storage.meta import StudyMeta
from kdsearch.study.storage.store import StudyStore

MakeRecord = Callable[..., TrialRecord]
Search = Callable[..., None]


@pytest.fixture
def search(space: SearchSpace, objectives: list[Objective]) -> Search:
    """Give a function that runs a search of some trials in this process."""

    def run(store: StudyStore, evaluator: Evaluator, trials: int) -> None:
        run_search(
            store,
            space,
            objectives,
            evaluator,
            LocalExecutor(),
            trials=trials,
            budget_seconds=None,
            seed=1,
            sampler="random",
            on_event=lambda _: None,
        )

    return run


class Learning:
    """Evaluator with trials of equal cost, each worse than the one before; it records how far each was trained."""

    def __init__(self, record: MakeRecord) -> None:
        self.record = record
        self.eighths: list[int] = []

    def evaluate(
        self, params: dict[str, Any], seed: int, should_continue: ShouldContinue
    ) -> tuple[TrialRecord, bytes | None]:
        self.eighths.append(0)
        error = float(len(self.eighths))
        whole: TrialRecord = self.record(params, seed, error)
        cost = self.record(params, seed, 0.0).cost
        curve: list[CurvePoint] = []
        for eighth in range(8):
            stopped = whole.model_copy(update={"state": "PRUNED", "metrics": {}, "cost": cost, "curve": list(curve)})
            if not should_continue(stopped, eighth / 8):
                return stopped, None
            self.eighths[-1] = eighth + 1
            curve.append(CurvePoint(epoch=eighth + 1, phase="train", cpu_seconds=0, train_loss=1, val_mae=error))
        return whole.model_copy(update={"cost": cost, "curve": curve}), b"weights"


def test_a_trial_beyond_a_limit_on_cost_is_stopped_before_it_is_trained(
    url: str, meta: StudyMeta, search: Search, record: MakeRecord
) -> None:
    """Its row is PRUNED, infeasible, says why, and counts as done."""
    limited = StudyStore.create(url, meta.model_copy(update={"constraints": ["params<=50"]}))
    evaluator = Learning(record)  # whose networks have 100 parameters
    search(limited, evaluator, 3)
    assert evaluator.eighths == [0, 0, 0]
    trials = limited.trials()
    assert [(trial.state, trial.feasible) for trial in trials] == [("PRUNED", False)] * 3
    assert trials[0].reason == "stopped before training: it is beyond the limit on params by 100 %"
    limited.close()


def test_a_trial_that_is_heading_for_worse_than_a_finished_one_is_stopped_and_keeps_its_curve(
    store: StudyStore, search: Search, record: MakeRecord
) -> None:
    """It is PRUNED with a reason, keeps no weights, is never on the front, and stops nobody itself."""
    evaluator = Learning(record)
    search(store, evaluator, 4)
    trials = store.trials()
    assert [trial.state for trial in trials] == ["COMPLETE", "PRUNED", "PRUNED", "PRUNED"]
    assert evaluator.eighths == [8, 2, 2, 2]
    assert trials[1].record is not None
    assert [point.val_mae for point in trials[1].record.curve] == [2.0, 2.0]
    assert str(trials[1].reason).startswith("stopped after 25 % of its epochs: it was heading for MAE 2,")
    assert store.weights(1) is None
    assert summarise(store).front == [0]
    assert [(end.number, end.error) for end in store.final_points()] == [(0, 1.0)]


def test_without_stopping_every_trial_comes_to_its_end(
    store: StudyStore, space: SearchSpace, objectives: list[Objective], record: MakeRecord
) -> None:
    """As `--no-stopping` has it."""
    evaluator = Learning(record)
    run_search(
        store,
        space,
        objectives,
        evaluator,
        LocalExecutor(),
        trials=3,
        budget_seconds=None,
        seed=1,
        sampler="random",
        on_event=lambda _: None,
        stopping="none",
    )
    assert evaluator.eighths == [8, 8, 8]


def test_two_drivers_of_one_study_stop_each_others_trials(
    store: StudyStore, url: str, space: SearchSpace, objectives: list[Objective], record: MakeRecord
) -> None:
    """A trial that one driver finishes counts for the running trials of the other."""
    other = StudyStore.create(url, store.meta)
    drivers = []
    for one in (store, other):
        open_run(one, space, "random", 1)
        drivers.append(
            Driver(one, space, objectives, trials=9, budget_seconds=None, stopping="dominated", on_event=lambda _: None)
        )
    good, bad = (driver.next() for driver in drivers)
    assert good is not None
    assert bad is not None

    def known(asked: AskedTrial, error: float, points: int) -> TrialRecord:
        curve = [
            CurvePoint(epoch=epoch, phase="train", cpu_seconds=0, train_loss=1, val_mae=error)
            for epoch in range(1, points + 1)
        ]
        whole: TrialRecord = record(asked.params, asked.seed, error)
        return whole.model_copy(update={"cost": record(asked.params, asked.seed, 0.0).cost, "curve": curve})

    assert drivers[1].should_continue(bad.number, known(bad, 2.0, 3), 3 / 8), "nothing is finished yet"
    drivers[0].finish(good.number, known(good, 1.0, 8), b"weights")
    assert not drivers[1].should_continue(bad.number, known(bad, 2.0, 4), 4 / 8)
    assert [trial.state for trial in store.trials()[:2]] == ["COMPLETE", "PRUNED"]
    assert len(drivers[1].open) == 0
    other.close()


@pytest.mark.parametrize(
    ("moments", "stopped"),
    [
        # phase, share, seconds since the trial began; a search of 100 s, whose trials may end 10 s after it
        ([("train", 0.125, 20.0)], False),  # the first validation tells no pace: set-up is in it
        ([("train", 0.125, 20.0), ("train", 0.25, 30.0)], False),  # would end at 90 s
        ([("train", 0.125, 20.0), ("train", 0.25, 34.0)], True),  # would end at 118 s
        ([("train", 0.5, 70.0), ("fine-tune", 0.125, 72.0), ("fine-tune", 0.25, 74.0)], False),  # at 86 s
        ([("train", 0.5, 70.0), ("fine-tune", 0.125, 72.0), ("fine-tune", 0.25, 80.0)], True),  # at 128 s
    ],
)
def test_a_trial_that_would_end_long_after_the_budget_is_stopped(
    store: StudyStore,
    space: SearchSpace,
    objectives: list[Objective],
    record: MakeRecord,
    monkeypatch: pytest.MonkeyPatch,
    moments: list[tuple[str, float, float]],
    stopped: bool,
) -> None:
    """At the pace of the phase under way: after a pruning shares begin anew."""
    now = [0.0]
    monkeypatch.setattr("kdsearch.study.search.driver.time.monotonic", lambda: now[0])
    driver = Driver(store, space, objectives, trials=9, budget_seconds=100.0, stopping="none", on_event=lambda _: None)
    open_run(store, space, "random", seed=1)
    asked = driver.next()
    assert asked is not None
    went_on = True
    for phase, share, moment in moments:
        now[0] = moment
        curve = [CurvePoint(epoch=1, phase=phase, cpu_seconds=0, train_loss=1, val_mae=1.0)]
        made: TrialRecord = record(asked.params, 7, 1.0).model_copy(update={"curve": curve, "metrics": {}})
        went_on = driver.should_continue(asked.number, made, share)
    assert went_on != stopped
