import math
import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy
from optuna.trial import TrialState

from kdsearch.errors import StudyError
from kdsearch.measure.objectives import Objective
from kdsearch.record import TrialRecord
from kdsearch.study.constraints import Constraint
from kdsearch.study.search.ask_tell import AskedTrial, ask, beat, open_run, reap, tell
from kdsearch.study.search.samplers import SAMPLERS
from kdsearch.study.space.files import load_space
from kdsearch.study.space.space import SearchSpace
from kdsearch.study.storage.meta import StudyMeta
from kdsearch.study.storage.store import StudyStore

on_both_databases = pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
MakeRecord = Callable[..., TrialRecord]


@on_both_databases
def test_points_come_first_with_the_study_seed_and_only_once(
    store: StudyStore, space: SearchSpace, objectives: list[Objective], record: MakeRecord
) -> None:
    """Preparing again queues nothing that was queued or tried before."""
    for _ in range(2):
        open_run(store, space, "tpe", seed=1)
    first = ask(store, space)
    assert (first.params, first.seed) == ({"route": "student", "width": 2, "epochs": 3}, 7)
    tell(store, first, record(first.params, 7, 1.0), None, objectives)
    open_run(store, space, "tpe", seed=1)
    assert ask(store, space).params == {"route": "prune", "keep": 0.03, "epochs": 3}
    assert [t.state for t in store.trials()] == ["COMPLETE", "RUNNING"]
    assert store.optuna_study.trials[0].user_attrs["cite"] == "first"


def test_a_complete_trial_is_kept_whole(
    store: StudyStore, space: SearchSpace, objectives: list[Objective], record: MakeRecord
) -> None:
    """Values and attributes in Optuna's tables, record and weights in ours."""
    asked = ask(store, space)
    told = tell(store, asked, record(asked.params, 7, 4.0), b"w", objectives)
    (trial,) = store.trials()
    assert trial.record == told
    assert store.weights(0) == b"w"
    row = store.optuna_study.trials[0]
    assert row.values == [4.0, 2.0]
    assert row.user_attrs["route"] == asked.params["route"]
    assert row.user_attrs["cost"]["latency_ms"]["p50"] == 2.0


@pytest.mark.parametrize("bad", [math.nan, math.inf, None])
@on_both_databases
def test_an_objective_that_is_no_number_fails_the_trial(
    store: StudyStore, space: SearchSpace, objectives: list[Objective], record: MakeRecord, bad: float | None
) -> None:
    """Diverged, infinite or missing: FAIL with a reason, in both tables."""
    asked = ask(store, space)
    full = record(asked.params, 7, 1.0 if bad is None else bad)
    told = tell(store, asked, full.model_copy(update={"metrics": {}}) if bad is None else full, None, objectives)
    (trial,) = store.trials()
    assert told.state == trial.state == "FAIL"
    assert trial.reason is not None
    assert trial.reason.startswith(f"mae is {math.nan if bad is None else bad}")


def test_a_stopped_trial_is_pruned_and_keeps_its_reason(
    store: StudyStore, space: SearchSpace, objectives: list[Objective], record: MakeRecord
) -> None:
    """No value reaches the front, but the record is there."""
    asked = ask(store, space)
    stopped = record(asked.params, 7, 1.0).model_copy(update={"state": "PRUNED", "reason": "worse at epoch 10"})
    tell(store, asked, stopped, None, objectives)
    (trial,) = store.trials()
    assert (trial.state, trial.reason, trial.record) == ("PRUNED", "worse at epoch 10", stopped)


@on_both_databases
def test_rows_of_a_dead_process_are_queued_again_once(
    store: StudyStore, url: str, space: SearchSpace, tmp_path: Path
) -> None:
    """Its points come back under new numbers; a configuration that is abandoned twice is not queued again."""
    code = (
        "import os, sys; from kdsearch.study.storage.store import StudyStore;"
        "from kdsearch.study.space.files import load_space;"
        "from kdsearch.study.search.ask_tell import ask, open_run;"
        "store = StudyStore.create(sys.argv[1], StudyStore.open(sys.argv[1], 'city').meta);"
        "space = load_space(sys.argv[2]);"
        "open_run(store, space, 'tpe', 1); ask(store, space); ask(store, space); os.kill(os.getpid(), 9)"
    )
    for taken_over in ([0, 1], [2, 3]):
        subprocess.run([sys.executable, "-W", "error", "-c", code, url, tmp_path / "small.toml"], check=False)
        assert store.optuna_study.get_trials(states=(TrialState.RUNNING,))
        assert open_run(store, space, "tpe", 1) == taken_over
    trials = store.trials()
    assert [(t.state, t.reason) for t in trials] == [("FAIL", "interrupted")] * 4
    assert [t.params for t in trials[2:]] == [t.params for t in trials[:2]]


