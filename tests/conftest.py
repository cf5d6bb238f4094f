"""Small series that every test can afford, a PostgreSQL server that lives as long as the tests, real commands."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from sqlalchemy import Row, create_engine, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError, ProgrammingError

from kdsearch.data.protocols import PROTOCOLS, SplitSeries, split_series
from kdsearch.data.series import Series
from kdsearch.measure.files import Files
from kdsearch.pipeline import run as pipeline_run
from kdsearch.pipeline.files import study_files
from kdsearch.pipeline.options import RunOptions
from kdsearch.testing import ring_road
from tests.commands import Here, here
from tests.restored import tables_restored

LONGEST = ("test_faults.py", "test_ray_cluster.py")
"""Files whose tests take minutes, in processes of their own."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move the longest tests up.

    At the end they would keep one of two processes busy alone; at the very beginning, in a clean checkout, each of
    their processes would compile what the others compile too.
    """
    longest = [item for item in items if item.path.name in LONGEST]
    others = [item for item in items if item.path.name not in LONGEST]
    place = len(others) // 4
    items[:] = [*others[:place], *longest, *others[place:]]


@pytest.fixture(scope="session")
def source() -> Series:
    """Twelve days of a five-sensor ring at 15 minutes."""
    return ring_road()


@pytest.fixture(scope="session")
def series(source: Series) -> SplitSeries:
    """The ring cut by the stgcn protocol."""
    return split_series(source, PROTOCOLS["stgcn"])


@pytest.fixture(scope="session")
def grid_series() -> SplitSeries:
    """Five weeks of inflow and outflow on a grid of two rows and three columns, six hours a step."""
    road = ring_road(days=35, nodes=12, interval_minutes=360)
    flows = road.values[:, :, 0].reshape(-1, 2, 6).transpose(0, 2, 1)
    neighbours = np.kron(np.eye(2), np.eye(3, k=1) + np.eye(3, k=-1)) + np.eye(6, k=3) + np.eye(6, k=-3)
    grid = replace(
        road, name="grid", values=flows, unit=("km/h",) * 2, channels=("in", "out"), adjacency=neighbours, grid=(2, 3),
        sensor_ids=road.sensor_ids[:6],
    )  # fmt: skip
    return split_series(grid, PROTOCOLS["stresnet"])


@pytest.fixture
def kdsearch() -> Here:
    """Give the function that runs a command in this process."""
    return here


@pytest.fixture
def own_rows() -> Iterator[None]:
    """Take out what the test adds to tables and imports."""
    with tables_restored():
        yield


@pytest.fixture(scope="session", autouse=True)
def no_columns() -> None:
    """Sentences are whole lines, as wide as they are: who begins the tests may have a terminal, and say how wide."""
    os.environ.pop("COLUMNS", None)


@pytest.fixture(scope="session", autouse=True)
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep networks, tables and files that tests need in one cache: equal ones are made once, by whichever is first.

    It is new in every session, and one of all processes of a session. A test of the cache sets one of its own.
    """
    here = tmp_path_factory.getbasetemp()
    folder = (here.parent if "PYTEST_XDIST_WORKER" in os.environ else here) / "shared-cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KDSEARCH_CACHE", str(folder))
        yield


@pytest.fixture(scope="session", autouse=True)
def few_repeats() -> Iterator[None]:
    """Time networks by few repeats in this process; what a latency is, and how steady, is tested by itself."""
    repeats = {
        "trial.run.LATENCY_REPEATS": 5,
        "trial.teachers.QUIET_REPEATS": 10,
        "confirm.timing.SINGLE_REPEATS": 10,
        "confirm.timing.PACE_REPEATS": 10,
        "confirm.timing.BATCH_REPEATS": 1,
        "confirm.files.SINGLE_REPEATS": 10,
        "confirm.files.BATCH_REPEATS": 1,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, number in repeats.items():
            patch.setattr(f"kdsearch.{name}", number)
        yield


@pytest.fixture(scope="session", autouse=True)
def files_where_asked() -> Iterator[None]:
    """Leave exported files of runs in this process out where the search itself needs none; they take seconds each."""

    def where_asked(options: RunOptions, *others: Any) -> Files | None:
        return study_files(replace(options, files=False), *others)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline_run, "study_files", where_asked)
        yield


