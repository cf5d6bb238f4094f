"""What a run refuses before a teacher trains: names, folders, numbers, and errors that the data has no value of."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kdsearch.data.protocols import PROTOCOLS, SplitSeries, split_series
from kdsearch.data.series import Series
from kdsearch.errors import KdsearchError, SpaceError, StudyError
from kdsearch.measure.baselines import naive_baselines
from kdsearch.pipeline.begin import check_errors, study_meta
from kdsearch.pipeline.options import RunOptions
from kdsearch.pipeline.run import run
from kdsearch.pipeline.setup import check_beside_teacher
from kdsearch.reproduce.commands import ReproduceOptions
from kdsearch.study.space.files import load_space
from kdsearch.study.space.overrides import overridden
from tests.spaces import TINY_SPACE


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seed": 10**25}, "--seed is a number of more than 20 digits; give a number from 0 to 9,007,199,254,740,992"),
        ({"seed": -1}, "--seed is -1; give a number from 0"),
        ({"seed": 2**53 + 1}, "--seed is 9,007,199,254,740,993"),
        ({"trials": 0}, "--trials is 0; give a number from 1 to 1,000,000,000"),
        ({"trials": 10**26}, "--trials is a number of more than 20 digits"),
        ({"workers": 0}, "--workers is 0"),
        ({"workers": 10**6}, "--workers is 1,000,000; give a number from 1 to 100,000"),
        (
            {"confirm_seeds": 10**25},
            "--confirm-seeds is a number of more than 20 digits; give a number from 1 to 1,000",
        ),
        ({"confirm_best": -1}, "--confirm-best is -1"),
        ({"budget_seconds": float("nan")}, "--budget is nan s, and may be above 0 and up to a year"),
        ({"budget_seconds": float("inf")}, "--budget is inf s"),
        ({"budget_seconds": 0}, "--budget is 0 s"),
        ({"budget_seconds": -5}, "--budget is -5 s"),
        ({"budget_seconds": 1e9}, "--budget is 1e\\+09 s"),
        ({"dataset": ""}, "--dataset is empty"),
        ({"dataset": " "}, "--dataset is empty"),
        ({"sampler": "magic"}, "there is no sampler 'magic'"),
        ({"study": "x" * 300}, "is longer than 200 bytes"),
        ({"study": "-x"}, "--study '-x' begins with -"),
        ({"study": ""}, "--study '' is no name of a folder"),
        ({"horizon": 0}, "--horizon is 0; write a number of steps"),
        ({"history": True}, "--history is true; write a number of steps"),
        ({"report_at": (15, -15)}, "--report-at is .*; write minutes ahead"),
    ],
)
def test_options_are_refused_when_they_are_made(options: dict[str, Any], words: str) -> None:
    with pytest.raises(KdsearchError, match=words):
        RunOptions(**{"trials": 1} | options)


@pytest.mark.parametrize(("name", "number"), [("seeds", 10**25), ("trials", 10**26), ("workers", 0), ("seeds", 0)])
def test_a_reproduction_refuses_them_too(name: str, number: int) -> None:
    with pytest.raises(StudyError, match=f"--{name} is .*; give a number from 1 to"):
        replace(ReproduceOptions("demo"), **{name: number})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fix", "words"),
    [
        ("stid.width=0", "parameter width = 0 is out of range; write a number that is at least 1"),
        ("stid.nonsense=1", "there is no parameter 'nonsense'"),
        ("stid.width=99999999999", "width 99999999999 cannot be made"),
        ("stid.learning_rate=inf", "parameter learning_rate = inf is not finite"),
    ],
)
def test_the_network_beside_the_teacher_is_made_before_it(fix: str, words: str, series: SplitSeries) -> None:
    with pytest.raises(SpaceError, match=words):
        check_beside_teacher(series, "best", overridden(load_space("demo"), [], [fix]))


def all_zero_in_validation(source: Series) -> SplitSeries:
    """A ring that rests where it is validated."""
    series = split_series(source, PROTOCOLS["stgcn"])
    val = series.splits["val"]
    values = source.values.copy()
    values[val.first : val.last] = 0
    return split_series(replace(source, values=values), PROTOCOLS["stgcn"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"objectives": "mae,mape"}, "--objective mape has no value in the validation part of ring"),
        ({"objectives": "wape"}, "--objective wape has no value"),
        ({"objectives": "mae", "constraints": ("mape<=20",)}, "--constraint mape has no value"),
    ],
)
def test_an_error_without_a_value_is_no_objective(options: dict[str, Any], words: str, source: Series) -> None:
    resting = naive_baselines(all_zero_in_validation(source), ("val",))[0]
    moving = naive_baselines(split_series(source, PROTOCOLS["stgcn"]), ("val",))[0]
    asked = RunOptions(trials=1, **options)
    with pytest.raises(StudyError, match=words):
        check_errors(asked, resting, "ring")
    check_errors(asked, moving, "ring")
    check_errors(RunOptions(trials=1, objectives="mae,rmse,latency"), resting, "ring")


@pytest.mark.parametrize(
    ("dataset", "study"),
    [
        ("ring", "ring-demo"),
        ("My City_2", "my-city-2-demo"),
        ("北京", "北京-demo"),
        ("東京", "東京-demo"),
        ("-x", "x-demo"),
        ("!?", "data-demo"),
    ],
)
def test_a_study_has_the_name_of_its_data(dataset: str, study: str, series: SplitSeries) -> None:
    """In letters of any language, so that two cities have two studies."""
    named = replace(series, source=replace(series.source, name=dataset))
    assert study_meta(RunOptions(trials=1), load_space("demo"), named, "").study == study


def test_a_name_that_no_folder_can_have_asks_for_another(series: SplitSeries) -> None:
    named = replace(series, source=replace(series.source, name="x" * 300))
    with pytest.raises(
        StudyError, match=r"would be 'x+-demo', which is longer than 200 bytes; .*; name it with --study"
    ):
        study_meta(RunOptions(trials=1), load_space("demo"), named, "")


SPACE = f"""{TINY_SPACE}
[parameters.width]
value = 1
"""


@pytest.mark.parametrize("storage", [None, "sqlite:///elsewhere.db"])
def test_a_folder_that_is_a_file_is_refused_before_anything_is_trained(
    storage: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report goes there, wherever the database is."""
    monkeypatch.setenv("KDSEARCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(SPACE)
    (tmp_path / "studies").write_text("")
    options = RunOptions(space="tiny.toml", trials=1, executor="local", storage=storage)
    with pytest.raises(
        StudyError, match=r"studies/demo-tiny of the study cannot be made: Not a directory; give another"
    ):
        run(options)
    assert not (tmp_path / "cache").exists()


def test_a_study_of_other_settings_is_refused_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other seed, protocol, objectives and data; each names what differs."""
    monkeypatch.setenv("KDSEARCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(SPACE)
    first = RunOptions(space="tiny.toml", trials=1, executor="local", objectives="mae,params", study="one")
    run(first)
    teachers = sorted((tmp_path / "cache" / "teachers").iterdir())
    for change, words in (
        ({"seed": 1}, r"has another teacher: of seed 0 \(now 1\); give this run another --study name"),
        ({"sets": (), "fixes": ("teacher.width=2",)}, "has another teacher: its settings are not those of this run"),
        ({"horizon": 6}, r"protocol 'stgcn' \(now 'stgcn, 6 steps out'\)"),
        ({"report_at": "5"}, r"protocol 'stgcn' \(now 'stgcn, reported at steps 1'\)"),
        ({"objectives": "mae"}, "objectives"),
    ):
        with pytest.raises(StudyError, match=words):
            run(replace(first, **change))
    assert sorted((tmp_path / "cache" / "teachers").iterdir()) == teachers
    assert np.isfinite(run(first).summary.trials[0].metrics["val"]["mae"]["all"])
