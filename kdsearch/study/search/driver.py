"""The one that talks to the study while executors run the trials: budget, failures, heartbeat, interruption."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from optuna.trial import FrozenTrial, TrialState

from kdsearch.errors import RunError
from kdsearch.measure.objectives import Objective
from kdsearch.record import FinalPoint, TrialRecord
from kdsearch.study.constraints import violations
from kdsearch.study.search.ask_tell import AskedTrial, ask, beat, interrupt, reap, tell
from kdsearch.study.search.history import TrialHistory
from kdsearch.study.search.progress import ProgressTracker, SearchProgress
from kdsearch.study.search.stopping import STOPPING_RULES
from kdsearch.study.space.space import SearchSpace
from kdsearch.study.storage.database import HEARTBEAT_SECONDS
from kdsearch.study.storage.lock import locked
from kdsearch.study.storage.store import StudyStore

__all__ = ["Driver", "StudyEvent"]

FAILURES_IN_A_ROW = 5
LATE_SHARE = 0.1
"""Of the time for a search, by which its last trials may end after it."""

_DONE = (TrialState.COMPLETE, TrialState.PRUNED)
_FINISHED = (*_DONE, TrialState.FAIL)


@dataclass(frozen=True)
class StudyEvent:
    """Something that a progress display wants to know.

    Attributes:
        kind: "resumed" (rows of an earlier run are there), "started" or "finished" (a trial), "ending" (no new trial
            will be started).
        message: A sentence for people; "" for trials.
        progress: Where the study stands.
        number: The trial.
        record: Its record, once finished.
    """

    kind: Literal["resumed", "started", "finished", "ending"]
    message: str
    progress: SearchProgress
    number: int | None = None
    record: TrialRecord | None = None


class Driver:
    """One run of a search: hands out configurations, takes records back.

    Attributes:
        open: Trials of this run that are under way, by number.
        over: Whether no further trial will be started.
        broken: What ended the run before its time: too many failures in a row, or an error in talking to the study.
    """

    def __init__(
        self,
        store: StudyStore,
        space: SearchSpace,
        objectives: Sequence[Objective],
        *,
        trials: int | None,
        budget_seconds: float | None,
        stopping: str,
        on_event: Callable[[StudyEvent], None],
    ) -> None:
        self.open: dict[int, AskedTrial] = {}
        self.over = False
        self.broken: Exception | None = None
        self._store, self._space, self._objectives = store, space, objectives
        self._limits = store.limits()
        self._trials = None if space.points_only else trials  # those end by themselves
        self._budget_seconds, self._on_event = budget_seconds, on_event
        # Without an error among the objectives there is nothing to be worse in.
        self._rule = STOPPING_RULES.choose(stopping if any(one.is_error for one in objectives) else "none")
        self._begun = time.monotonic()
        self._failures = 0
        self._paces = dict[int, tuple[str, float, float]]()  # trial -> phase, its first share, when that was
        rows = store.trials()
        self._history = TrialHistory(store, objectives, rows)
        self._tracker = ProgressTracker(store, rows, self._trials, budget_seconds)

    def begin(self, taken_over: Sequence[int]) -> None:
        """Say what is there already.

        Args:
            taken_over: Trials that a dead run left open and `open_run` queued again.
        """
        rows = self._store.optuna_study.get_trials(deepcopy=False, states=_FINISHED)
        if any("adopted" not in row.user_attrs for row in rows):
            again = f"; queued again: trials {', '.join(map(str, taken_over))}" if taken_over else ""
            self._report("resumed", f"the study goes on from {len(rows)} trials, {_done(rows)} of them done{again}")

    def next(self) -> AskedTrial | None:
        """Open the next trial; None where none is to be started now, and ever where `over` is set."""
        if self.over:
            return None
        with locked(self._store.storage.engine, self._store.meta.study):  # drivers share one budget
            rows = self._store.optuna_study.get_trials(deepcopy=False)
            running = sum(row.state == TrialState.RUNNING for row in rows)
            if self._space.points_only and not any(row.state == TrialState.WAITING for row in rows):
                self._end("every setting of the space has its trial")
                return None
            if self._trials is not None and _done(rows) + running >= self._trials:
                # Only while trials of our own run can one of them fail and leave room for another.
                if not self.open or _done(rows) >= self._trials:
                    elsewhere = f", and {running - len(self.open)} run elsewhere" if running > len(self.open) else ""
                    self._end(f"{_done(rows)} of {self._trials} trials are done{elsewhere}")
                return None
            if self._time_is_up(rows):
                finishing = f"; {len(self.open)} running trials get to finish" if self.open else ""
                self._end(f"the budget leaves no time for another trial{finishing}")
                return None
            asked = ask(self._store, self._space)
        self.open[asked.number] = asked
        self._report("started", number=asked.number)
        return asked

    def should_continue(self, number: int, record: TrialRecord, share: float) -> bool:
        """Whether a trial under way is to go on; one that is not is closed as PRUNED, with the record as it is.

        Args:
            number: The trial.
            record: What is known of it: its cost, and its curve so far.
            share: Of its epochs that lie behind it, those before a pruning apart from those after it.
        """
        reason = (
            self._beyond_limits(record) or self._too_late(number, record, share) or self._beaten(number, record, share)
        )
        if reason is None:
            return True
        self.finish(number, record.model_copy(update={"state": "PRUNED", "reason": reason}), None)
        return False

    def _beyond_limits(self, record: TrialRecord) -> str | None:
        """Why a network of this cost has no place on the front, however it learns."""
        broken = [f"{name} by {100 * by:.3g} %" for name, by in violations(self._limits, record).items() if by > 0]
        return f"stopped before training: it is beyond the limit on {' and '.join(broken)}" if broken else None

    def _too_late(self, number: int, record: TrialRecord, share: float) -> str | None:
        """Why a trial would end too long after the budget: what comes after the search has little time to give.

        Its pace is that since the first validation of the phase under way: after a pruning shares begin anew.
        """
        if self._budget_seconds is None or not share or not record.curve:
            return None
        now, phase = time.monotonic(), record.curve[-1].phase
        if number not in self._paces or self._paces[number][0] != phase:
            self._paces[number] = phase, share, now
        _, first_share, first = self._paces[number]
        if share <= first_share:
            return None
        end = now + (1 - share) * (now - first) / (share - first_share)
        late = end - (self._begun + self._budget_seconds * (1 + LATE_SHARE))
        return f"stopped: it would end {late:.0f} s after what the budget allows" if late > 0 else None

    def _beaten(self, number: int, record: TrialRecord, share: float) -> str | None:
        """Why a trial is not worth the rest of its epochs."""
        if self._rule is STOPPING_RULES["none"]:  # nothing to read the study for
            return None
        reason = self._rule.reason(self._history.update(number, record, share), self._history.others(number))
        if reason is not None and not isinstance(reason, str):
            raise RunError(f"the stopping rule {self._rule.name!r} gave {reason!r}; it must give a sentence, or None")
        return reason

    def finish(self, number: int, record: TrialRecord, weights: bytes | None) -> None:
        """Take a trial's record back; a second one, from a worker that died after its report, is dropped."""
        if number not in self.open:
            return
        asked = self.open[number]
        record = tell(self._store, asked, record, weights, self._objectives, self._limits)
        self._keep_final_point(number, record)
        self._history.close(number, record)
        del self.open[number]
        self._paces.pop(number, None)
        self._tracker.add(record, time.monotonic() - asked.begun)
        self._failures = self._failures + 1 if record.state == "FAIL" else 0
        self._report("finished", number=number, record=record)
        if self._failures == FAILURES_IN_A_ROW:
            self.broken = RunError(
                f"{FAILURES_IN_A_ROW} trials failed in a row, the last one with: {record.reason}; "
                "mend the cause and give the same command again"
            )
            self._end(str(self.broken))

    def _keep_final_point(self, number: int, record: TrialRecord) -> None:
        """Let a finished trial stop others; of limits, those on cost are kept by now, and a worse error breaks more."""
        errors = self._history.errors_of(record) if record.state == "COMPLETE" and record.curve else ()
        if errors:
            self._store.save_final_point(FinalPoint(number, errors[0], self._history.costs_of(record)))

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Heartbeat while trials run; at the end close those that are still open and queue them again."""
        stop = threading.Event()
        thread = threading.Thread(target=self._beat, args=(stop,), name="kdsearch-heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            rows = self._store.optuna_study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
            for row in rows:
                if row.number in self.open:
                    interrupt(self._store, row, queue_again=True)

    @contextmanager
    def errors_kept(self) -> Iterator[None]:
        """For executors that would wrap or log an error of the driver: it ends the run, and `run_search` raises it."""
        try:
            yield
        except Exception as error:
            self.broken, self.over = error, True

    def _beat(self, stop: threading.Event) -> None:
        while not stop.wait(HEARTBEAT_SECONDS):
            with self.errors_kept():
                beat(self._store, list(self.open.values()))
                reap(self._store)

    def _time_is_up(self, rows: Sequence[FrozenTrial]) -> bool:
        """Whether a trial of median length would end after the budget."""
        if self._budget_seconds is None:
            return False
        trained = [row for row in rows if row.state == TrialState.COMPLETE and "adopted" not in row.user_attrs]
        lengths = [row.duration.total_seconds() for row in trained if row.duration]
        needed = statistics.median(lengths) if lengths else 0.0
        return time.monotonic() - self._begun + needed >= self._budget_seconds

    def _end(self, message: str) -> None:
        self.over = True
        self._report("ending", message)

    def _report(
        self,
        kind: Literal["resumed", "started", "finished", "ending"],
        message: str = "",
        number: int | None = None,
        record: TrialRecord | None = None,
    ) -> None:
        self._on_event(StudyEvent(kind, message, self._tracker.progress(len(self.open)), number, record))


def _done(rows: Sequence[FrozenTrial]) -> int:
    return sum(row.state in _DONE for row in rows)
