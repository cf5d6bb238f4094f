"""Trials on a small ring: every route, the same seed twice, and errors that must be reported."""

import io
import json
import os
import pickle
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.protocols import SplitSeries
from kdsearch.distill.training_loss import TrainingLoss
from kdsearch.errors import RunError, SpaceError
from kdsearch.record import TrialRecord
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.network import new_network
from kdsearch.trial.presets import PRESETS
from kdsearch.trial.run import TrialRunner
from kdsearch.trial.teacher_settings import teacher_config
from kdsearch.trial.teachers import cached_network

PLAIN = {"epochs": 2, "learning_rate": 5e-3, "profile": "table"}


@pytest.fixture(scope="module")
def runner(series: SplitSeries) -> TrialRunner:
    """Make a runner with a barely trained teacher and base."""
    configs = [teacher_config(series, "best", {"width": width, "epochs": 2}) for width in (8, 4)]
    made = [cached_network(series, config, 0, training_threads=1)[0] for config in configs]
    return TrialRunner(series, made[0], made[1])


@pytest.mark.parametrize(
    "params",
    [
        PLAIN | {"loss": "none"},
        PLAIN | {"loss": "rd-l2", "beta": 1.0},
        PLAIN | {"loss": "rd-kl", "temperature": 2.0},
        PLAIN | {"loss": "rd-kl", "divergence": "printed"},
        PLAIN | {"loss": "ord", "decoding": "iterated", "input": "raw"},
        PLAIN | {"loss": "scd"},
        PLAIN | {"loss": "tcd", "decoding": "iterated"},
        PLAIN | {"loss": "skd", "alpha": 0.333, "decoding": "iterated", "input": "raw"},
        PLAIN | {"loss": "skd", "route": "student-prune", "width": 4, "keep": 0.5},
        PLAIN | PRESETS["paper"] | {"loss": "stcd", "epochs": 1},
        PLAIN | {"loss": "stcd", "route": "prune", "keep": 0.3, "events": 2},
        PLAIN | {"loss": "none", "route": "prune", "source": "base", "keep": 0.5, "criterion": "magnitude"},
        PLAIN | {"loss": "rd-l2", "route": "student-prune", "width": 4, "keep": 0.5, "criterion": "random"},
    ],
    ids=lambda params: f"{params.get('route', 'student')}-{params['loss']}-{params.get('decoding', 'direct')}",
)
def test_every_route_and_loss_gives_a_whole_record(runner: TrialRunner, params: dict[str, object]) -> None:
    """Errors, costs, curve and a network that forecasts what the record says; the record survives JSON."""
    record, weights = runner.evaluate(params, seed=1)
    assert weights is not None
    assert record.state == "COMPLETE"
    assert record.cost is not None
    assert record.cost.latency_ms is not None
    assert record.cost.latency_ratio is not None
    assert set(record.metrics["val"]["mae"]) == {"all", "45", "90", "135"}
    assert "test" not in record.metrics
    checkpoint = Checkpoint.from_bytes(weights)
    again = runner.checkpoint_scores(checkpoint, "val").metrics["val"]
    assert again["mae"] == pytest.approx(record.metrics["val"]["mae"], rel=1e-6)
    assert TrialRecord.model_validate_json(json.dumps(record.model_dump())) == record
    if "prune" in record.route:
        source = runner.teacher if params.get("source", "teacher") == "teacher" else runner.base
        assert source is not None
        whole = sum(value.size for value in source.checkpoint.state.values())
        if record.route == "student-prune":
            whole = sum(p.numel() for p in new_network(runner.series, TrialConfig.of(dict(params)), 1).parameters())
        assert record.cost.parameters <= float(str(params["keep"])) * whole
        assert record.shrink_error is not None
        assert record.shrink_error < 1e-4


@pytest.mark.parametrize(
    ("route", "shares"),
    [
        ("student", [0, 1 / 4, 2 / 4, 3 / 4]),
        ("prune", [0, 1 / 4, 2 / 4, 3 / 4]),
        ("student-prune", [0, 1 / 4, 2 / 4, 1 / 2]),
    ],
)
def test_a_trial_is_judged_by_its_final_cost_from_the_beginning(
    runner: TrialRunner, route: str, shares: list[float]
) -> None:
    """Before it trains, and while a network that will be pruned still has all of its channels."""
    seen: list[tuple[float, int]] = []

    def should_continue(record: TrialRecord, share: float) -> bool:
        assert record.cost is not None
        seen.append((share, record.cost.parameters))
        return True

    params = PLAIN | {"loss": "none", "route": route, "width": 3, "keep": 0.5, "epochs": 4}
    record, _ = runner.evaluate(params, 0, should_continue)
    assert record.cost is not None
    assert [share for share, _ in seen] == pytest.approx(shares)
    assert {parameters for _, parameters in seen} == {record.cost.parameters}
    assert len([point for point in record.curve if point.val_mae is not None]) == 4


