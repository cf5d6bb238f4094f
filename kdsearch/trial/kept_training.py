"""A training under way, kept in the cache, so that it goes on after Ctrl-C or a kill."""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from kdsearch.cache.messages import say, warn
from kdsearch.record import CurvePoint

__all__ = ["KeptTraining"]

LEAST_SECONDS = 1.0
"""Between two times that a training is kept."""

LEAST_RATIO = 200
"""Of the time between two times that it is kept and the time that keeping it takes, which is so 0.5 % at most."""

DIGEST_BYTES, HEAD_BYTES = 16, 20


class KeptTraining:
    """One training under way, in one file: a hash, the number of epochs that are done, and the bytes of `fit`.

    Whoever uses it alone makes the folder beside the file, and so no other process touches the file meanwhile.

    Args:
        path: The file, whose name says all that determines the training, code included.
        name: Of the network, for people.
        epochs: That the training has.
    """

    def __init__(self, path: Path, name: str, epochs: int) -> None:
        self.path, self._name, self._epochs = path, name, epochs
        self._done, self._next, self._writable = 0, time.monotonic() + LEAST_SECONDS, True

    def begun(self) -> bytes | None:
        """Read what was kept, and say where the training goes on; None where nothing was kept, or it is damaged."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            warn(f"what was kept of the training of {self._name} cannot be read ({error.strerror}); it begins anew")
            return None
        if not _is_whole(content):
            warn(f"what was kept of the training of {self._name} is damaged; it begins anew")
            return None
        self._done = _epochs_in(content)
        say(f"the training of {self._name} goes on {self._where()}")
        return content[HEAD_BYTES:]

    def done_epochs(self) -> int:
        """Count the epochs that are kept; 0 where nothing is, or it is damaged."""
        try:
            content = self.path.read_bytes()
        except OSError:
            return 0
        return _epochs_in(content) if _is_whole(content) else 0

    def after_epoch(self, curve: Sequence[CurvePoint], packed: Callable[[], bytes]) -> None:
        """Keep the training after an epoch, where it is time to; a disk that is full does not end it."""
        began = time.monotonic()
        if began < self._next or not self._writable:
            return
        content, new = (
            len(curve).to_bytes(HEAD_BYTES - DIGEST_BYTES) + packed(),
            self.path.with_name(f"{self.path.name}.new"),
        )
        try:
            new.write_bytes(_digest(content) + content)
            new.replace(self.path)
            self._done = len(curve)
        except OSError as error:
            self._writable = False
            warn(f"the training of {self._name} cannot be kept in {self.path.parent} ({error.strerror}); it goes on")
        finally:
            with suppress(OSError):
                new.unlink(missing_ok=True)
        ended = time.monotonic()
        self._next = ended + max(LEAST_SECONDS, LEAST_RATIO * (ended - began))

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Say at Ctrl-C where the training in the block will go on."""
        try:
            yield
        except KeyboardInterrupt:
            if self._done:
                say(f"the training of {self._name} is kept; it goes on {self._where()}")
            raise

    def forget(self) -> None:
        """Delete the file, where there is one."""
        with suppress(OSError):
            self.path.unlink()

    def _where(self) -> str:
        if self._done == self._epochs:
            return f"after its last epoch, {self._epochs}"
        return f"from epoch {self._done + 1} of {self._epochs}"


def _is_whole(content: bytes) -> bool:
    return len(content) >= HEAD_BYTES and content[:DIGEST_BYTES] == _digest(content[DIGEST_BYTES:])


def _epochs_in(content: bytes) -> int:
    return int.from_bytes(content[DIGEST_BYTES:HEAD_BYTES])


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=DIGEST_BYTES).digest()
