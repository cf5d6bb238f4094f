"""The reason of a worker's failure is one line, whatever the form of Ray's message."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import ray
from ray.exceptions import RayActorError, RayTaskError
from ray.tune.experiment import Trial

from kdsearch.study.executors.ray_faults import cause

MEMORY = "Task was killed due to the node running low on memory."


def failed(folder: Path, error: Exception | str) -> Trial:
    """Make a failed trial as Tune leaves it: errors of actors and tasks pickled, others as text alone."""
    pickled = None
    if isinstance(error, Exception):
        pickled = folder / "error.pkl"
        pickled.write_bytes(ray.cloudpickle.dumps(error))  # type: ignore[no-untyped-call]
    (folder / "error.txt").write_text(f"Failure # 1 (occurred at 2026-01-01)\n{error}\n")
    known: Any = SimpleNamespace(pickled_error_file=pickled, error_file=folder / "error.txt")
    return cast(Trial, known)


def task_error(text: str) -> Exception:
    error: Exception = RayTaskError("train", text, ValueError())  # type: ignore[no-untyped-call]
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RayActorError(error_msg="The worker died.\nLook at its log."), "The worker died."),
        (task_error("Traceback\n  File\nKeyError: 3"), "KeyError: 3"),
        (RayActorError(error_msg=f"{MEMORY}\nAdvice."), MEMORY),
        (task_error(f"Traceback\n{MEMORY}\nAdvice."), MEMORY),
        (f"{MEMORY}\nAdvice.", MEMORY),
        ("Traceback\nTuneError: no checkpoint", "TuneError: no checkpoint"),
    ],
)
def test_the_line_that_says_it_is_the_reason(tmp_path: Path, error: Exception | str, reason: str) -> None:
    assert cause(failed(tmp_path, error)) == reason
