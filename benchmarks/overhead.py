"""The cost of a search beside its trials: the share of the workers' time that is neither training nor measuring.

    KDSEARCH_DATA=... python -m benchmarks.overhead --dataset los-loop --epochs 40

Runs real trials of equal length under Ray with a study in SQLite, and asks each trial what it did with its wall clock.
"""

import argparse
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.studies import bare_meta
from kdsearch.measure.objectives import OBJECTIVES
from kdsearch.pipeline.dataset import split_dataset
from kdsearch.pipeline.setup import trained_teacher
from kdsearch.record import ShouldContinue, TrialRecord
from kdsearch.study.executors.ray import RayExecutor
from kdsearch.study.executors.worker import Evaluator
from kdsearch.study.run_search import run_search
from kdsearch.study.space.parameters import Fixed, Range
from kdsearch.study.space.space import SearchSpace
from kdsearch.study.storage.store import StudyStore
from kdsearch.trial.run import TrialRunner


@dataclass(frozen=True)
class Clocked:
    """A runner that adds each trial's start, end and waiting time for the driver to its record."""

    evaluator: Evaluator

    def evaluate(
        self, params: dict[str, Any], seed: int, should_continue: ShouldContinue
    ) -> tuple[TrialRecord, bytes | None]:
        """Run one trial; wall-clock times of all processes of a machine are comparable."""
        began, waited = time.time(), 0.0

        def clocked(record: TrialRecord, share: float) -> bool:
            nonlocal waited
            asked = time.time()
            answer = should_continue(record, share)
            waited += time.time() - asked
            return answer

        record, weights = self.evaluator.evaluate(params, seed, clocked)
        clock = {"began": began, "ended": time.time(), "waited": waited}
        return record.model_copy(update={"seconds": record.seconds | clock}), weights


def main() -> None:
    """Run the search and take its time apart."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="demo")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=40, help="of each trial; choose them for about 20 s")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    space = SearchSpace(
        name="overhead",
        dataset=options.dataset,
        protocol="stgcn",
        parameters=(
            Fixed(name="route", value="student"),
            Fixed(name="width", value=2),
            Fixed(name="epochs", value=options.epochs),
            Range(name="learning_rate", low=4e-3, high=6e-3),
        ),
    )
    starting = time.time()
    with (
        tempfile.TemporaryDirectory() as folder,
        RayExecutor(options.workers, preload=(TrialRunner.__module__,)) as executor,
    ):
        started = time.time()
        series, _ = split_dataset(options.dataset, "stgcn", None)  # as in a run, while Ray's workers load
        teacher, _ = trained_teacher(series, "best", {}, 0)
        meta = bare_meta(space, ["mae", "latency"], teacher.hash)
        store = StudyStore.create(f"sqlite:///{Path(folder) / 'study.db'}", meta)
        searching = time.time()
        run_search(
            store,
            space,
            [OBJECTIVES["mae"], OBJECTIVES["latency"]],
            Clocked(TrialRunner(series, teacher)),
            executor,
            trials=options.trials,
            budget_seconds=None,
            seed=0,
            sampler="tpe",
            on_event=lambda _: None,
            stopping="none",  # all trials are to be of one length
        )
        searched = time.time()
        _print(options, store, searching, searched)
        store.close()
    print(
        f"before it, once a run: Ray's start {started - starting:.1f} s, data and teacher {searching - started:.1f} s"
    )


def _print(options: argparse.Namespace, store: StudyStore, searching: float, searched: float) -> None:
    clocks = [trial.record.seconds for trial in store.trials() if trial.record is not None]
    lanes = options.workers * (searched - searching)
    busy = sum(clock["ended"] - clock["began"] - clock["waited"] for clock in clocks)
    waited = sum(clock["waited"] for clock in clocks)
    began = sorted(clock["began"] for clock in clocks)[: options.workers]
    ended = sorted(clock["ended"] for clock in clocks)[-options.workers :]
    start, tail = sum(began) - options.workers * searching, options.workers * searched - sum(ended)
    between = lanes - busy - waited - start - tail
    print(
        f"{len(clocks)} trials of {busy / len(clocks):.1f} s on {options.workers} workers, {searched - searching:.1f} s"
    )
    for name, seconds in (
        ("neither training nor measuring", lanes - busy),
        ("  of it before the first trials", start),
        ("  of it waiting for the driver inside trials", waited),
        ("  of it between trials", between),
        ("  of it after a worker's last trial", tail),
    ):
        print(f"{name:48} {seconds:7.2f} s of {lanes:.1f} s of the workers, {100 * seconds / lanes:5.2f} %")


if __name__ == "__main__":
    main()
