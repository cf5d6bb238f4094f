"""Lock of a study: one driver at a time counts trials and opens one, or takes over abandoned ones.

The operating system or the server frees the lock of a process that was killed; no file or row has to be cleaned up.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout
from sqlalchemy import func, select
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from kdsearch.errors import StudyError
from kdsearch.study.storage.address import shown

__all__ = ["LOCK_SECONDS", "locked"]

LOCK_SECONDS = 60.0
"""Proposing a configuration takes milliseconds, or seconds with the slowest sampler; a run that takes longer hangs."""

_LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL: `lock_timeout` has passed


@contextmanager
def locked(engine: Engine, name: str, *, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Keep out all other processes and threads that lock the same name in the same database.

    A second call inside the first one, even in the same thread, would wait for itself.

    Args:
        engine: Engine of the database. SQLite has one lock for all names of a file, `FILE.lock` beside it.
        name: Name of the study.
        seconds: How long to wait for others.

    Raises:
        StudyError: Where another process holds the lock all that time.
    """
    if engine.url.get_backend_name() == "postgresql":
        holder = _on_server(engine, name, seconds)
    else:
        holder = _on_file(engine, seconds)
    with holder:
        yield


@contextmanager
def _on_file(engine: Engine, seconds: float) -> Iterator[None]:
    if engine.url.database in {None, "", ":memory:"}:
        yield  # nobody else can open it
        return
    lock = FileLock(f"{engine.url.database}.lock", timeout=seconds)
    try:
        lock.acquire()
    except Timeout:
        raise _busy(engine, seconds) from None
    except OSError as error:
        raise StudyError(
            f"the lock {lock.lock_file} of the study database cannot be made: {error.strerror}; remove what is there, "
            "or make its folder writable"
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _on_server(engine: Engine, name: str, seconds: float) -> Iterator[None]:
    """Hold the advisory lock of a transaction; the server frees it when the connection ends."""
    digest = hashlib.blake2b(f"kdsearch {name}".encode(), digest_size=8).digest()
    key = int.from_bytes(digest, signed=True)
    with engine.begin() as connection:
        connection.execute(select(func.set_config("lock_timeout", f"{round(1000 * seconds)}ms", True)))
        try:
            connection.execute(select(func.pg_advisory_xact_lock(key)))
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise
            raise _busy(engine, seconds) from None
        yield


def _busy(engine: Engine, seconds: float) -> StudyError:
    return StudyError(
        f"another run has held the study database {shown(engine.url)} for {seconds:g} s; "
        "end the one that hangs or was stopped, and give the same command again"
    )
