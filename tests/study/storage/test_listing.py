from pathlib import Path

import optuna
import pytest

from kdsearch.errors import StudyError
from kdsearch.study.storage.listing import find_study, list_database, list_studies
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


@on_both_databases
def test_a_study_that_was_left_half_made_is_listed_without_trials(store: StudyStore, url: str) -> None:
    """The other studies of the database can still be read."""
    optuna.delete_study(study_name="city", storage=store.storage)
    (listing,) = list_database(url)
    assert (listing.meta.study, listing.states) == ("city", {})


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
