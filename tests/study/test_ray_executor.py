import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kdsearch.errors import RunError, StudyError
from kdsearch.record import GoOn, TrialRecord
from kdsearch.study.driver import StudyEvent
from kdsearch.study.objectives import Objective
from kdsearch.study.runner import run_search
from kdsearch.study.space import SearchSpace, load_space
from kdsearch.study.store import StudyStore
from kdsearch.study.worker import Bench

MakeRecord = Callable[..., TrialRecord]
MakeBench = Callable[..., Bench]
Search = Callable[..., list[StudyEvent]]

WORKERS = 2


@pytest.fixture(scope="module", autouse=True)
def ray_for_all() -> Iterator[None]:
    """One Ray for the module; it also shows that a search leaves a Ray alone that it did not start."""
    import ray

    # Workers cannot import test modules; what is defined in conftest.py travels whole.
    ray.cloudpickle.register_pickle_by_value(sys.modules["tests.study.conftest"])  # type: ignore[no-untyped-call]
    ray.init(address="local", num_cpus=WORKERS, include_dashboard=False, log_to_driver=False, object_store_memory=2**27)
    yield
    assert ray.is_initialized()
    ray.shutdown()


@pytest.fixture
def search(store: StudyStore, space: SearchSpace, objectives: list[Objective]) -> Search:
    """Runs a search under Ray and gives its events."""

    def run(bench: Bench, trials: int, other_space: SearchSpace | None = None) -> list[StudyEvent]:
        from kdsearch.study.ray_executor import RayExecutor

        events: list[StudyEvent] = []
        with RayExecutor(WORKERS) as executor:
            run_search(
                store,
                other_space or space,
                objectives,
                bench,
                executor,
                trials=trials,
                budget_seconds=None,
                seed=1,
                sampler="tpe",
                progress=events.append,
            )
        return events

    return run


def test_workers_share_the_data_and_bring_back_records_and_weights(
    search: Search, store: StudyStore, record: MakeRecord, capfd: pytest.CaptureFixture[str]
) -> None:
    """Two at a time in processes that live on, read-only arrays, exactly the number asked, nothing printed."""

    class Shared:
        def __init__(self) -> None:
            self.readings = np.ones(1_000_000)

        def run(self, params: dict[str, Any], seed: int, go_on: GoOn) -> tuple[TrialRecord, bytes | None]:
            time.sleep(0.5)
            assert go_on(record(params, seed, 1.0), 0.5)
            kept = record(params, seed, float(self.readings.mean()))
            versions = {"pid": str(os.getpid()), "threads": os.environ["OMP_NUM_THREADS"]}
            versions["writable"] = str(self.readings.flags.writeable)
            return kept.model_copy(update={"versions": versions}), bytes(100_000)

    events = search(Shared(), trials=6)
    assert capfd.readouterr() == ("", "")
    trials = store.trials()
    assert [t.state for t in trials] == ["COMPLETE"] * 6
    versions = [t.record.versions for t in trials if t.record]
    assert len({v["pid"] for v in versions}) == WORKERS
    assert {v["writable"] for v in versions} == {"False"}
    assert {v["threads"] for v in versions} == {"1"}
    assert len(store.weights(5) or b"") == 100_000
    assert max(e.standing.running for e in events) == WORKERS
    assert events[-1].kind == "ending"
    assert search(Shared(), trials=6)[-1].standing.done == 6


def test_a_worker_that_dies_is_replaced_and_its_trial_tried_once_more(
    search: Search, store: StudyStore, bench: MakeBench, tmp_path: Path
) -> None:
    """The first death costs nothing but time; a second one fails the trial with Ray's reason, and the run goes on."""
    deaths = tmp_path / "deaths"

    def die(params: dict[str, Any]) -> float:
        if params["route"] == "prune" or not deaths.exists():
            deaths.touch()
            os._exit(137)
        return 1.0

    search(bench(die), trials=2)
    trials = store.trials()
    assert trials[0].state == "COMPLETE"
    assert trials[1].state == "FAIL"
    assert trials[1].reason is not None
    assert trials[1].reason.startswith("the worker failed, and again at a second attempt: The actor died unexpectedly")


def test_failures_have_their_reasons_and_five_in_a_row_end_the_run(
    search: Search, store: StudyStore, bench: MakeBench
) -> None:
    """What the bench raises is no death of a worker: it is not tried again."""

    def fail(params: dict[str, Any]) -> float:
        raise ValueError("no channel left", len(params))

    with pytest.raises(RunError, match="5 trials failed in a row"):
        search(bench(fail), trials=50)
    trials = store.trials()
    assert len(trials) <= 4 + WORKERS
    assert {(t.state, t.reason) for t in trials} == {("FAIL", "ValueError: ('no channel left', 3)")}


def test_an_error_of_the_driver_comes_out_as_it_was(
    search: Search, bench: MakeBench, space: SearchSpace, tmp_path: Path
) -> None:
    """A space that was changed too much is the user's mistake, not Ray's failure."""
    search(bench(), trials=2)
    path = tmp_path / "changed.toml"
    path.write_text(space.text.replace('["student", "prune"]', '["student", "prune", "both"]'))
    with pytest.raises(StudyError, match="does not fit study"):
        search(bench(), trials=4, other_space=load_space(path))
