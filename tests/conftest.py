"""Small series that every test can afford, and a PostgreSQL server that lives as long as the tests."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from sqlalchemy.engine import URL

from kdsearch.data.protocols import PROTOCOLS, Prepared, prepare
from kdsearch.data.series import Series


def make_series(days: int = 12, nodes: int = 5, interval_minutes: int = 15, seed: int = 0) -> Series:
    """A ring of sensors with a daily wave, noise and one percent of missing readings."""
    generator = np.random.default_rng(seed)
    steps = days * 24 * 60 // interval_minutes
    phase = 2 * np.pi * np.arange(steps) * interval_minutes / (24 * 60)
    waves = np.stack([np.sin(phase + 0.3 * node) for node in range(nodes)], axis=1)
    values = 50 + 10 * waves + np.cumsum(generator.normal(size=(steps, nodes)), axis=0) * 0.1
    values += generator.normal(size=values.shape)
    values[generator.random(values.shape) < 0.01] = np.nan
    ring = np.roll(np.eye(nodes), 1, axis=1) * np.linspace(0.5, 1.0, nodes)[:, None]
    return Series(
        name="ring",
        values=values[:, :, None].astype(np.float32),
        times=np.datetime64("2024-03-01T00:00", "m") + np.arange(steps) * np.timedelta64(interval_minutes, "m"),
        interval_minutes=interval_minutes,
        unit=("km/h",),
        channels=("speed",),
        adjacency=ring + ring.T,
        sensor_ids=tuple(str(node) for node in range(nodes)),
    )


@pytest.fixture(scope="session")
def series() -> Series:
    """Twelve days of a five-sensor ring at 15 minutes."""
    return make_series()


@pytest.fixture(scope="session")
def prepared(series: Series) -> Prepared:
    """The ring cut by the stgcn protocol."""
    return prepare(series, PROTOCOLS["stgcn"])


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
