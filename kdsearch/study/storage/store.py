"""The study in SQL: Optuna's own tables, and beside them ours for records, weights and baselines.

Optuna's study holds what a sampler needs and what `optuna.load_study` and optuna-dashboard show; our tables hold the
rest. Both lie in one database and share one engine. No torch and no ray here: a report must open on any machine.
"""

import json
import os
import socket
import uuid
import warnings
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kdsearch.errors import StudyError
from kdsearch.record import Baseline, Confirmation, FinalPoint, Training, TrialRecord, of_role
from kdsearch.study.constraints import Constraint, parse_constraints
from kdsearch.study.storage.address import shown
from kdsearch.study.storage.damage import refusing_damage
from kdsearch.study.storage.database import connect, disconnect
from kdsearch.study.storage.lock import locked
from kdsearch.study.storage.meta import StudyMeta, read_metas, refuse_other
from kdsearch.study.storage.schema import (
    BaselineRow,
    ConfirmationRow,
    ExampleRow,
    FinalPointRow,
    NetworkRow,
    StudyRow,
    Table,
    TrainingRow,
    TrialRow,
)

__all__ = ["StoredTrial", "StudyStore"]


class StoredTrial(BaseModel):
    """One row of the Optuna study with our record beside it.

    Attributes:
        number: Number of the trial in its study.
        state: COMPLETE, PRUNED, FAIL, RUNNING or WAITING.
        reason: Why it failed or was stopped.
        params: The configuration, fixed values included; Optuna's part of it where there is no record yet.
        record: Its record; None where the trial gave none.
        feasible: Whether it keeps all limits; True where there are none.
        confirmation: Its confirmation, if it was a candidate of the front.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    state: str
    reason: str | None
    params: dict[str, Any]
    record: TrialRecord | None
    feasible: bool
    confirmation: Confirmation | None


class StudyStore:
    """One study of one database: open to read (`open`), or to write too (`create`).

    Attributes:
        url: SQLAlchemy address of the database.
        meta: Metadata of the study, as its first run wrote them.
        optuna_study: Optuna's study; every trial is a row of it.
        storage: Optuna's storage of it.
        owner: `host:process:token` of this opening; each trial names the owner that runs it.
    """

    def __init__(self, url: str, storage: RDBStorage, meta: StudyMeta) -> None:
        self.url = url
        self.storage = storage
        self.meta = meta
        with self._reading("the list of trials"):
            self.optuna_study = optuna.load_study(study_name=meta.study, storage=storage)
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex}"

    @classmethod
    def open(cls, url: str, study: str) -> "StudyStore":
        """Open an existing study to read it; a SQLite file stays as it is, byte for byte.

        Raises:
            StudyError: Where the database cannot be read or does not hold the study; the message names those it holds.
        """
        storage = connect(url, create=False)
        metas = read_metas(storage)
        if study not in metas:
            disconnect(storage)
            held = ", ".join(sorted(metas)) or "none"
            raise StudyError(f"there is no study {study!r} in {shown(url)}; it holds: {held}")
        with refusing_damage(url, f"study {study!r}"):
            made = study in optuna.get_all_study_names(storage)
        if not made:
            disconnect(storage)
            raise StudyError(f"study {study!r} in {shown(url)} was left half made; run its command again")
        return cls(url, storage, metas[study])

    @classmethod
    def create(cls, url: str, meta: StudyMeta) -> "StudyStore":
        """Make a study, or open the existing one that agrees with these metadata.

        Raises:
            StudyError: Where the study of that name does not agree with them; the message names what differs.
        """
        storage = connect(url, create=True)
        try:
            with locked(storage.engine, meta.study):  # two first runs at once make one study
                known = read_metas(storage).get(meta.study)
                if known is None:
                    _claim(storage, meta)
                else:
                    refuse_other(known, meta)
                    known = _with_target(storage, known, meta)
                _make_optuna_study(storage, meta)
        except StudyError:
            disconnect(storage)
            raise
        return cls(url, storage, known or meta)

    def trials(self) -> list[StoredTrial]:
        """Read all rows of the study, by number.

        Raises:
            StudyError: One is damaged, as with all that is read here.
        """
        with self._reading("a trial"), Session(self.storage.engine) as session:
            of_study = select(TrialRow.number, TrialRow.record).where(TrialRow.study == self.meta.study)
            records = {n: TrialRecord.model_validate_json(text) for n, text in session.execute(of_study)}
            confirmed = select(ConfirmationRow).where(ConfirmationRow.study == self.meta.study)
            confirmations = {
                row.number: Confirmation.model_validate_json(row.confirmation) for row in session.scalars(confirmed)
            }
            frozen = self.optuna_study.get_trials(deepcopy=False)
            return [_stored(one, records.get(one.number), confirmations.get(one.number)) for one in frozen]

    def _reading(self, what: str) -> AbstractContextManager[None]:
        return refusing_damage(self.url, f"{what} of study {self.meta.study!r}")

    def save_record(self, number: int, record: TrialRecord, weights: bytes | None) -> None:
        """Save a trial's record and its small network's weights, in place of earlier ones."""
        self._merge(TrialRow(study=self.meta.study, number=number, record=_json(record), weights=weights))

    def record(self, number: int) -> TrialRecord | None:
        """Read the record of one trial; None where it has none."""
        with self._reading(f"trial {number}"), Session(self.storage.engine) as session:
            row = select(TrialRow.record).where(TrialRow.study == self.meta.study, TrialRow.number == number)
            text = session.scalar(row)
            return None if text is None else TrialRecord.model_validate_json(text)

    def weights(self, number: int) -> bytes | None:
        """Read the weights of a trial's network as they were saved; None where there are none."""
        with self._reading(f"the network of trial {number}"), Session(self.storage.engine) as session:
            row = session.get(TrialRow, (self.meta.study, number))
            return None if row is None else row.weights

    def save_final_point(self, end: FinalPoint) -> None:
        """Save a trial's final point, in place of an earlier one."""
        self._merge(
            FinalPointRow(study=self.meta.study, number=end.number, error=end.error, costs=json.dumps(end.costs))
        )

    def final_points(self) -> list[FinalPoint]:
        """Read the final points of finished trials, by number."""
        with self._reading("the end of a trial"), Session(self.storage.engine) as session:
            rows = session.scalars(
                select(FinalPointRow).where(FinalPointRow.study == self.meta.study).order_by(FinalPointRow.number)
            )
            return [FinalPoint(row.number, row.error, tuple(json.loads(row.costs))) for row in rows]

    def save_baseline(self, baseline: Baseline) -> None:
        """Save a baseline, in place of one of the same name."""
        self._merge(BaselineRow(study=self.meta.study, name=baseline.name, baseline=_json(baseline)))

    def baselines(self) -> list[Baseline]:
        """Read the study's baselines, by name."""
        with self._reading("a baseline"), Session(self.storage.engine) as session:
            rows = session.scalars(
                select(BaselineRow).where(BaselineRow.study == self.meta.study).order_by(BaselineRow.name)
            )
            return [Baseline.model_validate_json(row.baseline) for row in rows]

    def add_baselines(self, baselines: Iterable[Baseline], networks: Mapping[str, bytes]) -> None:
        """Add baselines and their packed networks, all at once; those that another run added before stay."""
        study = self.meta.study
        rows: list[BaselineRow | NetworkRow] = [
            BaselineRow(study=study, name=one.name, baseline=_json(one)) for one in baselines
        ]
        rows += [NetworkRow(study=study, name=name, network=network) for name, network in networks.items()]
        with locked(self.storage.engine, study), Session(self.storage.engine) as session, session.begin():
            for row in rows:
                if session.get(type(row), (study, row.name)) is None:
                    session.add(row)

    def network(self, name: str) -> bytes | None:
        """Read the packed network of a baseline; None where it is not kept."""
        with self._reading(f"the network {name!r}"), Session(self.storage.engine) as session:
            row = session.get(NetworkRow, (self.meta.study, name))
            return None if row is None else row.network

    def save_examples(self, windows: bytes) -> None:
        """Save the packed example windows of the data, in place of earlier ones."""
        self._merge(ExampleRow(study=self.meta.study, windows=windows))

    def examples(self) -> bytes | None:
        """Read the packed example windows; None where none are kept."""
        with self._reading("the example windows"), Session(self.storage.engine) as session:
            row = session.get(ExampleRow, self.meta.study)
            return None if row is None else row.windows

    def networks(self) -> dict[str, tuple[Baseline, bytes]]:
        """Read the baselines whose networks are kept, and these networks as they were packed, by name."""
        found = ((one, self.network(one.name)) for one in self.baselines())
        return {one.name: (one, packed) for one, packed in found if packed is not None}

    def networks_kept(self) -> tuple[list[int], list[str]]:
        """List the trials and the baselines whose networks are kept."""
        with self._reading("the list of networks"), Session(self.storage.engine) as session:
            trials = select(TrialRow.number).where(TrialRow.study == self.meta.study, TrialRow.weights.is_not(None))
            baselines = select(NetworkRow.name).where(NetworkRow.study == self.meta.study)
            return sorted(session.scalars(trials)), sorted(session.scalars(baselines))

    def limits(self) -> list[Constraint]:
        """Resolve the study's limits into absolute ones.

        Raises:
            StudyError: Where one is relative and the study has no teacher yet.
        """
        constraints = parse_constraints(self.meta.constraints)
        teacher = of_role(self.baselines(), "teacher") if constraints else None
        return [one.resolve(teacher) for one in constraints]

    def save_confirmation(self, confirmation: Confirmation) -> None:
        """Save the confirmation of one candidate of the front, in place of an earlier one."""
        text = _json(confirmation)
        self._merge(ConfirmationRow(study=self.meta.study, number=confirmation.number, confirmation=text))

    def save_training(self, training: Training) -> None:
        """Save one training of a confirmation, in place of one of the same trial, seed and kind."""
        own = training.model_dump(include={"number", "seed", "kind"})
        self._merge(TrainingRow(study=self.meta.study, training=_json(training), **own))

    def trainings(self) -> list[Training]:
        """Read the trainings of all confirmations, finished or not."""
        with self._reading("a training"), Session(self.storage.engine) as session:
            rows = session.scalars(select(TrainingRow).where(TrainingRow.study == self.meta.study))
            return [Training.model_validate_json(row.training) for row in rows]

    def close(self) -> None:
        """Close the database; SQLite then folds its side files into the main one, which alone can be mailed."""
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


def _stored(
    frozen: optuna.trial.FrozenTrial, record: TrialRecord | None, confirmation: Confirmation | None
) -> StoredTrial:
    return StoredTrial(
        number=frozen.number,
        state=frozen.state.name,
        reason=frozen.user_attrs.get("reason"),
        params=record.params if record else frozen.params,
        record=record,
        feasible=all(value <= 0 for value in frozen.constraints.values()),
        confirmation=confirmation,
    )


def _with_target(storage: RDBStorage, known: StudyMeta, meta: StudyMeta) -> StudyMeta:
    """Add to a study of an older kdsearch what its networks forecast; its data and protocol are those of this run."""
    if known.target is not None:
        return known
    known = known.model_copy(update={"target": meta.target})
    with Session(storage.engine) as session, session.begin():
        session.merge(StudyRow(study=known.study, meta=known.model_dump_json()))
    return known


def _claim(storage: RDBStorage, meta: StudyMeta) -> None:
    """Write our row first: where a run dies before Optuna's row is there, the next run makes that from ours."""
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


def _json(model: BaseModel) -> str:
    """Write JSON that keeps NaN and infinity, which pydantic's own writer turns into null."""
    return json.dumps(model.model_dump())
