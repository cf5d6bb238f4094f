"""Ctrl-C and SIGTERM: the first one ends a command in order, a second one at once."""

import atexit
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import NoReturn

__all__ = ["INTERRUPTED", "end_in_order", "exit_code"]

INTERRUPTED = 128 + signal.SIGINT
FORGOTTEN = 0
"""Byte that stands for a forgotten interrupt; no signal has this number."""

_seen: list[int] = []


def end_in_order() -> None:
    """Let Ctrl-C and SIGTERM raise KeyboardInterrupt; the second of them ends the process.

    SIGTERM raises no SystemExit: Ray replaces any that is raised while it waits by one of its own, with another exit
    code. Inside a callback, of which torch has many in a backward pass, Python prints an exception and forgets it:
    KeyboardInterrupt is then raised again. The second signal is not left to a handler, because Python runs handlers
    between two steps of its main thread, which may be waiting inside a library. This signal ends all child processes
    too.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    sys.unraisablehook = partial(_again_if_forgotten, writing)
    atexit.register(_end_undisturbed)  # registered first, hence called last
    threading.Thread(target=_watch, args=(reading,), name="kdsearch-signals", daemon=True).start()


def exit_code() -> int:
    """Give the exit code that a shell expects after the first signal: 130 after Ctrl-C, 143 after SIGTERM."""
    return 128 + _seen[0] if _seen else INTERRUPTED


def _end_undisturbed() -> None:
    """Ignore signals at the end: Python then restores the system's handlers, which would replace the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
    _seen.append(number)
    raise KeyboardInterrupt


def _again_if_forgotten(writing: int, what: "sys.UnraisableHookArgs") -> None:
    if what.exc_type is KeyboardInterrupt:
        os.write(writing, bytes([FORGOTTEN]))
    else:
        sys.__unraisablehook__(what)


def _watch(reading: int) -> None:
    import psutil

    main = threading.main_thread().ident
    assert main is not None
    ended = repeats = 0
    while True:
        number = os.read(reading, 1)[0]
        if number == FORGOTTEN:
            repeats += 1
            time.sleep(0.01)  # the callback is over then
            signal.pthread_kill(main, signal.SIGINT)  # which comes back here
        elif repeats:
            repeats -= 1
        elif number in {signal.SIGINT, signal.SIGTERM}:
            ended += 1
        if ended == 2:
            sys.setswitchinterval(1e-6)  # each of psutil's many reads would wait 5 ms for a main thread that computes
            os.write(2, b"ended at once; the next run takes up what was under way\n")
            for child in psutil.Process().children(recursive=True):  # Ray's would look for their driver for a while
                with suppress(psutil.NoSuchProcess):
                    child.kill()
            os._exit(128 + number)
