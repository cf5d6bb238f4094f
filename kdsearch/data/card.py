"""The card of a dataset: where its files are from, what they hold, and how they are to be read.

Built-in cards are in `kdsearch.data.catalog`; a user's folder has the same fields in its `dataset.toml`.
"""

import math
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, PrivateAttr, StrictFloat, StrictInt, field_validator, model_validator

from kdsearch.data.clock import DAY_MINUTES
from kdsearch.data.frozen import Frozen
from kdsearch.data.graph_source import GraphSource
from kdsearch.data.keys import BlobId, HttpsAddress, Label, LocalTime, PlainName, PublicName
from kdsearch.data.places import is_file, must_be_a_file, what_is_there
from kdsearch.data.protocol_table import ProtocolTable
from kdsearch.data.quantity import QuantityName, read_quantities
from kdsearch.data.series_source import SeriesSource
from kdsearch.errors import DataError

__all__ = [
    "DatasetCard",
    "FileSet",
    "KnownPiece",
    "PublicFile",
    "chosen_files",
    "is_there",
    "where_from",
]


class FileSet(Frozen):
    """Readings and graph that belong together: one of the forms in which a dataset is published."""

    series: SeriesSource
    graph: GraphSource

    @property
    def names(self) -> tuple[str, ...]:
        """File names that must be in the folder."""
        optional = (self.graph.file, self.series.ids_file, self.graph.positions)
        return (self.series.file, *self.series.further, *(name for name in optional if name))


class PublicFile(Frozen):
    """A file that others publish.

    Attributes:
        name: Its name in the dataset's folder.
        source: Where it comes from, for people.
        address: Where it can be downloaded without a browser, if anywhere.
        blob_id: Its git blob id, SHA-1 of "blob SIZE", a zero byte and the content; None where it is not known.
    """

    name: PublicName
    source: str
    address: HttpsAddress | None = None
    blob_id: BlobId | None = None


class KnownPiece(Frozen):
    """A known piece of the public readings: files of this shape start at this time; no shape fits every file."""

    start: LocalTime
    shape: tuple[StrictInt, ...] | None = None


