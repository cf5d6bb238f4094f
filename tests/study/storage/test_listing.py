import os
import shutil
import subprocess
import sys
from pathlib import Path

import optuna
import pytest

from kdsearch.errors import StudyError
from kdsearch.study.storage.address import sqlite_address
from kdsearch.study.storage.listing import find_study, list_database, list_studies
from kdsearch.study.storage.meta import StudyMeta
from kdsearch.study.storage.store import StudyStore

on_both_databases = pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)


@on_both_databases
def test_a_database_is_listed_like_a_folder(store: StudyStore, url: str) -> None:
    """Every study of it, with its trials by state."""
    store.optuna_study.enqueue_trial({})
    (listing,) = list_database(url)
    assert (listing.url, listing.meta.study, listing.states) == (url, "city", {"WAITING": 1})


def test_listing_a_folder(store: StudyStore, url: str) -> None:
    """Every study of every subfolder, with its trials by state."""
    store.optuna_study.add_trial(optuna.create_trial(values=[1.0, 2.0]))
    store.optuna_study.enqueue_trial({})
    (listing,) = list_studies(Path(url.removeprefix("sqlite:///")).parent.parent)
    assert listing.meta.study == "city"
    assert listing.states == {"COMPLETE": 1, "WAITING": 1}


@pytest.mark.parametrize("place", ["city.db", "city/study.db"])
def test_a_study_is_looked_for_where_its_name_is_first(tmp_path: Path, meta: StudyMeta, place: str) -> None:
    """Another file, which nobody can read, is not in its way."""
    (tmp_path / "a.db").write_text("no database")
    StudyStore.create(sqlite_address(tmp_path / place), meta).close()
    find_study("city", tmp_path, None).close()
    with pytest.raises(StudyError, match=r"a\.db"):
        find_study("village", tmp_path, None)


@on_both_databases
def test_a_study_that_was_left_half_made_is_listed_without_trials(store: StudyStore, url: str) -> None:
    """The other studies of the database can still be read."""
    optuna.delete_study(study_name="city", storage=store.storage)
    (listing,) = list_database(url)
    assert (listing.meta.study, listing.states) == ("city", {})


@pytest.mark.parametrize("name", ["a%20b", "a?b", "a#b", "a{b}", "東 京"])
def test_folders_of_any_name_hold_studies(tmp_path: Path, meta: StudyMeta, name: str) -> None:
    """Letters that mean something in an address are letters in a folder's name."""
    path = tmp_path / name / "city" / "study.db"
    StudyStore.create(sqlite_address(path), meta).close()
    assert path.is_file()
    assert [one.meta.study for one in list_studies(tmp_path / name)] == ["city"]
    assert [file.name for file in tmp_path.iterdir() if file.is_dir()] == [name]


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root may write everywhere")
def test_a_study_that_may_only_be_read_is_read(tmp_path: Path, meta: StudyMeta) -> None:
    """With what its write-ahead log holds, and beside studies that may be written."""
    path = tmp_path / "city" / "study.db"
    store = StudyStore.create(sqlite_address(path), meta)
    store.optuna_study.enqueue_trial({})  # still in the log
    assert path.with_name("study.db-wal").stat().st_size > 0
    for file in (*path.parent.iterdir(), path.parent):
        file.chmod(0o555)
    code = "import sys, pathlib; from kdsearch.study.storage.listing import list_studies\n"
    code += "print([(one.meta.study, one.states) for one in list_studies(pathlib.Path(sys.argv[1]))])"
    rights = "-dac_override,-dac_read_search"
    plain = ["setpriv", "--bounding-set", rights, "--inh-caps", rights] if os.geteuid() == 0 else []
    command = [*plain, sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    path.parent.chmod(0o755)
    store.close()
    assert (done.stdout.strip(), done.returncode) == ("[('city', {'WAITING': 1})]", 0), done.stderr


def test_a_study_is_found_by_its_name_in_a_folder(store: StudyStore, url: str) -> None:
    """A misspelt name is answered with those that are there."""
    folder = Path(url.removeprefix("sqlite:///")).parent.parent
    found = find_study("city", folder, None)
    assert found.meta == store.meta
    found.close()
    with pytest.raises(StudyError, match=r"no study 'town' in .*; it holds: city"):
        find_study("town", folder, None)
    with pytest.raises(StudyError, match=r"no study 'city' in .*; it holds: none"):
        find_study("city", folder / "nowhere", None)
