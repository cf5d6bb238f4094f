"""The study in SQL: Optuna's own tables, and beside them ours for records, weights and reference lines.

Optuna's study holds what a sampler needs and what `optuna.load_study` and optuna-dashboard show; our tables hold the
rest. Both lie in one database and share one engine. No torch and no ray here: a report must open on any machine.
"""

import json
import os
import socket
import uuid
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kdsearch.errors import StudyError
from kdsearch.record import Confirmation, Reference, Training, TrialRecord
from kdsearch.study.address import shown
from kdsearch.study.database import connect, disconnect
from kdsearch.study.lock import locked
from kdsearch.study.stopping import End
from kdsearch.study.tables import ConfirmationRow, EndRow, ReferenceRow, StudyRow, Table, TrainingRow, TrialRow

__all__ = ["StoredTrial", "StudyListing", "StudyMeta", "StudyStore", "find_study", "list_database", "list_studies"]


class StudyMeta(BaseModel):
    """What a study is of; two runs with one study must agree on data, protocol, objectives, limits and teacher.

    Attributes:
        constraints: Limits as `Constraint` writes them; none in studies older than limits.
        reference_point: The corner that hypervolume is measured from, one value for each objective; it stays as the
            first run wrote it. None in studies older than it, and where a reference line was not measured.
    """

    model_config = ConfigDict(frozen=True)

    study: str
    dataset: str
    protocol: str
    objectives: list[str]
    data_hash: str
    protocol_hash: str
    teacher_hash: str | None
    space_name: str
    space_text: str
    sampler: str
    seed: int
    data_note: str
    protocol_text: str
    command: str
    created: str
    versions: dict[str, str]
    constraints: list[str] = Field(default_factory=list)
    reference_point: list[float] | None = None


_IDENTITY = ("dataset", "protocol", "objectives", "constraints", "data_hash", "protocol_hash", "teacher_hash")


