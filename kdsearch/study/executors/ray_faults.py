"""Faults of Ray, turned into what a search needs: a trial that is tried once more, and one reason."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import ray
from ray.air.execution._internal.actor_manager import RayActorManager
from ray.exceptions import OutOfMemoryError, RayActorError
from ray.tune.experiment import Trial

__all__ = ["cause", "own_sigterm", "repeat_after_out_of_memory"]


def cause(trial: Trial) -> str:
    """Find the reason of a worker's failure: the first line of Ray's message on a death, the last of a traceback.

    Where memory ran out, the sentence that says so is taken; Ray writes it in several forms, with advice around it.
    """
    death = False
    if trial.pickled_error_file is None:
        text = Path(trial.error_file).read_text()
    else:
        error = ray.cloudpickle.loads(Path(trial.pickled_error_file).read_bytes())
        text, death = str(error), not isinstance(error, ray.exceptions.RayTaskError)
    lines = text.strip().splitlines()
    return next((line for line in lines if "low on memory" in line), lines[0 if death else -1]).strip()


@contextmanager
def own_sigterm() -> Iterator[None]:
    """Keep Ray from handling SIGTERM once it has started: it would end the process without a word.

    Ray's Python half is kept from setting its handler; the handler of its C++ half is replaced afterwards.
    """
    takes, mine = ray._private.utils.set_sigterm_handler, signal.getsignal(signal.SIGTERM)
    ray._private.utils.set_sigterm_handler = lambda handler: None  # noqa: ARG005
    try:
        yield
    finally:
        ray._private.utils.set_sigterm_handler = takes
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, mine)


def repeat_after_out_of_memory() -> None:
    """Make Tune treat a worker as dead that Ray ended to save its node's memory.

    Ray 2.60 raises a special exception then, which Tune does not know: it gave up all trials.
    """
    known = RayActorManager._actor_task_failed
    if hasattr(known, "__wrapped__"):
        return

    @wraps(known)
    def task_failed(manager: RayActorManager, tracked_actor_task: Any, exception: Exception) -> None:
        if isinstance(exception, OutOfMemoryError):
            exception = RayActorError(error_msg=str(exception))
        known(manager, tracked_actor_task, exception)

    RayActorManager._actor_task_failed = task_failed  # type: ignore[assignment, method-assign]
