"""Errors of the user's making, each one sentence with the value and the remedy.

KdsearchError                 exit code 2 when it reaches the command line
├── DataError                 a file, folder or card that cannot be read as said
│   └── DataQuestion          ... or that can be read in several ways
├── ProtocolError             data too short or of the wrong kind for a protocol
├── SpaceError                a search space that cannot be searched
├── StudyError                a study that is not there, or is another one
└── RunError                  a run that could not continue; exit code 1
"""

import json
import re
import traceback
from collections.abc import Sequence
from pathlib import Path

__all__ = [
    "DataError",
    "DataQuestion",
    "KdsearchError",
    "ProtocolError",
    "RunError",
    "SpaceError",
    "StudyError",
    "failure",
]


LONGEST_WORD = 500
"""Letters without a space that a message repeats; of more it gives the beginning and the end."""


class KdsearchError(Exception):
    """Base of all errors whose message is meant for the person at the command line.

    Args:
        message: One sentence; what a file brings into it and no terminal prints, such as a line's end, is written out,
            and what has thousands of letters is cut.
    """

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(_printable(message))


def _printable(text: str) -> str:
    printable = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
    return re.sub(rf"\S{{{LONGEST_WORD + 1},}}", lambda word: f"{word[0][:200]} ... {word[0][-100:]}", printable)


class DataError(KdsearchError):
    """Data that is missing, damaged or not as its card says."""


class DataQuestion(DataError):  # noqa: N818 - it asks
    """Data that can be read in several ways.

    Args:
        what: What is not certain, with the file and the value.
        key: The key of `dataset.toml` that decides it.
        choices: Its values, the likeliest first.
        table: The table of `dataset.toml` that has the key; empty for its top.
    """

    def __init__(self, what: str, key: str, choices: Sequence[object], table: str = "series") -> None:
        self.what, self.key, self.choices, self.table = _printable(what), key, tuple(choices), table
        values = " or ".join(f"{key} = {_toml(choice)}" for choice in self.choices[:4])
        where = f"under [{table}] in dataset.toml" if table else "at the top of dataset.toml"
        super().__init__(f"{what}; write {values} {where}")


def _toml(value: object) -> str:
    """Write a value as TOML does."""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, ensure_ascii=False)


class ProtocolError(KdsearchError):
    """A protocol that this series cannot follow."""


class SpaceError(KdsearchError):
    """A search space with a mistake."""


class StudyError(KdsearchError):
    """A study that does not exist or does not fit what was asked."""


class RunError(KdsearchError):
    """A run that started well and could not continue."""

    exit_code = 1


def failure(error: BaseException) -> str:
    """Describe an error of a user's code: its kind, its first line, and where in an imported file it arose.

    Files of users are run from their text, so that they alone have no whole path in a traceback.
    """
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not Path(frame.filename).is_absolute()]
    own = [frame for frame in frames if frame.filename.endswith(".py")]
    where = f" (line {own[-1].lineno} of {own[-1].filename})" if own else ""
    return f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}{where}"
