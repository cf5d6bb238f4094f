"""Ctrl-C and SIGTERM as a terminal and a supervisor send them, to the real command under Ray and without it."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Command

pytestmark = pytest.mark.alone

Start = Callable[..., "Command"]

SPACE = """
name = "long"
dataset = "demo"
protocol = "stgcn"
[teacher]
width = 1
epochs = 1
[stid]
epochs = 1
[parameters.width]
low = 1
high = 2
kind = "int"
[parameters.epochs]
value = {epochs}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder for all commands, whose cache holds the teacher after the first one."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def start(start_command: Start, home: Path) -> Start:
    """Give a function that starts a run whose trials train for `epochs` epochs."""

    def begin(study: str, *arguments: str, epochs: int = 5000) -> "Command":
        (home / f"{study}.toml").write_text(SPACE.format(epochs=epochs))
        return start_command(home, study, "--space", f"{study}.toml", *arguments)

    return begin


def searching(start: Start, study: str, executor: str) -> "Command":
    """Start a search and wait until it is inside its first trials, which never end."""
    command = start(study, "--trials", "5", "--executor", executor, "--workers", "2")
    if executor == "ray":
        command.wait_until(lambda: len(command.training()) == 2, "two trials under way")
    else:
        command.wait_until(lambda: command.rows()["RUNNING"] == 1, "a trial under way")
        time.sleep(1)
    return command


def test_ctrl_c_keeps_the_state_and_exits_with_130_within_10_seconds(start: Start) -> None:
    """Interrupted trials are FAIL for that reason, and queued again; `test_app` has the test without Ray."""
    command = searching(start, "once", "ray")
    os.killpg(command.process.pid, signal.SIGINT)
    command.ends(130, within=10)
    assert command.rows() == {"FAIL": 2, "WAITING": 2}
    reasons = command.ask("SELECT value_json FROM trial_user_attributes WHERE key = 'reason'")
    assert reasons == [('"interrupted"',)] * 2
    assert "the same command goes on from there" in command.output.read_text()


@pytest.mark.parametrize("executor", ["ray", "local"])
def test_a_second_ctrl_c_ends_at_once(start: Start, executor: str) -> None:
    """This holds whatever the first one is doing, which is soon done without Ray; the next run takes up the rest."""
    command = searching(start, f"twice-{executor}", executor)
    os.killpg(command.process.pid, signal.SIGINT)
    time.sleep(0.1)
    assert command.process.poll() is None
    os.killpg(command.process.pid, signal.SIGINT)
    command.ends(130, within=2)
    in_order = executor == "local" and "the same command goes on from there" in command.output.read_text()
    assert in_order or "ended at once" in command.output.read_text()


@pytest.mark.parametrize("executor", ["ray", "local"])
def test_sigterm_is_like_ctrl_c_and_exits_with_143(start: Start, executor: str) -> None:
    """The signal comes in the confirmation: the search's trials stay as they are, and the round is done again."""
    arguments = ["--trials", "1", "--executor", executor, "--workers", "2", "--confirm-seeds", "1000"]
    command = start(f"quiet-{executor}", *arguments, epochs=1)
    command.wait_until(lambda: "confirmation: 1 of" in command.output.read_text(), "a training of the quiet pass")
    command.process.send_signal(signal.SIGTERM)
    command.ends(143, within=10)
    assert command.rows() == {"COMPLETE": 1}
    assert "the same command goes on from there" in command.output.read_text()


def test_ctrl_c_inside_a_callback_is_not_forgotten() -> None:
    """Python cannot raise there; torch's backward pass calls such a callback, so that most of them end there."""
    command = """
import signal, time, weakref
from kdsearch.cli.signals import end_in_order, exit_code

class Tensor:
    pass

end_in_order()
tensor = Tensor()
reference = weakref.ref(tensor, lambda _: signal.raise_signal(signal.SIGTERM))
try:
    del tensor
    time.sleep(10)
except KeyboardInterrupt:
    time.sleep(0.2)  # nothing comes after it
    print("in order", exit_code())
"""
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("in order 143\n", "", 0)


def test_ctrl_c_keeps_the_teachers_training(
    start_command: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says where the training goes on, and the same command goes on there."""
    monkeypatch.setenv("KDSEARCH_CACHE", str(tmp_path / "cache"))
    text = SPACE.format(epochs=1).replace("width = 1\nepochs = 1\n[stid]", "width = 1\nepochs = 5000\n[stid]")
    (tmp_path / "slow.toml").write_text(text)
    arguments = ["--space", "slow.toml", "--trials", "1", "--executor", "local"]
    command = start_command(tmp_path, "slow", *arguments)
    command.wait_until(lambda: bool(list(tmp_path.glob("cache/teachers/*.training"))), "an epoch that is kept")
    command.process.send_signal(signal.SIGINT)
    command.ends(130)
    kept = re.search(
        r"the training of stgcn-1 is kept; it goes on from epoch (\d+) of 5000", command.output.read_text()
    )
    assert kept is not None
    assert "the same command goes on from there" in command.output.read_text()
    again = start_command(tmp_path, "slow", *arguments)
    sentence = f"the training of stgcn-1 goes on from epoch {kept[1]} of 5000"
    again.wait_until(lambda: sentence in again.output.read_text(), "the second training")
