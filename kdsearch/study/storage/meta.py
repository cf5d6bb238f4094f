"""What a study is of: its own row, which two runs that share the study must agree on."""

from optuna.storages import RDBStorage
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from kdsearch.errors import StudyError
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
)


class ImportedText(BaseModel):
    """A file or module of the user's whose rows a study used.

    Attributes:
        name: As it was given.
        hash: Of its syntax tree without docstrings.
        text: Its source.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    hash: str
    text: str


class StudyMeta(BaseModel):
    """What a study is of; two runs with one study must agree on data, protocol, objectives, limits and teacher.

    Attributes:
        constraints: Limits as `Constraint` writes them; none in studies older than limits.
        reference_point: The corner that hypervolume is measured from, one value for each objective; it stays as the
            first run wrote it. None in studies older than it, and where a baseline was not measured.
        imports: What the user's files and modules added rows with.
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
    imports: list[ImportedText] = Field(default_factory=list)

    @property
    def imported(self) -> list[str]:
        """Names and hashes of the user's files and modules."""
        return [f"{one.name} {one.hash}" for one in self.imports]


def read_metas(storage: RDBStorage) -> dict[str, StudyMeta]:
    """Name of a study -> what it is of, of all studies of a database."""
    with Session(storage.engine) as session:
        return {row.study: StudyMeta.model_validate_json(row.meta) for row in session.scalars(select(StudyRow))}


def refuse_other(known: StudyMeta, wanted: StudyMeta) -> None:
    """Refuse to go on with a study of something else.

    Raises:
        StudyError: Names what differs.
    """
    differing = [name for name in _IDENTITY if getattr(known, name) != getattr(wanted, name)]
    if differing:
        words = ", ".join(f"{name} {getattr(known, name)!r} (now {getattr(wanted, name)!r})" for name in differing)
        raise StudyError(
            f"study {wanted.study!r} was made with other settings: {words}; give this run another --study name"
        )
