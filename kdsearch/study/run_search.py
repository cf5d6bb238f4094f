"""One run of a search: the same study whether Ray runs the trials or this process does."""

from collections.abc import Callable, Sequence

from kdsearch.errors import StudyError
from kdsearch.measure.objectives import Objective
from kdsearch.study.executors.local import Executor
from kdsearch.study.executors.worker import Evaluator
from kdsearch.study.search.ask_tell import open_run
from kdsearch.study.search.driver import Driver, StudyEvent
from kdsearch.study.space.space import SearchSpace
from kdsearch.study.storage.store import StudyStore

__all__ = ["run_search"]


def run_search(
    store: StudyStore,
    space: SearchSpace,
    objectives: Sequence[Objective],
    evaluator: Evaluator,
    executor: Executor,
    *,
    trials: int | None,
    budget_seconds: float | None,
    seed: int,
    sampler: str,
    on_event: Callable[[StudyEvent], None],
    stopping: str = "dominated",
) -> None:
    """Search until enough trials are done or the time is up; the same call again goes on where this one ended.

    An interrupted run (Ctrl-C, a killed process) loses only the trials under way; they are queued again.

    Args:
        store: The study.
        space: What to search.
        objectives: The study's objectives, in its order.
        evaluator: Trains and measures one configuration.
        executor: Runs the trials.
        trials: COMPLETE and PRUNED trials that the whole study is to have; failures do not count.
        budget_seconds: Time for this call. No trial is started that would, at the median length of the study's
            finished ones, end after it; those under way get to finish.
        seed: Seed of the sampler. Training seeds are the study's own (`StudyMeta.seed`).
        sampler: One of `kdsearch.study.search.ask_tell.SAMPLERS`.
        on_event: Called in this process at every event.
        stopping: Name of the rule that stops hopeless trials early, one of `STOPPING_RULES`.

    Raises:
        StudyError: Where neither `trials` nor `budget_seconds` ends the run, or the space does not fit the study.
        RunError: After five failures in a row, or where Ray gives up.
        KeyboardInterrupt: At Ctrl-C, once the study is in order.
    """
    if trials is None and budget_seconds is None:
        raise StudyError("a search needs an end; give --trials, --budget or both")
    driver = Driver(
        store, space, objectives, trials=trials, budget_seconds=budget_seconds, stopping=stopping, on_event=on_event
    )
    driver.begin(open_run(store, space, sampler, seed))
    with driver.alive():
        executor.search(driver, evaluator)
    if driver.broken:
        raise driver.broken
