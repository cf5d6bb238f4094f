"""The examples: each part of a user's own goes through the real command, from the file to the report."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kdsearch.study.storage.store import StudyStore
from tests.commands import Here, process
from tests.pages import ROOT

EXAMPLES = ROOT / "examples"
SPACE = """
name = "quick"
dataset = "demo"
protocol = "stgcn"
[teacher]
width = 2
epochs = 1
[stid]
epochs = 1
width = 4
[parameters.width]
low = 1
high = 2
kind = "int"
[parameters.learning_rate]
low = 0.001
high = 0.01
[parameters.epochs]
value = 2
[parameters.batch]
value = 100
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small space and one cache for all examples."""
    folder = tmp_path_factory.mktemp("examples")
    (folder / "quick.toml").write_text(SPACE)
    return folder


def searched(
    kdsearch: Callable[..., Any],
    home: Path,
    example: str,
    *arguments: str,
    executor: str = "local",
    study: str | None = None,
) -> dict[str, Any]:
    """Search with an example, and give the study as `show --json` does."""
    path, study = str(EXAMPLES / f"{example}.py"), study or f"{example}-{executor}".replace("_", "-")
    common = ["--space", "quick.toml", "--import", path, "--study", study, "--executor", executor]
    trials = 1 if executor == "ray" else 2
    ended = kdsearch(home, "run", *common, "--trials", str(trials), *arguments)
    assert "report: " in ended.stdout
    shown: dict[str, Any] = json.loads(kdsearch(home, "show", study, "--import", path, "--json").stdout)
    done = [trial for trial in shown["trials"] if trial["state"] in {"COMPLETE", "PRUNED"}]
    assert len(done) == trials, [trial["reason"] for trial in shown["trials"]]
    return shown


NETWORK = ["--fix", "family=dilated", "--set", "loss=none,rd-l2", "--objective", "mae,params"]


@pytest.mark.parametrize("executor", ["local", pytest.param("ray", marks=pytest.mark.long)])
def test_a_network_is_trained_distilled_counted_timed_and_confirmed(kdsearch: Here, home: Path, executor: str) -> None:
    """Beside STGCN's teacher and STID, on one front; in this process, and in workers that have no such file."""
    more = ["--workers", "1"] if executor == "ray" else []
    command = process if executor == "ray" else kdsearch
    shown = searched(command, home, "own_network", *NETWORK, *more, executor=executor)
    assert {trial["params"]["family"] for trial in shown["trials"]} == {"dilated"}
    best = shown["trials"][shown["front"][0]]
    assert best["confirmed"]["mean"]["test"]["mae"]["all"] > 0
    assert best["cost"]["latency_ms"]["p50"] > 0
    assert best["cost"]["uncounted_operators"] == []
    assert {line["name"] for line in shown["references"]} >= {"teacher", "STID"}


def test_a_network_is_the_teacher_of_others(kdsearch: Here, home: Path) -> None:
    arguments = ["--fix", "teacher.family=dilated", "--fix", "loss=rd-l2", "--fix", "family=stid"]
    shown = searched(kdsearch, home, "own_network", *arguments, study="taught")
    (teacher,) = (line for line in shown["references"] if line["name"] == "teacher")
    assert teacher["note"].startswith("dilated")


def test_a_network_without_channel_groups_is_not_pruned(kdsearch: Here, home: Path) -> None:
    path = str(EXAMPLES / "own_network.py")
    common = ["run", "--space", "quick.toml", "--import", path, "--executor", "local", "--trials", "1"]
    refused = kdsearch(home, *common, "--fix", "family=dilated", "--fix", "route=student-prune", check=2)
    assert "family dilated states no channel groups, so that pruning has nothing to cut" in refused.stderr
    assert "teacher" not in refused.stderr


def test_a_loss_trains_students(kdsearch: Here, home: Path) -> None:
    shown = searched(kdsearch, home, "own_loss", "--fix", "loss=huber")
    assert {trial["params"]["loss"] for trial in shown["trials"]} == {"huber"}
    assert any(trial["confirmed"]["twin"] for trial in shown["trials"] if trial["confirmed"])


def test_an_objective_is_measured_limited_and_confirmed(kdsearch: Here, home: Path) -> None:
    """The teacher's, the trials' and the confirmation's; the study keeps the file, and asks for it."""
    arguments = ["--objective", "mae,energy", "--constraint", "energy<=300%"]
    shown = searched(kdsearch, home, "own_objective", *arguments)
    assert [objective["unit"] for objective in shown["objectives"]] == ["km/h", "mJ"]
    for trial in shown["trials"]:
        assert trial["objectives"]["energy"] == trial["cost"]["measured"]["energy"] > 0
    assert shown["limits"][0]["name"] == "energy"
    assert shown["hypervolume"] is not None
    report = home / "studies" / "own-objective-local" / "report.html"
    assert '{"name":"energy","title":"energy, mJ"' in report.read_text()  # a choice of the main figure
    store = StudyStore.open(f"sqlite:///{report.with_name('study.db')}", "own-objective-local")
    (kept,) = store.meta.imports
    store.close()
    assert (kept.name, kept.text) == (str(EXAMPLES / "own_objective.py"), (EXAMPLES / "own_objective.py").read_text())
    refused = kdsearch(home, "show", "own-objective-local", check=2)
    assert refused.stderr.endswith(f"uses the objective 'energy' of the user's own; give --import {kept.name}\n")


