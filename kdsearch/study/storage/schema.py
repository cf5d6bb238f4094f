"""Our tables beside Optuna's: records, networks, windows, final points, baselines and confirmations.

What nests is JSON.
"""

from sqlalchemy import BigInteger, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

__all__ = [
    "BaselineRow",
    "ConfirmationRow",
    "ExampleRow",
    "FinalPointRow",
    "NetworkRow",
    "SchemaRow",
    "StudyRow",
    "Table",
    "TrainingRow",
    "TrialRow",
]


class Table(DeclarativeBase):
    """Base of our tables; their names begin with `kdsearch_`."""


class SchemaRow(Table):
    """Version of these tables."""

    __tablename__ = "kdsearch_schema"
    version: Mapped[int] = mapped_column(primary_key=True)


class StudyRow(Table):
    """Metadata of a study, as JSON."""

    __tablename__ = "kdsearch_studies"
    study: Mapped[str] = mapped_column(String(512), primary_key=True)
    meta: Mapped[str] = mapped_column(Text)


class TrialRow(Table):
    """Record of a trial, as JSON, and its weights."""

    __tablename__ = "kdsearch_trials"
    study: Mapped[str] = mapped_column(String(512), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    record: Mapped[str] = mapped_column(Text)
    weights: Mapped[bytes | None] = mapped_column(LargeBinary)


class FinalPointRow(Table):
    """Final point of a trial, with which early stopping compares others; its costs are a JSON list."""

    __tablename__ = "kdsearch_ends"
    study: Mapped[str] = mapped_column(String(512), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    error: Mapped[float]
    costs: Mapped[str] = mapped_column(Text)


class BaselineRow(Table):
    """A baseline, as JSON."""

    __tablename__ = "kdsearch_references"
    study: Mapped[str] = mapped_column(String(512), primary_key=True)
    name: Mapped[str] = mapped_column(String(512), primary_key=True)
    baseline: Mapped[str] = mapped_column("reference", Text)


class NetworkRow(Table):
    """Network of a baseline, as `Checkpoint` packs it."""

    __tablename__ = "kdsearch_networks"
    study: Mapped[str] = mapped_column(String(512), primary_key=True)
    name: Mapped[str] = mapped_column(String(512), primary_key=True)
    network: Mapped[bytes] = mapped_column(LargeBinary)


class ExampleRow(Table):
    """Windows of real readings, as `ExampleWindows` packs them."""

    __tablename__ = "kdsearch_examples"
    study: Mapped[str] = mapped_column(String(512), primary_key=True)
    windows: Mapped[bytes] = mapped_column(LargeBinary)


class ConfirmationRow(Table):
    """Confirmation of a candidate of the front, as JSON."""

    __tablename__ = "kdsearch_confirmations"
    study: Mapped[str] = mapped_column(String(512), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    confirmation: Mapped[str] = mapped_column(Text)


class TrainingRow(Table):
    """One training of a confirmation, as JSON."""

    __tablename__ = "kdsearch_trainings"
    study: Mapped[str] = mapped_column(String(512), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seed: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    training: Mapped[str] = mapped_column(Text)