@on_both_databases
def test_rows_of_living_processes_are_left_alone(store: StudyStore, space: SearchSpace) -> None:
    """Two drivers can share a study: another living process, or another machine that still sends heartbeats."""
    for owner in (f"{socket.gethostname()}:{os.getppid()}:t", "elsewhere:1:t"):
        ask(store, space).trial.set_user_attr("owner", owner)
    ask(store, space)
    assert open_run(store, space, "tpe", 1) == []


@on_both_databases
def test_rows_whose_heart_stopped_are_taken_over(store: StudyStore, space: SearchSpace) -> None:
    """For other machines only heartbeats count; a row with a new heartbeat is left alone."""
    silent, beating = ask(store, space), ask(store, space)
    for asked in (silent, beating):
        asked.trial.set_user_attr("owner", "elsewhere:1:t")
        silence(store, asked)
    beat(store, [beating])
    assert open_run(store, space, "tpe", 1) == [silent.number]


@on_both_databases
def test_rows_without_owner_are_of_a_process_that_was_killed_while_it_opened_them(
    store: StudyStore, space: SearchSpace
) -> None:
    """Without an owner and before the first heartbeat, nothing else would ever show that the row is abandoned."""
    open_run(store, space, "tpe", 1)
    store.storage.create_new_trial(store.optuna_study._study_id)
    assert store.optuna_study._pop_waiting_trial_id() is not None
    assert reap(store) == [0, 2]
    assert [(t.state, t.params) for t in store.trials()] == [
        ("FAIL", {}),
        ("WAITING", {}),
        ("FAIL", {}),
        ("WAITING", {}),
    ]
    assert ask(store, space).params == {"route": "prune", "keep": 0.03, "epochs": 3}
    assert ask(store, space).params == {"route": "student", "width": 2, "epochs": 3}


@on_both_databases
def test_rows_are_taken_over_while_a_search_runs_and_by_one_driver_only(
    store: StudyStore, url: str, space: SearchSpace
) -> None:
    """Another machine dies while our search runs; several drivers notice it at the same moment."""
    mine, theirs = ask(store, space), ask(store, space)
    for asked, owner in ((mine, "here"), (theirs, "elsewhere")):
        asked.trial.set_user_attr("owner", f"{owner}:1:t")
    assert reap(store) == []
    silence(store, theirs)
    others = [StudyStore.create(url, store.meta) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(reap, others)) == [[], [], [theirs.number]]
        for other in others:
            pool.submit(other.storage.remove_session).result()
    for other in others:
        other.close()
    again = ask(store, space)
    assert again.params == theirs.params
    assert again.trial.user_attrs["retry_of"] == theirs.number
    assert [t.state for t in store.trials()] == ["RUNNING", "FAIL", "RUNNING"]
    silence(store, again)
    again.trial.set_user_attr("owner", "elsewhere:1:t")
    assert reap(store) == [again.number]
    assert [t.state for t in store.trials()] == ["RUNNING", "FAIL", "FAIL"]


@on_both_databases
def test_a_driver_killed_while_it_took_a_row_over_queues_it_no_second_time(
    store: StudyStore, space: SearchSpace
) -> None:
    """The copy is made first, then the row is failed; whoever comes next does the rest."""
    theirs = ask(store, space)
    theirs.trial.set_user_attr("owner", "elsewhere:1:t")
    silence(store, theirs)
    store.optuna_study.enqueue_trial(theirs.trial.params, user_attrs={"retry_of": theirs.number})
    assert reap(store) == [theirs.number]
    assert [t.state for t in store.trials()] == ["FAIL", "WAITING"]


def silence(store: StudyStore, asked: AskedTrial) -> None:
    """Set a trial's last heartbeat to the day before yesterday."""
    then = {"then": datetime.now() - timedelta(days=2), "row": asked.trial._trial_id}
    with store.storage.engine.begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE trial_heartbeats SET heartbeat = :then WHERE trial_id = :row"), then)


