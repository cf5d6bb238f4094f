"""Places of files: what is a plain file, and what stays inside a dataset's folder."""

import stat
from pathlib import Path

from kdsearch.errors import DataError, KdsearchError

__all__ = ["HIDDEN", "inside", "is_file", "must_be_a_file", "what_is_there"]

HIDDEN = "hidden"
"""What is said of a place in a folder that may not be entered."""

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def is_file(path: Path) -> bool:
    """Tell whether a plain file is at a path; False also where the path cannot be looked at."""
    return what_is_there(path) == "a file"


def what_is_there(path: Path) -> str:
    """Say what is at a path: "a file", "nothing", "a folder", "a pipe" and so on, or `HIDDEN`.

    Nothing is opened, so that a pipe does not wait for its other end.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "nothing"
    except PermissionError:
        return HIDDEN
    except (OSError, ValueError):  # a name that is too long, links in a circle, a zero byte
        return "nothing"
    return "a file" if stat.S_ISREG(mode) else _KINDS.get(stat.S_IFMT(mode), "no file")


def must_be_a_file(path: Path, error: type[KdsearchError] = DataError) -> None:
    """Raise an error where a path is not that of a plain file."""
    match what_is_there(path):
        case "a file":
            return
        case "nothing":
            raise error(f"{path} is not there; put the file there or correct its name")
        case "hidden":
            raise error(f"{path} cannot be looked at; make its folder readable")
        case found:
            raise error(f"{path} is {found}, not a file; put the file itself there")


def inside(folder: Path, name: str) -> Path:
    """Join a folder and the name of a file in it.

    Args:
        folder: A dataset's folder.
        name: A relative name.

    Raises:
        DataError: A symbolic link on the way leads out of the folder.
    """
    path = folder / name
    try:
        home, end = folder.resolve(), path.resolve()
    except (OSError, RuntimeError) as error:
        raise DataError(f"{path} is a symbolic link that leads in a circle; put the file itself there") from error
    if not end.is_relative_to(home):
        raise DataError(
            f"{path} is a link that leads out of its folder, to {end}; put the file itself there, or give "
            "--allow-outside to a command that reads it"
        )
    return path
