"""Processes that use the cache, told what to do line by line."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["at_work", "rest", "said", "tell"]

Process = subprocess.Popen[str]

BEGIN = """
import os, sys
from pathlib import Path
from kdsearch.cache import complete_folder, heard_by

def fill(folder):
    print("filling", flush=True)
    sys.stdin.readline()
    (folder / "content").write_text(sys.argv[2])

def heard(sentence):
    print(sentence, flush=True)

if sys.argv[3] != "None":
    os.setuid(int(sys.argv[3]))
with heard_by(heard):
    print(complete_folder(Path(sys.argv[1]), fill).joinpath("content").read_text(), flush=True)
sys.stdin.readline()
"""


@contextmanager
def at_work(folder: Path, content: str, user: int | None = None) -> Iterator[Process]:
    """Begin a process that wants a folder: it prints what happens, waits for a line in `fill`, and one to end.

    Args:
        folder: The folder.
        content: What it would write there.
        user: Number of the user that it becomes; None is to stay.
    """
    with subprocess.Popen(
        [sys.executable, "-c", BEGIN, str(folder), content, str(user)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        bufsize=1,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: Process) -> str:
    """Wait for the next line that it prints."""
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def rest(process: Process) -> str:
    """Wait for its end, and give all that it printed."""
    assert process.stdout is not None
    return process.stdout.read()


def tell(process: Process) -> None:
    """Let it go on where it waits for a line."""
    assert process.stdin is not None
    process.stdin.write("\n")