@on_both_databases
def test_a_record_that_comes_after_the_row_was_taken_over_changes_no_state(
    store: StudyStore, space: SearchSpace, objectives: list[Objective], record: MakeRecord
) -> None:
    """A laptop that slept through its heartbeats wakes up with a result."""
    asked = ask(store, space)
    store.optuna_study.tell(asked.number, state=TrialState.FAIL)
    tell(store, asked, record(asked.params, 7, 1.0), None, objectives)
    assert store.trials()[0].state == "FAIL"


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_samplers_follow_conditions_and_do_not_repeat_after_a_resume(
    url: str, meta: StudyMeta, space: SearchSpace, objectives: list[Objective], record: MakeRecord, sampler: str
) -> None:
    """The same seed in a second run gives other configurations; failed and stopped rows disturb no sampler."""
    for _ in range(2):
        store = StudyStore.create(url, meta)
        open_run(store, space, sampler, seed=1)
        for _ in range(7):
            asked = ask(store, space)
            state = {3: "FAIL", 4: "PRUNED"}.get(asked.number, "COMPLETE")
            told = record(asked.params, 7, 1.0 + asked.params.get("width", 0))
            tell(store, asked, told.model_copy(update={"state": state}), None, objectives)
        store.close()
    store = StudyStore.open(url, "city")
    configurations = [t.params for t in store.trials()]
    kept = [c["keep"] for c in configurations if "keep" in c]
    assert len(configurations) == 14
    assert len(kept) == len(set(kept))
    store.close()


def test_an_unknown_sampler_names_those_that_are_there(store: StudyStore, space: SearchSpace) -> None:
    """A misspelt name is answered with the right ones."""
    with pytest.raises(StudyError, match=r"did you mean 'tpe'\? There are tpe, nsga2, random, gp"):
        open_run(store, space, "tep", seed=1)


def test_a_space_that_was_changed_too_much_is_refused(store: StudyStore, space: SearchSpace, tmp_path: Path) -> None:
    """Optuna cannot mix choices of two kinds in one study; the row that was opened for it is closed."""
    ask(store, space)
    path = tmp_path / "changed.toml"
    path.write_text(space.text.replace('["student", "prune"]', '["student", "prune", "both"]'))
    with pytest.raises(StudyError, match="does not fit study 'city' any more"):
        ask(store, load_space(path))
    assert [t.state for t in store.trials()] == ["RUNNING", "FAIL"]


LIMITS = [Constraint("mae", 5.0), Constraint("latency", 2.5), Constraint("params", 200)]


def test_limits_are_told_to_optuna_and_to_its_dashboard(
    store: StudyStore, space: SearchSpace, objectives: list[Objective], record: MakeRecord
) -> None:
    """A complete trial has to keep all limits, a stopped one those on costs, a failed one none."""
    for state in ("COMPLETE", "PRUNED", "FAIL"):
        asked = ask(store, space)
        told = record(asked.params, 7, 3.0).model_copy(update={"state": state})  # 2.5 ms, 100 parameters
        tell(store, asked, told, None, objectives, [Constraint("mae", 2.0), *LIMITS[1:]])
    complete, stopped, failed = store.optuna_study.trials
    named = {name: value for name, value in complete.constraints.items() if not name.isdigit()}
    assert named == {"mae": 0.5, "latency": 0.0, "params": -0.5}
    assert complete.system_attrs["constraints"] == [0.5]
    assert stopped.system_attrs["constraints"] == [0.0]
    assert "mae" not in stopped.constraints
    assert failed.constraints == {}
    assert [trial.feasible for trial in store.trials()] == [False, True, True]
    assert store.optuna_study.best_trials == []


def test_a_limit_that_cannot_be_checked_fails_the_trial(
    store: StudyStore, space: SearchSpace, objectives: list[Objective], record: MakeRecord
) -> None:
    """A complete trial is feasible or not; where its record cannot decide, the trial fails."""
    asked = ask(store, space)
    told = tell(store, asked, record(asked.params, 7, 3.0), None, objectives, [Constraint("rmse", 5.0)])
    assert (told.state, told.reason) == ("FAIL", "rmse is nan: it diverged or was not measured")
    assert store.optuna_study.trials[0].constraints == {}


@pytest.mark.parametrize(("sampler", "trials"), [("tpe", 26), ("gp", 20), ("nsga2", 60), ("random", 26)])
def test_samplers_work_with_limits_conditions_and_rows_of_every_state(
    store: StudyStore,
    space: SearchSpace,
    objectives: list[Objective],
    record: MakeRecord,
    sampler: str,
    trials: int,
) -> None:
    """NSGA-II selects by limits from its second generation on, which begins after 50 trials."""
    open_run(store, space, sampler, seed=1)
    for number in range(trials):
        asked = ask(store, space)
        state = "FAIL" if number % 7 == 3 else "PRUNED" if number % 5 == 4 else "COMPLETE"
        told = record(asked.params, 7, 1.0 + asked.params.get("width", 10 * asked.params.get("keep", 0)))
        tell(store, asked, told.model_copy(update={"state": state}), None, objectives, LIMITS[:2])
    rows = store.trials()
    assert Counter(row.state for row in rows)["COMPLETE"] > trials / 2
    broken = [row for row in rows if row.state == "COMPLETE" and not row.feasible]
    assert broken
    assert len(broken) < len(rows)
    for row in store.optuna_study.best_trials:
        assert row.values[0] <= 5.0
        assert row.values[1] <= 2.5
