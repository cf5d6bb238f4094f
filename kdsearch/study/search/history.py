"""The trials of a study as stopping rules see them: read once at the start, then kept up to date."""

import math
from collections.abc import Sequence
from dataclasses import replace

from kdsearch.measure.objectives import Objective
from kdsearch.record import TrialRecord
from kdsearch.study.search.stopping import COST_TOLERANCE, TrialProgress
from kdsearch.study.storage.store import StoredTrial, StudyStore

__all__ = ["TrialHistory"]


class TrialHistory:
    """Learning curves, costs and ends of a study's trials.

    Other drivers write to the study meanwhile: of them it learns of the trials that came to their end, and reads the
    record of each once. Those that others stopped, failed or still run are seen by the next run.

    Args:
        store: The study.
        objectives: Its objectives, in its order.
        trials: Its rows at the start.
    """

    def __init__(self, store: StudyStore, objectives: Sequence[Objective], trials: Sequence[StoredTrial]) -> None:
        self._store = store
        self._errors = [objective for objective in objectives if objective.is_error]
        self._costs = [objective for objective in objectives if not objective.is_error]
        self._trials = dict[int, TrialProgress]()
        for trial in trials:
            if trial.record is not None:
                self.close(trial.number, trial.record)

    def costs_of(self, record: TrialRecord) -> tuple[float, ...]:
        """Read the cost objectives of a record; NaN where it does not hold one."""
        return tuple(objective.value(record) for objective in self._costs)

    def errors_of(self, record: TrialRecord) -> tuple[float, ...]:
        """Read the error objectives of a trial at its end, as its learning curve has them where it does.

        A curve of an iterated network is of an eighth of the windows: ends are compared with curves of the same kind.
        """
        last = next((point.val_errors for point in reversed(record.curve) if point.val_errors), {})
        return tuple(last.get(one.name, one.value(record)) for one in self._errors)

    def update(self, number: int, record: TrialRecord, share: float) -> TrialProgress:
        """Take what is known of a trial under way, with the share of its epochs that lie behind it."""
        self._trials[number] = TrialProgress(
            number,
            record.params,
            record.curve,
            share,
            self.costs_of(record),
            metrics=tuple(one.name for one in self._errors),
            tolerances=tuple(0.0 if one.counted else COST_TOLERANCE for one in self._costs),
        )
        return self._trials[number]

    def close(self, number: int, record: TrialRecord) -> None:
        """Take the record of a trial that has ended, in whichever state."""
        before = self._trials.get(number)
        share = 1.0 if record.state == "COMPLETE" else math.nan if before is None else before.share
        errors = self.errors_of(record) if record.state == "COMPLETE" else None
        self._trials[number] = replace(self.update(number, record, share), state=record.state, errors=errors)

    def others(self, number: int) -> list[TrialProgress]:
        """Give the study's other trials, by number."""
        for end in self._store.final_points():
            known = self._trials.get(end.number)
            if (known is None or known.errors is None) and (record := self._store.record(end.number)) is not None:
                self.close(end.number, record)
        return [self._trials[other] for other in sorted(self._trials) if other != number]
