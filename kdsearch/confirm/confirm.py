"""Confirmation of the front, with which `kdsearch run` ends.

It trains the front's networks again, with other seeds and without a teacher, and times them with nothing else running.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

from kdsearch.checkpoint import Checkpoint
from kdsearch.confirm.jobs import asked_seeds
from kdsearch.confirm.timing import quiet_costs
from kdsearch.confirm.trainings import is_confirmed, own_training, train_missing, trainings_of
from kdsearch.errors import RunError
from kdsearch.measure.files import Files
from kdsearch.record import Confirmation
from kdsearch.report.summarise import summarise
from kdsearch.study.executors.local import Executor
from kdsearch.study.storage.store import StoredTrial, StudyStore
from kdsearch.trial.run import TrialRunner

__all__ = ["confirm"]

LEAST_QUIET_SECONDS = 15.0
"""For scoring and timing, however late it is: without them there is no answer."""


def confirm(
    store: StudyStore,
    runner: TrialRunner,
    executor: Executor,
    *,
    seeds: int,
    on_message: Callable[[str], None],
    files: Files | None = None,
    also: Sequence[dict[str, Any]] = (),
    until: float | None = None,
    end: float | None = None,
) -> None:
    """Confirm the front, in rounds until every trial on it is confirmed.

    Quiet latencies replace first readings, so that another trial can move onto the front; a further round confirms it
    too. Each training is saved as soon as it has ended: an interrupted confirmation goes on where it was. A training
    that fails is named in the confirmation, and the next run tries it again.

    Args:
        store: The study.
        runner: Trains and scores networks.
        executor: Runs the trainings.
        seeds: Training seeds of each candidate: its own and the next ones.
        on_message: Takes sentences for people.
        files: Measures exported files; None where nobody asks for them.
        also: Settings whose networks are confirmed too, on the front or not.
        until: `time.monotonic()` after which no training is begun that would end later; those of the chosen network
            come first, and the same run again makes the others. None where nobody waits.
        end: `time.monotonic()` at which scoring and timing are to be done; None where nobody waits.
    """
    done: set[int] = set()
    while wanted := [
        trial for trial in _chosen(store, also) if trial.number not in done and not is_confirmed(trial, seeds)
    ]:
        trained = train_missing(store, runner, executor, wanted, seeds, on_message, until)
        timed = f"{len(wanted)} networks{'' if files is None else ' and their exported files'}"
        on_message(f"confirmation: scoring the test split and timing {timed}")
        networks = {f"trial {trial.number}": Checkpoint.from_bytes(_weights(store, trial)) for trial in wanted}
        seconds = None if end is None else max(LEAST_QUIET_SECONDS, end - time.monotonic())
        costs, pace = quiet_costs(runner, store, networks, files, on_message, seconds)
        for trial, checkpoint, cost in zip(wanted, networks.values(), costs, strict=True):
            test, breakdown = runner.test_scores(checkpoint)
            trainings = [own_training(trial, test), *trainings_of(trial, seeds, trained)]
            store.save_confirmation(
                Confirmation(
                    number=trial.number,
                    asked_seeds=asked_seeds(trial, seeds),
                    trainings=trainings,
                    cost=cost,
                    breakdown=breakdown,
                    pace=pace,
                )
            )
            done.add(trial.number)


def _chosen(store: StudyStore, also: Sequence[dict[str, Any]]) -> list[StoredTrial]:
    """List the trials of the front, the chosen one first, and finished trials with these settings."""
    summary = summarise(store)
    chosen = [
        trial
        for trial in store.trials()
        if trial.number in summary.front
        or (trial.state == "COMPLETE" and any(setting.items() <= trial.params.items() for setting in also))
    ]
    return sorted(chosen, key=lambda trial: trial.number != summary.knee)


def _weights(store: StudyStore, trial: StoredTrial) -> bytes:
    weights = store.weights(trial.number)
    if weights is None:
        raise RunError(f"trial {trial.number} has no weights in {store.meta.study}; the database was cut short")
    return weights
