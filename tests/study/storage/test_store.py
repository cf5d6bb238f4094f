import math
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE

import optuna
import pytest
from sqlalchemy.exc import OperationalError

from kdsearch.data.target import Target
from kdsearch.errors import StudyError
from kdsearch.record import Baseline, Confirmation, Training, TrialRecord
from kdsearch.study.storage.listing import list_database
from kdsearch.study.storage.meta import StudyMeta
from kdsearch.study.storage.store import StudyStore

on_both_databases = pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)


@on_both_databases
def test_records_weights_references_and_confirmations_come_back(
    store: StudyStore, url: str, record: Callable[..., TrialRecord]
) -> None:
    """One process reads what another wrote; NaN survives, and the last version counts."""
    store.optuna_study.add_trial(optuna.create_trial(values=[1.0, 2.0]))
    store.save_record(0, record({"route": "prune"}, 7, 5.0), None)
    kept = record({"route": "prune", "epochs": 3}, 7, math.nan)
    store.save_record(0, kept, b"\x00weights")
    assert kept.cost is not None
    store.save_baseline(Baseline(name="teacher", role="teacher", metrics={}, note="old"))
    store.save_baseline(Baseline(name="teacher", role="teacher", metrics={}, note="new"))
    store.save_baseline(Baseline(name="last value", role="naive", metrics={}))
    own = Training(number=0, seed=7, kind="own")
    store.save_confirmation(Confirmation(number=0, trainings=[own], cost=kept.cost))
    store.close()

    again = StudyStore.open(url, "city")
    (trial,) = again.trials()
    assert trial.record is not None
    assert math.isnan(trial.record.metrics["val"]["mae"]["all"])
    assert trial.record.cost == kept.cost
    assert trial.params == {"route": "prune", "epochs": 3}
    assert (trial.number, trial.state, trial.reason, trial.feasible) == (0, "COMPLETE", None, True)
    assert trial.confirmation is not None
    assert trial.confirmation.trainings == [own]
    assert again.weights(0) == b"\x00weights"
    assert again.weights(1) is None
    assert [(r.name, r.note) for r in again.baselines()] == [("last value", ""), ("teacher", "new")]
    again.close()


@on_both_databases
def test_trainings_of_the_quiet_pass_come_back(store: StudyStore, url: str) -> None:
    """There is one for each trial, seed and kind; a success replaces a failure; large seeds fit."""
    failed = Training(number=3, seed=2**40, kind="twin", epochs=9, reason="killed")
    trained = failed.model_copy(update={"reason": None, "seconds": {"train": 2.0}, "metrics": {"val": {}}})
    further = trained.model_copy(update={"kind": "further"})
    for training in (failed, trained, further):
        store.save_training(training)
    store.close()
    again = StudyStore.open(url, "city")
    assert sorted(again.trainings(), key=lambda one: one.kind) == [further, trained]
    again.close()


def test_a_trial_over_a_limit_is_not_feasible(store: StudyStore) -> None:
    """Limits are Optuna constraints: above 0 is broken."""
    for value in (-1.0, 0.5):
        store.optuna_study.add_trial(optuna.create_trial(values=[1.0, 1.0], constraints={"params": value}))
    assert [trial.feasible for trial in store.trials()] == [True, False]


@on_both_databases
def test_the_file_is_an_optuna_study_of_its_own(store: StudyStore, url: str) -> None:
    """`optuna.load_study` opens it without kdsearch."""
    store.close()
    storage = optuna.storages.RDBStorage(url.replace("{", "{{").replace("}", "}}"))
    assert optuna.load_study(study_name="city", storage=storage).metric_names == ["mae", "latency"]
    storage.remove_session()
    storage.engine.dispose()


def test_sqlite_writes_ahead_and_closes_into_one_file(store: StudyStore, url: str) -> None:
    """While open a write-ahead log; after closing the one file can be mailed, and the lock beside it is empty."""
    folder = Path(url.removeprefix("sqlite:///")).parent
    assert (folder / "study.db-wal").exists()
    store.close()
    written = {path.name: path.stat().st_size > 0 for path in folder.iterdir()}
    assert written == {"study.db": True, "study.db.lock": False}


