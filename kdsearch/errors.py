"""Errors of the user's making, each one sentence with the value and the remedy.

KdsearchError                 exit code 2 when it reaches the command line
├── DataError                 a file, folder or card that cannot be read as said
├── ProtocolError             data too short or of the wrong kind for a protocol
├── SpaceError                a search space that cannot be searched
├── StudyError                a study that is not there, or is another one
└── RunError                  a run that could not continue; exit code 1
"""

__all__ = ["DataError", "KdsearchError", "ProtocolError", "RunError", "SpaceError", "StudyError"]


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
