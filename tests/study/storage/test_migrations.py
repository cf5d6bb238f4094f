"""Studies of older versions open with all their content."""

import gzip
import sqlite3
from pathlib import Path

import pytest

from kdsearch.report.summarise import summarise
from kdsearch.study.storage.migrations import MIGRATIONS
from kdsearch.study.storage.store import StudyStore

GOLDEN = Path(__file__).parents[2] / "golden"


@pytest.fixture
def older(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Restore a study database of an older version: four trials of the demo, two of them pruned networks."""
    path = tmp_path / "study.db"
    dump = gzip.decompress((GOLDEN / f"study_schema_{request.param}.sql.gz").read_bytes()).decode()
    connection = sqlite3.connect(path)
    connection.executescript(dump)
    connection.close()
    return path


def schema(path: Path) -> list[int]:
    """Read the schema versions of a database; there must be one."""
    connection = sqlite3.connect(path)
    versions = [version for (version,) in connection.execute("SELECT version FROM kdsearch_schema")]
    connection.close()
    return versions


@pytest.mark.parametrize("older", sorted(MIGRATIONS), indirect=True)
def test_a_study_of_an_older_schema_opens_whole_and_stays_as_it_is(older: Path) -> None:
    """Trials, front and confirmations are there; a run that goes on with it migrates the file."""
    before = older.read_bytes()
    for _ in range(2):
        store = StudyStore.open(f"sqlite:///{older}", "demo-quick")
        summary = summarise(store)
        assert [trial.state for trial in summary.trials] == ["COMPLETE"] * 4
        assert summary.front
        assert all(trial.confirmed is not None for trial in summary.front_trials)
        assert all(trial.cost is not None and trial.cost.latency_ms is not None for trial in summary.trials)
        store.close()
    assert older.read_bytes() == before
    assert [file.name for file in older.parent.iterdir()] == [older.name]
    assert len(schema(older)) == 1
    StudyStore.create(f"sqlite:///{older}", store.meta).close()
    assert schema(older) == [max(MIGRATIONS) + 1]


@pytest.mark.parametrize("older", [1], indirect=True)
def test_finished_trials_of_the_first_schema_stop_later_ones(older: Path) -> None:
    """Their curves give their errors, their records their costs."""
    store = StudyStore.open(f"sqlite:///{older}", "demo-quick")
    ends = {end.number: end for end in store.final_points()}
    assert ends.keys() == {0, 1, 2, 3}
    for trial in store.trials():
        assert trial.record is not None
        assert trial.record.cost is not None
        assert trial.record.cost.latency_ms is not None
        assert ends[trial.number].error == trial.record.curve[-1].val_mae
        assert ends[trial.number].costs == (trial.record.cost.latency_ms.p50,)
    store.close()
