"""Rows of a study that nothing can read: what a library raises of them becomes a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

from optuna.exceptions import StorageInternalError
from sqlalchemy.engine import URL
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError, SQLAlchemyError

from kdsearch.errors import KdsearchError, StudyError
from kdsearch.study.storage.address import reason_of, shown, unusable

__all__ = ["refusing_damage"]

_OF_THE_FILE = ("no such", "decode", "malformed")
"""In an OperationalError of SQLite's, which else is of a database that is busy or gone for a while."""


@contextmanager
def refusing_damage(url: str | URL, what: str) -> Iterator[None]:
    """Turn what reading rows raises into a sentence; a connection that is lost stays what it is.

    Args:
        url: Address of the database.
        what: What the rows are, such as "trial 3 of study 'city'".

    Raises:
        StudyError: They were changed by another program, or are damaged.
    """
    try:
        yield
    except KdsearchError:
        raise
    except (SQLAlchemyError, StorageInternalError) as error:
        passing = isinstance(error, OperationalError | InterfaceError | InternalError | StorageInternalError)
        if passing and not any(words in reason_of(error) for words in _OF_THE_FILE):
            raise
        raise unusable(url, error) from error
    except Exception as error:  # a damaged row raises whatever its bytes happen to ask for
        raise StudyError(
            f"{what} in {shown(url)} cannot be read (damaged, or changed by another program); put back a copy of the "
            "database, or begin a study of another name"
        ) from error
