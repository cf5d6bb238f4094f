"""One study on several machines: each takes the teacher that the study keeps."""

import shutil
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from kdsearch.pipeline.options import RunOptions
from kdsearch.pipeline.run import run
from kdsearch.record import TrialRecord
from kdsearch.study.storage.store import StudyStore
from kdsearch.trial.network import trained_network
from tests.spaces import TINY_SPACE

TRAINED = "kdsearch.trial.teachers.trained_network"
SPACE = f"""{TINY_SPACE}
[parameters.width]
low = 1
high = 4
kind = "int"
[parameters.loss]
value = "rd-l2"
"""


@pytest.fixture(scope="module")
def begun_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Begin a study on a machine of one core without bfloat16."""
    folder = tmp_path_factory.mktemp("machines")
    (folder / "tiny.toml").write_text(SPACE)
    with pytest.MonkeyPatch.context() as patch:
        machine(patch, folder / "cache", cores=1, precision="float32", torch="2.0")
        run(options_in(folder))
    return folder


@pytest.fixture
def begun(begun_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunOptions:
    """Copy that machine for a test, and give the options of the copy."""
    shutil.copytree(begun_once, tmp_path, dirs_exist_ok=True)
    machine(monkeypatch, tmp_path / "cache", cores=1, precision="float32", torch="2.0")
    return options_in(tmp_path)


def options_in(folder: Path) -> RunOptions:
    """Give the options of the study of a folder."""
    return RunOptions(
        space=str(folder / "tiny.toml"),
        objectives="mae,params",
        trials=1,
        executor="local",
        study="one",
        studies=folder / "studies",
    )


def machine(monkeypatch: pytest.MonkeyPatch, cache: Path, *, cores: int, precision: str, torch: str) -> None:
    """Go to another machine, whose cache is its own; nothing is confirmed there."""
    monkeypatch.setattr("kdsearch.pipeline.course.confirm", lambda *_, **__: None)
    monkeypatch.setenv("KDSEARCH_CACHE", str(cache))
    monkeypatch.setattr("kdsearch.pipeline.trainer.usable_cores", lambda: cores)
    monkeypatch.setattr("kdsearch.trial.teacher_settings.fast_precision", lambda: precision)
    monkeypatch.setattr("kdsearch.origin.version", lambda name: torch if name == "torch" else version(name))


def records(options: RunOptions) -> list[TrialRecord]:
    """Read the records of a study's trials."""
    store = StudyStore.open(f"sqlite:///{options.studies / 'one' / 'study.db'}", "one")
    found = [trial.record for trial in store.trials()]
    store.close()
    assert None not in found
    return [record for record in found if record is not None]


def test_a_study_that_is_mailed_goes_on_with_its_teacher(
    begun: RunOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is trained or timed for it; a sentence says what differs, once and only what does."""
    mailed = replace(begun, studies=tmp_path / "mailed", trials=2)
    (mailed.studies / "one").mkdir(parents=True)
    shutil.copyfile(begun.studies / "one" / "study.db", mailed.studies / "one" / "study.db")
    machine(monkeypatch, tmp_path / "empty", cores=7, precision="bfloat16", torch="9.9")
    monkeypatch.setattr(TRAINED, lambda *_: pytest.fail("a teacher was trained"))
    said: list[str] = []
    run(mailed, said.append)
    first, second = records(mailed)
    assert first.params != second.params
    assert second.teacher_hash == first.teacher_hash
    assert [sentence for sentence in said if sentence.startswith("teacher: ")] == [
        "teacher: that of the study, trained with torch 2.0, 1 core, float32; here torch 9.9, 7 cores, bfloat16"
    ]
    assert any(sentence.startswith(f"teacher {first.teacher_hash}: ") for sentence in said)
    assert sorted(path.name for path in (tmp_path / "empty").iterdir()) == ["forecasts"]


def test_where_it_began_a_study_goes_on_without_a_difference(
    begun: RunOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TRAINED, lambda *_: pytest.fail("a teacher was trained"))
    said: list[str] = []
    run(replace(begun, trials=2), said.append)
    assert "teacher: that of the study" in said
    assert len({record.teacher_hash for record in records(begun)}) == 1


def test_of_two_runs_that_begin_together_the_second_takes_the_teacher_of_the_first(
    begun: RunOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It found no study when it looked, and trained another teacher on a machine that computes otherwise."""
    machine(monkeypatch, tmp_path / "other", cores=1, precision="float32", torch="2.0")
    monkeypatch.setattr("kdsearch.pipeline.run.check_study", lambda *_: {})

    def otherwise(series: Any, config: Any, seed: int, device: Any, *_: Any) -> Any:
        return trained_network(series, config, seed + 1, device)

    monkeypatch.setattr(TRAINED, otherwise)
    said: list[str] = []
    run(replace(begun, trials=2), said.append)
    first, second = records(begun)
    assert second.teacher_hash == first.teacher_hash
    own = next(sentence for sentence in said if sentence.startswith("teacher ")).split()[1].rstrip(":")
    assert own != first.teacher_hash
