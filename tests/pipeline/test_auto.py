"""The space `auto`: what fits the data is searched, what a run trains anyway stands on the front, the budget holds."""

import time
from pathlib import Path

import pytest

from kdsearch.data.protocols import SplitSeries
from kdsearch.data.series import Series
from kdsearch.errors import RunError, SpaceError
from kdsearch.models import new_forecaster
from kdsearch.pipeline.fitting import answered_space, fitting_families, fitting_teachers, taught_space
from kdsearch.pipeline.options import RunOptions
from kdsearch.pipeline.run import run
from kdsearch.study.space.files import load_space
from kdsearch.study.space.narrowed import narrowed
from kdsearch.study.space.overrides import overridden
from kdsearch.trial.network import shape_of
from kdsearch.trial.presets import preset_values
from tests.spaces import TINY_SPACE

NEEDS_A_GRID = "st-resnet needs a grid; choose a dataset of one, such as bikenyc, or another family"
FAMILIES = '[parameters.family]\nchoices = ["stid", "lightst"]\n[parameters.width]\nvalue = 2\n'


def test_families_that_the_data_do_not_admit_are_left_out_and_named(
    series: SplitSeries, grid_series: SplitSeries
) -> None:
    auto = load_space("auto")
    roads, said = fitting_families(auto, series)
    assert roads.values_of("family") == {"stid", "stgcn", "lightst", "st-mlp"}
    assert said == [f"st-resnet is left out: {NEEDS_A_GRID}"]
    cells, said = fitting_families(auto, grid_series)
    assert {"stid", "st-resnet"} <= cells.values_of("family")
    assert [one["family"] for one in fitting_teachers(auto, series, "best").candidates] == ["stid", "stgcn"]
    assert "st-resnet" in [one["family"] for one in fitting_teachers(auto, grid_series, "best").candidates]
    iterated, said = fitting_families(auto.with_values(preset_values("paper")), series)
    assert iterated.values_of("family") == {"stgcn"}
    assert "stid is left out: family stid forecasts all steps at once; take decoding = 'iterated' out for it" in said
    misspelt = auto.model_copy(update={"candidates": (*auto.candidates, {"widht": 3})})
    with pytest.raises(SpaceError, match="there is no parameter 'widht'; did you mean 'width'"):
        fitting_teachers(misspelt, series, "best")
    only = overridden(auto, [], ["family=st-resnet"])
    with pytest.raises(SpaceError, match="no family of space auto fits ring: st-resnet needs a grid"):
        fitting_families(only, series)


@pytest.mark.parametrize(
    ("family", "losses", "pruned"),
    [
        ("stgcn", {"none", "rd-l2", "rd-kl", "ord", "tcd", "scd", "stcd"}, True),
        ("stid", {"none", "rd-l2", "rd-kl", "ord"}, False),
    ],
)
def test_what_a_teacher_cannot_teach_is_left_out(
    series: SplitSeries, family: str, losses: set[str], pruned: bool
) -> None:
    space = narrowed(load_space("auto"), ["stid", "stgcn"])
    horizon, history = series.protocol.horizon, series.protocol.history
    teacher = new_forecaster(family, 4, None, series.adjacency, shape_of(series), outputs=horizon, history=history)
    left, said = taught_space(space, series, teacher)
    assert left.values_under("family", "stgcn", "loss")["stgcn"] == losses
    assert ("prune" in left.values_under("family", "stgcn", "route")["stgcn"]) == pruned
    assert bool(said) == (not pruned)
    left.check("what is left")


def test_a_fixed_loss_that_cannot_be_is_refused(series: SplitSeries) -> None:
    stcd = overridden(load_space("auto"), [], ["loss=stcd"])
    with pytest.raises(
        SpaceError, match=r"loss stcd looks inside a teacher, and answers\.npz has forecasts alone; choose"
    ):
        answered_space(stcd, "answers.npz")
    horizon, history = series.protocol.horizon, series.protocol.history
    shape = shape_of(series)
    stid, stgcn = (
        new_forecaster(family, 4, None, series.adjacency, shape, outputs=horizon, history=history)
        for family in ("stid", "stgcn")
    )
    fixed = narrowed(stcd, ["stid", "stgcn"])
    assert taught_space(fixed, series, stgcn)[0].values_of("family") == {"stgcn"}
    with pytest.raises(
        SpaceError, match=r"with stid as teacher no family of space auto can be as it is fixed: .*loss stcd"
    ):
        taught_space(fixed, series, stid)


def test_answers_leave_losses_that_need_no_more() -> None:
    left, said = answered_space(load_space("stgcn"), "answers.npz")
    assert left.values_of("loss") == {"none", "rd-l2", "rd-kl", "ord"}
    assert said == ["loss scd, stcd and tcd left out: answers.npz has forecasts, and nothing of how they were made"]
    assert answered_space(load_space("stid"), "answers.npz") == (load_space("stid"), [])


def test_the_stid_of_every_report_is_a_trial_where_stids_are_searched(tmp_path: Path) -> None:
    """Of the same errors and costs as the baseline; it counts among the trials, and is named."""
    (tmp_path / "tiny.toml").write_text(TINY_SPACE + FAMILIES)
    options = RunOptions(
        space=str(tmp_path / "tiny.toml"), objectives="mae,params", trials=2, executor="local", studies=tmp_path
    )
    summary = run(options).summary
    assert [trial.baseline for trial in summary.trials] == ["STID", None]
    (line,) = (one for one in summary.baselines if one.name == "STID")
    stid = summary.trials[0]
    assert stid.metrics["val"] == line.metrics["val"]
    assert stid.cost is not None
    assert line.cost is not None
    assert stid.cost.parameters == line.cost.parameters
    assert summary.better_baseline is None
    assert run(options).summary.trials == summary.trials, "the same command adds nothing"


def test_a_run_ends_with_its_budget(source: Series, tmp_path: Path) -> None:
    """Teacher, trials, twins and timing inside of it, but for a moment; a trial was trained."""
    (tmp_path / "tiny.toml").write_text(
        TINY_SPACE + FAMILIES + "[parameters.learning_rate]\nlow = 0.001\nhigh = 0.01\n"
    )
    options = RunOptions(
        space=str(tmp_path / "tiny.toml"), budget_seconds=40, executor="local", studies=tmp_path, files=False
    )
    began = time.monotonic()
    summary = run(options, data=source).summary
    assert time.monotonic() - began < 60
    assert len([trial for trial in summary.trials if trial.state == "COMPLETE"]) > 2


def test_a_budget_in_which_nothing_can_be_trained_ends_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(f"{TINY_SPACE}[parameters.width]\nvalue = 1\n")
    options = RunOptions(
        space=str(tmp_path / "tiny.toml"), budget_seconds=0.001, executor="local", studies=tmp_path, study="short"
    )
    with pytest.raises(RunError, match="give a larger --budget"):
        run(options)
