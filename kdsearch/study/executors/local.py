"""Who runs the trials: this process, one after another, or Ray (`ray_executor`)."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol, TypeVar

from kdsearch.study.executors.worker import Bench, attempt
from kdsearch.study.search.driver import Driver

__all__ = ["Executor", "LocalExecutor"]

BenchT = TypeVar("BenchT")
Job = TypeVar("Job")
Result = TypeVar("Result")


class Executor(Protocol):
    """Runs trials and single trainings."""

    def search(self, driver: Driver, bench: Bench) -> None:
        """Run trials until the driver starts no more.

        Args:
            driver: Gives configurations and takes records.
            bench: Trains them.

        Raises:
            RunError: Where the executor itself fails.
        """

    def map(
        self, function: Callable[[BenchT, Job], Result], bench: BenchT, jobs: Sequence[Job]
    ) -> Iterator[tuple[Job, Result | None, str]]:
        """Run a function of the bench for every job.

        Args:
            function: Of a module, so that other processes find it.
            bench: Sent once.
            jobs: What the function is called with.

        Yields:
            In the order of completion, each job with its result, or None and the reason where its process died twice.
        """


class LocalExecutor:
    """Runs everything in this process, one after another."""

    def search(self, driver: Driver, bench: Bench) -> None:
        """Run trials until the driver starts no more."""
        while (asked := driver.next()) is not None:
            record, weights = attempt(bench, asked.params, asked.seed, partial(driver.goes_on, asked.number))
            driver.finish(asked.number, record, weights)

    def map(
        self, function: Callable[[BenchT, Job], Result], bench: BenchT, jobs: Sequence[Job]
    ) -> Iterator[tuple[Job, Result | None, str]]:
        """Run a function of the bench for every job; what it raises is raised."""
        for job in jobs:
            yield job, function(bench, job), ""
