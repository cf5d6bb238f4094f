"""Two Ray nodes that share nothing but a network, and the real command on them.

The head has no CPU to give, so that all trials run on the other node. That one has no database driver, a shared memory
of its own, and does not see the head's files.
"""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

import kdsearch as package
from kdsearch.errors import StudyError
from kdsearch.study.executors.ray_cluster import check_cluster, why_not
from tests.pages import ROOT

DRIVERS = ("sqlalchemy", "optuna", "psycopg", "sqlite3")
SPACE = """
name = "quick"
dataset = "demo"
protocol = "stgcn"
[teacher]
width = 2
epochs = 1
[stid]
epochs = 1
[parameters.width]
low = 1
high = 3
kind = "int"
[parameters.learning_rate]
low = 0.001
high = 0.01
[parameters.epochs]
value = 2
"""


@dataclass
class Cluster:
    """Ray cluster of two nodes.

    Attributes:
        address: Address of the head.
        environment: Environment variables with the token of the cluster.
        home: Folder of the driver; the other node has an empty one in its place.
        alone: True where the other node could be given such a folder.
    """

    address: str
    environment: dict[str, str]
    home: Path
    alone: bool


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Start both nodes, and end them by their process groups."""
    # Not under pytest's own folder: the names of Ray's sockets would be too long.
    with tempfile.TemporaryDirectory(prefix="kdsearch-") as folder, socket.socket() as free:
        root, home = Path(folder), Path(folder) / "home"
        (home / "tmp").mkdir(parents=True)
        for name in DRIVERS:
            (root / "none" / name).mkdir(parents=True)
            (root / "none" / name / "__init__.py").write_text("raise ImportError('no database here')")
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "a-token-of-the-test-and-of-nobody-else"}
        shared = ["--object-store-memory=100000000", "--block", "--disable-usage-stats"]
        head = [f"--port={port}", "--head", "--num-cpus=0", "--include-dashboard=false", f"--temp-dir={home}/ray"]
        node = [f"--address=127.0.0.1:{port}", "--num-cpus=2"]
        probe = ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/dev/shm"]
        alone = subprocess.run(probe, stderr=subprocess.DEVNULL, check=False).returncode == 0
        hide = f"mount -t tmpfs none '{home}' && mount -t tmpfs none /dev/shm && " if alone else ""
        own = ["unshare", "-m"] if alone else []
        path = os.pathsep.join([f"{root}/none", str(Path(package.__file__).parents[1])])
        begun = [begin([*ray(), *head, *shared], root / "head.txt", token)]
        begun.append(
            begin(
                [*own, "sh", "-c", hide + 'exec "$@"', "sh", *ray(), *node, *shared],
                root / "node.txt",
                token | {"PYTHONPATH": path, "TMPDIR": str(root)},
            )
        )
        driver = token | {"TMPDIR": str(home / "tmp"), "KDSEARCH_CACHE": str(home / "cache"), "OMP_NUM_THREADS": "1"}
        (home / "quick.toml").write_text(SPACE)
        try:
            yield Cluster(f"127.0.0.1:{port}", os.environ | driver, home, alone)
        finally:
            for process in reversed(begun):
                end(process)


def ray() -> list[str]:
    return [sys.executable, "-m", "ray.scripts.scripts", "start"]


def begin(command: list[str], output: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a node, and wait until it runs."""
    with output.open("w") as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=file, env=os.environ | environment, start_new_session=True
        )
    ends = time.monotonic() + 90
    while "Ray runtime started" not in output.read_text():
        if process.poll() is not None or time.monotonic() > ends:
            end(process)
            pytest.fail(output.read_text())
        time.sleep(0.1)
    return process


