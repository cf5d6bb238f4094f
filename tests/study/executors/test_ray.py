import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kdsearch.errors import RunError, StudyError
from kdsearch.measure.objectives import Objective
from kdsearch.record import CurvePoint, ShouldContinue, TrialRecord
from kdsearch.study.executors.ray import RayExecutor
from kdsearch.study.executors.worker import Evaluator
from kdsearch.study.run_search import run_search
from kdsearch.study.search.driver import StudyEvent
from kdsearch.study.space.files import load_space
from kdsearch.study.space.space import SearchSpace
from kdsearch.study.storage.store import StudyStore

MakeRecord = Callable[..., TrialRecord]
MakeEvaluator = Callable[..., Evaluator]
Search = Callable[..., list[StudyEvent]]

WORKERS = 2
HOG_BYTES = 2**33
"""Memory of a trial that Ray ends half-way to it, long before the machine runs out."""


@pytest.fixture(scope="module", autouse=True)
def ray_for_all() -> Iterator[None]:
    """Start one Ray for the module, with a nominal GPU; check at the end that no search has stopped it."""
    import ray

    # Workers cannot import test modules; their definitions are pickled by value.
    for module in ("tests.study.conftest", __name__):
        ray.cloudpickle.register_pickle_by_value(sys.modules[module])  # type: ignore[no-untyped-call]
    share = 1 - (memory("MemAvailable") - HOG_BYTES // 2) / memory("MemTotal")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RAY_memory_usage_threshold", str(min(0.95, share)))
        ray.init(
            address="local",
            num_cpus=WORKERS,
            num_gpus=1,
            include_dashboard=False,
            log_to_driver=False,
            object_store_memory=2**27,
        )
    yield
    assert ray.is_initialized()
    ray.shutdown()


def memory(name: str) -> int:
    """Read an entry of the machine's memory in bytes: "MemTotal" or "MemAvailable"."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(name))


@pytest.fixture
def search(store: StudyStore, space: SearchSpace, objectives: list[Objective]) -> Search:
    """Give a function that runs a search under Ray and returns its events."""

    def run(
        evaluator: Evaluator, trials: int, other_space: SearchSpace | None = None, executor: RayExecutor | None = None
    ) -> list[StudyEvent]:
        events: list[StudyEvent] = []
        with nullcontext(executor) if executor else RayExecutor(WORKERS) as opened:
            run_search(
                store,
                other_space or space,
                objectives,
                evaluator,
                opened,
                trials=trials,
                budget_seconds=None,
                seed=1,
                sampler="tpe",
                on_event=events.append,
            )
        return events

    return run


def meet(folder: Path) -> None:
    """Wait until every worker has called this, each in its own process."""
    folder.mkdir(exist_ok=True)
    (folder / str(os.getpid())).touch()
    ends = time.monotonic() + 60
    while len(list(folder.iterdir())) < WORKERS:
        assert time.monotonic() < ends, "the other workers never came"
        time.sleep(0.05)


class Shared:
    """Evaluator with readings; its trials wait for one another."""

    def __init__(self, folder: Path, make_record: MakeRecord) -> None:
        self.readings = np.ones(1_000_000)
        self.folder, self.make_record = folder, make_record
        self.times_pickled = 0

    def __getstate__(self) -> dict[str, Any]:
        self.times_pickled += 1
        return vars(self)

    def evaluate(
        self, params: dict[str, Any], seed: int, should_continue: ShouldContinue
    ) -> tuple[TrialRecord, bytes | None]:
        meet(self.folder)
        assert should_continue(self.make_record(params, seed, 1.0), 0.5)
        kept = self.make_record(params, seed, float(self.readings.mean()))
        versions = {"pid": str(os.getpid()), "threads": os.environ["OMP_NUM_THREADS"]}
        versions["writeable"] = str(self.readings.flags.writeable)
        return kept.model_copy(update={"versions": versions}), bytes(100_000)


def is_writeable(evaluator: Shared, folder: Path) -> tuple[bool, int]:
    """Tell, as a job of `map`, whether this worker can write to the readings, and its process id."""
    meet(folder)
    return evaluator.readings.flags.writeable, os.getpid()


def test_workers_share_the_data_and_bring_back_records_and_weights(
    search: Search, store: StudyStore, record: MakeRecord, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Two at a time in processes that live on, sharing a GPU; data put once for search and confirmation, read-only."""
    evaluator = Shared(tmp_path / "search", record)
    with RayExecutor(WORKERS, on_gpu=True) as executor:
        events = search(evaluator, trials=6, executor=executor)
        found = list(executor.map(is_writeable, evaluator, [tmp_path / "map"] * 3))
        assert executor.resources == {"cpu": 1, "gpu": 0.5}
    assert evaluator.times_pickled == 1
    assert [death for _, _, death in found] == [""] * 3
    assert {result[0] for _, result, _ in found if result} == {False}
    assert capfd.readouterr() == ("", "")
    trials = store.trials()
    assert [t.state for t in trials] == ["COMPLETE"] * 6
    versions = [t.record.versions for t in trials if t.record]
    assert len({v["pid"] for v in versions}) == WORKERS
    assert {v["writeable"] for v in versions} == {"False"}
    assert {v["threads"] for v in versions} == {"1"}
    assert len(store.weights(5) or b"") == 100_000
    assert max(e.progress.running for e in events) == WORKERS
    assert events[-1].kind == "ending"
    assert search(evaluator, trials=6)[-1].progress.done == 6


def test_a_worker_that_dies_is_replaced_and_its_trial_tried_once_more(
    search: Search, store: StudyStore, evaluator: MakeEvaluator, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The first death costs nothing but time; a second one fails the trial with Ray's reason, and the run goes on."""
    deaths = tmp_path / "deaths"

    def die(params: dict[str, Any]) -> float:
        if params["route"] == "prune" or not deaths.exists():
            deaths.touch()
            os._exit(137)
        return 1.0

    with RayExecutor(WORKERS) as executor:
        search(evaluator(die), trials=2, executor=executor)
        time.sleep(1)  # Ray tells of deaths a little later
    assert capfd.readouterr() == ("", "")
    trials = store.trials()
    assert trials[0].state == "COMPLETE"
    assert trials[1].state == "FAIL"
    assert trials[1].reason is not None
    assert trials[1].reason.startswith("the worker failed, and again at a second attempt: The actor died unexpectedly")


ENDS = """
name = "ends"
dataset = "demo"
protocol = "stgcn"
[parameters.route]
value = "student"
[parameters.loss]
choices = ["complete", "raise", "nan", "inf", "memory"]
"""
ENDS += "".join(f'[[points]]\ncite = ""\nloss = "{end}"\n' for end in ["raise", "nan", "inf", "memory", "complete"])


def test_whatever_a_trial_gives_its_row_has_a_state_and_a_reason(
    search: Search, store: StudyStore, evaluator: MakeEvaluator, tmp_path: Path
) -> None:
    """An exception, no number, no end of a number, no memory: the search goes on after each of them."""

    def act(params: dict[str, Any]) -> float:
        if params["loss"] == "raise":
            raise ValueError("no channel left")
        if params["loss"] == "memory":
            in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            limits = resource.getrlimit(resource.RLIMIT_AS)
            resource.setrlimit(resource.RLIMIT_AS, (in_use + 2**28, limits[1]))
            try:
                return float(np.ones(2**30).sum())
            finally:
                resource.setrlimit(resource.RLIMIT_AS, limits)
        return {"nan": math.nan, "inf": math.inf}.get(params["loss"], 1.0)

    (tmp_path / "ends.toml").write_text(ENDS)
    search(evaluator(act), trials=1, other_space=load_space(tmp_path / "ends.toml"))
    assert len(store.trials()) == 5
    ends = {trial.params["loss"]: (trial.state, trial.reason) for trial in store.trials()}
    assert ends["complete"] == ("COMPLETE", None)
    assert ends["raise"] == ("FAIL", "ValueError: no channel left")
    assert ends["nan"] == ("FAIL", "mae is nan: it diverged or was not measured")
    assert ends["inf"] == ("FAIL", "mae is inf: it diverged or was not measured")
    assert ends["memory"][0] == "FAIL"
    assert str(ends["memory"][1]).startswith("MemoryError: Unable to allocate 8.00 GiB")


@pytest.mark.long
def test_a_worker_that_takes_too_much_memory_is_one_failed_row(
    search: Search, store: StudyStore, evaluator: MakeEvaluator
) -> None:
    """Ray ends it before the machine is in need, and again at its second attempt; the other trials go on."""
    if memory("MemAvailable") < 1.5 * HOG_BYTES:
        pytest.skip("too little memory here to waste any")

    def hoard(params: dict[str, Any]) -> float:
        kept: list[Any] = []
        while params["route"] == "prune" and params["keep"] == 0.03 and len(kept) < HOG_BYTES // 2**27:
            kept.append(np.ones(2**24))
            time.sleep(0.02)
        return 1.0 + len(kept)

    search(evaluator(hoard), trials=2)
    ends = {trial.params.get("keep"): (trial.state, str(trial.reason)) for trial in store.trials()}
    assert ends[0.03][0] == "FAIL"
    assert "low on memory" in ends[0.03][1]
    assert [trial.state for trial in store.trials()].count("FAIL") == 1


WIDTHS = """
name = "widths"
dataset = "demo"
protocol = "stgcn"
[parameters.route]
value = "student"
[parameters.width]
low = 1
high = 8
kind = "int"
"""
WIDTHS += "".join(f'[[points]]\ncite = ""\nwidth = {width}\n' for width in range(1, 7))


class Stepwise:
    """Evaluator whose error is the width from the first epoch on; width 1 then dies once, and width 2 waits for it."""

    def __init__(self, folder: Path, make_record: MakeRecord) -> None:
        self.folder, self.make_record = folder, make_record

    def evaluate(
        self, params: dict[str, Any], seed: int, should_continue: ShouldContinue
    ) -> tuple[TrialRecord, bytes | None]:
        width, died = params["width"], self.folder / "died"
        while width > 1 and not died.exists():
            time.sleep(0.05)
        flat, curve = self.make_record(params, seed, 1.0), list[CurvePoint]()
        for epoch in range(5):
            reached = flat.model_copy(update={"curve": list(curve), "state": "PRUNED"})
            assert should_continue(reached, epoch / 8)
            with (self.folder / f"width {width}").open("a") as file:
                file.write(f"{epoch} ")
            if width == 1 and epoch == 1 and not died.exists():
                died.touch()
                os._exit(137)
            curve.append(CurvePoint(epoch=epoch + 1, phase="train", cpu_seconds=1.0, train_loss=1.0, val_mae=width))
        return flat.model_copy(update={"curve": curve}), b"weights"


def test_what_is_stopped_trains_no_further_and_a_second_attempt_leaves_one_end(
    search: Search, store: StudyStore, record: MakeRecord, tmp_path: Path
) -> None:
    """A trial whose worker died begins again, and its final point is kept once."""
    (tmp_path / "widths.toml").write_text(WIDTHS)
    search(Stepwise(tmp_path, record), trials=6, other_space=load_space(tmp_path / "widths.toml"))
    trials = store.trials()
    assert [trial.state for trial in trials] == ["COMPLETE"] * 2 + ["PRUNED"] * 4
    assert [end.number for end in store.final_points()] == [0, 1]
    assert all("stopped after 25 % of its epochs" in str(trial.reason) for trial in trials[2:])
    assert (tmp_path / "width 1").read_text() == "0 1 0 1 2 3 4 "
    assert [(tmp_path / f"width {width}").read_text() for width in range(3, 7)] == ["0 1 "] * 4


def test_failures_have_their_reasons_and_five_in_a_row_end_the_run(
    search: Search, store: StudyStore, evaluator: MakeEvaluator
) -> None:
    """An evaluator's error is no death of a worker: the trial is not tried again."""

    def fail(params: dict[str, Any]) -> float:
        raise ValueError("no channel left", len(params))

    with pytest.raises(RunError, match="5 trials failed in a row"):
        search(evaluator(fail), trials=50)
    trials = store.trials()
    assert len(trials) <= 4 + WORKERS
    assert {(t.state, t.reason) for t in trials} == {("FAIL", "ValueError: ('no channel left', 3)")}


def test_an_error_of_the_driver_comes_out_as_it_was(
    search: Search, evaluator: MakeEvaluator, space: SearchSpace, tmp_path: Path
) -> None:
    """A space that was changed too much is the user's mistake, not Ray's failure."""
    search(evaluator(), trials=2)
    path = tmp_path / "changed.toml"
    path.write_text(space.text.replace('["student", "prune"]', '["student", "prune", "both"]'))
    with pytest.raises(StudyError, match="does not fit study"):
        search(evaluator(), trials=4, other_space=load_space(path))


def test_a_full_disk_is_one_sentence(
    search: Search, store: StudyStore, evaluator: MakeEvaluator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The full disk is that of Tune's own folder, which holds nothing of value: the study stays in order."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk], check=False).returncode:
        pytest.skip("no small disk can be made here")
    try:
        (disk / "filling").write_bytes(bytes(2**16))
        monkeypatch.setattr(tempfile, "tempdir", str(disk))
        with pytest.raises(RunError, match=r"No space left on device.*; look for free memory and disk space in"):
            search(evaluator(), trials=2)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)
    assert "RUNNING" not in {trial.state for trial in store.trials()}
