"""Commands as users type them, in a process of their own or in this one."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from kdsearch.cli import app as cli
from tests.restored import tables_restored

__all__ = ["Here", "Said", "here", "process"]


@dataclass(frozen=True)
class Said:
    """Output of a command."""

    stdout: str
    stderr: str


Here = Callable[..., Said]
"""What `here` is."""


def here(folder: Path, *arguments: str, check: int = 0) -> Said:
    """Run the command in this process, in a folder of its own."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    out, error = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch, tables_restored(), redirect_stdout(out), redirect_stderr(error):
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["kdsearch", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    signal.set_wakeup_fd(-1)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    said = Said(out.getvalue(), error.getvalue())
    assert (ended.value.code or 0) == check, said.stderr
    assert "Traceback" not in said.stderr
    return said


def process(
    folder: Path, *arguments: str, check: int = 0, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, in a folder of its own."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"} | dict(variables or {})
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
