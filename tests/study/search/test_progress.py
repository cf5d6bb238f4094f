from collections.abc import Callable

import pytest

from kdsearch.costs import Cost
from kdsearch.measure.objectives import Objective
from kdsearch.record import Baseline, TrialRecord
from kdsearch.study.search.ask_tell import ask, tell
from kdsearch.study.search.progress import ProgressTracker
from kdsearch.study.space.space import SearchSpace
from kdsearch.study.storage.store import StudyStore

MakeRecord = Callable[..., TrialRecord]


def of_size(record: TrialRecord, parameters: int) -> TrialRecord:
    """Copy a record, with a network of another size."""
    cost = Cost(parameters=parameters, stored_numbers=parameters, flops=1, product_flops=1)
    return record.model_copy(update={"cost": cost})


def test_the_smallest_network_counts_only_within_three_per_cent_of_the_teacher(
    store: StudyStore, record: MakeRecord
) -> None:
    store.save_baseline(Baseline(name="teacher", role="teacher", metrics={"val": {"mae": {"all": 10.0}}}))
    tracker = ProgressTracker(store, [], trials=10, budget_seconds=None)
    params = {"route": "student"}
    for mae, parameters in ((10.2, 500), (10.29, 300), (10.31, 100), (9.9, 900)):
        tracker.add(of_size(record(params, 0, mae), parameters), seconds=4.0)
    tracker.add(of_size(record(params, 0, 1.0), 1).model_copy(update={"state": "PRUNED"}), seconds=2.0)
    progress = tracker.progress(running=2)
    assert (progress.done, progress.stopped, progress.failed) == (4, 1, 0)
    assert (progress.best_mae, progress.smallest_weights) == (9.9, 300)
    assert progress.seconds_left == pytest.approx(5 * 3.6 / 2)


def test_trials_of_earlier_runs_count(
    store: StudyStore, space: SearchSpace, objectives: list[Objective], record: MakeRecord
) -> None:
    asked = ask(store, space)
    tell(store, asked, record(asked.params, 7, 4.0), None, objectives)
    progress = ProgressTracker(store, store.trials(), trials=None, budget_seconds=None).progress(running=0)
    assert (progress.done, progress.best_mae, progress.smallest_weights) == (1, 4.0, None)
    assert progress.seconds_left is None