@pytest.fixture
def measured_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure exported files in this test, as runs do by default."""
    monkeypatch.setattr(pipeline_run, "study_files", study_files)


@pytest.fixture(scope="session", autouse=True)
def no_storage_of_the_developer() -> None:
    """Studies of tests go where the test says."""
    os.environ.pop("KDSEARCH_STORAGE", None)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[URL]:
    """Address of a server of our own on loopback; no other password opens it, and every letter of it needs care."""
    programs = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    programs += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    here = [folder for folder in programs if (folder / "initdb").exists() and (folder / "postgres").exists()]
    if not here:
        pytest.skip("no PostgreSQL on this machine; install its server (Debian: postgresql) to test on one")
    folder = Path(tempfile.mkdtemp(prefix="kdsearch-postgresql-"))
    user: dict[str, Any] = {}
    if os.geteuid() == 0:  # a server refuses to run as root
        name = "postgres" if "postgres" in {entry.pw_name for entry in pwd.getpwall()} else "nobody"
        user = {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": []}
        shutil.chown(folder, name)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = URL.create("postgresql+psycopg", "kdsearch", "s3cr3t@of/a{t}%st:", "127.0.0.1", port, "postgres")
    (folder / "password").write_text(str(address.password))
    begin = [
        str(here[0] / "initdb"),
        "--pgdata=data",
        "--username=kdsearch",
        "--auth=scram-sha-256",
        "--pwfile=password",
    ]
    begin += ["--no-sync", "--encoding=UTF8", "--locale=C"]
    subprocess.run(begin, cwd=folder, stdout=subprocess.DEVNULL, check=True, **user)
    settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": 40}
    settings |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
    serve = [str(here[0] / "postgres"), "-D", "data", *(f"--{name}={value}" for name, value in settings.items())]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(serve, cwd=folder, stderr=log, start_new_session=True, **user)
    try:
        _wait_for(address, server, folder / "log")
        yield address
    finally:
        server.send_signal(signal.SIGQUIT)  # nothing is to be kept: no checkpoint, no waiting for clients
        server.wait(timeout=20)
        shutil.rmtree(folder)


@pytest.fixture
def postgresql(postgresql_server: URL) -> URL:
    """Address of an empty database of the test's own."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(_plain(postgresql_server), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return postgresql_server.set(database=name)


def _plain(address: URL) -> str:
    return address.set(drivername="postgresql").render_as_string(hide_password=False)


def _wait_for(address: URL, server: subprocess.Popen[Any], log: Path) -> None:
    for _ in range(200):
        try:
            psycopg.connect(_plain(address)).close()
        except psycopg.OperationalError:
            if server.poll() is not None:
                break
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"PostgreSQL did not begin: {log.read_text()}")


SECONDS = 150  # for what takes 20 on an idle machine


class Command:
    """`kdsearch run` in a session of its own, as in a terminal of its own."""

    def __init__(self, home: Path, study: str, *arguments: str, storage: str | None = None) -> None:
        self.url = storage or f"sqlite:///{home / 'studies' / study / 'study.db'}"
        self.mark = uuid.uuid4().hex
        environment = {"OMP_NUM_THREADS": "1", "MARK_OF_THE_TEST": self.mark}
        if storage is not None:
            environment["KDSEARCH_STORAGE"] = storage
        self.output = home / f"{study}.txt"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "kdsearch", "run", "--no-files", "--study", study, *arguments],
                cwd=home,
                env=os.environ | environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait_until(self, true: Callable[[], bool], what: str, seconds: float = SECONDS) -> None:
        """Look ten times a second."""
        ends = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < ends, f"{what}: not after {seconds:g} s; {self.output.read_text()}"
            time.sleep(0.1)

    def processes(self) -> dict[int, str]:
        """Command lines of all living processes that this command began, itself among them."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if self.mark.encode() in (folder / "environ").read_bytes():
                    found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
            except OSError:  # it ended meanwhile
                continue
        return found

    def training(self) -> list[int]:
        """Workers inside a trial, by the name that Ray gives their processes."""
        return [pid for pid, name in self.processes().items() if "ImplicitFunc.train" in name]

    def rows(self) -> Counter[str]:
        """States of the study's rows."""
        return Counter(state for (state,) in self.ask("SELECT state FROM trials"))

    def ask(self, query: str) -> Sequence[Row[Any]]:
        """Rows of the database; none before it is there."""
        path = make_url(self.url).database if self.url.startswith("sqlite") else None
        if path is not None and not Path(path).exists():
            return []
        engine = create_engine(self.url)
        try:
            with engine.connect() as connection:
                return connection.execute(text(query)).all()
        except (OperationalError, ProgrammingError):  # before its tables are there
            return []
        finally:
            engine.dispose()

    def ends(self, code: int, within: float = SECONDS) -> None:
        """It exits with a code after at most so many seconds, and nothing of it stays."""
        begun = time.monotonic()
        returned = self.process.wait(timeout=SECONDS)
        took = time.monotonic() - begun
        assert (returned, took < within) == (code, True), f"{returned} after {took:.1f} s; {self.output.read_text()}"
        assert "Traceback" not in self.output.read_text()
        self.wait_until(lambda: not self.processes(), "the end of all its processes", 30)


@pytest.fixture
def start_command() -> Iterator[Callable[..., Command]]:
    """Begins commands, and leaves none of their processes behind."""
    begun: list[Command] = []

    def begin(home: Path, study: str, *arguments: str, storage: str | None = None) -> Command:
        begun.append(Command(home, study, *arguments, storage=storage))
        return begun[-1]

    yield begin
    for command in begun:
        for pid in command.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        command.process.wait()
