import socket
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import URL, make_url

from kdsearch.errors import StudyError
from kdsearch.study.storage.address import parse, shown
from kdsearch.study.storage.listing import list_database


@pytest.mark.parametrize(
    ("url", "visible"),
    [
        ("postgresql+psycopg://me:secret@db:5432/x", "postgresql+psycopg://me:***@db:5432/x"),
        ("postgresql+psycopg://me:s%40%2Fecret%3A@db/x", "postgresql+psycopg://me:***@db/x"),
        ("postgresql+psycopg://me:se/cret@db/x?sslmode=require", "postgresql+psycopg://me:***@db/x?sslmode=require"),
        ("postgresql+psycopg://me:a@secret@db/x", "postgresql+psycopg://me:***@db/x"),
        ("postgresql+psycopg:///x?host=db&user=me&password=secret", "postgresql+psycopg:///x?host=db&user=me"),
        ("postgresql+psycopg://db/x?sslpassword=secret", "postgresql+psycopg://db/x"),
        ("postgresql+psycopg:/me:secret@db/x", "postgresql+psycopg:/***@db/x"),
        ("postgresql+psycopg://me:secret@db:port/x", "postgresql+psycopg://***@db:port/x"),
        ("db?password=secret", "db"),
        ("sqlite:///studies/x.db", "sqlite:///studies/x.db"),
    ],
)
def test_passwords_are_never_shown(url: str, visible: str) -> None:
    """In whatever place or spelling, and with a mistake in the address too."""
    assert shown(url) == visible


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "'nonsense' is no database address; write sqlite:///FILE"),
        ("postgresql+psycopg:/me:secret@db/x", r"'postgresql\+psycopg:/\*\*\*@db/x' is no database address"),
        ("postgresql+psycopg://me:secret@db:port/x", "is no database address"),
        ("postgresql+psycopg://me:secret@secret@db/x", "has an @ in its password; write it as %40"),
        ("mysql+pymysql://me:secret@db/x", "no address of SQLite or PostgreSQL"),
    ],
)
def test_an_address_with_a_mistake_is_one_sentence(url: str, words: str) -> None:
    """The password is neither in it nor in the error behind it."""
    with pytest.raises(StudyError, match=words) as caught:
        parse(url)
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_driver_that_is_not_installed_is_named_with_its_remedy() -> None:
    with pytest.raises(StudyError, match=r"no driver for .*me:\*\*\*@db/x; install one: pip install"):
        list_database("postgresql+pg8000://me:secret@db/x")


def free_port() -> int:
    """Find a port on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.mark.parametrize(
    ("mistake", "reason", "remedy"),
    [
        ({"password": "wr0ng"}, 'password authentication failed for user "kdsearch"', "check user and password"),
        ({"password": ""}, "no password supplied", "put the password into the address"),
        ({"database": "nowhere"}, 'database "nowhere" does not exist', "make the database with `createdb`"),
        ({"port": 0}, "refused", "check that a PostgreSQL server runs there"),
        ({"host": "localhost", "port": 0}, "refused", "check that a PostgreSQL server runs there"),
        ({"host": "nowhere.invalid"}, "resolve host", "check the name of the host"),
    ],
)
def test_a_server_that_refuses_is_one_sentence_with_its_remedy(
    postgresql: URL, mistake: dict[str, Any], reason: str, remedy: str
) -> None:
    """What the server said, the address without its password, and what to do."""
    wrong = postgresql.set(**mistake) if "port" not in mistake else postgresql.set(**mistake | {"port": free_port()})
    with pytest.raises(StudyError) as caught:
        list_database(wrong.render_as_string(hide_password=False))
    said = str(caught.value)
    assert said.startswith(f"the study database {wrong.render_as_string()} cannot be used: ")
    assert reason in said
    assert remedy in said
    assert "\n" not in said
    assert "s3cr3t" not in said
    assert "wr0ng" not in said


def test_a_user_who_may_make_no_tables_is_told_so(postgresql: URL) -> None:
    """As on a server whose administrator gave a login and no more."""
    admin = postgresql.set(drivername="postgresql")
    with psycopg.connect(admin.render_as_string(hide_password=False)) as connection:
        connection.execute("CREATE ROLE guest LOGIN PASSWORD 'open'")
    guest = postgresql.set(username="guest", password="open")
    with pytest.raises(StudyError, match="permission denied for schema public; let this user make tables there"):
        list_database(guest.render_as_string(hide_password=False))


def test_a_braced_password_opens_the_database(postgresql: URL) -> None:
    """Optuna formats addresses, and libraries write and read the percent signs of this one."""
    assert {"{", "%", "@", "/", ":"} <= set(str(make_url(postgresql).password))
    assert list_database(postgresql.render_as_string(hide_password=False)) == []