def test_a_network_is_stopped_before_it_is_pruned(runner: TrialRunner) -> None:
    params = PLAIN | {"loss": "none", "route": "student-prune", "width": 3, "keep": 0.5, "epochs": 4}
    record, weights = runner.evaluate(params, 0, lambda _, share: share < 0.5)
    assert (record.state, weights) == ("PRUNED", None)
    assert {point.phase for point in record.curve} == {"train"}


def test_the_same_seed_gives_the_same_trial_bit_for_bit(runner: TrialRunner) -> None:
    params = PLAIN | {"loss": "stcd", "route": "student-prune", "width": 3, "keep": 0.5}
    (first, one), (second, two) = runner.evaluate(params, seed=3), runner.evaluate(params, seed=3)
    assert one == two
    assert first.metrics == second.metrics
    assert [point.train_loss for point in first.curve] == [point.train_loss for point in second.curve]
    _, other = runner.evaluate(params, seed=4)
    assert other != one


def test_a_twin_is_the_same_training_without_the_teacher(runner: TrialRunner) -> None:
    """Weights and batches come from the seed: with no weight on the teacher, distilled and plain are one."""
    deaf, _ = runner.evaluate(PLAIN | {"loss": "rd-l2", "beta": 0.0}, seed=5)
    plain, _ = runner.evaluate(PLAIN | {"loss": "none"}, seed=5)
    assert deaf.metrics["val"]["mae"]["all"] == pytest.approx(plain.metrics["val"]["mae"]["all"], rel=1e-4)


def test_training_beats_the_untrained_network(runner: TrialRunner) -> None:
    untrained, _ = runner.evaluate(PLAIN | {"loss": "none", "epochs": 1, "learning_rate": 1e-9}, seed=0)
    trained, _ = runner.evaluate(PLAIN | {"loss": "none", "epochs": 6}, seed=0)
    assert trained.metrics["val"]["mae"]["all"] < untrained.metrics["val"]["mae"]["all"]


def test_a_diverging_trial_says_what_to_do(runner: TrialRunner) -> None:
    with pytest.raises(RunError, match="lower the learning rate"):
        runner.evaluate(PLAIN | {"loss": "none", "learning_rate": 1e30}, seed=0)


def test_unknown_parameters_are_named() -> None:
    with pytest.raises(
        SpaceError, match=r"there is no parameter 'widht'; did you mean 'width'\? There are route, loss"
    ):
        TrialConfig.of({"widht": 3})
    with pytest.raises(
        SpaceError, match="parameter width = 0 is out of range; write a number that is at least 1"
    ) as raised:
        TrialConfig.of({"width": 0})
    assert "alpha1" not in str(raised.value), "all names are for a mistake in a name"
    with pytest.raises(SpaceError, match="parameter loss = 3 is no text; write it in quotes"):
        TrialConfig.of({"loss": 3})


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("loss", "rdl2", "rd-l2"),
        ("family", "stgnc", "stgcn"),
        ("criterion", "tailor", "taylor"),
        ("optimiser", "adan", "adam"),
        ("schedule", "cosin", "cosine"),
    ],
)
def test_a_name_without_a_row_is_refused_with_the_nearest_one(name: str, wrong: str, right: str) -> None:
    with pytest.raises(SpaceError, match=rf"there is no {name} '{wrong}'; did you mean '{right}'\? There are "):
        TrialConfig.of({name: wrong})


