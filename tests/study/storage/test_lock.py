import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE

import pytest
from sqlalchemy import Engine, create_engine

from kdsearch.errors import StudyError
from kdsearch.study.storage.lock import locked

on_both_databases = pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)

HOLDER = """
import sys
from sqlalchemy import create_engine
from kdsearch.study.storage.lock import locked

with locked(create_engine(sys.argv[1]), "city"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """Make an engine of the database."""
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir()
    made = create_engine(url)
    yield made
    made.dispose()


@pytest.fixture
def holder(url: str, engine: Engine) -> Iterator[subprocess.Popen[str]]:
    """Start a process that holds the lock until it reads a line."""
    assert engine
    with subprocess.Popen([sys.executable, "-c", HOLDER, url], stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


@on_both_databases
def test_a_second_process_waits_until_the_first_lets_go(engine: Engine, holder: subprocess.Popen[str]) -> None:
    """A process that would wait too long says so, without the password."""
    with pytest.raises(StudyError, match=r"another run has held the study database .* for 0.1 s") as caught:
        locked(engine, "city", seconds=0.1).__enter__()
    assert "s3cr3t" not in str(caught.value)
    assert holder.stdin is not None
    release = threading.Timer(0.3, holder.communicate, ["\n"])
    begun = time.monotonic()
    release.start()
    with locked(engine, "city"):
        assert time.monotonic() - begun > 0.3
    release.join()


@on_both_databases
def test_a_holder_that_is_killed_lets_go_at_once(engine: Engine, holder: subprocess.Popen[str]) -> None:
    """Signal 9 leaves it no time to tidy up."""
    holder.kill()
    holder.wait()
    with locked(engine, "city", seconds=2):
        pass


@on_both_databases
def test_threads_of_a_process_wait_for_one_another_and_errors_let_go(engine: Engine) -> None:
    """The driver's heartbeat takes trials over while its main thread opens others."""
    order = []

    def enter() -> None:
        with locked(engine, "city"):
            order.append("second")

    other = threading.Thread(target=enter)
    with suppress(KeyError), locked(engine, "city"):
        other.start()
        other.join(timeout=0.3)
        order.append("first")
        raise KeyError
    other.join()
    assert order == ["first", "second"]


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_studies_of_one_server_do_not_wait_for_one_another(engine: Engine) -> None:
    """Nor do those of another database."""
    with locked(engine, "city"), locked(engine, "town", seconds=0.1):
        pass


def test_a_database_in_memory_needs_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else can open it, and no file is made."""
    monkeypatch.chdir(tmp_path)
    for url in ("sqlite://", "sqlite:///:memory:"):
        engine = create_engine(url)
        with locked(engine, "city"):
            pass
        engine.dispose()
    assert not list(tmp_path.iterdir())