@on_both_databases
def test_create_opens_an_existing_study_of_the_same_thing(store: StudyStore, url: str, meta: StudyMeta) -> None:
    """The first run's description stays, whatever command resumed it."""
    store.optuna_study.add_trial(optuna.create_trial(values=[1.0, 2.0]))
    again = StudyStore.create(url, meta.model_copy(update={"command": "another", "sampler": "gp"}))
    assert again.meta == meta
    assert len(again.trials()) == 1
    again.close()


@on_both_databases
def test_a_study_learns_what_its_networks_forecast(store: StudyStore, url: str, meta: StudyMeta) -> None:
    """An older one learns it from the next run of it."""
    assert store.meta.target is None
    store.close()
    target = Target(
        channels=("speed",),
        sensors=("a", "b"),
        unit="mph",
        quantity="speed",
        interval_minutes=5,
        history=12,
        horizon=9,
    )
    StudyStore.create(url, meta.model_copy(update={"target": target})).close()
    again = StudyStore.open(url, meta.study)
    assert again.meta.target == target
    again.close()


@on_both_databases
def test_the_networks_that_were_kept_first_stay(store: StudyStore, url: str, meta: StudyMeta) -> None:
    """Two runs that began together have trained two teachers; what is missing is added."""
    teacher, base, naive = (
        Baseline(name=name, role=role, metrics={})
        for name, role in (("teacher", "teacher"), ("base", "base"), ("last value", "naive"))
    )
    store.add_baselines([naive, teacher], {"teacher": b"first"})
    other = StudyStore.create(url, meta)
    late = teacher.model_copy(update={"note": "late"})
    other.add_baselines([naive, late, base], {"teacher": b"second", "base": b"base"})
    for one in (store, other):
        assert one.networks() == {"teacher": (teacher, b"first"), "base": (base, b"base")}
        assert one.networks_kept() == ([], ["base", "teacher"])
        assert (one.network("teacher"), one.network("STID")) == (b"first", None)
        assert {known.name for known in one.baselines()} == {"base", "last value", "teacher"}
    other.close()


@on_both_databases
def test_create_refuses_a_study_of_something_else(store: StudyStore, url: str, meta: StudyMeta) -> None:
    """Numbers of different data or protocols never meet in one study."""
    assert store.meta == meta
    other = meta.model_copy(update={"dataset": "los-loop", "teacher_hash": "t"})
    with pytest.raises(StudyError, match=r"dataset 'demo' \(now 'los-loop'\), teacher_hash None \(now 't'\)"):
        StudyStore.create(url, other)


def test_create_refuses_other_limits(store: StudyStore, url: str, meta: StudyMeta) -> None:
    """Feasible under one limit is not feasible under another; the corner of hypervolume stays the first one."""
    assert store.meta == meta
    with pytest.raises(StudyError, match=r"other settings: constraints \[\] \(now \['params<=3%'\]\)"):
        StudyStore.create(url, meta.model_copy(update={"constraints": ["params<=3%"]}))
    again = StudyStore.create(url, meta.model_copy(update={"reference_point": [1.0, 2.0]}))
    assert again.meta.reference_point is None
    again.close()


def test_a_study_older_than_limits_still_opens(meta: StudyMeta) -> None:
    """What an older version wrote has neither limits nor a reference point."""
    older = meta.model_dump(exclude={"constraints", "reference_point"})
    read = StudyMeta.model_validate(older)
    assert (read.constraints, read.reference_point) == ([], None)


@on_both_databases
def test_create_leaves_studies_of_other_programs_alone(url: str, store: StudyStore, meta: StudyMeta) -> None:
    """A name in Optuna's tables but not in ours belongs to another program."""
    optuna.create_study(study_name="theirs", storage=store.storage)
    with pytest.raises(StudyError, match="of another program"):
        StudyStore.create(url, meta.model_copy(update={"study": "theirs"}))
    assert [one.meta.study for one in list_database(url)] == ["city"]