def end(process: subprocess.Popen[bytes]) -> None:
    """End a node in order, and kill what is left of its session after ten seconds."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def kdsearch(cluster: Cluster, *arguments: str, check: int = 0) -> subprocess.CompletedProcess[str]:
    finished = subprocess.run(
        [sys.executable, "-m", "kdsearch", *arguments],
        cwd=cluster.home,
        env=cluster.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert finished.returncode == check, finished.stderr
    return finished


def test_a_run_needs_neither_a_database_nor_a_shared_disk_where_its_trials_are(cluster: Cluster) -> None:
    """Records, weights and final points come back through Ray, in the search and in the confirmation."""
    arguments = ["--space", "quick.toml", "--trials", "3", "--confirm-seeds", "2", "--address", cluster.address]
    finished = kdsearch(cluster, "run", "--no-files", *arguments)
    assert "report: studies/demo-quick/report.html" in finished.stdout
    assert (cluster.home / "studies/demo-quick/report.html").stat().st_size > 1e6
    shown = json.loads(kdsearch(cluster, "show", "demo-quick", "--json").stdout)
    assert [trial["state"] for trial in shown["trials"]] == ["COMPLETE"] * 3
    assert shown["front"]
    for number in shown["front"]:
        assert len(shown["trials"][number]["confirmed"]["seeds"]) == 2
    with closing(sqlite3.connect(cluster.home / "studies/demo-quick/study.db")) as connection:
        ends = connection.execute("SELECT number FROM kdsearch_ends ORDER BY number").fetchall()
    assert ends == [(0,), (1,), (2,)]
    assert not any("Ray" in line or "ray::" in line for line in finished.stderr.splitlines())
    assert list((cluster.home / "tmp").glob("kdsearch-ray-*")) == []


@pytest.mark.long
def test_a_network_and_an_objective_of_ones_own_reach_the_other_node(cluster: Cluster) -> None:
    """Which has none of our files: they travel as text, with the trials and with the trainings that confirm."""
    imports = [f"--import={ROOT / 'examples' / name}.py" for name in ("own_network", "own_objective")]
    space = ["--space", "quick.toml", "--set", "family=dilated,stid", "--fix", "width=1", "--study", "own"]
    more = ["--objective", "mae,energy", "--trials", "2", "--confirm-seeds", "2", "--address", cluster.address]
    kdsearch(cluster, "run", "--no-files", *imports, *space, *more)
    shown = json.loads(kdsearch(cluster, "show", *imports, "own", "--json").stdout)
    assert [trial["state"] for trial in shown["trials"]] == ["COMPLETE"] * 2
    assert all(trial["cost"]["measured"]["energy"] > 0 for trial in shown["trials"])
    assert {line["name"] for line in shown["references"]} >= {"teacher", "STID"}
    for number in shown["front"]:
        assert len(shown["trials"][number]["confirmed"]["seeds"]) == 2


LOOK = """
import importlib, os, sys
import ray
from kdsearch.errors import StudyError
from kdsearch.study.executors.ray import RayExecutor

def look(bench, job):
    drivers = []
    for name in ("sqlalchemy", "optuna", "psycopg", "sqlite3"):
        try:
            importlib.import_module(name)
            drivers.append(name)
        except ImportError as error:
            assert "no database here" in str(error)
    return drivers, os.path.exists(os.path.join(job, "quick.toml")), bench

with RayExecutor(None, address=sys.argv[1]) as executor:
    assert executor.workers == 2, executor.workers
    (_, found, death), = executor.map(look, "bench", [sys.argv[2]])
    print(found, death)
try:
    with RayExecutor(2, address=sys.argv[1], on_gpu=True):
        pass
except StudyError as error:
    print(error)
"""


def test_the_other_node_has_no_database_and_none_of_our_files(cluster: Cluster) -> None:
    """The test above relies on this; also, the cluster outlives its runs, and offers no GPU."""
    finished = subprocess.run(
        [sys.executable, "-c", LOOK, cluster.address, str(cluster.home)],
        env=cluster.environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    found, no_gpu = finished.stdout.splitlines()
    assert found == f"([], {not cluster.alone}, 'bench') "
    assert no_gpu == "Ray knows of no GPU; leave --device at cpu, or join a cluster that has one"


@pytest.mark.parametrize(
    "token",
    [
        {"RAY_AUTH_TOKEN": "another-one"},
        pytest.param({"RAY_AUTH_TOKEN": "", "HOME": "/nowhere"}, marks=pytest.mark.long),
        pytest.param({"RAY_AUTH_MODE": "disabled"}, marks=pytest.mark.long),
    ],
)
def test_a_wrong_token_is_one_sentence_within_seconds(cluster: Cluster, token: dict[str, str]) -> None:
    """Wrong, not there, or not sent: no 20 seconds of Ray's messages, no traceback, no teacher trained first."""
    begun = time.monotonic()
    stranger = Cluster(cluster.address, cluster.environment | token, cluster.home, cluster.alone)
    arguments = ["run", "--space", "quick.toml", "--study", "other", "--trials", "1", "--address", cluster.address]
    refused = kdsearch(stranger, *arguments, check=2)
    assert time.monotonic() - begun < 40
    said = refused.stderr.splitlines()[-1]
    assert said.startswith(f"Error: the Ray cluster at {cluster.address} cannot be joined: ")
    assert "token" in said
    assert said.endswith("; set RAY_AUTH_MODE=token, and its token in RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH")
    assert not any(word in refused.stderr for word in ("Traceback", "gcs_client", "teacher"))


@pytest.mark.parametrize("address", ["localhost", "ray://localhost:10001", "auto", "localhost:99999"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(StudyError, match=r"is no address of a Ray cluster; write HOST:PORT"):
        check_cluster(address)


def test_where_nobody_listens_that_is_said_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(StudyError, match=f"the Ray cluster at {address} cannot be joined: Connection refused"):
            check_cluster(address)


def test_another_programs_port_is_said_to_be_none_of_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kdsearch.study.executors.ray_cluster.JOIN_SECONDS", 3.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(StudyError, match=r"no answer in 3 s; see that it is the port of a Ray head"):
            check_cluster(address)


def test_another_version_of_ray_is_named() -> None:
    """Ray's own words, in one line."""
    from ray._private.utils import check_version_info

    with pytest.raises(RuntimeError) as caught:
        check_version_info({"ray_version": "1.2.3", "python_version": "3.9.1"}, "here")
    reason = why_not(caught.value)
    assert reason.startswith("Version mismatch: The cluster was started with: Ray: 1.2.3 Python: 3.9.1 This process")
    assert "\n" not in reason
