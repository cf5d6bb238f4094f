import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kdsearch.errors import RunError, StudyError
from kdsearch.measure.objectives import Objective
from kdsearch.study.executors.local import LocalExecutor
from kdsearch.study.executors.worker import Evaluator
from kdsearch.study.run_search import run_search
from kdsearch.study.search.driver import StudyEvent
from kdsearch.study.space.space import SearchSpace
from kdsearch.study.storage.store import StudyStore

on_both_databases = pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
Search = Callable[..., list[StudyEvent]]
MakeEvaluator = Callable[..., Evaluator]


@pytest.fixture
def search(store: StudyStore, space: SearchSpace, objectives: list[Objective]) -> Search:
    """Give a function that runs a search in this process and returns its events."""

    def run(evaluator: Evaluator, trials: int | None = None, budget_seconds: float | None = None) -> list[StudyEvent]:
        events: list[StudyEvent] = []
        run_search(
            store,
            space,
            objectives,
            evaluator,
            LocalExecutor(),
            trials=trials,
            budget_seconds=budget_seconds,
            seed=1,
            sampler="random",
            on_event=events.append,
        )
        return events

    return run


def states(store: StudyStore) -> list[str]:
    """List the states of all rows, by number."""
    return [trial.state for trial in store.trials()]


@on_both_databases
def test_a_search_ends_at_its_number_of_trials_and_again_does_nothing(
    search: Search, store: StudyStore, evaluator: MakeEvaluator
) -> None:
    """The number is that of the whole study, so the same command goes on where it was."""
    events = search(evaluator(), trials=4)
    assert [e.kind for e in events] == ["started", "finished"] * 4 + ["ending"]
    assert (events[-1].message, events[-1].progress.done) == ("4 of 4 trials are done", 4)
    assert [e.kind for e in search(evaluator(), trials=4)] == ["resumed", "ending"]
    assert [e.kind for e in search(evaluator(), trials=5)] == ["resumed", "started", "finished", "ending"]
    assert states(store) == ["COMPLETE"] * 5
    assert [store.weights(number) for number in range(5)] == [b"weights"] * 5


@on_both_databases
def test_a_bench_that_raises_fails_its_trial_alone(search: Search, store: StudyStore, evaluator: MakeEvaluator) -> None:
    """The reason is the exception; failures do not count as done."""

    def refuse_the_second_point(params: dict[str, Any]) -> float:
        if params.get("keep") == 0.03:
            raise ValueError("no channel left")
        return 1.0

    search(evaluator(refuse_the_second_point), trials=3)
    assert states(store) == ["COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]
    assert store.trials()[1].reason == "ValueError: no channel left"


def test_five_failures_in_a_row_end_the_run(search: Search, store: StudyStore, evaluator: MakeEvaluator) -> None:
    """A broken set-up does not fail for ever."""

    def fail(params: dict[str, Any]) -> float:
        raise MemoryError("in step", len(params))

    with pytest.raises(RunError, match="5 trials failed in a row, the last one with: MemoryError"):
        search(evaluator(fail), trials=50)
    assert states(store) == ["FAIL"] * 5


@pytest.mark.alone
def test_no_trial_starts_that_would_outlast_the_budget(
    search: Search, store: StudyStore, evaluator: MakeEvaluator
) -> None:
    """The median length of finished trials is the forecast; a later call with less than that starts none."""

    def slow(_: dict[str, Any]) -> float:
        time.sleep(0.4)
        return 1.0

    begun = time.monotonic()
    events = search(evaluator(slow), budget_seconds=1.5)
    assert time.monotonic() - begun < 1.9
    assert events[-1].message == "the budget leaves no time for another trial"
    done = len(states(store))
    assert 2 <= done <= 3
    search(evaluator(slow), budget_seconds=0.2)
    assert len(states(store)) == done


def test_a_search_without_an_end_is_refused(search: Search, evaluator: MakeEvaluator) -> None:
    """Neither trials nor time would run for ever."""
    with pytest.raises(StudyError, match="give --trials, --budget or both"):
        search(evaluator())


SCRIPT = """
import signal, sys, time
from conftest import make_evaluator
from kdsearch.study.executors.local import LocalExecutor
from kdsearch.measure.objectives import OBJECTIVES
from kdsearch.study.run_search import run_search
from kdsearch.study.space.files import load_space
from kdsearch.study.storage.store import StudyStore

started = sys.argv[3]
signal.signal(signal.SIGINT, signal.default_int_handler)  # which the background of a shell ignores

def act(params):
    with open(started, "a") as file:
        file.write("x")
    time.sleep(60)

store = StudyStore.create(sys.argv[1], StudyStore.open(sys.argv[1], "city").meta)
objectives = [OBJECTIVES["mae"], OBJECTIVES["latency"]]
run_search(store, load_space(sys.argv[2]), objectives, make_evaluator(act), LocalExecutor(),
    trials=3, budget_seconds=None, seed=1, sampler="tpe", on_event=lambda event: None)
"""


def test_ctrl_c_puts_the_study_in_order_and_the_next_run_takes_the_trial_up(
    search: Search, store: StudyStore, url: str, evaluator: MakeEvaluator, tmp_path: Path
) -> None:
    """The whole process group gets the signal, as at a terminal; the interrupted trial is tried again."""
    started = tmp_path / "started"
    arguments = [url, str(tmp_path / "small.toml"), str(started)]
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *arguments],
        start_new_session=True,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    )
    for _ in range(600):
        if started.exists() and started.read_text():
            break
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT, errors.decode()
    assert "KeyboardInterrupt" in errors.decode()
    assert [(t.state, t.reason) for t in store.trials()][:1] == [("FAIL", "interrupted")]

    search(evaluator(), trials=3)
    done = [t.params for t in store.trials() if t.state == "COMPLETE"]
    assert len(done) == 3
    assert {"route": "student", "width": 2, "epochs": 3} in done
    assert {"route": "prune", "keep": 0.03, "epochs": 3} in done


def test_a_space_of_points_only_ends_with_them_whatever_became_of_them(
    store: StudyStore, space: SearchSpace, objectives: list[Objective], evaluator: MakeEvaluator
) -> None:
    """No sampler adds to them, not even where one failed and the number of trials is not reached."""

    def act(params: dict[str, Any]) -> float:
        if params["route"] == "prune":
            raise ValueError("no mask")
        return 1.0

    closed = space.model_copy(update={"points_only": True})
    events: list[StudyEvent] = []
    for _ in range(2):
        run_search(
            store,
            closed,
            objectives,
            evaluator(act),
            LocalExecutor(),
            trials=9,
            budget_seconds=None,
            seed=1,
            sampler="random",
            on_event=events.append,
        )
    assert states(store) == ["COMPLETE", "FAIL"]
    assert events[-1].message == "every setting of the space has its trial"
