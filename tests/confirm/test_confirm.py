"""Confirmation: seeds, twins, and a front with every network confirmed, whatever process dies meanwhile."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kdsearch.checkpoint import Checkpoint
from kdsearch.confirm.confirm import confirm
from kdsearch.data.series import Series
from kdsearch.pipeline.dataset import split_dataset
from kdsearch.pipeline.options import RunOptions
from kdsearch.pipeline.run import RunResult, run
from kdsearch.pipeline.setup import trained_teacher
from kdsearch.record import ShouldContinue, Training, TrainingKind, TrialRecord, never_stop
from kdsearch.report.summarise import summarise
from kdsearch.study.executors.local import LocalExecutor
from kdsearch.study.storage.store import StudyStore
from kdsearch.trial.run import TrialRunner
from tests.ring import write_ring

SPACE = """
name = "pair"
dataset = "ring"
protocol = "stgcn"
[teacher]
width = 4
epochs = 1
[stid]
epochs = 1
[parameters.loss]
choices = ["none", "stcd"]
[parameters.width]
low = 1
high = 2
kind = "int"
[parameters.epochs]
value = 4
[[points]]
loss = "stcd"
width = 1
[[points]]
loss = "none"
width = 2
"""


def options_in(folder: Path) -> RunOptions:
    """Make options for one distilled network and one seed."""
    return RunOptions(
        space=str(folder / "pair.toml"),
        trials=1,
        executor="local",
        confirm_seeds=1,
        studies=folder / "studies",
        data_dir=folder,
    )


def again(options: RunOptions, **changes: int | str) -> tuple[RunResult, list[str]]:
    """Run with changed options; give the result and the messages."""
    said: list[str] = []
    return run(RunOptions(**vars(options) | changes), said.append, lambda _: None), said


@pytest.fixture(scope="module")
def confirmed_once(source: Series, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with data, teacher, and a study of one distilled network, confirmed with one seed."""
    folder = tmp_path_factory.mktemp("quiet")
    write_ring(folder, source)
    (folder / "pair.toml").write_text(SPACE)
    again(options_in(folder))
    return folder


@pytest.fixture
def options(confirmed_once: Path, tmp_path: Path) -> RunOptions:
    """Copy that folder for a test, and give the options of the copy."""
    folder = tmp_path / "copy"
    shutil.copytree(confirmed_once, folder)
    return options_in(folder)


def opened(options: RunOptions) -> StudyStore:
    """Open the study."""
    return StudyStore.open(f"sqlite:///{options.studies / 'ring-pair' / 'study.db'}", "ring-pair")


def trainings(options: RunOptions) -> dict[tuple[int, TrainingKind], Training]:
    """Read the trainings of the confirmation from the study, by seed and kind."""
    store = opened(options)
    kept = {(one.seed, one.kind): one for one in store.trainings() if one.number == 0}
    store.close()
    return kept


def test_every_network_of_the_front_is_confirmed_with_its_seeds_and_twins(options: RunOptions) -> None:
    """Distilled networks have two twins of each seed, plain ones none; the pass is done once."""
    result, _ = again(options, trials=2, confirm_seeds=2)
    assert result.report.is_file()
    store = opened(options)
    for trial in store.trials():
        if trial.number not in result.summary.front:
            continue
        assert trial.confirmation is not None
        assert trial.record is not None
        own, further = trial.confirmation.trained("own", "further")
        assert (own.seed, further.seed) == (0, 1)
        assert own.metrics["val"]["mae"] == trial.record.metrics["val"]["mae"]
        assert further.metrics != own.metrics
        assert trial.confirmation.breakdown is not None
        total, count = (sum(cells) for cells in zip(*trial.confirmation.breakdown.sensor, strict=True))
        assert total / count == pytest.approx(own.metrics["test"]["mae"]["all"], rel=1e-4)
        weights = store.weights(trial.number)
        assert weights is not None
        assert Checkpoint.from_bytes(weights).bounds is not None
        twins = [[one.seed for one in trial.confirmation.trained(kind)] for kind in ("twin", "cpu-twin")]
        assert twins == ([[0, 1]] * 2 if trial.params["loss"] == "stcd" else [[], []])
        assert trial.confirmation.pace is not None
        assert 0.1 < trial.confirmation.pace.before < 10
        assert trial.confirmation.pace.waited is not None
        assert 0 <= trial.confirmation.pace.waited < 1
    known = {one.name: one.breakdown for one in store.baselines()}
    assert {name for name, breakdown in known.items() if breakdown is not None} == {"teacher", "STID"}
    assert known["teacher"] is not None
    assert 0.5 < known["teacher"].fixed.overall[0] / known["teacher"].fixed.overall[1] < 1
    store.close()
    assert all(one.confirmed is not None for one in result.summary.front_trials)
    later, said_later = again(options, trials=2, confirm_seeds=2)
    assert later.summary.front == result.summary.front
    assert not [sentence for sentence in said_later if sentence.startswith("quiet pass")]
    costs = [next(one for one in each.summary.baselines if one.name == "teacher").cost for each in (result, later)]
    assert costs[0] == costs[1], "the scale of the latency objective must not move at a resume"


