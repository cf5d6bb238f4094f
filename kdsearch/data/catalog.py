"""Cards of the built-in datasets, and the reader of a folder's own `dataset.toml`."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from kdsearch.data.card import DatasetCard, FileSet
from kdsearch.data.clock import DAY_MINUTES
from kdsearch.data.grid_cards import BIKENYC, TAXIBJ
from kdsearch.data.mistakes import first_mistake, shown
from kdsearch.data.places import what_is_there
from kdsearch.data.road_cards import DEMO, LOS_LOOP, METR_LA, PEMS_BAY, PEMSD4, PEMSD7M, PEMSD8
from kdsearch.data.series import Series
from kdsearch.data.toml_files import read_toml
from kdsearch.errors import DataError

__all__ = ["CARDS", "describe_completeness", "describe_inheritance", "is_whole", "read_card"]

_WHOLE = "the whole public file"


def read_card(folder: Path, *, allow_outside: bool = False) -> DatasetCard:
    """Read the card of a folder: its `dataset.toml`, the built-in card of that name, or that card with its changes.

    A `dataset.toml` that names its own readings and its own graph takes nothing from a built-in card.

    Args:
        folder: The folder.
        allow_outside: Whether the files that it names may lie elsewhere.

    Raises:
        DataError: `dataset.toml` is absent for a name that is not built in, or has a mistake.
    """
    path = folder / "dataset.toml"
    base = CARDS.get(folder.name)
    if what_is_there(path) == "nothing":
        if base is None:
            raise DataError(f"{folder} has no dataset.toml; write one that names its readings and its graph")
        return base
    _, fields = read_toml(path)
    written = _written(fields)
    own = base is None or base.series is None or {"series.file", "graph.kind"} <= written
    whole = _named(folder.name, fields, path) if base is None or own else _overridden(base, fields)
    try:
        card = DatasetCard.model_validate(whole, context={"allow_outside": allow_outside})
    except ValidationError as error:
        raise DataError(f"{path}: {first_mistake(error, DatasetCard, whole)}") from error
    return card if own else card.over_built_in(written)


def _written(fields: dict[str, Any]) -> frozenset[str]:
    """List the keys of a `dataset.toml`, those of tables with the table's name before them."""
    keys = set(fields)
    for table in ("series", "graph"):
        keys |= {f"{table}.{key}" for key in fields[table]} if isinstance(fields.get(table), dict) else set()
    return frozenset(keys)


def _named(name: str, fields: dict[str, Any], path: Path) -> dict[str, Any]:
    """Name the dataset of a folder of the user's own after the folder, and see that it has both tables."""
    for table in ("series", "graph"):
        if table not in fields and fields.keys() <= DatasetCard.model_fields.keys():
            raise DataError(f"{path}: there is no [{table}] table; add one with at least file = ...")
    return {"name": name, **fields}


def _overridden(base: DatasetCard, fields: dict[str, Any]) -> dict[str, Any]:
    """Lay the fields of a `dataset.toml` over those of a built-in card."""
    known = base.model_dump(exclude_defaults=True)
    merged = known | fields
    for table in ("series", "graph"):
        if isinstance(fields.get(table), dict):
            merged[table] = known.get(table, {}) | fields[table]
            merged["alternatives"] = ()
    if "start" in fields:
        merged["parts"] = ({"start": fields["start"]},)
    channels = fields.get("channels")
    if isinstance(channels, list) and "unit" not in fields:
        units = dict(zip(base.channels, base.unit, strict=True))
        merged["unit"] = tuple(units.get(channel, base.unit[0]) for channel in map(str, channels))
    return merged


def describe_inheritance(card: DatasetCard, files: FileSet) -> str:
    """Say what a `dataset.toml` left to the built-in card of its folder's name: a sentence, empty where nothing.

    Args:
        card: The card.
        files: The form of the dataset that is read.
    """
    if card.written is None:
        return ""
    found = {key: getattr(card, key) for key in _INHERITED if getattr(card, key) != _default(DatasetCard, key)}
    for table, source in (("series", files.series), ("graph", files.graph)):
        values = {key: getattr(source, key) for key in type(source).model_fields}
        found |= {f"{table}.{key}": one for key, one in values.items() if one != _default(type(source), key)}
    taken = [f"{key} = {shown(value)}" for key, value in found.items() if key not in card.written]
    return f"taken from the built-in dataset {card.name}: {', '.join(taken)}" if taken else ""


_INHERITED = ("start", "interval_minutes", "unit", "channels", "missing_value", "negative_is_zero", "holidays")
"""Keys that change what readings mean."""


def _default(model: type[BaseModel], key: str) -> Any:
    return model.model_fields[key].get_default()


def describe_completeness(card: DatasetCard, series: Series) -> str:
    """Say how much of the public data a series is: half a sentence."""
    if card.series is None:
        return "synthetic, made by kdsearch"
    if series.complete:
        return _WHOLE
    shape = series.values.shape
    if card.shape is None:
        return "the user's own files"
    if card.shape == shape:
        differs = "other content" if series.complete is False else "not every hash known"
        return f"files of the public shape, {differs}"
    words = [f"{shape[0]:,} of {card.shape[0]:,} steps{_days_of(card, shape[0])}"]
    if shape[1] != card.shape[1]:
        words.append(f"{shape[1]:,} of {card.shape[1]:,} sensors")
    if shape[2] != card.shape[2]:
        words.append(f"{' and '.join(series.channels)} only")
    return f"a part of the public file: {', '.join(words)}"


def _days_of(card: DatasetCard, steps: int) -> str:
    """Write how many days of a public file are there, where whole ones are."""
    per_day = DAY_MINUTES // card.interval_minutes
    if card.shape is None or steps % per_day or card.shape[0] % per_day or steps == card.shape[0]:
        return ""
    kind = "weekdays" if card.series is not None and card.series.weekdays_only else "days"
    return f" ({steps // per_day} of {card.shape[0] // per_day} {kind})"


def is_whole(note: str) -> bool:
    """Tell whether a study's note on its data says that they are the public files, whole and verified by hash.

    Args:
        note: The answer of `describe_completeness`, with further remarks after a semicolon.
    """
    return note.partition(";")[0] == _WHOLE


CARDS: dict[str, DatasetCard] = {
    card.name: card for card in (DEMO, PEMSD8, PEMSD4, PEMSD7M, METR_LA, PEMS_BAY, LOS_LOOP, BIKENYC, TAXIBJ)
}
"""The built-in datasets by name."""
