"""A search that is shot at: its drivers and one of its workers, at random moments, on both databases."""

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import URL

from kdsearch.study.storage.store import StoredTrial, StudyStore

if TYPE_CHECKING:
    from tests.conftest import Command

WORKERS = 2
SPACE = """
name = "fast"
dataset = "demo"
protocol = "stgcn"
[teacher]
width = 1
epochs = 1
[stid]
epochs = 1
[parameters.route]
choices = ["student", "prune"]
[parameters.width]
low = 1
high = 2
kind = "int"
when = { route = ["student"] }
[parameters.keep]
low = 0.5
high = 0.9
when = { route = ["prune"] }
[parameters.events]
value = 1
when = { route = ["prune"] }
[parameters.learning_rate]
low = 0.0005
high = 0.02
log = true
[parameters.epochs]
value = 8
[parameters.batch]
value = 50
[[points]]
cite = "first"
route = "student"
width = 1
learning_rate = 0.01
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest) -> str | None:
    """Address of a database; None for the file that a run makes by itself."""
    if request.param == "sqlite":
        return None
    address: URL = request.getfixturevalue("postgresql")
    return address.render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the space, whose cache holds the teacher after the first command."""
    place = tmp_path_factory.mktemp("home")
    (place / "fast.toml").write_text(SPACE)
    return place


@pytest.mark.long
def test_twenty_trials_survive_two_dead_drivers_and_a_dead_worker(
    home: Path, storage: str | None, start_command: "Callable[..., Command]"
) -> None:
    shoot(start_command, home, storage, 20, drivers=[(1, 5), (8, 12)], worker=(13, 16))


def test_eight_trials_survive_a_dead_driver_and_a_dead_worker(
    home: Path, start_command: "Callable[..., Command]"
) -> None:
    shoot(start_command, home, None, 8, drivers=[(1, 3)], worker=(4, 6))


def shoot(
    start_command: "Callable[..., Command]",
    home: Path,
    storage: str | None,
    trials: int,
    *,
    drivers: list[tuple[int, int]],
    worker: tuple[int, int],
) -> None:
    """Kill drivers and then a worker, each after a number of finished trials within its bounds."""
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    print(f"seed {seed}")
    study = f"{trials}-{'on-a-file' if storage is None else 'on-a-server'}"

    def run() -> "Command":
        arguments = ["--space", "fast.toml", "--trials", str(trials), "--workers", str(WORKERS)]
        return start_command(home, study, *arguments, storage=storage)

    def wait_for_a_moment(command: "Command", after: tuple[int, int]) -> None:
        done = chance.randint(*after)
        command.wait_until(lambda: finished(command.rows()) >= done, f"{done} trials")
        time.sleep(chance.uniform(0, 1))
        print(f"shot after {done} trials, at {dict(command.rows())}")

    for after in drivers:
        command = run()
        wait_for_a_moment(command, after)
        command.process.kill()  # Ray's processes, which see it after a while, are no reason to wait
        command.process.wait()
    command = run()
    wait_for_a_moment(command, worker)
    command.wait_until(lambda: bool(command.training()), "a worker inside a trial")
    os.kill(chance.choice(command.training()), signal.SIGKILL)
    command.ends(0)
    assert "report: studies/" in command.output.read_text()

    store = StudyStore.open(command.url, study)
    rows = store.trials()
    retried = [row.user_attrs["retry_of"] for row in store.optuna_study.trials if "retry_of" in row.user_attrs]
    store.close()
    check(rows, retried, trials, len(drivers))


def finished(states: Counter[str]) -> int:
    return states["COMPLETE"] + states["PRUNED"]


def check(trials: list[StoredTrial], retried: list[int], asked: int, drivers: int) -> None:
    """What the search promises of its rows."""
    print(Counter((trial.state, trial.reason) for trial in trials))
    done = [trial for trial in trials if trial.state in {"COMPLETE", "PRUNED"}]
    failed = [trial for trial in trials if trial.state == "FAIL"]
    assert len(done) == asked
    assert len(done) + len(failed) == len(trials)  # none RUNNING, none WAITING
    assert len({json.dumps(trial.params, sort_keys=True) for trial in done}) == asked
    assert all(trial.reason for trial in trials if trial.state != "COMPLETE")
    assert all(trial.record for trial in done)
    # Begun twice is what was under way when a driver died, and only once more.
    assert {trial.reason for trial in failed} <= {"interrupted"}
    assert len(failed) <= drivers * WORKERS
    assert len(set(retried)) == len(retried)
    assert set(retried) <= {trial.number for trial in failed}
