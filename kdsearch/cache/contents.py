"""What the cache holds, and what of it is deleted."""

import re
import shutil
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kdsearch.cache.folders import cache_dir, thrown_away
from kdsearch.cache.locks import Locked, alone, left_alone

__all__ = ["KINDS", "Entry", "clean", "entries"]

KINDS = ("teachers", "forecasts", "tables", "files", "operators")
"""Folders of the cache: trained networks, and those under training; what they forecast for students; their features;
exported files of architectures; bytes of such files by their operators."""

_PART = re.compile(r"([0-9a-f]{24}(?:-[0-9a-f]{16})?)(?:\.lock|\.training(?:\.new)?|(?:\.unfinished-|\.)[0-9a-f]{8})?")
"""Names of a folder and of what stands beside it; nothing else is touched, whatever folder KDSEARCH_CACHE names."""


@dataclass(frozen=True)
class Entry:
    """One folder of the cache, which may be unfinished, with what stands beside it.

    Attributes:
        kind: One of `KINDS`.
        folder: Its path.
        parts: Paths of all that belongs to it.
        size_bytes: Of all files in it; links count as themselves.
        used: When a process last began to use it, in seconds since 1970.
    """

    kind: str
    folder: Path
    parts: tuple[Path, ...]
    size_bytes: int
    used: float


def entries(kind: str, cache: Path | None = None) -> list[Entry]:
    """List what the cache holds of a kind; links are not followed.

    Args:
        kind: One of `KINDS`.
        cache: Folder of the cache; `cache_dir()` where left out.
    """
    place = (cache or cache_dir()) / kind
    parts = defaultdict[str, list[Path]](list)
    if place.is_dir() and not place.is_symlink():
        for path in sorted(place.iterdir()):
            if match := _PART.fullmatch(path.name):
                parts[match[1]].append(path)
    return [_entry(kind, place / name, tuple(own)) for name, own in parts.items()]


def clean(entry: Entry) -> bool:
    """Delete an entry; False where a process makes or uses it.

    Raises:
        OSError: It cannot be deleted.
    """
    try:
        with alone(entry.folder, on_wait=None), left_alone(entry.folder):
            for path in entry.parts:
                if path == entry.folder and path.exists():
                    thrown_away(path)
                elif path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                elif path.suffix != ".lock":  # which goes with this process's own lock
                    path.unlink(missing_ok=True)
    except Locked:
        return False
    return True


def _entry(kind: str, folder: Path, parts: tuple[Path, ...]) -> Entry:
    size, used = 0, 0.0
    for part in parts:
        for path in (part, *_inside(part)):
            try:
                found = path.lstat()
            except FileNotFoundError:  # deleted meanwhile
                continue
            size += 0 if path.is_dir() and not path.is_symlink() else found.st_size
            used = max(used, found.st_mtime)
    return Entry(kind, folder, parts, size, used or time.time())


def _inside(part: Path) -> Iterator[Path]:
    """List what is in a folder and its folders."""
    if part.is_symlink() or not part.is_dir():
        return
    for path in part.iterdir():
        yield path
        yield from _inside(path)
