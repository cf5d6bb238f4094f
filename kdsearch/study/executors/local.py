"""Who runs the trials: this process, one after another, or Ray (`ray_executor`)."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol, TypeVar

from kdsearch.study.executors.worker import Evaluator, attempt
from kdsearch.study.search.driver import Driver

__all__ = ["Executor", "LocalExecutor"]

EvaluatorT = TypeVar("EvaluatorT")
Job = TypeVar("Job")
Result = TypeVar("Result")


class Executor(Protocol):
    """Runs trials and single trainings."""

    def search(self, driver: Driver, evaluator: Evaluator) -> None:
        """Run trials until the driver starts no more.

        Args:
            driver: Gives configurations and takes records.
            evaluator: Trains them.

        Raises:
            RunError: Where the executor itself fails.
        """

    def map(
        self, function: Callable[[EvaluatorT, Job], Result], evaluator: EvaluatorT, jobs: Sequence[Job]
    ) -> Iterator[tuple[Job, Result | None, str]]:
        """Run a function of the bench for every job.

        Args:
            function: Of a module, so that other processes find it.
            evaluator: Sent once.
            jobs: What the function is called with.

        Yields:
            In the order of completion, each job with its result, or None and the reason where its process died twice.
        """


class LocalExecutor:
    """Runs everything in this process, one after another."""

    def search(self, driver: Driver, evaluator: Evaluator) -> None:
        """Run trials until the driver starts no more."""
        while (asked := driver.next()) is not None:
            record, weights = attempt(
                evaluator, asked.params, asked.seed, partial(driver.should_continue, asked.number)
            )
            driver.finish(asked.number, record, weights)

    def map(
        self, function: Callable[[EvaluatorT, Job], Result], evaluator: EvaluatorT, jobs: Sequence[Job]
    ) -> Iterator[tuple[Job, Result | None, str]]:
        """Run a function of the bench for every job; what it raises is raised."""
        for job in jobs:
            yield job, function(evaluator, job), ""