class StoredTrial(BaseModel):
    """One row of the Optuna study with our record beside it.

    Attributes:
        number: Number of the trial in its study.
        state: COMPLETE, PRUNED, FAIL, RUNNING or WAITING.
        reason: Why it failed or was stopped.
        params: The configuration, fixed values included; Optuna's part of it where there is no record yet.
        record: What is known of it; None where it did not come back.
        feasible: Whether it keeps all limits; True where there are none.
        confirmation: The quiet pass over it, if it was a candidate of the front.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    state: str
    reason: str | None
    params: dict[str, Any]
    record: TrialRecord | None
    feasible: bool
    confirmation: Confirmation | None


class StudyListing(BaseModel):
    """One study of a folder or database; `states` counts its trials by state."""

    model_config = ConfigDict(frozen=True)

    url: str
    meta: StudyMeta
    states: dict[str, int]


class StudyStore:
    """One study of one database, open for reading and writing.

    Attributes:
        url: SQLAlchemy address of the database.
        meta: What the study is of, as its first run wrote it.
        optuna_study: The study itself; every trial is a row of it.
        storage: Optuna's storage of it.
        owner: `host:process:token` of this opening; trials remember who runs them.
    """

    def __init__(self, url: str, storage: RDBStorage, meta: StudyMeta) -> None:
        self.url = url
        self.storage = storage
        self.meta = meta
        self.optuna_study = optuna.load_study(study_name=meta.study, storage=storage)
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex}"

    @classmethod
    def open(cls, url: str, study: str) -> "StudyStore":
        """Open a study that is there.

        Raises:
            StudyError: Where the database cannot be read or does not hold the study; the message names those it holds.
        """
        storage = connect(url, create=False)
        metas = _metas(storage)
        if study not in metas:
            disconnect(storage)
            held = ", ".join(sorted(metas)) or "none"
            raise StudyError(f"there is no study {study!r} in {shown(url)}; it holds: {held}")
        return cls(url, storage, metas[study])

    @classmethod
    def create(cls, url: str, meta: StudyMeta) -> "StudyStore":
        """Make a study, or open it where it exists and is of the same thing.

        Raises:
            StudyError: Where a study of that name is of something else; the message names what differs.
        """
        storage = connect(url, create=True)
        try:
            with locked(storage.engine, meta.study):  # two first runs at once make one study
                known = _metas(storage).get(meta.study)
                if known is None:
                    _claim(storage, meta)
                else:
                    _refuse_other(known, meta)
                _make_optuna_study(storage, meta)
        except StudyError:
            disconnect(storage)
            raise
        return cls(url, storage, known or meta)

    @staticmethod
    def study_names(url: str) -> list[str]:
        """Names of the studies in a database, in alphabetical order.

        Raises:
            StudyError: Where the database is not there or cannot be read.
        """
        storage = connect(url, create=False)
        names = sorted(_metas(storage))
        disconnect(storage)
        return names

    def trials(self) -> list[StoredTrial]:
        """All rows of the study by number."""
        with Session(self.storage.engine) as session:
            of_study = select(TrialRow.number, TrialRow.record).where(TrialRow.study == self.meta.study)
            records = {n: TrialRecord.model_validate_json(text) for n, text in session.execute(of_study)}
            confirmed = select(ConfirmationRow).where(ConfirmationRow.study == self.meta.study)
            confirmations = {
                row.number: Confirmation.model_validate_json(row.confirmation) for row in session.scalars(confirmed)
            }
        rows = []
        for frozen in self.optuna_study.get_trials(deepcopy=False):
            record = records.get(frozen.number)
            rows.append(
                StoredTrial(
                    number=frozen.number,
                    state=frozen.state.name,
                    reason=frozen.user_attrs.get("reason"),
                    params=record.params if record else frozen.params,
                    record=record,
                    feasible=all(value <= 0 for value in frozen.constraints.values()),
                    confirmation=confirmations.get(frozen.number),
                )
            )
        return rows

    def save_record(self, number: int, record: TrialRecord, weights: bytes | None) -> None:
        """Keep what is known of a trial, and its small network's weights; replaces what was there."""
        self._merge(TrialRow(study=self.meta.study, number=number, record=_json(record), weights=weights))

    def weights(self, number: int) -> bytes | None:
        """Weights of a trial's network as they were saved; None where there are none."""
        with Session(self.storage.engine) as session:
            row = session.get(TrialRow, (self.meta.study, number))
            return None if row is None else row.weights

    def save_end(self, end: End) -> None:
        """Keep where a trial ended; replaces what was there."""
        self._merge(EndRow(study=self.meta.study, number=end.number, error=end.error, costs=json.dumps(end.costs)))

    def ends(self) -> list[End]:
        """Where finished trials ended, by number."""
        with Session(self.storage.engine) as session:
            rows = session.scalars(select(EndRow).where(EndRow.study == self.meta.study).order_by(EndRow.number))
            return [End(row.number, row.error, tuple(json.loads(row.costs))) for row in rows]

    def save_reference(self, reference: Reference) -> None:
        """Keep a reference line; one of the same name is replaced."""
        self._merge(ReferenceRow(study=self.meta.study, name=reference.name, reference=_json(reference)))

    def references(self) -> list[Reference]:
        """The study's reference lines, by name."""
        with Session(self.storage.engine) as session:
            rows = session.scalars(
                select(ReferenceRow).where(ReferenceRow.study == self.meta.study).order_by(ReferenceRow.name)
            )
            return [Reference.model_validate_json(row.reference) for row in rows]

    def save_confirmation(self, confirmation: Confirmation) -> None:
        """Keep the quiet pass over one candidate of the front; replaces an earlier one."""
        text = _json(confirmation)
        self._merge(ConfirmationRow(study=self.meta.study, number=confirmation.number, confirmation=text))

    def save_training(self, training: Training) -> None:
        """Keep one training of the quiet pass; one of the same trial, seed and kind is replaced."""
        own = training.model_dump(include={"number", "seed", "kind"})
        self._merge(TrainingRow(study=self.meta.study, training=_json(training), **own))

    def trainings(self) -> list[Training]:
        """Trainings of the quiet pass, whether it has come to its end or not."""
        with Session(self.storage.engine) as session:
            rows = session.scalars(select(TrainingRow).where(TrainingRow.study == self.meta.study))
            return [Training.model_validate_json(row.training) for row in rows]

    def close(self) -> None:
        """Let go of the database; SQLite then folds its side files into the one that can be mailed."""
        disconnect(self.storage)

    def _merge(self, row: Table) -> None:
        for first in (True, False):
            try:
                with Session(self.storage.engine) as session, session.begin():
                    session.merge(row)
                return
            except IntegrityError:  # another run wrote the same row in between; now it is there and is replaced
                if not first:
                    raise


