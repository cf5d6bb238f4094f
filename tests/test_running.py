"""A run as a function, where the command line has nothing to add."""

import sqlite3
from pathlib import Path

import pytest

from kdsearch.errors import RunError
from kdsearch.run_options import RunOptions
from kdsearch.running import run
from kdsearch.study.driver import StudyEvent

SPACE = """
name = "tiny"
dataset = "demo"
protocol = "stgcn"
[teacher]
width = 1
epochs = 1
[stid]
epochs = 1
[parameters.width]
low = 1
high = 2
kind = "int"
[parameters.epochs]
value = 1
"""


def test_tables_of_features_are_made_where_the_space_listens_to_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the driver and before trials, which would all begin to make them."""
    monkeypatch.setenv("KDSEARCH_CACHE", str(tmp_path / "cache"))
    said: list[str] = []
    for loss, there in (("ord", False), ("scd", True)):
        (tmp_path / "tiny.toml").write_text(f'{SPACE}[parameters.loss]\nchoices = ["none", "{loss}"]\n')
        options = RunOptions(space=str(tmp_path / "tiny.toml"), trials=1, executor="local", studies=tmp_path / loss)
        run(options, said.append, lambda _: None)
        assert any("tables" in sentence for sentence in said) == there
        assert (tmp_path / "cache" / "tables").exists() == there


def test_a_database_that_fails_under_a_run_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the address, the reason and the remedy; no traceback of SQLAlchemy's."""
    monkeypatch.setenv("KDSEARCH_CACHE", str(tmp_path / "cache"))
    (tmp_path / "tiny.toml").write_text(SPACE)

    def break_it(event: StudyEvent) -> None:
        if event.kind == "finished":
            with sqlite3.connect(tmp_path / "studies/demo-tiny/study.db") as database:
                database.execute("DROP TABLE trials")
            database.close()

    options = RunOptions(space=str(tmp_path / "tiny.toml"), trials=2, executor="local", studies=tmp_path / "studies")
    with pytest.raises(RunError, match=r"database sqlite:///.*/study.db failed: no such table: trials; what it holds"):
        run(options, lambda _: None, break_it)
