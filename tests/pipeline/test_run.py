"""A run as a function, without the command line."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from kdsearch.data.load import load_series
from kdsearch.data.series import Series
from kdsearch.errors import RunError, SpaceError, StudyError
from kdsearch.pipeline.options import RunOptions
from kdsearch.pipeline.run import run
from kdsearch.study.search.driver import StudyEvent
from tests.spaces import TINY_SPACE

SPACE = f"""{TINY_SPACE}
[parameters.width]
low = 1
high = 2
kind = "int"
"""


def test_tables_of_features_are_made_where_the_space_listens_to_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver makes them before the trials, which would otherwise all begin to make them."""
    monkeypatch.setenv("KDSEARCH_CACHE", str(tmp_path / "cache"))
    said: list[str] = []
    for loss, there in (("ord", False), ("scd", True)):
        (tmp_path / "tiny.toml").write_text(f'{SPACE}[parameters.loss]\nchoices = ["none", "{loss}"]\n')
        options = RunOptions(space=str(tmp_path / "tiny.toml"), trials=1, executor="local", studies=tmp_path / loss)
        run(options, said.append, lambda _: None)
        assert any("teacher's features" in sentence for sentence in said) == there
        assert (tmp_path / "cache" / "tables").exists() == there


@pytest.mark.parametrize(("schedule", "stops"), [("cosine", True), ("staircase", False)])
def test_nothing_is_stopped_early_under_a_schedule_that_the_rule_does_not_foresee(
    schedule: str, stops: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message says so; limits on cost still stop trials."""
    asked: list[str] = []
    monkeypatch.setattr("kdsearch.pipeline.course.run_search", lambda *_, stopping, **__: asked.append(stopping))
    said: list[str] = []
    (tmp_path / "tiny.toml").write_text(f'{SPACE}[parameters.schedule]\nvalue = "{schedule}"\n')
    options = RunOptions(space=str(tmp_path / "tiny.toml"), trials=1, executor="local", studies=tmp_path)
    run(options, said.append, lambda _: None)
    assert asked == ["dominated" if stops else "none"]
    assert any("early stopping is off" in sentence for sentence in said) != stops


def test_a_database_that_fails_under_a_run_is_one_sentence(tmp_path: Path) -> None:
    """With the address, the reason and the remedy; no traceback of SQLAlchemy's."""
    (tmp_path / "tiny.toml").write_text(SPACE)

    def break_it(event: StudyEvent) -> None:
        if event.kind == "finished":
            with sqlite3.connect(tmp_path / "studies/demo-tiny/study.db") as database:
                database.execute("DROP TABLE trials")
            database.close()

    options = RunOptions(space=str(tmp_path / "tiny.toml"), trials=2, executor="local", studies=tmp_path / "studies")
    with pytest.raises(RunError, match=r"database sqlite:///.*/study.db failed: no such table: trials; what it holds"):
        run(options, lambda _: None, break_it)


def test_a_pair_that_cannot_work_together_is_refused_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KDSEARCH_CACHE", str(tmp_path / "cache"))
    families = '[parameters.family]\nchoices = ["stgcn", "stid"]\n[parameters.loss]\nchoices = ["none", "scd"]\n'
    (tmp_path / "tiny.toml").write_text(SPACE + families)
    options = RunOptions(space=str(tmp_path / "tiny.toml"), trials=1, executor="local", studies=tmp_path / "studies")
    with pytest.raises(SpaceError, match=r"loss scd compares spatial .* stgcn as teacher .* stid as student \(none\)"):
        run(options, lambda _: None, lambda _: None)
    assert not (tmp_path / "cache").exists()


def test_a_frame_in_memory_is_searched(tmp_path: Path) -> None:
    """A frame of pandas becomes a series, and a series a study; it is never taken beside a dataset's name."""
    demo = load_series("demo")
    frame = pd.DataFrame(demo.values[:2880, :4, 0], index=demo.times[:2880], columns=list(demo.sensor_ids[:4]))
    series = Series.from_frame(frame, unit="km/h", channels=["speed"], adjacency=demo.adjacency[:4, :4], name="town")
    (tmp_path / "tiny.toml").write_text(f'{SPACE}[parameters.loss]\nvalue = "none"\n')
    options = RunOptions(
        space=str(tmp_path / "tiny.toml"), objectives="mae,params", trials=1, executor="local", studies=tmp_path
    )
    result = run(options, data=series)
    assert (result.summary.dataset, result.summary.unit) == ("town", "km/h")
    assert result.summary.data_note.startswith("a series in memory")
    with pytest.raises(StudyError, match="data and dataset = 'demo' are both given"):
        run(replace(options, dataset="demo"), data=series)
