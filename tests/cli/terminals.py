"""A real terminal of a given width, and what a command or this process writes to it."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

__all__ = ["Screen", "in_terminal", "plain", "terminal"]

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Screen:
    """What was written to a terminal, complete once the terminal is closed."""

    def __init__(self) -> None:
        self.raw = ""

    @property
    def lines(self) -> list[str]:
        """Lines without colours and movements of the cursor."""
        return plain(self.raw).splitlines()


def plain(raw: str) -> str:
    """Take out control sequences, and the carriage returns that a terminal adds."""
    return _CONTROL.sub("", raw).replace("\r\n", "\n").replace("\r", "\n")


@contextmanager
def _opened(columns: int, screen: Screen) -> Iterator[int]:
    """Open a terminal, and read it until it is closed: the other end blocks once its buffer is full."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    chunks: list[bytes] = []

    def read() -> None:
        with suppress(OSError):  # Linux's word for the end
            while chunk := os.read(master, 65536):
                chunks.append(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield slave
    finally:
        os.close(slave)
        reader.join()
        os.close(master)
        screen.raw = b"".join(chunks).decode()


@contextmanager
def terminal(columns: int, **variables: str) -> Iterator[Screen]:
    """Make a terminal stdout and stderr of this process."""
    screen = Screen()
    with _opened(columns, screen) as slave, pytest.MonkeyPatch.context() as patch:
        for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
            patch.delenv(name, raising=False)
        for name, value in ({"TERM": "xterm-256color"} | variables).items():
            patch.setenv(name, value)
        with open(slave, "w", closefd=False, encoding="utf-8") as stream:
            patch.setattr(sys, "stdout", stream)
            patch.setattr(sys, "stderr", stream)
            yield screen


def in_terminal(folder: Path, columns: int, *arguments: str) -> Screen:
    """Run a command in a process of its own that has the terminal alone."""
    screen = Screen()
    unset = {"COLUMNS", "NO_COLOR", "FORCE_COLOR"}
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    with _opened(columns, screen) as slave:
        subprocess.run(
            [sys.executable, "-m", "kdsearch", *arguments],
            cwd=folder,
            env=environment | {"TERM": "xterm-256color"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            check=False,
            timeout=300,
        )
    return screen
