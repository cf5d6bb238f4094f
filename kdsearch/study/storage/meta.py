"""Metadata of a study: its own row, on which two runs that share the study must agree."""

from pathlib import PurePath
from typing import Self

from optuna.storages import RDBStorage
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from kdsearch.data.target import Target
from kdsearch.errors import StudyError
from kdsearch.study.storage.damage import refusing_damage
from kdsearch.study.storage.schema import StudyRow

__all__ = ["ImportedText", "StudyMeta", "read_metas", "refuse_other"]

_IDENTITY = (
    "dataset",
    "protocol",
    "objectives",
    "constraints",
    "data_hash",
    "protocol_hash",
    "teacher_hash",
    "imported",
    "runtime",
)


class ImportedText(BaseModel):
    """A file or module of the user's whose rows a study used.

    Attributes:
        name: As it was given, with its path.
        hash: Of its syntax tree without docstrings.
        text: Its source.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    hash: str
    text: str


class StudyMeta(BaseModel):
    """Metadata of a study; two runs that share it must agree on data, protocol, objectives, limits and teacher.

    Attributes:
        unit: Unit of the readings; "" in studies older than this entry.
        teacher_hash: What was asked of the teacher; its network is kept beside the study's baselines.
        constraints: Limits as `Constraint` writes them; empty in studies older than limits.
        reference_point: The corner from which hypervolume is measured, one value for each objective, as the first run
            wrote it. None in studies older than this entry, and where a baseline was not measured.
        imports: Files and modules of the user's whose rows the study used.
        runtime: Of what the objective latency is the time, one of `kdsearch.measure.objectives.RUNTIMES`.
        answers: Name of the file of forecasts from which students learn; "" where a network teaches.
        target: What its networks forecast; None in studies older than this entry.
    """

    model_config = ConfigDict(frozen=True)

    study: str
    dataset: str
    protocol: str
    objectives: list[str] = Field(min_length=1)
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
    imports: list[ImportedText] = Field(default_factory=list)
    unit: str = ""
    runtime: str = "torch"
    answers: str = ""
    target: Target | None = None

    @model_validator(mode="after")
    def _has_a_corner_of_its_objectives(self) -> Self:
        if self.reference_point is not None and len(self.reference_point) != len(self.objectives):
            raise ValueError("the reference point has other objectives")
        return self

    @property
    def imported(self) -> list[str]:
        """Names, without folders, and hashes of the user's files and modules."""
        return [f"{PurePath(one.name).name} {one.hash}" for one in self.imports]


def read_metas(storage: RDBStorage) -> dict[str, StudyMeta]:
    """Read the metadata of all studies of a database, by name.

    Raises:
        StudyError: A row is damaged.
    """
    with refusing_damage(storage.url, "the list of studies"), Session(storage.engine) as session:
        rows = {row.study: row.meta for row in session.scalars(select(StudyRow))}
    return {name: _read(storage.url, name, text) for name, text in rows.items()}


def _read(url: str, name: str, text: str) -> StudyMeta:
    with refusing_damage(url, f"study {name!r}"):
        meta = StudyMeta.model_validate_json(text)
        if meta.study != name:
            raise ValueError(f"its row says {meta.study!r}")
    return meta


def refuse_other(known: StudyMeta, wanted: StudyMeta) -> None:
    """Refuse to continue a study of other data, protocol, objectives, limits or teacher.

    Raises:
        StudyError: Where something differs; the message names it.
    """
    differing = [name for name in _IDENTITY if getattr(known, name) != getattr(wanted, name)]
    if known.protocol_hash == wanted.protocol_hash:  # a user's own protocol, renamed
        differing = [name for name in differing if name != "protocol"]
    if differing == ["teacher_hash"]:
        why = _other_teacher(known, wanted)
        raise StudyError(f"study {wanted.study!r} has another teacher: {why}; give this run another --study name")
    if differing:
        words = ", ".join(f"{name} {getattr(known, name)!r} (now {getattr(wanted, name)!r})" for name in differing)
        raise StudyError(
            f"study {wanted.study!r} was made with other settings: {words}; give this run another --study name"
        )


def _other_teacher(known: StudyMeta, wanted: StudyMeta) -> str:
    if known.seed != wanted.seed:
        return f"of seed {known.seed} (now {wanted.seed})"
    if known.answers != wanted.answers:
        names = [name or "a network" for name in (known.answers, wanted.answers)]
        return f"{names[0]} (now {names[1]})"
    if known.answers:
        return f"another content of {known.answers}, or other settings of its network"
    return "its settings are not those of this run, or an older kdsearch began the study and kept no teacher in it"