def list_studies(folder: Path) -> list[StudyListing]:
    """Studies of a folder: every study of every `*.db` in it and in its subfolders.

    Raises:
        StudyError: Where one of the files is no study database.
    """
    paths = sorted((*folder.glob("*.db"), *folder.glob("*/*.db")))
    return [listing for path in paths for listing in list_database(f"sqlite:///{path.resolve()}")]


def find_study(name: str, folder: Path, url: str | None) -> StudyStore:
    """Open a study by its name: in the given database, or wherever it is in a folder of studies.

    Raises:
        StudyError: Where it is not there; the message names the studies that are.
    """
    if url is not None:
        return StudyStore.open(url, name)
    found = list_studies(folder) if folder.is_dir() else []
    for listing in found:
        if listing.meta.study == name:
            return StudyStore.open(listing.url, name)
    names = ", ".join(listing.meta.study for listing in found) or "none"
    raise StudyError(f"there is no study {name!r} in {folder}; it holds: {names}")


def list_database(url: str) -> list[StudyListing]:
    """Studies of one database, in alphabetical order.

    Raises:
        StudyError: Where the database is not there or cannot be read.
    """
    storage = connect(url, create=False)
    listings = []
    for name, meta in sorted(_metas(storage).items()):
        trials = optuna.load_study(study_name=name, storage=storage).get_trials(deepcopy=False)
        listings.append(StudyListing(url=url, meta=meta, states=dict(Counter(t.state.name for t in trials))))
    disconnect(storage)
    return listings


def _claim(storage: RDBStorage, meta: StudyMeta) -> None:
    """Write our row first: a run that dies before Optuna's is made again from it by the next run."""
    if meta.study in optuna.get_all_study_names(storage):
        raise StudyError(
            f"{shown(storage.url)} has a study {meta.study!r} of another program; choose another --study name"
        )
    with Session(storage.engine) as session, session.begin():
        session.add(StudyRow(study=meta.study, meta=meta.model_dump_json()))


def _make_optuna_study(storage: RDBStorage, meta: StudyMeta) -> None:
    directions = [StudyDirection.MINIMIZE for _ in meta.objectives]
    study = optuna.create_study(study_name=meta.study, storage=storage, directions=directions, load_if_exists=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        study.set_metric_names(meta.objectives)  # what optuna-dashboard writes on its axes


def _refuse_other(known: StudyMeta, wanted: StudyMeta) -> None:
    differing = [name for name in _IDENTITY if getattr(known, name) != getattr(wanted, name)]
    if differing:
        words = ", ".join(f"{name} {getattr(known, name)!r} (now {getattr(wanted, name)!r})" for name in differing)
        raise StudyError(
            f"study {wanted.study!r} was made with other settings: {words}; give this run another --study name"
        )


def _metas(storage: RDBStorage) -> dict[str, StudyMeta]:
    with Session(storage.engine) as session:
        return {row.study: StudyMeta.model_validate_json(row.meta) for row in session.scalars(select(StudyRow))}


def _json(model: BaseModel) -> str:
    """JSON that keeps NaN and infinity, which pydantic's own writer turns into null."""
    return json.dumps(model.model_dump())
