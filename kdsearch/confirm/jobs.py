"""Further trainings of a network of the front: more seeds, and twins.

One twin trains for the same epochs, another for the same CPU seconds: a loss with a teacher costs time, which plain
training could spend on more epochs. The learning rate's schedule stretches over these epochs, as it would in a search.
"""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kdsearch.distill.loss_config import LossConfig
from kdsearch.distill.loss_table import LOSSES
from kdsearch.record import Training, TrainingKind, TrialRecord
from kdsearch.trial.config import TrialConfig

if TYPE_CHECKING:  # workers load this module, and need no SQL
    from kdsearch.study.storage.store import StoredTrial

__all__ = [
    "Identity",
    "Job",
    "Trained",
    "asked_seeds",
    "cpu_twin_epochs",
    "cpu_twin_jobs",
    "epochs_of",
    "first_jobs",
    "identity_of",
    "params_of",
    "record_of",
    "wanted",
]

SAME_TIME = 0.1
"""Share by which the CPU times of two trainings may differ and still count as equal; a single reading errs by more."""

Trained = dict[tuple[int, int, TrainingKind], Training]
"""Trainings, the failed ones included, by trial, seed and kind."""


Identity = tuple[str, int]
"""Configuration and seed: trainings of equal identity end alike."""


@dataclass(frozen=True)
class Job:
    """Training that is to be run.

    Attributes:
        expected_seconds: CPU seconds of the search's own training of the network; no kind takes longer.
    """

    number: int
    seed: int
    kind: TrainingKind
    params: dict[str, Any]
    expected_seconds: float

    @property
    def identity(self) -> Identity:
        """Its identity; twins of several networks may be one and the same training."""
        return identity_of(self.params, self.seed)


def asked_seeds(trial: "StoredTrial", seeds: int) -> int:
    """Count the seeds that a trial is to have: those asked for now, or more where an earlier run asked for more."""
    return max(seeds, trial.confirmation.asked_seeds if trial.confirmation is not None else 1)


def cpu_twin_epochs(trial: "StoredTrial", seeds: int, trained: Trained) -> int | None:
    """Estimate the epochs for which plain training takes the CPU seconds of a distilled training.

    Each pair of a distilled training and its twin of the same epochs gives an estimate; the time for the scores of
    pruning does not depend on the epochs. Single readings err by some 15 %, and the machines of a cluster differ: the
    median over the pairs counts, for all seeds. Where a twin of the same CPU seconds exists, its epochs are kept.

    Returns:
        Never fewer than the distilled training's own epochs, and exactly these where the times differ by less than
        `SAME_TIME`; None where there is no pair.
    """
    epochs, ratios = epochs_of(trial), []
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
    if seed == record_of(trial).seed:
        return _own_seconds(trial)
    further = trained.get((trial.number, seed, "further"))
    return None if further is None or further.reason is not None else further.cpu_seconds


def wanted(trial: "StoredTrial", seeds: int) -> Iterator[tuple[int, TrainingKind]]:
    """List the seeds and kinds of the trainings that a trial is to have."""
    distilled = LOSSES[TrialConfig.of(trial.params).loss].needs_teacher
    for seed in _seeds(trial, seeds):
        yield seed, "own" if seed == record_of(trial).seed else "further"
        if distilled:
            yield seed, "twin"
            yield seed, "cpu-twin"


def identity_of(params: dict[str, Any], seed: int) -> Identity:
    """Give a training's identity; weights that its loss does not read do not count."""
    config = TrialConfig.of(params)
    unread = LossConfig.__dataclass_fields__.keys() - LOSSES[config.loss].reads
    config = config.model_copy(update={name: TrialConfig.model_fields[name].default for name in unread})
    return config.model_dump_json(), seed


def params_of(params: dict[str, Any], kind: TrainingKind, epochs: int | None) -> dict[str, Any]:
    """Derive the parameters of a training of some kind from those of its trial."""
    if kind == "cpu-twin":
        return params | {"loss": "none", "epochs": epochs}
    return params | {"loss": "none"} if kind == "twin" else params


def first_jobs(trial: "StoredTrial", seeds: int) -> Iterator[Job]:
    """List the trainings with further seeds, and the twins for the same epochs."""
    for seed, kind in wanted(trial, seeds):
        if kind in ("further", "twin"):
            yield Job(trial.number, seed, kind, params_of(trial.params, kind, None), _own_seconds(trial))


def cpu_twin_jobs(trial: "StoredTrial", seeds: int, trained: Trained) -> Iterator[Job]:
    """List the twins for the same CPU seconds; none where the twin of the same epochs takes the same time."""
    epochs = cpu_twin_epochs(trial, seeds, trained)
    if epochs is None or epochs == epochs_of(trial):
        return
    params = params_of(trial.params, "cpu-twin", epochs)
    for seed, kind in wanted(trial, seeds):
        if kind == "cpu-twin":
            yield Job(trial.number, seed, kind, params, _own_seconds(trial))


def _seeds(trial: "StoredTrial", seeds: int) -> range:
    """Give the trial's own seed and the next ones."""
    own = record_of(trial).seed
    return range(own, own + asked_seeds(trial, seeds))


def _own_seconds(trial: "StoredTrial") -> float:
    record = record_of(trial)
    return Training(number=trial.number, seed=record.seed, kind="own", seconds=record.seconds).cpu_seconds


def epochs_of(trial: "StoredTrial") -> int:
    """Give the epochs of the search's own training."""
    return TrialConfig.of(trial.params).epochs


def record_of(trial: "StoredTrial") -> TrialRecord:
    """Give the record of a finished trial, which must have one."""
    if trial.record is None:
        raise ValueError(f"trial {trial.number} has no record, and cannot be on a front")
    return trial.record
