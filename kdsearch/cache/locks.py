"""Who makes a folder of the cache, and who uses it: locks that the system frees when a process ends, however it ends.

One process makes a folder, or deletes it: it alone locks the file `NAME.lock` beside the folder. Any number use it:
they share a lock of the folder's manifest, which needs no right to write. Where a file system has no locks, as some of
networks, all goes on without them: folders are complete or not there either way.
"""

import fcntl
import os
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kdsearch.cache.manifest import MANIFEST

__all__ = ["Locked", "alone", "hold", "is_held", "left_alone", "let_go"]

MOST_HELD = 64
"""Folders that one process holds, an open file each. The one that was not asked for the longest time is let go."""

_held: OrderedDict[Path, int] = OrderedDict()


class Locked(Exception):  # noqa: N818 - no error: another process is at work
    """Another process holds the lock."""


@contextmanager
def alone(folder: Path, on_wait: Callable[[], None] | None) -> Iterator[bool]:
    """Keep all other processes from making or deleting a folder; False where there are no locks.

    Args:
        folder: The folder, which need not be there; its parent is.
        on_wait: Called once where another process has the lock, before waiting for it; None is not to wait.

    Raises:
        Locked: Another process has it, and nobody is to wait.
    """
    path = folder.with_name(f"{folder.name}.lock")
    descriptor = _locked_file(path, on_wait)
    if descriptor is None:
        yield False
        return
    try:
        yield True
    finally:
        path.unlink(missing_ok=True)  # still locked: who waits for this file sees that it is gone, and opens the next
        os.close(descriptor)


def _locked_file(path: Path, on_wait: Callable[[], None] | None) -> int | None:
    """Open and lock a file; None where there are no locks."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError:  # a cache that cannot be written to
            return None
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if on_wait is None:
                    raise Locked from None
                on_wait()
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_same(descriptor, path):
                return descriptor
        except OSError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def hold(folder: Path) -> bool:
    """Hold a folder, so that no other process deletes it; False where it is not there, or being deleted."""
    try:
        descriptor = os.open(folder / MANIFEST, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    except OSError:
        pass  # no locks here
    if not _is_same(descriptor, folder / MANIFEST):
        os.close(descriptor)
        return False
    _held[folder] = descriptor
    if len(_held) > MOST_HELD:
        let_go(next(iter(_held)))
    return True


def is_held(folder: Path) -> bool:
    """Tell whether this process holds the folder, and it is still the same one."""
    if folder not in _held:
        return False
    if not _is_same(_held[folder], folder / MANIFEST):
        let_go(folder)
        return False
    _held.move_to_end(folder)
    return True


def let_go(folder: Path) -> None:
    """Hold a folder no longer, where it was held."""
    if folder in _held:
        os.close(_held.pop(folder))


@contextmanager
def left_alone(folder: Path) -> Iterator[None]:
    """Keep other processes from beginning to use a folder while it is deleted.

    Raises:
        Locked: A process uses it.
    """
    try:
        descriptor = os.open(folder / MANIFEST, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # nobody uses what is not complete
        yield
        return
    try:
        with suppress(OSError):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Locked from None
        yield
    finally:
        os.close(descriptor)


def _is_same(descriptor: int, path: Path) -> bool:
    """Tell whether an open file is still the one of that path."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False
