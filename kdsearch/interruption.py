"""Ctrl-C and SIGTERM: the first one ends a command in order, a second one at once."""

import os
import signal
import threading
from contextlib import suppress
from types import FrameType
from typing import NoReturn

__all__ = ["INTERRUPTED", "TERMINATED", "end_in_order"]

INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM


def end_in_order() -> None:
    """Let Ctrl-C raise KeyboardInterrupt and SIGTERM raise SystemExit; the second of them ends the process.

    The second one is not left to a handler: Python runs these between two steps of its main thread, which may wait
    inside a library just then. It takes all child processes with it.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _terminate)
    threading.Thread(target=_end_at_the_second, args=(reading,), name="kdsearch-signals", daemon=True).start()


def _terminate(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
    raise SystemExit(TERMINATED)


def _end_at_the_second(reading: int) -> None:
    import psutil  # noqa: PLC0415 - a tenth of a second that no command waits for

    seen = 0
    while True:
        number = os.read(reading, 1)[0]
        seen += number in {signal.SIGINT, signal.SIGTERM}
        if seen == 2:
            os.write(2, b"ended at once; the next run takes up what was under way\n")
            for child in psutil.Process().children(recursive=True):  # Ray's would look for their driver for a while
                with suppress(psutil.NoSuchProcess):
                    child.kill()
            os._exit(128 + number)
