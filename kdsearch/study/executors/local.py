"""Protocol of executors, which run the trials, and the local one; `kdsearch.study.executors.ray` has Ray's."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Protocol, TypeVar

from kdsearch.study.executors.worker import Evaluator, attempt
from kdsearch.study.search.driver import Driver

__all__ = ["Executor", "LocalExecutor"]

EvaluatorT = TypeVar("EvaluatorT")
Job = TypeVar("Job")
Result = TypeVar("Result")


class Executor(Protocol):
    """Protocol for running trials and single trainings."""

    def search(self, driver: Driver, evaluator: Evaluator) -> None:
        """Run trials until the driver gives no more.

        Args:
            driver: Gives configurations and takes records.
            evaluator: Trains and measures each configuration.

        Raises:
            RunError: Where the executor itself fails.
        """

    def map(
        self, function: Callable[[EvaluatorT, Job], Result], evaluator: EvaluatorT, jobs: Iterable[Job]
    ) -> Iterator[tuple[Job, Result | None, str]]:
        """Call a function with the evaluator and each job.

        Args:
            function: Belongs to a module, so that other processes find it.
            evaluator: Is sent once.
            jobs: The second arguments of the calls; each is asked for when there is room to run it.

        Yields:
            In the order of completion, each job with its result, or None and the reason where its process died twice.
        """


class LocalExecutor:
    """Executor in this process, one trial or training after another."""

    def search(self, driver: Driver, evaluator: Evaluator) -> None:
        """Run trials until the driver gives no more."""
        while (asked := driver.next()) is not None:
            record, weights = attempt(
                evaluator, asked.params, asked.seed, partial(driver.should_continue, asked.number)
            )
            driver.finish(asked.number, record, weights)

    def map(
        self, function: Callable[[EvaluatorT, Job], Result], evaluator: EvaluatorT, jobs: Iterable[Job]
    ) -> Iterator[tuple[Job, Result | None, str]]:
        """Call a function with the evaluator and each job; its errors pass through."""
        for job in jobs:
            yield job, function(evaluator, job), ""
