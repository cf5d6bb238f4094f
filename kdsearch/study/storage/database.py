"""The SQL of a study: our tables beside Optuna's, in one database and through one engine."""

import atexit
import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy import create_engine, inspect, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from kdsearch.data.places import HIDDEN, what_is_there
from kdsearch.errors import RunError, StudyError
from kdsearch.study.storage.address import parse, reason_of, shown, unusable
from kdsearch.study.storage.damage import refusing_damage
from kdsearch.study.storage.lock import locked
from kdsearch.study.storage.migrations import MIGRATIONS
from kdsearch.study.storage.schema import SchemaRow, Table

__all__ = ["connect", "disconnect", "failures_named"]

SCHEMA_VERSION = max(MIGRATIONS) + 1
HEARTBEAT_SECONDS = 30
"""Time between two heartbeats of a running trial; after four missed ones another search may take the trial over."""

optuna.logging.set_verbosity(optuna.logging.WARNING)


def connect(url: str, *, create: bool) -> RDBStorage:
    """Open a database: to read one that is there, or to write.

    Reading changes nothing of a SQLite file. One that lacks tables of this kdsearch, or may not be written, is read
    from a copy that is brought up to date.

    Args:
        url: SQLAlchemy address.
        create: Whether a SQLite file may be made and written. Tables that PostgreSQL lacks are made in either case.

    Returns:
        Optuna's storage; its engine serves our tables too.

    Raises:
        StudyError: Where there is no such database or it cannot be used.
    """
    parsed = parse(url)
    try:
        if parsed.get_backend_name() != "sqlite":
            return _written(parsed, _postgresql_settings(parsed))
        path = _file_of(parsed)
        if create:
            _make_folder(path.parent)
            _refuse_other_program(parsed, path)
        else:
            if what_is_there(path) == "nothing":
                raise StudyError(f"there is no study database {path}; check the name, or begin one with `kdsearch run`")
            if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK) and _is_up_to_date(parsed):
                return _optuna_storage(parsed, _READ_SETTINGS, skip_table_creation=True)
            parsed = parsed.set(database=str(_readable_copy(path, path.stat().st_mtime_ns)))
        return _written(parsed, {"pool_events": [(_prepare_sqlite, "connect")]})
    except ImportError as error:
        raise StudyError(f"no driver for {shown(url)}; install one: pip install 'kdsearch[postgres]'") from error
    except (SQLAlchemyError, StorageInternalError, RuntimeError, ValueError, TypeError, AssertionError) as error:
        # RuntimeError: Optuna's of another schema; the last ones at options in an address, and at odd rows of Optuna's
        raise unusable(url, error) from error


def _file_of(url: URL) -> Path:
    """Give the path of a SQLite database; one in memory would be gone before anything is read of it.

    Raises:
        StudyError: The address names no file, or what is there is none.
    """
    if url.database in {None, "", ":memory:"}:
        raise StudyError(f"{shown(url)} names no file; write sqlite:///FILE")
    path = Path(str(url.database))
    if (found := what_is_there(path)) not in {"a file", "nothing"}:
        wrong = "cannot be looked at; make its folder readable" if found == HIDDEN else f"is {found}, not a file"
        raise StudyError(f"the study database {path} {wrong}, or give another with --storage or --studies")
    return path


def _refuse_other_program(url: URL, path: Path) -> None:
    """Refuse to write tables into the database of another program; Optuna's own studies may lie beside ours.

    Raises:
        StudyError: It is one.
    """
    if not path.is_file():
        return
    engine = create_engine(url, **_READ_SETTINGS)
    try:
        names = set(inspect(engine).get_table_names())
    finally:
        engine.dispose()
    if names and not names & {SchemaRow.__tablename__, "version_info"}:
        raise StudyError(
            f"{path} is the database of another program, with the table {min(names)}; give another file with --storage"
        )


def _written(url: URL, settings: dict[str, Any]) -> RDBStorage:
    """Open a database in which tables that are missing are made, and older ones migrated."""
    with _our_tables(url, settings):
        storage = _optuna_storage(url, settings)
        _bring_up_to_date(storage)
    return storage


def _optuna_storage(url: URL, settings: dict[str, Any], *, skip_table_creation: bool = False) -> RDBStorage:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # heartbeats
        return RDBStorage(
            url.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}"),  # it formats them
            engine_kwargs=settings,
            heartbeat_interval=HEARTBEAT_SECONDS,
            grace_period=4 * HEARTBEAT_SECONDS,
            skip_table_creation=skip_table_creation,
        )