def test_a_bundle_is_read_without_running_it(runner: TrialRunner) -> None:
    """Arrays and JSON only: a pickled object inside is refused."""
    again = Checkpoint.from_bytes(runner.teacher.checkpoint.to_bytes())
    assert all((again.state[name] == value).all() for name, value in runner.teacher.checkpoint.state.items())
    assert again.scaler.mean == runner.teacher.checkpoint.scaler.mean
    content = io.BytesIO()
    np.savez(content, scaler=np.array([Path(__file__)], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        Checkpoint.from_bytes(content.getvalue())


def test_the_teacher_is_trained_once(series: SplitSeries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second call takes it from the cache; another seed is another teacher."""
    monkeypatch.setenv("KDSEARCH_CACHE", str(tmp_path))
    config = teacher_config(series, "best", {"width": 2, "epochs": 1})
    first, record = cached_network(series, config, 0, training_threads=1)
    (made,) = (tmp_path / "teachers").glob("*/record.json")
    stamp = made.stat().st_mtime_ns
    again, _ = cached_network(series, config, 0, training_threads=1)
    assert made.stat().st_mtime_ns == stamp
    assert again.hash == first.hash
    assert (again.forecasts == first.forecasts).all()
    other, _ = cached_network(series, config, 1, training_threads=1)
    assert other.hash != first.hash
    assert record.seconds["train"] > 0
    assert first.forecasts.shape == (len(series.splits["train"].starts), 9, 5)


def test_tables_are_made_once_and_stay_out_of_the_bench(runner: TrialRunner) -> None:
    """Workers get the runner; all trials of a process read the same memory."""
    before = len(pickle.dumps(runner))
    assert runner.tables() is runner.tables()
    assert len(list((runner.teacher.cache / "tables").glob(f"{runner.teacher.hash}-*"))) == 1
    assert len(pickle.dumps(runner)) == before


def test_a_machine_without_the_teachers_cache_makes_its_own_tables(
    runner: TrialRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The features in them are the same, bit for bit."""
    monkeypatch.setenv("KDSEARCH_CACHE", str(tmp_path / "cache"))
    elsewhere = replace(runner, teacher=replace(runner.teacher, cache=tmp_path / "not here"))
    for name, table in elsewhere.tables().spatial.items():
        assert (table.kept == runner.tables().spatial[name].kept).all()
    (folder,) = (tmp_path / "cache" / "tables").iterdir()
    assert folder.name.startswith(runner.teacher.hash)


def test_trials_do_not_change_the_number_of_threads(runner: TrialRunner) -> None:
    before = torch.get_num_threads()
    runner.evaluate(PLAIN | {"loss": "none", "epochs": 1}, seed=0)
    assert torch.get_num_threads() == before


COLD = """
import json, sys
import numpy as np
from kdsearch.data.protocols import PROTOCOLS, split_series
from kdsearch.testing import ring_road
from kdsearch.trial.run import TrialRunner
from kdsearch.trial.teacher_settings import teacher_config
from kdsearch.trial.teachers import cached_network

series = split_series(ring_road(), PROTOCOLS["stgcn"])
teacher, record = cached_network(
    series, teacher_config(series, "best", {"width": 2, "epochs": 2}), 0, training_threads=1
)
runner = TrialRunner(series, teacher)
params = {"loss": "stcd", "width": 1, "epochs": 4}
first, again = (runner.evaluate(params, 0)[0].seconds["train"] for _ in range(2))
print(json.dumps([record.seconds["train"], first, again]))
"""


@pytest.mark.long
def test_compilation_is_no_time_of_training(tmp_path: Path) -> None:
    """In a process that has no machine code yet, the first trial takes as long as the same trial again."""
    fresh = {name: str(tmp_path / name) for name in ("NUMBA_CACHE_DIR", "KDSEARCH_CACHE")}
    said = subprocess.run(
        [sys.executable, "-c", COLD], env=os.environ | fresh | {"OMP_NUM_THREADS": "1"}, capture_output=True, check=True
    )
    _, first, again = json.loads(said.stdout)
    assert list((tmp_path / "NUMBA_CACHE_DIR").rglob("*.nbi")), "nothing was compiled: the test shows nothing"
    assert first < 2 * again


def test_the_first_step_comes_before_the_clock(runner: TrialRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is where machine code is compiled or loaded; here it takes a second more, and no seconds of training."""
    honest, calls = TrainingLoss.terms, list[int]()

    def slow(loss: TrainingLoss, *arguments: Any) -> Any:
        calls.append(1)
        ends = time.process_time() + (1.0 if len(calls) == 1 else 0.0)
        while time.process_time() < ends:
            pass
        return honest(loss, *arguments)

    monkeypatch.setattr(TrainingLoss, "terms", slow)
    record, _ = runner.evaluate({"width": 1, **PLAIN}, 0)
    assert len(calls) > 2
    assert record.seconds["train"] < record.seconds["measure"]
    assert record.seconds["measure"] > 1.0