def test_a_twin_for_the_same_seconds_trains_longer(options: RunOptions) -> None:
    """The time that a loss with a teacher costs may be enough for more epochs without it."""
    result, _ = again(options)
    (network,) = result.summary.front_trials
    assert network.confirmed is not None
    one, two = network.confirmed.twin, network.confirmed.cpu_twin
    assert one is not None
    assert two is not None
    assert two.epochs is not None
    assert network.confirmed.epochs == one.epochs == 4 <= two.epochs
    assert one.cpu_share is not None
    assert two.cpu_share is not None
    assert (one.mean == two.mean) == (two.epochs == 4)  # as long, it is the same training


def test_more_seeds_reuse_what_is_there(options: RunOptions) -> None:
    """Only the second seed's three trainings are new, and the first seed's length of twins stands."""
    before = trainings(options)
    _, said = again(options, confirm_seeds=2)
    after = trainings(options)
    assert {key: after[key] for key in before} == before
    assert set(after) - set(before) == {(1, "further"), (1, "twin"), (1, "cpu-twin")}
    assert after[1, "cpu-twin"].epochs == before[0, "cpu-twin"].epochs
    assert [sentence.split(" trainings")[0] for sentence in said if " trainings after " in sentence] == [
        "confirmation: 1 of 2",
        "confirmation: 2 of 2",
        "confirmation: 1 of 1",
    ]


