"""Progress of a search, as a display shows it."""

import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from kdsearch.record import Baseline, TrialRecord, of_role
from kdsearch.study.constraints import violations
from kdsearch.study.storage.store import StoredTrial, StudyStore

__all__ = ["NEAR_TEACHER", "ProgressTracker", "SearchProgress"]

NEAR_TEACHER = 0.03
"""A network whose validation error is at most this share above the teacher's is nearly as good."""


@dataclass(frozen=True)
class SearchProgress:
    """Progress of a study in the middle of a search.

    Attributes:
        done: COMPLETE trials.
        stopped: PRUNED ones.
        failed: FAIL ones.
        running: Trials of this run that have not ended.
        best_mae: Least validation MAE of a COMPLETE trial inside the limits; None before the first.
        smallest_weights: Trained parameters of the smallest such network that is nearly as good as the teacher.
        seconds_left: Estimated time until the search ends; None before there is an estimate.
        unit: Unit of the readings.
    """

    done: int
    stopped: int
    failed: int
    running: int
    best_mae: float | None
    smallest_weights: int | None
    seconds_left: float | None
    unit: str = ""


class ProgressTracker:
    """Counter of a study's trials, those of earlier runs included, which estimates when this run ends.

    Args:
        store: The study; its teacher decides which networks are nearly as good.
        known: Its rows, those of earlier runs.
        trials: COMPLETE and PRUNED trials that the study is to have.
        budget_seconds: Time for this run.
    """

    def __init__(
        self, store: StudyStore, known: Sequence[StoredTrial], trials: int | None, budget_seconds: float | None
    ) -> None:
        self._begun = time.monotonic()
        self._trials, self._budget_seconds = trials, budget_seconds
        self._states = {"COMPLETE": 0, "PRUNED": 0, "FAIL": 0}
        self._best, self._smallest, self._most_running = math.inf, math.inf, 1
        self._lengths: list[float] = []
        self._limits, self._unit = store.limits(), store.meta.unit
        self._near = (1 + NEAR_TEACHER) * _teacher_mae(store.baselines())
        for trial in known:
            if trial.state in self._states:
                self._count(trial.state, trial.record)

    def add(self, record: TrialRecord, seconds: float) -> None:
        """Count an ended trial of this run, with the seconds that it took."""
        self._count(record.state, record)
        if record.state != "FAIL":
            self._lengths.append(seconds)

    def progress(self, running: int) -> SearchProgress:
        """Give the progress while this number of the run's trials is running."""
        self._most_running = max(self._most_running, running)
        return SearchProgress(
            done=self._states["COMPLETE"],
            stopped=self._states["PRUNED"],
            failed=self._states["FAIL"],
            running=running,
            best_mae=None if math.isinf(self._best) else self._best,
            smallest_weights=None if math.isinf(self._smallest) else int(self._smallest),
            seconds_left=self._seconds_left(),
            unit=self._unit,
        )

    def _count(self, state: str, record: TrialRecord | None) -> None:
        self._states[state] += 1
        if state != "COMPLETE" or record is None or max(violations(self._limits, record).values(), default=0) > 0:
            return
        mae = record.metrics.get("val", {}).get("mae", {}).get("all", math.inf)
        self._best = min(self._best, mae)
        if record.cost is not None and mae <= self._near:
            self._smallest = min(self._smallest, record.cost.parameters)

    def _seconds_left(self) -> float | None:
        left = []
        if self._budget_seconds is not None:
            left.append(self._budget_seconds - (time.monotonic() - self._begun))
        if self._trials is not None and self._lengths:
            missing = self._trials - self._states["COMPLETE"] - self._states["PRUNED"]
            left.append(missing * statistics.fmean(self._lengths) / self._most_running)
        return max(0.0, min(left)) if left else None


def _teacher_mae(baselines: list[Baseline]) -> float:
    """Read the teacher's validation MAE; NaN, to which nothing is near, where the study has no teacher."""
    teacher = of_role(baselines, "teacher")
    return math.nan if teacher is None else teacher.metrics.get("val", {}).get("mae", {}).get("all", math.nan)
