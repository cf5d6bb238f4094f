"""Train the front's networks again: with further seeds, and as twins without a teacher in the loss."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from kdsearch.checkpoint import Checkpoint
from kdsearch.confirm.jobs import (
    Identity,
    Job,
    Trained,
    cpu_twin_epochs,
    cpu_twin_jobs,
    epochs_of,
    first_jobs,
    identity_of,
    params_of,
    record_of,
    wanted,
)
from kdsearch.measure.accuracy import SplitScores
from kdsearch.record import Training, TrainingKind
from kdsearch.study.executors.worker import attempt
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.run import TrialRunner

if TYPE_CHECKING:  # workers load this module, and need no SQL
    from kdsearch.study.executors.local import Executor
    from kdsearch.study.storage.store import StoredTrial, StudyStore

__all__ = ["is_confirmed", "own_training", "train_missing", "trainings_of"]


def is_confirmed(trial: "StoredTrial", seeds: int) -> bool:
    """Check whether the trial's confirmation has every training that this number of seeds requires."""
    if trial.confirmation is None:
        return False
    kinds: tuple[TrainingKind, ...] = ("own", "further", "twin", "cpu-twin")
    there = {(training.seed, training.kind) for training in trial.confirmation.trained(*kinds)}
    return there >= set(wanted(trial, seeds))


def train_missing(
    store: "StudyStore",
    runner: TrialRunner,
    executor: "Executor",
    trials: Sequence["StoredTrial"],
    seeds: int,
    on_message: Callable[[str], None],
    until: float | None = None,
) -> Trained:
    """Run the trainings that the trials still lack; each is saved as soon as it has ended.

    Args:
        store: The study. Trainings of an interrupted confirmation are taken from it; failed ones are tried again.
        runner: Trains and scores networks.
        executor: Runs the trainings.
        trials: Networks of the front.
        seeds: Number of training seeds of each.
        on_message: Takes sentences for people.
        until: `time.monotonic()` after which no training is begun that would end later; None where nobody waits.

    Returns:
        All trainings of the study except the search's own.
    """
    trained = {(training.number, training.seed, training.kind): training for training in store.trainings()}

    identical = _by_identity(store, trained)

    def keep(training: Training) -> None:
        store.save_training(training)
        trained[training.number, training.seed, training.kind] = training
        if training.reason is not None:
            where = f"trial {training.number} failed with seed {training.seed}"
            on_message(f"the {training.kind} training of {where}: {training.reason}")

    def in_time(jobs: Mapping[Identity, Job], begun: list[Job]) -> Iterator[Job]:
        for job in jobs.values():
            if until is None or time.monotonic() + job.expected_seconds <= until:
                begun.append(job)
                yield job

    def train(jobs: list[Job], what: str) -> None:
        missing = [job for job in jobs if not _gave_network(trained, job.number, job.seed, job.kind)]
        if until is None:
            missing.sort(key=lambda job: -job.expected_seconds)  # longest first: no core waits long for the last one
        unlike: dict[Identity, Job] = {}
        for job in missing:
            if job.identity not in identical:
                unlike.setdefault(job.identity, job)
        began = time.monotonic()
        if unlike:
            on_message(
                f"confirmation: {len(unlike)} trainings of {what} for {len({job.number for job in missing})} networks"
            )
        begun: list[Job] = []
        for done, (job, training, death) in enumerate(executor.map(_train, runner, in_time(unlike, begun)), 1):
            kept = training or _failed(job, death)
            keep(kept)
            identical[job.identity] = kept
            on_message(f"confirmation: {done} of {len(unlike)} trainings after {time.monotonic() - began:.0f} s")
        if left_out := len(unlike) - len(begun):
            on_message(
                f"confirmation: {left_out} of {len(unlike)} trainings are left out, for want of time; the same command "
                "with a larger --budget makes them"
            )
        for job in missing:
            if unlike.get(job.identity) is not job and job.identity in identical:
                keep(identical[job.identity].model_copy(update={"number": job.number, "kind": job.kind}))

    train([job for trial in trials for job in first_jobs(trial, seeds)], "further seeds and of twins")
    train([job for trial in trials for job in cpu_twin_jobs(trial, seeds, trained)], "twins for the same CPU seconds")
    return trained


def own_training(trial: "StoredTrial", test: SplitScores) -> Training:
    """Describe the search's own training of a network, with its errors on the test split."""
    record = record_of(trial)
    return Training(
        number=trial.number,
        seed=record.seed,
        kind="own",
        epochs=epochs_of(trial),
        seconds=record.seconds,
        metrics=record.metrics | test.metrics,
        days=test.days,
    )


def trainings_of(trial: "StoredTrial", seeds: int, trained: Trained) -> list[Training]:
    """List a trial's trainings except its own, by seed.

    Twins of the same epochs that took the same CPU seconds are there as both kinds.
    """
    found: list[Training] = []
    epochs = cpu_twin_epochs(trial, seeds, trained)
    for seed, kind in wanted(trial, seeds):
        one = trained.get((trial.number, seed, kind))
        if kind == "cpu-twin" and epochs == epochs_of(trial):
            twin = trained.get((trial.number, seed, "twin"))
            one = None if twin is None or twin.reason is not None else twin.model_copy(update={"kind": kind})
        found += [] if one is None else [one]
    return found


def _by_identity(store: "StudyStore", trained: Trained) -> dict[Identity, Training]:
    """Index the study's trainings that gave a network by their identity."""
    params = {trial.number: trial.params for trial in store.trials()}
    return {
        identity_of(params_of(params[number], kind, training.epochs), seed): training
        for (number, seed, kind), training in trained.items()
        if training.reason is None
    }


def _train(runner: TrialRunner, job: Job) -> Training:
    """Run one training in the worker, and score its network on the validation and test splits."""
    record, weights = attempt(runner, job.params, job.seed)
    if weights is None:
        return _failed(job, str(record.reason))
    test = runner.checkpoint_scores(Checkpoint.from_bytes(weights), "test")
    return Training(
        number=job.number,
        seed=job.seed,
        kind=job.kind,
        epochs=TrialConfig.of(job.params).epochs,
        seconds=record.seconds,
        metrics=record.metrics | test.metrics,
        days=test.days,
    )


def _failed(job: Job, reason: str) -> Training:
    epochs = TrialConfig.of(job.params).epochs
    return Training(number=job.number, seed=job.seed, kind=job.kind, epochs=epochs, reason=reason)


def _gave_network(trained: Trained, number: int, seed: int, kind: TrainingKind) -> bool:
    training = trained.get((number, seed, kind))
    return training is not None and training.reason is None
