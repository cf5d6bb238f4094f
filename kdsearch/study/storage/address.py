"""Addresses of study databases: parse them, show them without passwords, explain why one cannot be used."""

import re
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from kdsearch.errors import StudyError

__all__ = ["parse", "reason_of", "shown", "sqlite_address", "unusable"]

_REMEDIES = {
    "password authentication failed": "check user and password, with @ : / in them written as %40 %3A %2F",
    "no password supplied": "put the password into the address",
    "does not exist": "make the database with `createdb`, or check its name",
    "permission denied": "let this user make tables there, as GRANT CREATE ON SCHEMA public does",
    "resolve host": "check the name of the host",
    "connection": "check that a PostgreSQL server runs there, its host and its port",
}


def parse(url: str) -> URL:
    """Parse an address.

    Raises:
        StudyError: Where it is no address, or one of another kind of database. No message holds a password.
    """
    form = "write sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE"
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The messages of these errors repeat the address with its password.
        raise StudyError(f"{shown(url)!r} is no database address; {form}") from None
    if "@" in (parsed.host or ""):
        raise StudyError(f"{shown(url)!r} has an @ in its password; write it as %40")
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise StudyError(f"{shown(url)!r} is no address of SQLite or PostgreSQL; {form}")
    return parsed


def sqlite_address(path: Path) -> str:
    """Write the address of a SQLite file; letters such as % and ? have a meaning of their own in addresses.

    Raises:
        StudyError: The path leads in a circle, or is no text.
    """
    try:
        return URL.create("sqlite", database=str(path.resolve())).render_as_string(hide_password=False)
    except (OSError, RuntimeError) as error:
        raise StudyError(f"{path} is a symbolic link that leads in a circle; put the file itself there") from error
    except ValueError as error:  # bytes that are no UTF-8, a zero byte
        raise StudyError(f"{path} is no name that an address can hold; rename its folder") from error


def shown(url: str | URL) -> str:
    """Show an address without any password, be it correct or not."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return re.sub(r"^([^:]*:/*).*@", r"\1***@", str(url)).partition("?")[0]
    if parsed.host is not None:
        parsed = parsed.set(host=parsed.host.rpartition("@")[2])  # the end of a password whose @ was not written as %40
    secret = [name for name in parsed.query if "password" in name.lower()]
    return parsed.difference_update_query(secret).render_as_string(hide_password=True)


def unusable(url: str | URL, error: Exception) -> StudyError:
    """Make the error of an unusable database: its address, the reason that its driver gave, and the remedy."""
    reason = reason_of(error)
    remedies = (remedy for words, remedy in _REMEDIES.items() if words in reason)
    remedy = next(remedies, "look whether the database is whole and can be written")
    return StudyError(f"the study database {shown(url)} cannot be used: {reason}; {remedy}")


def reason_of(error: Exception) -> str:
    """Take the first line of the message of a database's driver."""
    cause = error.__cause__ if isinstance(error.__cause__, SQLAlchemyError) else error  # Optuna wraps them
    return str(getattr(cause, "orig", cause)).strip().splitlines()[0]
