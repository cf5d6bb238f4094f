"""Places of pages: whether one can be written is known before the work for it is done."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from kdsearch.data.places import what_is_there

if TYPE_CHECKING:
    from pathlib import Path

    from kdsearch.errors import KdsearchError

__all__ = ["check_folder", "check_page"]


def check_folder(folder: Path, what: str, option: str, mistake: type[KdsearchError]) -> None:
    """Make a folder where it is missing, and write to it.

    Args:
        folder: The folder.
        what: What it is of, as in "the study".
        option: The option that names another.
        mistake: What is raised.

    Raises:
        KdsearchError: The folder cannot be made or written.
    """
    done = "made"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        done = "written"
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise mistake(
            f"the folder {folder} of {what} cannot be {done}: {error.strerror}; give another with {option}"
        ) from None


def check_page(
    path: Path, option: str, mistake: type[KdsearchError], what: str = "page", kind: str = "an HTML file"
) -> None:
    """Refuse a place where no page, or other file, can be written; a file that is there keeps its content.

    Args:
        path: The file.
        option: The option that names it.
        mistake: What is raised.
        what: What is written.
        kind: What it is written as.

    Raises:
        KdsearchError: It is a folder, or it or its folder cannot be written.
    """
    there = what_is_there(path)
    if there == "a folder":
        raise mistake(f"{path} is a folder, not a file; give the name of {kind} with {option}")
    if there == "nothing":
        check_folder(path.parent, f"the {what}", option, mistake)
    if there in ("nothing", "a file"):
        try:
            path.open("ab").close()
            if there == "nothing":
                path.resolve().unlink()
        except OSError as error:
            raise mistake(
                f"the {what} {path} cannot be written: {error.strerror}; give another with {option}"
            ) from None
