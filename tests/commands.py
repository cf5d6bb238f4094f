"""Commands as users type them, in a process of their own or in this one."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Here", "Said", "process"]


@dataclass(frozen=True)
class Said:
    """Output of a command."""

    stdout: str
    stderr: str


Here = Callable[..., Said]
"""Runs a command in this process: takes a folder, the arguments, and the exit code as `check`."""


def process(
    folder: Path, *arguments: str, check: int = 0, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process, in a folder of its own, with a cache of its own."""
    environment = os.environ | {"KDSEARCH_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1"} | dict(variables or {})
    finished = subprocess.run(
        [sys.executable, "-m", "kdsearch", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert finished.returncode == check, finished.stderr
    assert "Traceback" not in finished.stderr
    return finished
