"""What the cache says to people, from wherever it is used: to whoever listens."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["heard_by", "say", "warn"]

_listener: ContextVar[Callable[[str], None] | None] = ContextVar("listener", default=None)


@contextmanager
def heard_by(on_message: Callable[[str], None] | None) -> Iterator[None]:
    """Let a function take the cache's sentences in the block; None leaves them to whoever took them before."""
    token = _listener.set(on_message or _listener.get())
    try:
        yield
    finally:
        _listener.reset(token)


def say(sentence: str) -> None:
    """Say a sentence to whoever listens, else to nobody."""
    listener = _listener.get()
    if listener is not None:
        listener(sentence)


def warn(sentence: str) -> None:
    """Say what was wrong to whoever listens, else as a warning of Python's."""
    if _listener.get() is None:
        warnings.warn(sentence, stacklevel=2)
    say(sentence)