class DatasetCard(Frozen):
    """The facts of a dataset that are known before its files are opened.

    Attributes:
        name: Name of the dataset and of its folder.
        title: One line for people.
        start: Local time of the first row; None where the file's first column holds the times.
        interval_minutes: Minutes between rows.
        unit: Unit of the readings, one for each channel (a single one stands for all).
        channels: Names of the channels in the file's order.
        missing_value: Readings equal to it were not measured.
        negative_is_zero: Whether readings below zero count as zero.
        timezone: Zone of the place, such as "Europe/Berlin"; None where nothing is to be known of summer time.
        clock: What the file's clock shows where it writes no offset: "local" time, "utc", or "standard" time without
            summer time.
        quantity: Kind of quantity, one for each channel (a single one stands for all); empty where nothing is known.
        protocol: The protocol of this data where the command names none.
        holidays: Country whose holidays are a kind of day of their own, such as "US" or "DE-BW".
        shape: Shape `(step, node, channel)` of the public file, if there is one.
        parts: Known pieces of the public file, by shape.
        series: How the readings are stored; None for the synthetic `demo`.
        graph: How the graph is stored.
        alternatives: Other forms in which the same dataset is published; the first that is there is read.
        files: The public files of all forms.
    """

    name: PlainName
    title: str = ""
    start: LocalTime | None = None
    interval_minutes: StrictInt = Field(gt=0, le=DAY_MINUTES)
    unit: tuple[Label, ...]
    channels: tuple[Label, ...] = Field(min_length=1)
    missing_value: StrictFloat | None = None
    negative_is_zero: bool = False
    timezone: str | None = None
    clock: Literal["local", "utc", "standard"] = "local"
    quantity: tuple[QuantityName, ...] = ()
    protocol: ProtocolTable | None = None
    holidays: str | None = None
    shape: tuple[StrictInt, StrictInt, StrictInt] | None = None
    parts: tuple[KnownPiece, ...] = ()
    series: SeriesSource | None = None
    graph: GraphSource | None = None
    alternatives: tuple[FileSet, ...] = ()
    files: tuple[PublicFile, ...] = ()

    _written: frozenset[str] | None = PrivateAttr(None)

    @model_validator(mode="before")
    @classmethod
    def _one_unit_stands_for_all(cls, fields: Any) -> Any:
        if isinstance(fields, dict) and isinstance(fields.get("unit"), str):
            channels = fields.get("channels")
            count = len(channels) if isinstance(channels, list | tuple) else 1
            return {**fields, "unit": (fields["unit"],) * count}
        return fields

    @field_validator("channels")
    @classmethod
    def _each_has_its_name(cls, channels: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(channels)) < len(channels):
            raise ValueError("names a channel twice; give each its own name")
        return channels

    @field_validator("missing_value")
    @classmethod
    def _a_reading(cls, value: float | None) -> float | None:
        if value is not None and not math.isfinite(value):
            raise ValueError("is missing in every file; leave missing_value out")
        if value is not None and abs(value) > float(np.finfo(np.float32).max):
            raise ValueError("is larger than any reading (3.4e38); leave such cells of the file empty")
        return value

    @model_validator(mode="before")
    @classmethod
    def _own_words(cls, fields: Any) -> Any:
        """Read quantity and protocol, whose mistakes have sentences of their own."""
        if not isinstance(fields, dict):
            return fields
        name = fields.get("name")
        plain = isinstance(name, str) and name.isprintable()  # another one is refused below
        read, where = dict(fields), f"dataset.toml of {name}" if plain else "dataset.toml"
        if "quantity" in read and isinstance(channels := read.get("channels"), list | tuple):
            read["quantity"] = read_quantities(read["quantity"], len(channels), where)
        if isinstance(read.get("protocol"), ProtocolTable | None):
            return read
        return read | {"protocol": ProtocolTable.read(read["protocol"], f"the table [protocol] in {where}")}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if DAY_MINUTES % self.interval_minutes:
            raise ValueError(
                f"interval_minutes = {self.interval_minutes} does not divide a day; write one that does, such as 5, 15 "
                "or 60"
            )
        if len(self.unit) != len(self.channels):
            raise ValueError(f"{len(self.unit)} units for {len(self.channels)} channels; give one for each")
        return self

    def over_built_in(self, written: frozenset[str]) -> Self:
        """Mark a card as a built-in one with changes.

        Args:
            written: The keys that the changes wrote, such as "start" and "series.file".
        """
        card = self.model_copy()
        card._written = written
        return card

    @property
    def written(self) -> frozenset[str] | None:
        """The keys that a `dataset.toml` wrote over a built-in card; None where nothing is inherited."""
        return self._written

    @property
    def file_sets(self) -> tuple[FileSet, ...]:
        """All forms of the dataset, the preferred one first; empty for `demo`."""
        if self.series is None or self.graph is None:
            return ()
        return (FileSet(series=self.series, graph=self.graph), *self.alternatives)

    @property
    def fetchable(self) -> FileSet | None:
        """The first form whose files all have an address and a hash; files without a hash are not fetched."""
        known = {file.name for file in self.files if file.address and file.blob_id}
        return next((form for form in self.file_sets if known.issuperset(form.names)), None)


def chosen_files(card: DatasetCard, folder: Path) -> FileSet:
    """Choose the first form of the dataset whose files are all in the folder.

    Raises:
        DataError: No form is complete; the message says which files to put there and where they come from.
    """
    for files in card.file_sets:
        if all(is_there(folder, name) for name in files.names):
            return files
    for name in dict.fromkeys(name for files in card.file_sets for name in files.names if "*" not in name):
        if what_is_there(folder / name) != "nothing":
            must_be_a_file(folder / name)
    fetch = f"run `kdsearch data fetch {card.name}`, or " if card.fetchable else ""
    raise DataError(f"{card.name} is not complete in {folder}; {fetch}{where_from(card, folder)}")


def is_there(folder: Path, name: str) -> bool:
    """Tell whether a folder has a file of this name, or one that fits this pattern."""
    return any(folder.glob(name)) if "*" in name else is_file(folder / name)


def where_from(card: DatasetCard, folder: Path) -> str:
    """Say which absent files to put into the folder, form by form, and where they come from: half a sentence."""
    sources = {file.name: f"{file.name} (from {file.source})" for file in card.files}
    forms = [
        " and ".join(sources.get(name, name) for name in files.names if not is_there(folder, name))
        for files in card.file_sets
    ]
    return f"put {', or '.join(dict.fromkeys(forms))} into that folder"
