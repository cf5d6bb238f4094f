"""Studies of a folder or a database: list them, or find one by its name."""

import os
from collections import Counter
from pathlib import Path

import optuna
from pydantic import BaseModel, ConfigDict

from kdsearch.data.places import HIDDEN, what_is_there
from kdsearch.errors import StudyError
from kdsearch.study.names import normal
from kdsearch.study.storage.address import sqlite_address
from kdsearch.study.storage.damage import refusing_damage
from kdsearch.study.storage.database import connect, disconnect
from kdsearch.study.storage.meta import StudyMeta, read_metas
from kdsearch.study.storage.store import StudyStore

__all__ = ["StudyListing", "find_study", "list_database", "list_studies"]


class StudyListing(BaseModel):
    """One study of a folder or database; `states` counts its trials by state."""

    model_config = ConfigDict(frozen=True)

    url: str
    meta: StudyMeta
    states: dict[str, int]


def list_studies(folder: Path) -> list[StudyListing]:
    """List the studies of every `*.db` in a folder and its subfolders; none where there is no folder.

    Raises:
        StudyError: Where one of the files is no study database.
    """
    return [listing for path in _databases(folder) for listing in list_database(sqlite_address(path))]


def _databases(folder: Path) -> list[Path]:
    """List the databases of a folder.

    Raises:
        StudyError: It is no folder, or may not be read.
    """
    found = what_is_there(folder)
    if found not in {"a folder", "nothing"} or (found == "a folder" and not os.access(folder, os.R_OK | os.X_OK)):
        wrong = "may not be read" if found in {"a folder", HIDDEN} else f"is {found}, not a folder"
        raise StudyError(f"{folder} {wrong}; give the folder of studies with --studies")
    return sorted(path for path in (*folder.glob("*.db"), *folder.glob("*/*.db")) if what_is_there(path) != "a folder")


def find_study(name: str, folder: Path, url: str | None) -> StudyStore:
    """Open a study by its name, from the given database or from any database of a folder.

    Raises:
        StudyError: Where it is not there; the message names the studies that are.
    """
    name = normal(name)
    if url is not None:
        return StudyStore.open(url, name)
    held: list[str] = []
    # a file or folder of that name is looked into first: reading every database of a large folder takes seconds
    for path in sorted(_databases(folder), key=lambda path: name not in (path.stem, path.parent.name)):
        for listing in list_database(sqlite_address(path)):
            if normal(listing.meta.study) == name:
                return StudyStore.open(listing.url, listing.meta.study)
            held.append(listing.meta.study)
    raise StudyError(f"there is no study {name!r} in {folder}; it holds: {', '.join(sorted(held)) or 'none'}")


def list_database(url: str) -> list[StudyListing]:
    """List the studies of one database, in alphabetical order.

    Raises:
        StudyError: Where the database is not there or cannot be read.
    """
    storage = connect(url, create=False)
    with refusing_damage(url, "the list of studies"):
        made = set(optuna.get_all_study_names(storage))  # not those whose first run died before it made Optuna's rows
    listings = []
    for name, meta in sorted(read_metas(storage).items()):
        with refusing_damage(url, f"study {name!r}"):
            loaded = optuna.load_study(study_name=name, storage=storage) if name in made else None
            trials = loaded.get_trials(deepcopy=False) if loaded else []
        listings.append(StudyListing(url=url, meta=meta, states=dict(Counter(t.state.name for t in trials))))
    disconnect(storage)
    return listings
