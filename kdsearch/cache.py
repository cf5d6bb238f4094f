"""The cache: folders that are made once and never change, complete or not there."""

import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

import platformdirs

__all__ = ["cache_dir", "complete_folder"]


def cache_dir() -> Path:
    """Where trained teachers and what is made from them are kept: KDSEARCH_CACHE, else the user's cache folder."""
    return Path(os.environ.get("KDSEARCH_CACHE") or platformdirs.user_cache_path("kdsearch")).absolute()


def complete_folder(folder: Path, fill: Callable[[Path], None]) -> Path:
    """The folder itself, filled before where it is not there; other processes may make the same one meanwhile.

    Args:
        folder: Whose name says all that its content depends on.
        fill: Writes the content into another, empty folder, which then gets the name.
    """
    if folder.exists():
        return folder
    unfinished = folder.with_name(f"{folder.name}.{uuid.uuid4().hex[:8]}")
    unfinished.mkdir(parents=True)
    try:
        fill(unfinished)
        unfinished.rename(folder)
    except OSError:
        if not folder.exists():
            raise
        # another process was quicker, with the same content
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)  # not there any more where all went well
    return folder
