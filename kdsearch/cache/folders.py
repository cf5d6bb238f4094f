"""Folders of the cache: made once, by one process, checked when a process first opens them, made again when damaged."""

import os
import shutil
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import platformdirs

from kdsearch.cache.locks import alone, hold, is_held, let_go
from kdsearch.cache.manifest import MANIFEST, damage, write_manifest
from kdsearch.cache.messages import say, warn
from kdsearch.errors import RunError

__all__ = ["UNFINISHED", "cache_dir", "complete_folder", "is_complete", "thrown_away"]

UNFINISHED = ".unfinished-"
"""In the name of a folder that is being made or thrown away."""


def cache_dir() -> Path:
    """Find the folder of trained teachers and their tables: KDSEARCH_CACHE, else the user's cache folder."""
    return Path(os.environ.get("KDSEARCH_CACHE") or platformdirs.user_cache_path("kdsearch")).absolute()


def complete_folder(folder: Path, fill: Callable[[Path], None]) -> Path:
    """Fill a folder where it does not exist or is damaged, and return it.

    Of several processes one fills it, and the others wait for that one; where it is killed, the next one fills it. A
    folder is checked, file by file, when a process first asks for it; that process then holds it (`locks.hold`).

    Args:
        folder: Folder with a name that determines its content.
        fill: Writes the content into another, empty folder, which then gets the name.

    Raises:
        RunError: It is missing or damaged, and cannot be made here.
    """
    if is_complete(folder):
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(f"there is no {folder}, and it cannot be made", error) from error
    with alone(folder, lambda: say(f"waiting for another process, which makes {_name(folder)} in the cache")) as lock:
        wrong = _mistake(folder)  # another process may have made it meanwhile
        if wrong is None:
            return folder
        if lock:
            for left in folder.parent.glob(f"{folder.name}{UNFINISHED}*"):  # of a process that was killed
                shutil.rmtree(left, ignore_errors=True)
        if os.path.lexists(folder):
            _heal(folder, wrong)
        _make(folder, fill)
    return folder


def is_complete(folder: Path) -> bool:
    """Tell whether a folder is there with all its files as they were written, and hold it if so."""
    return _mistake(folder) is None


def _mistake(folder: Path) -> str | None:
    """Say what is wrong with a folder; None where nothing is, and this process holds it."""
    if is_held(folder):
        return None
    if not hold(folder):
        return f"has no {MANIFEST}"
    wrong = damage(folder)
    if wrong is not None:
        let_go(folder)
        return wrong
    with suppress(OSError):  # a cache that cannot be written to
        os.utime(folder / MANIFEST)  # its last use
    return None


def _heal(folder: Path, wrong: str) -> None:
    try:
        thrown_away(folder)
    except OSError as error:
        raise _cannot_write(f"{folder} {wrong}, and it cannot be made again", error) from error
    warn(f"{_name(folder)} of the cache {wrong}; it is made again")


def _make(folder: Path, fill: Callable[[Path], None]) -> None:
    unfinished = folder.with_name(f"{folder.name}{UNFINISHED}{uuid.uuid4().hex[:8]}")
    try:
        unfinished.mkdir()
    except OSError as error:
        raise _cannot_write(f"there is no {folder}, and it cannot be made", error) from error
    try:
        fill(unfinished)
        write_manifest(unfinished)
        unfinished.rename(folder)
        hold(folder)
    except OSError:
        if not is_complete(folder):
            raise
        # a process of another machine, whose locks are not seen here, was quicker, with the same content
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)  # not there any more where all went well


def thrown_away(folder: Path) -> None:
    """Delete a folder, or what is in its place, so that no half of it is ever seen under its name."""
    away = folder.with_name(f"{folder.name}{UNFINISHED}{uuid.uuid4().hex[:8]}")
    folder.rename(away)
    if away.is_dir() and not away.is_symlink():
        shutil.rmtree(away)
    else:
        away.unlink()


def _name(folder: Path) -> str:
    return f"{folder.parent.name}/{folder.name}"


def _cannot_write(what: str, error: OSError) -> RunError:
    return RunError(f"{what} ({error.strerror}); set KDSEARCH_CACHE to a folder that can be written to")
