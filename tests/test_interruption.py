"""Ctrl-C and SIGTERM as a terminal and a supervisor send them, to the real command under Ray and without it."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

SPACE = """
name = "long"
dataset = "demo"
protocol = "stgcn"
[teacher]
width = 1
epochs = 1
[parameters.width]
low = 1
high = 2
kind = "int"
[parameters.epochs]
value = {epochs}
"""


SECONDS = 150  # for what takes 20 on an idle machine


class Command:
    """`kdsearch run` in a session of its own, as in a terminal of its own."""

    def __init__(self, home: Path, study: str, *arguments: str, epochs: int = 5000) -> None:
        (home / f"{study}.toml").write_text(SPACE.format(epochs=epochs))
        self.database = home / "studies" / study / "study.db"
        self.mark = uuid.uuid4().hex
        command = [sys.executable, "-m", "kdsearch", "run", "--space", f"{study}.toml", "--study", study, *arguments]
        environment = {"KDSEARCH_CACHE": str(home / "cache"), "OMP_NUM_THREADS": "1", "MARK_OF_THE_TEST": self.mark}
        self.output = home / f"{study}.txt"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                command, cwd=home, env=os.environ | environment, stdout=output, stderr=output, start_new_session=True
            )

    def wait_until(self, true: Callable[[], bool], what: str, seconds: float = SECONDS) -> None:
        """Look ten times a second."""
        ends = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < ends, f"{what}: not after {seconds:g} s; {self.output.read_text()}"
            time.sleep(0.1)

    def training(self) -> int:
        """Workers inside a trial, by the name that Ray gives their processes."""
        return sum("ImplicitFunc.train" in name for name in self.processes().values())

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

    def rows(self) -> Counter[str]:
        """States of the study's rows."""
        if not self.database.exists():
            return Counter()
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE name = 'trials'").fetchall()
            return (
                Counter(state for (state,) in connection.execute("SELECT state FROM trials")) if tables else Counter()
            )

    def reasons(self) -> list[str]:
        with closing(sqlite3.connect(self.database)) as connection:
            asked = connection.execute("SELECT value_json FROM trial_user_attributes WHERE key = 'reason'")
            return [reason for (reason,) in asked]

    def ends(self, code: int, within: float) -> None:
        """It exits with a code after at most so many seconds, and nothing of it stays."""
        begun = time.monotonic()
        returned = self.process.wait(timeout=60)
        took = time.monotonic() - begun
        assert (returned, took < within) == (code, True), f"{returned} after {took:.1f} s; {self.output.read_text()}"
        assert "Traceback" not in self.output.read_text()
        self.wait_until(lambda: not self.processes(), "the end of all its processes", 30)


Start = Callable[..., Command]


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    """Begins commands, and leaves none of their processes behind."""
    begun: list[Command] = []

    def begin(study: str, *arguments: str, epochs: int = 5000) -> Command:
        begun.append(Command(home, study, *arguments, epochs=epochs))
        return begun[-1]

    yield begin
    for command in begun:
        for pid in command.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        command.process.wait()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose cache holds the teacher after the first command."""
    return tmp_path_factory.mktemp("home")


def searching(start: Start, study: str, executor: str) -> Command:
    """A search inside its first trials, which never end."""
    command = start(study, "--trials", "5", "--executor", executor, "--workers", "2")
    if executor == "ray":
        command.wait_until(lambda: command.training() == 2, "two trials under way")
    else:
        command.wait_until(lambda: command.rows()["RUNNING"] == 1, "a trial under way")
        time.sleep(1)
    return command


def test_ctrl_c_keeps_the_state_and_exits_with_130_within_10_seconds(start: Start) -> None:
    """What was under way is FAIL for that reason, and queued again; without Ray see `test_cli`."""
    command = searching(start, "once", "ray")
    os.killpg(command.process.pid, signal.SIGINT)
    command.ends(130, within=10)
    assert command.rows() == {"FAIL": 2, "WAITING": 2}
    assert command.reasons() == ['"interrupted"'] * 2
    assert "the same command goes on from there" in command.output.read_text()


@pytest.mark.parametrize("executor", ["ray", "local"])
def test_a_second_ctrl_c_ends_at_once(start: Start, executor: str) -> None:
    """Whatever the first one is at; the next run takes up what is left."""
    command = searching(start, f"twice-{executor}", executor)
    os.killpg(command.process.pid, signal.SIGINT)
    time.sleep(0.2)
    assert command.process.poll() is None
    os.killpg(command.process.pid, signal.SIGINT)
    command.ends(130, within=1)
    assert "ended at once" in command.output.read_text()


@pytest.mark.parametrize("executor", ["ray", "local"])
def test_sigterm_is_like_ctrl_c_and_exits_with_143(start: Start, executor: str) -> None:
    """Here in the quiet pass: the search's trials stay as they are, and its round is done again."""
    arguments = ["--trials", "1", "--executor", executor, "--workers", "2", "--confirm-seeds", "1000"]
    command = start(f"quiet-{executor}", *arguments, epochs=1)
    command.wait_until(lambda: "quiet pass: 1 of" in command.output.read_text(), "a training of the quiet pass")
    command.process.send_signal(signal.SIGTERM)
    command.ends(143, within=10)
    assert command.rows() == {"COMPLETE": 1}
    assert "the same command goes on from there" in command.output.read_text()
