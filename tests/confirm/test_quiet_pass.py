"""The quiet pass: seeds, twins, and a front of which every network is confirmed."""

from pathlib import Path

import pytest

from kdsearch.report.summary import summarise
from kdsearch.running import RunOptions, run
from kdsearch.study.store import StudyStore

SPACE = """
name = "pair"
dataset = "demo"
protocol = "stgcn"
[teacher]
width = 4
epochs = 1
[parameters.loss]
choices = ["none", "rd-l2"]
[parameters.width]
low = 1
high = 2
kind = "int"
[parameters.epochs]
value = 1
[[points]]
loss = "rd-l2"
width = 1
[[points]]
loss = "none"
width = 2
"""


def test_every_network_of_the_front_is_confirmed_with_its_seeds_and_twin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Distilled networks have a twin of each seed, plain ones none; a second call with more seeds adds them."""
    monkeypatch.setenv("KDSEARCH_CACHE", str(tmp_path / "cache"))
    (tmp_path / "pair.toml").write_text(SPACE)
    said: list[str] = []
    options = RunOptions(
        space=str(tmp_path / "pair.toml"), trials=2, executor="local", confirm_seeds=2, studies=tmp_path / "studies"
    )
    result = run(options, said.append, lambda _: None)
    assert result.report.is_file()
    store = StudyStore.open(result.storage, "demo-pair")
    pace = next(line for line in store.references() if line.name == "teacher").cost
    for trial in store.trials():
        if trial.number not in result.summary.front:
            continue
        assert trial.confirmation is not None
        assert trial.record is not None
        assert trial.confirmation.seeds == [0, 1]
        assert trial.confirmation.metrics[0]["val"]["mae"] == pytest.approx(trial.record.metrics["val"]["mae"])
        assert trial.confirmation.metrics[1] != trial.confirmation.metrics[0]
        assert len(trial.confirmation.twin_metrics) == (2 if trial.params["loss"] == "rd-l2" else 0)
    assert all(one.confirmed is not None for one in summarise(store).front_trials)
    store.close()
    again = run(options, said.append, lambda _: None)
    assert again.summary.front == result.summary.front
    later = next(line for line in again.summary.references if line.name == "teacher").cost
    assert pace is not None
    assert later is not None
    assert later.latency_ms == pace.latency_ms, "the scale of the latency objective must not move at a resume"
    assert sum("trainings of further seeds" in sentence for sentence in said) == 1
