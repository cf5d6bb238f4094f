"""More trainings of the front's networks: further seeds, and twins without a teacher in the loss.

A twin trains for the same epochs, another for the same CPU seconds: a loss that listens to a teacher costs time, which
plain training could spend on more epochs. The learning rate's schedule stretches over those, as it would in a search.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kdsearch.bundle import Bundle
from kdsearch.distill.recipe import Recipe
from kdsearch.record import Training, TrainingKind, TrialRecord
from kdsearch.study.worker import attempt
from kdsearch.trial import Bench
from kdsearch.trial_config import TrialConfig

if TYPE_CHECKING:  # workers load this module, and need no SQL
    from kdsearch.study.executors import Executor
    from kdsearch.study.store import StoredTrial, StudyStore

__all__ = ["Trained", "asked_seeds", "cpu_twin_epochs", "is_confirmed", "own_training", "train_missing", "trainings_of"]

SAME_TIME = 0.1
"""Share of CPU time by which two trainings that are said to take the same may differ; a single reading errs by more."""

Trained = dict[tuple[int, int, TrainingKind], Training]
"""Trainings that gave a network and those that failed, by trial, seed and kind."""


@dataclass(frozen=True)
class _Job:
    """A training to be had.

    Attributes:
        expected_seconds: CPU seconds of the search's own training of the network; no kind takes longer.
    """

    number: int
    seed: int
    kind: TrainingKind
    params: dict[str, Any]
    expected_seconds: float

    @property
    def identity(self) -> tuple[str, int]:
        """What decides how it ends; twins of several networks may be one and the same training."""
        return _identity(self.params, self.seed)


def asked_seeds(trial: "StoredTrial", seeds: int) -> int:
    """How many seeds a trial is to have: those asked for now, or more where an earlier run asked for them."""
    return max(seeds, trial.confirmation.asked_seeds if trial.confirmation is not None else 1)


def is_confirmed(trial: "StoredTrial", seeds: int) -> bool:
    """Whether all trainings that so many seeds ask for are in the trial's confirmation."""
    if trial.confirmation is None:
        return False
    kinds: tuple[TrainingKind, ...] = ("own", "further", "twin", "cpu-twin")
    there = {(training.seed, training.kind) for training in trial.confirmation.trained(*kinds)}
    return there >= set(_wanted(trial, seeds))


def train_missing(
    store: "StudyStore",
    bench: Bench,
    executor: "Executor",
    trials: Sequence["StoredTrial"],
    seeds: int,
    progress: Callable[[str], None],
) -> Trained:
    """Train what the trials still lack; each training is saved as soon as it is there.

    Args:
        store: The study; trainings of an interrupted pass are taken from it, those that failed are tried again.
        bench: What trains and scores.
        executor: Runs the trainings.
        trials: Networks of the front.
        seeds: Training seeds of each.
        progress: Takes sentences for people.

    Returns:
        All trainings of the study but the search's own.
    """
    trained = {(training.number, training.seed, training.kind): training for training in store.trainings()}

    identical = _by_identity(store, trained)

    def keep(training: Training) -> None:
        store.save_training(training)
        trained[training.number, training.seed, training.kind] = training
        if training.reason is not None:
            where = f"trial {training.number} failed with seed {training.seed}"
            progress(f"the {training.kind} training of {where}: {training.reason}")

    def train(jobs: list[_Job], what: str) -> None:
        missing = [job for job in jobs if not _gave_network(trained, job.number, job.seed, job.kind)]
        missing.sort(key=lambda job: -job.expected_seconds)  # longest first: no core waits long for the last one
        unlike: dict[tuple[str, int], _Job] = {}
        for job in missing:
            if job.identity not in identical:
                unlike.setdefault(job.identity, job)
        began = time.monotonic()
        if unlike:
            progress(
                f"quiet pass: {len(unlike)} trainings of {what} for {len({job.number for job in missing})} networks"
            )
        for done, (job, training, death) in enumerate(executor.map(_train, bench, list(unlike.values())), 1):
            kept = training or _failed(job, death)
            keep(kept)
            identical[job.identity] = kept
            progress(f"quiet pass: {done} of {len(unlike)} trainings after {time.monotonic() - began:.0f} s")
        for job in missing:
            if unlike.get(job.identity) is not job:
                keep(identical[job.identity].model_copy(update={"number": job.number, "kind": job.kind}))

    train([job for trial in trials for job in _first_jobs(trial, seeds)], "further seeds and of twins")
    train([job for trial in trials for job in _cpu_twin_jobs(trial, seeds, trained)], "twins for the same CPU seconds")
    return trained


def own_training(bench: Bench, trial: "StoredTrial", bundle: Bundle) -> Training:
    """The search's own training of a network, with its errors of the test split."""
    record = _record(trial)
    return Training(
        number=trial.number,
        seed=record.seed,
        kind="own",
        epochs=_epochs(trial),
        seconds=record.seconds,
        metrics=record.metrics | {"test": bench.bundle_metrics(bundle, "test")},
    )


def trainings_of(trial: "StoredTrial", seeds: int, trained: Trained) -> list[Training]:
    """A trial's trainings but its own, by seed; the equal-epoch twins again where they took the same CPU seconds."""
    found: list[Training] = []
    epochs = cpu_twin_epochs(trial, seeds, trained)
    for seed, kind in _wanted(trial, seeds):
        one = trained.get((trial.number, seed, kind))
        if kind == "cpu-twin" and epochs == _epochs(trial):
            twin = trained.get((trial.number, seed, "twin"))
            one = None if twin is None or twin.reason is not None else twin.model_copy(update={"kind": kind})
        found += [] if one is None else [one]
    return found