def _is_up_to_date(url: URL) -> bool:
    """Tell whether a SQLite file has all tables, ours and Optuna's, as this kdsearch writes them."""
    engine = create_engine(url, **_READ_SETTINGS)
    try:
        names = set(inspect(engine).get_table_names())
        if not names >= {*Table.metadata.tables, "alembic_version"}:  # the last that Optuna makes
            return False
        with Session(engine) as session:
            version = session.scalar(select(SchemaRow.version))
        _refuse_unknown(version, url)
        return version == SCHEMA_VERSION
    finally:
        engine.dispose()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudyError(
            f"the folder {folder} of the study cannot be made: {error.strerror}; give another with --studies"
        ) from None


@cache
def _readable_copy(path: Path, changed_ns: int) -> Path:  # noqa: ARG001 - a file that changed is copied again
    """Copy a study that may only be read, with what its write-ahead log holds, to where SQLite can open it.

    A log cannot be read without writing beside it.
    """
    folder = Path(mkdtemp(prefix="kdsearch-study-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for file in (path, path.with_name(f"{path.name}-wal")):
        if file.is_file():
            shutil.copyfile(file, folder / file.name)
    return folder / path.name


@contextmanager
def _our_tables(url: URL, settings: dict[str, Any]) -> Iterator[None]:
    """Make our tables, and lock other processes out until Optuna's are made too.

    Two processes that make the same table at once fail.
    """
    engine = create_engine(url, **settings)
    try:
        with locked(engine, ""):
            Table.metadata.create_all(engine)
            yield
    finally:
        engine.dispose()


def _prepare_sqlite(connection: Any, _: object) -> None:
    """Set up a write-ahead log.

    Readers and the search then do not wait for one another, and writing a trial takes 33 ms instead of 300.
    """
    cursor = connection.cursor()
    for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_reading(connection: Any, _: object) -> None:
    """Refuse to write, and leave the journal as it is: its mode is written into the file."""
    cursor = connection.cursor()
    for pragma in ("busy_timeout=30000", "query_only=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


_READ_SETTINGS: dict[str, Any] = {"pool_events": [(_prepare_reading, "connect")]}


def _postgresql_settings(url: URL) -> dict[str, Any]:
    """Give the settings of an engine on PostgreSQL.

    A server may restart between two trials (pre-ping), or be absent (waiting ten seconds instead of minutes).
    """
    patient = url.get_driver_name() != "psycopg" or "connect_timeout" in url.query
    return {
        "pool_pre_ping": True,
        "pool_events": [(_prepare_postgresql, "connect")],
        "connect_args": {} if patient else {"connect_timeout": 10},
    }


def _prepare_postgresql(connection: Any, _: object) -> None:
    """Set the time zone and the keepalives of a connection.

    Heartbeats in UTC do not shift with summer time. Keepalives free the locks of a vanished machine in a minute
    instead of hours.
    """
    cursor = connection.cursor()
    for setting in ("TIME ZONE 'UTC'", "tcp_keepalives_idle = 30", "tcp_keepalives_interval = 10"):
        cursor.execute(f"SET {setting}")
    cursor.execute("SET tcp_keepalives_count = 3")
    cursor.close()
    connection.commit()


def _bring_up_to_date(storage: RDBStorage) -> None:
    """Migrate the tables of an older kdsearch; the caller holds the database's lock."""
    with Session(storage.engine) as session, session.begin():
        row = session.scalars(select(SchemaRow)).one_or_none()
        if row is None:
            session.add(SchemaRow(version=SCHEMA_VERSION))
            return
        _refuse_unknown(row.version, storage.url)
        for version in range(row.version, SCHEMA_VERSION):
            with refusing_damage(storage.url, "a study of an older kdsearch"):
                MIGRATIONS[version](session)
        row.version = SCHEMA_VERSION


def _refuse_unknown(version: int | None, url: str | URL) -> None:
    if version is not None and version < min(MIGRATIONS):
        raise StudyError(
            f"the study database {shown(url)} has schema {version}, which no kdsearch wrote; put back a copy of it"
        )
    if version is not None and version > SCHEMA_VERSION:
        raise StudyError(
            f"the study database {shown(url)} has schema {version} and this kdsearch reads up to {SCHEMA_VERSION}; "
            "install the kdsearch that wrote it, or a newer one"
        )


@contextmanager
def failures_named(url: str) -> Iterator[None]:
    """Turn errors of the database inside the block into one sentence.

    Raises:
        RunError: In place of the errors of SQLAlchemy and Optuna.
    """
    try:
        yield
    except (SQLAlchemyError, StorageInternalError) as error:
        raise RunError(
            f"the database {shown(url)} failed: {reason_of(error)}; what it holds is kept, and the same command "
            "goes on once it is there again"
        ) from error


def disconnect(storage: RDBStorage) -> None:
    """Close every connection."""
    storage.remove_session()
    storage.engine.dispose()