@on_both_databases
def test_a_run_that_died_between_our_row_and_the_study_is_made_good(
    store: StudyStore, url: str, meta: StudyMeta
) -> None:
    """`create` completes the half that exists."""
    optuna.delete_study(study_name="city", storage=store.storage)
    store.close()
    with pytest.raises(StudyError, match=r"study 'city' in .* was left half made; run its command again"):
        StudyStore.open(url, "city")
    again = StudyStore.create(url, meta)
    assert again.trials() == []
    again.close()


@on_both_databases
def test_an_unknown_study_names_those_that_are_there(store: StudyStore, url: str) -> None:
    """A misspelt name is answered with the right ones."""
    assert store.url == url
    with pytest.raises(StudyError, match=r"no study 'town' in (sqlite|postgresql).*it holds: city"):
        StudyStore.open(url, "town")


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_reading_leaves_a_file_as_it_is(store: StudyStore, url: str, journal: str) -> None:
    """Byte for byte, with nothing beside it, also where it lacks a table; what is opened to read refuses to write."""
    store.optuna_study.add_trial(optuna.create_trial(values=[1.0, 2.0]))
    store.close()
    path = Path(url.removeprefix("sqlite:///"))
    for change in ("SELECT 1", "DROP TABLE kdsearch_networks"):
        connection = sqlite3.connect(path)
        connection.execute(change)
        connection.execute(f"PRAGMA journal_mode={journal}")
        connection.close()
        path.with_name("study.db.lock").unlink(missing_ok=True)
        before = path.read_bytes()
        assert [one.states for one in list_database(url)] == [{"COMPLETE": 1}]
        again = StudyStore.open(url, "city")
        assert (len(again.trials()), again.network("teacher")) == (1, None)
        if change == "SELECT 1":
            with pytest.raises(OperationalError, match="readonly"):
                again.save_baseline(Baseline(name="teacher", role="teacher", metrics={}))
        again.close()
        assert path.read_bytes() == before
        assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_opening_makes_no_file(url: str) -> None:
    """Reading what is not there leaves nothing behind."""
    with pytest.raises(StudyError, match="no study database"):
        StudyStore.open(url, "city")
    assert not Path(url.removeprefix("sqlite:///")).exists()


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    """SQLite's reason is given."""
    path = tmp_path / "study.db"
    path.write_text("x" * 5000)
    with pytest.raises(StudyError, match="cannot be used: file is not a database"):
        StudyStore.open(f"sqlite:///{path}", "city")


def test_a_database_of_another_schema_is_refused(store: StudyStore, url: str) -> None:
    """A newer kdsearch may have tables that this one would misread."""
    store.close()
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    connection.execute("UPDATE kdsearch_schema SET version = 99")
    connection.commit()
    connection.close()
    with pytest.raises(StudyError, match="has schema 99 and this kdsearch reads up to 2"):
        StudyStore.open(url, "city")


FIRST_RUN = """
import sys
from kdsearch.record import Baseline
from kdsearch.study.storage.meta import StudyMeta
from kdsearch.study.storage.store import StudyStore

meta = StudyMeta.model_validate_json(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
store = StudyStore.create(sys.argv[1], meta)
for number in range(20):
    store.save_baseline(Baseline(name=str(number), metrics={}))
store.close()
"""


@on_both_databases
def test_first_runs_at_once_make_one_database_and_one_study(url: str, meta: StudyMeta) -> None:
    """Tables, study and rows of the same name are made by whoever is first."""
    command = [sys.executable, "-W", "error", "-c", FIRST_RUN, url, meta.model_dump_json()]
    runs = [subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True) for _ in range(2)]
    for run in runs:
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"
    for run in runs:
        assert run.stdin is not None
        run.stdin.write("go\n")
        run.stdin.flush()
    assert [run.communicate() for run in runs] == [("", "")] * 2
    assert [one.meta.study for one in list_database(url)] == ["city"]


def test_reading_a_study_imports_neither_torch_nor_ray() -> None:
    """A report opens on a machine with neither, and quickly."""
    code = (
        "import sys, kdsearch.study.storage.store, kdsearch.study.space.space;"
        "import kdsearch.measure.objectives, kdsearch.study.run_search;"
        "assert not {'torch', 'ray', 'plotly'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