def test_a_killed_pass_goes_on_where_it_was(options: RunOptions) -> None:
    """`kill -9` after the first of two trainings loses none that was done."""
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom kdsearch import RunOptions, run\n"
        "def talk(sentence):\n"
        "    if sentence.startswith('confirmation: 1 of 2'):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "folder = Path(sys.argv[1])\n"
        "run(RunOptions(space=str(folder / 'pair.toml'), data_dir=folder, studies=folder / 'studies', trials=1,"
        " executor='local', confirm_seeds=2), talk, lambda _: None)"
    )
    command = [sys.executable, "-c", code, str(options.studies.parent)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    kept = trainings(options)
    assert len(kept) == 3
    _, said = again(options, confirm_seeds=2)
    after = trainings(options)
    assert {key: after[key] for key in kept} == kept
    assert len(after) == 5
    assert "confirmation: 1 trainings of further seeds and of twins for 1 networks" in said


@dataclass(frozen=True, eq=False)
class Dying(TrialRunner):
    """Runner that kills its process at the first training of seed 1, and at every distilled training of seed 2."""

    killed: Path = Path()

    def evaluate(
        self, params: dict[str, object], seed: int, should_continue: ShouldContinue = never_stop
    ) -> tuple[TrialRecord, bytes | None]:
        if (seed == 1 and not self.killed.exists()) or (seed == 2 and params["loss"] != "none"):
            self.killed.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().evaluate(params, seed, should_continue)


@pytest.fixture
def pickled_by_value() -> Iterator[None]:
    """Pickle this module by value, because workers cannot import test modules."""
    import ray

    module = sys.modules[__name__]
    ray.cloudpickle.register_pickle_by_value(module)  # type: ignore[no-untyped-call]
    yield
    ray.cloudpickle.unregister_pickle_by_value(module)  # type: ignore[no-untyped-call]


@pytest.mark.long
@pytest.mark.usefixtures("pickled_by_value")
def test_a_killed_worker_costs_one_more_try_and_a_second_death_is_named(options: RunOptions, tmp_path: Path) -> None:
    """The confirmation ends on real Ray; a failed training is a warning, and the next run trains it alone."""
    from kdsearch.study.executors.ray import RayExecutor

    series, _ = split_dataset("ring", "stgcn", options.data_dir)
    teacher, _ = trained_teacher(series, "best", {"width": 4, "epochs": 1}, 0)
    known = opened(options)
    store = StudyStore.create(known.url, known.meta)
    known.close()
    said: list[str] = []
    with RayExecutor(2) as executor:
        dying = Dying(series, teacher, killed=tmp_path / "killed")
        confirm(store, dying, executor, seeds=3, on_message=said.append)
    (network,) = summarise(store).front_trials
    assert network.confirmed is not None
    assert network.confirmed.twin is not None
    assert network.confirmed.seeds == [0, 1]
    assert network.confirmed.twin.seeds == [0, 1]
    (failed,) = network.confirmed.failed
    assert (failed.seed, failed.kind) == (2, "further")
    assert failed.reason
    (warning,) = [warning for warning in summarise(store).warnings if "2 of 3 seeds" in warning]
    assert failed.reason in warning
    said.clear()
    confirm(store, TrialRunner(series, teacher), LocalExecutor(), seeds=3, on_message=said.append)
    assert said[0] == "confirmation: 1 trainings of further seeds and of twins for 1 networks"
    (network,) = summarise(store).front_trials
    assert network.confirmed is not None
    assert network.confirmed.seeds == [0, 1, 2]
    assert not network.confirmed.failed
    store.close()


def test_the_best_few_are_confirmed_beside_the_front(options: RunOptions) -> None:
    """By the first objective; a front of one objective is a single network, the luckiest with the search's seed."""
    again(options, trials=3, objectives="mae", confirm_best=2, study="few", stopping=False)
    store = StudyStore.open(f"sqlite:///{options.studies / 'few' / 'study.db'}", "few")
    summary = summarise(store)
    store.close()
    by_error = sorted(summary.trials, key=lambda trial: trial.metrics["val"]["mae"]["all"])
    assert [trial.number for trial in summary.best(2)] == [trial.number for trial in by_error[:2]]
    assert [trial.confirmed is not None for trial in by_error] == [True, True, False]


def test_points_are_confirmed_off_the_front_and_like_trainings_are_one(
    options: RunOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twins of two networks that differ only in their distillation are trained once; both keep them."""
    text = Path(options.space).read_text().replace("value = 4", "value = 5")
    text += """
[[points]]
loss = "stcd"
width = 2
"""
    Path(options.space).write_text(text)
    trained: list[tuple[str, int, int]] = []
    honest = TrialRunner.evaluate

    def counted(
        runner: TrialRunner, params: dict[str, Any], seed: int, should_continue: ShouldContinue = never_stop
    ) -> tuple[TrialRecord, bytes | None]:
        trained.append((params["loss"], params["width"], seed))
        return honest(runner, params, seed, should_continue)

    monkeypatch.setattr(TrialRunner, "evaluate", counted)
    monkeypatch.setattr("kdsearch.confirm.jobs.SAME_TIME", 1e9)
    again(options, trials=3, confirm_seeds=2, confirm_points=True, study="points", stopping=False)
    store = StudyStore.open(f"sqlite:///{options.studies / 'points' / 'study.db'}", "points")
    trials = {(trial.params["loss"], trial.params["width"]): trial for trial in store.trials()}
    store.close()
    assert all(trial.confirmation is not None for trial in trials.values())
    assert trained.count(("none", 2, 1)) == 1
    plain, taught = (trials[loss, 2].confirmation for loss in ("none", "stcd"))
    assert plain is not None
    assert taught is not None
    twins = [one.metrics["test"] for one in taught.trained("twin")]
    assert [one.metrics["test"] for one in plain.trained("own", "further")] == twins
