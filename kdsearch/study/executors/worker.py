"""Work of a worker on one configuration. It has no part in the study: no SQL, no Optuna, nothing of Ray."""

from typing import Any, Protocol

from kdsearch.record import ShouldContinue, TrialRecord, never_stop

__all__ = ["Evaluator", "attempt", "failure"]


class Evaluator(Protocol):
    """Protocol for training and measuring a configuration.

    An evaluator is pickled to the workers, where its numpy arrays are read-only.
    """

    def evaluate(
        self, params: dict[str, Any], seed: int, should_continue: ShouldContinue
    ) -> tuple[TrialRecord, bytes | None]:
        """Train and measure one configuration.

        Args:
            params: The configuration.
            seed: Training seed.
            should_continue: Is asked once the cost is known, and at every validation before the last.

        Returns:
            The record, and the weights to keep beside it.
        """


def attempt(
    evaluator: Evaluator, params: dict[str, Any], seed: int, should_continue: ShouldContinue = never_stop
) -> tuple[TrialRecord, bytes | None]:
    """Evaluate one configuration; an error becomes the reason of the trial's failure, and the search goes on."""
    try:
        return evaluator.evaluate(params, seed, should_continue)
    except Exception as error:
        return failure(params, seed, f"{type(error).__name__}: {error}"), None


def failure(params: dict[str, Any], seed: int, reason: str) -> TrialRecord:
    """Make the record of a failed trial."""
    return TrialRecord(state="FAIL", reason=reason, route=str(params.get("route", "")), params=params, seed=seed)
