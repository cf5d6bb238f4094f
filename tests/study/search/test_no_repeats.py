"""Searches never try a configuration twice."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from kdsearch.measure.objectives import Objective
from kdsearch.record import TrialRecord
from kdsearch.study.search.ask_tell import ask, open_run, tell
from kdsearch.study.search.samplers import SAMPLERS
from kdsearch.study.space.files import load_space
from kdsearch.study.space.space import SearchSpace
from kdsearch.study.storage.store import StudyStore

Run = Callable[..., list[dict[str, Any]]]

GRID = """
name = "grid"
dataset = "demo"
protocol = "stgcn"
[parameters.route]
choices = ["student", "prune"]
[parameters.width]
low = 1
high = 4
kind = "int"
when = { route = ["student"] }
[parameters.loss]
choices = ["none", "rd-l2", "ord"]
"""
"""Fifteen configurations: twelve students and three pruned networks."""

RANGES = """
name = "ranges"
dataset = "demo"
protocol = "stgcn"
[parameters.route]
choices = ["student", "prune"]
[[parameters.width]]
low = 1
high = 20
kind = "int"
when = { route = ["prune"] }
[[parameters.width]]
low = 10
high = 100
kind = "int"
when = { route = ["student"] }
"""


@pytest.fixture
def run(store: StudyStore, objectives: list[Objective], record: Callable[..., TrialRecord]) -> Run:
    """Give a function that runs trials with errors of a formula, stops every third, and returns the configurations."""

    def search(space: SearchSpace, sampler: str, trials: int, error: Callable[[dict[str, Any]], float]) -> Any:
        open_run(store, space, sampler, seed=3)
        tried = []
        for _ in range(trials):
            asked = ask(store, space)
            told = record(asked.params, asked.seed, error(asked.params))
            if asked.number % 3 == 2:
                told = told.model_copy(update={"state": "PRUNED", "metrics": {}})
            tell(store, asked, told, None, objectives)
            tried.append(asked.params)
        return tried

    return search


def space_of(text: str, folder: Path) -> SearchSpace:
    """Load a space from the text of a file."""
    path = folder / "space.toml"
    path.write_text(text)
    return load_space(path)


@pytest.mark.parametrize("sampler", sorted(set(SAMPLERS) - {"gp"}))  # gp takes seconds for each configuration
def test_no_sampler_proposes_a_configuration_twice(run: Run, tmp_path: Path, sampler: str) -> None:
    """All fifteen come up, conditions and stopped trials included, before any comes again; then the search goes on."""
    space = space_of(GRID, tmp_path)
    tried = run(space, sampler, 14, lambda params: 1 + params.get("width", 0.5))
    assert len({tuple(sorted(params.items())) for params in tried}) == 14
    assert len(run(space, sampler, 3, lambda _: 1.0)) == 3


def test_a_failed_configuration_may_come_again(store: StudyStore, tmp_path: Path) -> None:
    """The machine may have been to blame."""
    space = space_of(GRID.replace("high = 4", "high = 1").replace(', "ord"', ""), tmp_path)  # four configurations
    open_run(store, space, "random", seed=0)
    numbers = []
    for _ in range(8):
        asked = ask(store, space)
        store.optuna_study.tell(asked.trial, state=TrialState.FAIL)
        numbers.append(asked.number)
    assert numbers == list(range(8))
    assert len({tuple(sorted(row.params.items())) for row in store.trials()}) <= 4


def test_what_a_queued_point_leaves_out_is_drawn_anew(run: Run, store: StudyStore, tmp_path: Path) -> None:
    """The point itself is kept."""
    space = space_of(GRID + '[[points]]\ncite = "a table"\nroute = "prune"\n', tmp_path)
    tried = run(space, "tpe", 1, lambda _: 1.0)
    assert tried[0]["route"] == "prune"
    assert tried[0]["loss"] in {"none", "rd-l2", "ord"}
    for _ in range(2):
        store.optuna_study.enqueue_trial({"route": "prune"})
    again = run(space, "tpe", 2, lambda _: 1.0)
    assert {params["loss"] for params in tried + again} == {"none", "rd-l2", "ord"}


def test_a_range_of_the_same_name_does_not_confine_another(run: Run, tmp_path: Path) -> None:
    """Students reach from 10 to 100; pruned networks, which come first in the file, end at 20."""
    tried = run(space_of(RANGES, tmp_path), "tpe", 45, lambda params: 101.0 - params["width"])
    late = [params["width"] for params in tried[20:] if params["route"] == "student"]
    assert len(late) > 5
    assert sum(width > 20 for width in late) > 0.7 * len(late)


def test_generations_of_the_genetic_sampler_are_kept_in_the_study(run: Run, store: StudyStore, tmp_path: Path) -> None:
    """Without them it would stay with its first population for ever."""
    text = GRID + "[parameters.learning_rate]\nlow = 0.001\nhigh = 0.01\n"
    run(space_of(text, tmp_path), "nsga2", 80, lambda params: params["learning_rate"])
    generations = {
        value
        for row in store.optuna_study.get_trials(deepcopy=False)
        for name, value in row.system_attrs.items()
        if "generation" in name
    }
    assert generations == {0, 1}
