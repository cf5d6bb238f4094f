"""Errors of the user's making, each one sentence with the value and the remedy.

KdsearchError                 exit code 2 when it reaches the command line
├── DataError                 a file, folder or card that cannot be read as said
├── ProtocolError             data too short or of the wrong kind for a protocol
├── SpaceError                a search space that cannot be searched
├── StudyError                a study that is not there, or is another one
└── RunError                  a run that could not continue; exit code 1
"""

import traceback
from pathlib import Path

__all__ = ["DataError", "KdsearchError", "ProtocolError", "RunError", "SpaceError", "StudyError", "failure"]


class KdsearchError(Exception):
    """Base of all errors whose message is meant for the person at the command line."""

    exit_code = 2


class DataError(KdsearchError):
    """Data that is missing, damaged or not as its card says."""


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