def cpu_twin_epochs(trial: "StoredTrial", seeds: int, trained: Trained) -> int | None:
    """Epochs that take the CPU seconds of a distilled training where no teacher is in the loss.

    From each pair of a distilled training and its twin of the same epochs follows how many epochs the twin has time
    for; the scores of pruning take theirs whatever the epochs. Single readings err by some 15 %, and the machines of a
    cluster differ: the median over the pairs counts, for all seeds. Where such twins are there already, theirs stands.

    Returns:
        Never fewer than the distilled training's own, and those where the times differ by less than `SAME_TIME`; None
        where there is no pair to learn it from.
    """
    epochs, ratios = _epochs(trial), []
    for seed in _seeds(trial, seeds):
        earlier, twin = (trained.get((trial.number, seed, kind)) for kind in ("cpu-twin", "twin"))
        if earlier is not None and earlier.reason is None:
            return earlier.epochs
        distilled = _distilled_seconds(trial, seed, trained)
        if distilled is None or twin is None or twin.reason is not None:
            continue
        fixed = twin.seconds.get("prune", 0.0)
        ratios.append((distilled - fixed) / (twin.cpu_seconds - fixed))
    if not ratios:
        return None
    ratio = statistics.median(ratios)
    return round(epochs * ratio) if ratio > 1 + SAME_TIME else epochs


def _distilled_seconds(trial: "StoredTrial", seed: int, trained: Trained) -> float | None:
    if seed == _record(trial).seed:
        return _own_seconds(trial)
    further = trained.get((trial.number, seed, "further"))
    return None if further is None or further.reason is not None else further.cpu_seconds


def _wanted(trial: "StoredTrial", seeds: int) -> Iterator[tuple[int, TrainingKind]]:
    """Seeds and kinds of the trainings that a trial is to have."""
    distilled = trial.params.get("loss", "none") != "none"
    for seed in _seeds(trial, seeds):
        yield seed, "own" if seed == _record(trial).seed else "further"
        if distilled:
            yield seed, "twin"
            yield seed, "cpu-twin"


def _by_identity(store: "StudyStore", trained: Trained) -> dict[tuple[str, int], Training]:
    """The study's trainings that gave a network, by what decided how they ended."""
    params = {trial.number: trial.params for trial in store.trials()}
    return {
        _identity(_params_of(params[number], kind, training.epochs), seed): training
        for (number, seed, kind), training in trained.items()
        if training.reason is None
    }


def _identity(params: dict[str, Any], seed: int) -> tuple[str, int]:
    """Parameters that count, and the seed: nothing weighs a loss that is not there."""
    config = TrialConfig.of(params)
    if config.loss == "none":
        unheard = set(Recipe.__dataclass_fields__) - {"error", "reduction"}
        config = config.model_copy(update={name: TrialConfig.model_fields[name].default for name in unheard})
    return config.model_dump_json(), seed


def _params_of(params: dict[str, Any], kind: TrainingKind, epochs: int | None) -> dict[str, Any]:
    """Of a training of some kind, from those of its trial."""
    if kind == "cpu-twin":
        return params | {"loss": "none", "epochs": epochs}
    return params | {"loss": "none"} if kind == "twin" else params


def _first_jobs(trial: "StoredTrial", seeds: int) -> Iterator[_Job]:
    for seed, kind in _wanted(trial, seeds):
        if kind in ("further", "twin"):
            yield _Job(trial.number, seed, kind, _params_of(trial.params, kind, None), _own_seconds(trial))


def _cpu_twin_jobs(trial: "StoredTrial", seeds: int, trained: Trained) -> Iterator[_Job]:
    """None where as many epochs take as many CPU seconds: the equal-epoch twin is it."""
    epochs = cpu_twin_epochs(trial, seeds, trained)
    if epochs is None or epochs == _epochs(trial):
        return
    params = _params_of(trial.params, "cpu-twin", epochs)
    for seed, kind in _wanted(trial, seeds):
        if kind == "cpu-twin":
            yield _Job(trial.number, seed, kind, params, _own_seconds(trial))


def _train(bench: Bench, job: _Job) -> Training:
    """In the worker: one training, its network scored on validation and test split."""
    record, weights = attempt(bench, job.params, job.seed)
    if weights is None:
        return _failed(job, str(record.reason))
    return Training(
        number=job.number,
        seed=job.seed,
        kind=job.kind,
        epochs=TrialConfig.of(job.params).epochs,
        seconds=record.seconds,
        metrics=record.metrics | {"test": bench.bundle_metrics(Bundle.from_bytes(weights), "test")},
    )


def _failed(job: _Job, reason: str) -> Training:
    epochs = TrialConfig.of(job.params).epochs
    return Training(number=job.number, seed=job.seed, kind=job.kind, epochs=epochs, reason=reason)


def _gave_network(trained: Trained, number: int, seed: int, kind: TrainingKind) -> bool:
    training = trained.get((number, seed, kind))
    return training is not None and training.reason is None


def _seeds(trial: "StoredTrial", seeds: int) -> range:
    """The trial's own and the next ones."""
    own = _record(trial).seed
    return range(own, own + asked_seeds(trial, seeds))


def _own_seconds(trial: "StoredTrial") -> float:
    record = _record(trial)
    return Training(number=trial.number, seed=record.seed, kind="own", seconds=record.seconds).cpu_seconds


def _epochs(trial: "StoredTrial") -> int:
    return TrialConfig.of(trial.params).epochs


def _record(trial: "StoredTrial") -> TrialRecord:
    if trial.record is None:
        raise ValueError(f"trial {trial.number} has no record, and cannot be on a front")
    return trial.record
