"""A further training of a configuration, as the quiet pass asks workers for it. No SQL here: workers have none."""

from dataclasses import dataclass
from typing import Any

from kdsearch.bundle import Bundle
from kdsearch.record import Metrics
from kdsearch.study.worker import attempt
from kdsearch.trial import Bench

__all__ = ["Job", "retrain", "scores_of"]


@dataclass(frozen=True)
class Job:
    """One more training of a candidate: another seed, or the twin without a teacher in its loss."""

    number: int
    params: dict[str, Any]
    seed: int
    twin: bool


def retrain(bench: Bench, job: Job) -> Metrics | str:
    """Scores of one more training, or why there are none."""
    record, weights = attempt(bench, job.params, job.seed)
    return str(record.reason) if weights is None else scores_of(bench, Bundle.from_bytes(weights))


def scores_of(bench: Bench, bundle: Bundle) -> Metrics:
    """Errors of a packed network in the validation and the test split."""
    return {part: bench.bundle_metrics(bundle, part) for part in ("val", "test")}