def test_a_criterion_prunes(kdsearch: Here, home: Path) -> None:
    arguments = ["--fix", "route=prune", "--fix", "keep=0.5", "--fix", "events=1", "--fix", "criterion=l1"]
    shown = searched(kdsearch, home, "own_criterion", *arguments)
    assert all(trial["route"] == "prune" for trial in shown["trials"])


def test_a_stopping_rule_is_asked(kdsearch: Here, home: Path) -> None:
    """With four epochs its first rung is reached; which trial stops is the curves' affair."""
    shown = searched(kdsearch, home, "own_stopping_rule", "--stopping-rule", "asha", "--fix", "epochs=4")
    assert all(trial["state"] in {"COMPLETE", "PRUNED"} for trial in shown["trials"])


def test_a_figure_is_on_the_page(kdsearch: Here, home: Path) -> None:
    searched(kdsearch, home, "own_figure")
    page = (home / "studies" / "own-figure-local" / "report.html").read_text()
    assert "CPU seconds of each trial" in page


def test_a_changed_file_is_another_study_and_a_comment_is_not(kdsearch: Here, home: Path) -> None:
    text = (EXAMPLES / "own_loss.py").read_text()
    (home / "my_loss.py").write_text(text)
    common = ["run", "--space", "quick.toml", "--import", "my_loss.py", "--study", "mine", "--executor", "local"]
    kdsearch(home, *common, "--fix", "loss=huber", "--trials", "1")
    (home / "my_loss.py").write_text(f"# a comment\n{text}")
    kdsearch(home, *common, "--fix", "loss=huber", "--trials", "1")
    (home / "my_loss.py").write_text(text.replace("clamp(min=1)", "clamp(min=2)"))
    refused = kdsearch(home, *common, "--fix", "loss=huber", "--trials", "1", check=2)
    assert "was made with other settings: imported ['my_loss.py " in refused.stderr


def test_a_space_names_its_imports(kdsearch: Here, home: Path) -> None:
    """Relative to its own file."""
    (home / "spaces").mkdir()
    (home / "spaces" / "parts.py").write_text((EXAMPLES / "own_loss.py").read_text())
    space = SPACE.replace('protocol = "stgcn"', 'protocol = "stgcn"\nimports = ["parts.py"]', 1)
    (home / "spaces" / "own.toml").write_text(space + '[parameters.loss]\nchoices = ["huber", "none"]\n')
    assert "is right; 5 parameters" in kdsearch(home, "space", "check", "spaces/own.toml").stdout
    (home / "spaces" / "wrong.toml").write_text(SPACE + '[parameters.loss]\nchoices = ["huber"]\n')
    refused = kdsearch(home, "space", "check", "spaces/wrong.toml", check=2)
    assert "there is no loss 'huber'" in refused.stderr


def test_forecasts_of_another_library_teach(kdsearch: Here, home: Path) -> None:
    """Trees of scikit-learn, from the script's own command; what looks inside a teacher is left out, and said."""
    made = subprocess.run(
        [sys.executable, str(EXAMPLES / "answers.py"), "--trees", "3"],
        cwd=home,
        capture_output=True,
        text=True,
        check=True,
    )
    assert made.stdout.endswith("answers.npz: 5,628 windows\n")
    common = ["run", "--space", "quick.toml", "--teacher", "answers.npz", "--executor", "local", "--no-files"]
    losses = ["--set", "loss=rd-l2,stcd", "--trials", "1", "--study", "answered"]
    ended = kdsearch(home, *common, *losses)
    assert "answers.npz teaches, by its forecasts alone: validation MAE " in ended.stderr
    assert "loss stcd left out: answers.npz has forecasts" in ended.stderr
    shown = json.loads(kdsearch(home, "show", "answered", "--json").stdout)
    assert {trial["params"]["loss"] for trial in shown["trials"]} == {"rd-l2"}
    (line,) = (one for one in shown["references"] if one["name"] == "answers.npz")
    assert line["cost"] is None
    assert set(line["metrics"]) == {"val", "test"}
    refused = kdsearch(home, *common, "--trials", "1", "--study", "unlike", "--dataset", "ring-that-is-not", check=2)
    assert "ring-that-is-not" in refused.stderr
