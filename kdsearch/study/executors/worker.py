"""What a worker does with a configuration. It has no part in the study: no SQL, no Optuna, nothing of Ray."""

from typing import Any, Protocol

from kdsearch.record import GoOn, TrialRecord, to_the_end

__all__ = ["Bench", "attempt", "failure"]


class Bench(Protocol):
    """Trains and measures one configuration. It is pickled to the workers; its numpy arrays arrive there read-only."""

    def run(self, params: dict[str, Any], seed: int, go_on: GoOn) -> tuple[TrialRecord, bytes | None]:
        """Train and measure one configuration.

        Args:
            params: The configuration.
            seed: Training seed.
            go_on: To be asked once the cost is known, and at every validation before the last.

        Returns:
            The record, and the weights to keep beside it.
        """


def attempt(
    bench: Bench, params: dict[str, Any], seed: int, go_on: GoOn = to_the_end
) -> tuple[TrialRecord, bytes | None]:
    """Run one configuration; whatever it raises becomes the reason of its failure, and the search goes on."""
    try:
        return bench.run(params, seed, go_on)
    except Exception as error:
        return failure(params, seed, f"{type(error).__name__}: {error}"), None


def failure(params: dict[str, Any], seed: int, reason: str) -> TrialRecord:
    """Record of a trial that gave nothing."""
    return TrialRecord(state="FAIL", reason=reason, route=str(params.get("route", "")), params=params, seed=seed)
