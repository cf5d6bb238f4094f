"""The SQL of a study: our tables beside Optuna's, in one database and through one engine."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy import LargeBinary, String, Text, create_engine, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from kdsearch.errors import StudyError
from kdsearch.study.address import parse, shown, unusable
from kdsearch.study.lock import locked

__all__ = [
    "ConfirmationRow",
    "ReferenceRow",
    "RungRow",
    "StudyRow",
    "Table",
    "TrialRow",
    "connect",
    "disconnect",
]

SCHEMA_VERSION = 1
HEARTBEAT_SECONDS = 30
"""A running search says this often that its trials live; four beats missed, and another search may take them over."""

optuna.logging.set_verbosity(optuna.logging.WARNING)


class Table(DeclarativeBase):
    """Base of our tables; their names begin with `kdsearch_`."""


class _SchemaRow(Table):
    __tablename__ = "kdsearch_schema"
    version: Mapped[int] = mapped_column(primary_key=True)


class StudyRow(Table):
    """What a study is of, as JSON."""

    __tablename__ = "kdsearch_studies"
    study: Mapped[str] = mapped_column(String(512), primary_key=True)
    meta: Mapped[str] = mapped_column(Text)


class TrialRow(Table):
    """Record of a trial, as JSON, and its weights."""

    __tablename__ = "kdsearch_trials"
    study: Mapped[str] = mapped_column(String(512), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    record: Mapped[str] = mapped_column(Text)
    weights: Mapped[bytes | None] = mapped_column(LargeBinary)


class RungRow(Table):
    """A trial at a rung of early stopping; its cost objectives as a JSON list."""

    __tablename__ = "kdsearch_rungs"
    study: Mapped[str] = mapped_column(String(512), primary_key=True)
    eighth: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    error: Mapped[float]
    costs: Mapped[str] = mapped_column(Text)


class ReferenceRow(Table):
    """A reference line, as JSON."""

    __tablename__ = "kdsearch_references"
    study: Mapped[str] = mapped_column(String(512), primary_key=True)
    name: Mapped[str] = mapped_column(String(512), primary_key=True)
    reference: Mapped[str] = mapped_column(Text)


class ConfirmationRow(Table):
    """The quiet pass over a candidate of the front, as JSON."""

    __tablename__ = "kdsearch_confirmations"
    study: Mapped[str] = mapped_column(String(512), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    confirmation: Mapped[str] = mapped_column(Text)


def connect(url: str, *, create: bool) -> RDBStorage:
    """Open a database, and make our tables where they are missing.

    Args:
        url: SQLAlchemy address.
        create: Whether a SQLite file may be made.

    Returns:
        Optuna's storage; its engine serves our tables too.

    Raises:
        StudyError: Where there is no such database or it cannot be used.
    """
    parsed = parse(url)
    on_sqlite = parsed.get_backend_name() == "sqlite"
    if on_sqlite and parsed.database:
        path = Path(parsed.database)
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
        elif not path.is_file():
            raise StudyError(f"there is no study database {path}; check the name, or begin one with `kdsearch run`")
    settings = {"pool_events": [(_prepare_sqlite, "connect")]} if on_sqlite else _postgresql_settings(parsed)
    try:
        with warnings.catch_warnings(), _our_tables(parsed, settings, create):
            warnings.simplefilter("ignore", ExperimentalWarning)  # heartbeats
            storage = RDBStorage(
                url.replace("{", "{{").replace("}", "}}"),  # Optuna formats addresses
                engine_kwargs=settings,
                heartbeat_interval=HEARTBEAT_SECONDS,
                grace_period=4 * HEARTBEAT_SECONDS,
            )
            _check_schema(storage)
    except ImportError as error:
        raise StudyError(f"no driver for {shown(url)}; install one: pip install 'kdsearch[postgres]'") from error
    except (SQLAlchemyError, StorageInternalError, RuntimeError) as error:  # RuntimeError: Optuna's of another schema
        raise unusable(url, error) from error
    return storage


@contextmanager
def _our_tables(url: URL, settings: dict[str, Any], create: bool) -> Iterator[None]:
    """Make them, and keep other processes out until Optuna's are made too: two that make the same one at once fail."""
    engine = create_engine(url, **settings)
    reading = url.get_backend_name() == "sqlite" and not create  # perhaps in a folder that cannot be written
    try:
        with nullcontext() if reading else locked(engine, ""):
            Table.metadata.create_all(engine)
            yield
    finally:
        engine.dispose()


def _prepare_sqlite(connection: Any, _: object) -> None:
    """Write-ahead log: readers and the search do not wait for one another, and a trial costs 33 ms instead of 300."""
    cursor = connection.cursor()
    for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _postgresql_settings(url: URL) -> dict[str, Any]:
    """A server may restart between two trials (pre-ping), or not be there at all (ten seconds instead of minutes)."""
    patient = url.get_driver_name() != "psycopg" or "connect_timeout" in url.query
    return {
        "pool_pre_ping": True,
        "pool_events": [(_prepare_postgresql, "connect")],
        "connect_args": {} if patient else {"connect_timeout": 10},
    }


def _prepare_postgresql(connection: Any, _: object) -> None:
    """Heartbeats in a time that no summer moves; locks of a machine that vanished are free in a minute, not hours."""
    cursor = connection.cursor()
    for setting in ("TIME ZONE 'UTC'", "tcp_keepalives_idle = 30", "tcp_keepalives_interval = 10"):
        cursor.execute(f"SET {setting}")
    cursor.execute("SET tcp_keepalives_count = 3")
    cursor.close()
    connection.commit()


def _check_schema(storage: RDBStorage) -> None:
    with Session(storage.engine) as session, session.begin():
        versions = list(session.scalars(select(_SchemaRow.version)))
        if not versions:
            session.add(_SchemaRow(version=SCHEMA_VERSION))
        elif versions != [SCHEMA_VERSION]:
            raise StudyError(
                f"the study database {shown(storage.url)} has schema {versions[0]} and this kdsearch reads "
                f"{SCHEMA_VERSION}; open it with the kdsearch that wrote it"
            )


def disconnect(storage: RDBStorage) -> None:
    """Close every connection."""
    storage.remove_session()
    storage.engine.dispose()
