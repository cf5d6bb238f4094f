"""Networks that were trained beside a search, as trials of it."""

from collections.abc import Callable

import pytest

from kdsearch.measure.objectives import Objective
from kdsearch.record import TrialRecord
from kdsearch.study.search.adopt import adopt
from kdsearch.study.search.ask_tell import ask, open_run, tell
from kdsearch.study.space.space import SearchSpace
from kdsearch.study.storage.store import StudyStore

MakeRecord = Callable[..., TrialRecord]


def named(record: MakeRecord, name: str, **params: object) -> TrialRecord:
    """Make the record of a network that was trained beside the search."""
    return record({"route": "student", **params}, 7, 2.0).model_copy(update={"baseline": name})


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_an_adopted_network_is_a_finished_trial_once(
    store: StudyStore, space: SearchSpace, objectives: list[Objective], record: MakeRecord
) -> None:
    """Its width lies outside the space's range, which goes to 8; its network and record are the trial's."""
    wide = named(record, "wide", width=30, epochs=3)
    assert [adopt(store, space, wide, b"network", objectives) for _ in range(2)] == [0, None]
    assert adopt(store, space, named(record, "narrow", width=1, epochs=3), b"other", objectives) == 1
    trials = store.trials()
    assert [trial.state for trial in trials] == ["COMPLETE", "COMPLETE"]
    assert [trial.record.baseline for trial in trials if trial.record is not None] == ["wide", "narrow"]
    assert store.weights(0) == b"network"
    rows = store.optuna_study.get_trials()
    assert [row.params for row in rows] == [{"route": "student", "width": width} for width in (30, 1)]


def test_samplers_go_on_from_adopted_networks(
    store: StudyStore, space: SearchSpace, objectives: list[Objective], record: MakeRecord
) -> None:
    adopt(store, space, named(record, "wide", width=30, epochs=3), b"network", objectives)
    open_run(store, space, "tpe", seed=1)
    for number in range(1, 5):
        asked = ask(store, space)
        assert asked.number == number
        assert asked.params.get("width", 1) <= 8
        tell(store, asked, record(asked.params, 7, 1.0), None, objectives)


def test_nothing_is_adopted_once_trials_are_there(
    store: StudyStore, space: SearchSpace, objectives: list[Objective], record: MakeRecord
) -> None:
    open_run(store, space, "tpe", seed=1)
    asked = ask(store, space)
    tell(store, asked, record(asked.params, 7, 1.0), None, objectives)
    assert adopt(store, space, named(record, "wide", width=30), b"network", objectives) is None
