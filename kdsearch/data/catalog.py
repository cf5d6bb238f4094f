"""Cards of the built-in datasets, and the reader of a folder's own `dataset.toml`."""

from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from kdsearch.data.card import DatasetCard, FileSet, KnownPiece, PublicFile
from kdsearch.data.clock import DAY_MINUTES
from kdsearch.data.graph_source import GraphSource
from kdsearch.data.grid_cards import BIKENYC, TAXIBJ
from kdsearch.data.mistakes import first_mistake, shown
from kdsearch.data.places import what_is_there
from kdsearch.data.series import Series
from kdsearch.data.series_source import SeriesSource
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


def _github(repository: str, branch: str, path: str, blob_id: str | None = None, name: str = "") -> PublicFile:
    return PublicFile(
        name=name or Path(path).name,
        source=f"{path} of github.com/{repository}",
        address=f"https://raw.githubusercontent.com/{repository}/{branch}/{path}",
        blob_id=blob_id,
    )


_ASTGCN = ("Davidham3/ASTGCN-2019-mxnet", "master")
_AGUIN = ("Aguin/STGCN-PyTorch", "master")
_HAZDZZ = ("hazdzz/STGCN", "main")
_TGCN = ("lehaifeng/T-GCN", "master")
_DCRNN = ("liyaguang/DCRNN", "master")
_DCRNN_LINKS = "the data links in the README of github.com/liyaguang/DCRNN"

_DEMO = DatasetCard(
    name="demo",
    title="synthetic freeway, 20 detectors, 3 weeks",
    start=datetime(2024, 3, 4),
    interval_minutes=5,
    unit=("km/h",),
    channels=("speed",),
    shape=(6048, 20, 1),
)

_PEMSD8 = DatasetCard(
    name="pemsd8",
    title="PEMS08, San Bernardino, July and August 2016",
    start=datetime(2016, 7, 1),
    interval_minutes=5,
    unit=("vehicles/5 min", "share", "mph"),
    channels=("flow", "occupancy", "speed"),
    shape=(17856, 170, 3),
    parts=(KnownPiece(shape=(7156, 170, 1), start=datetime(2016, 8, 7, 3, 40)),),
    series=SeriesSource(file="pems08.npz", key="data"),
    graph=GraphSource(file="distance.csv", kind="edges"),
    files=(
        _github(*_ASTGCN, "data/PEMS08/pems08.npz", "f5f3e84a00417573aa8487fe1e9e8cd13c6026c8"),
        _github(*_ASTGCN, "data/PEMS08/distance.csv", "cf11bea3ff4229d2d900fdcf1085828d25429c88"),
    ),
)

_PEMSD4 = DatasetCard(
    name="pemsd4",
    title="PEMS04, San Francisco Bay, January and February 2018",
    start=datetime(2018, 1, 1),
    interval_minutes=5,
    unit=("vehicles/5 min", "share", "mph"),
    channels=("flow", "occupancy", "speed"),
    shape=(16992, 307, 3),
    series=SeriesSource(file="pems04.npz", key="data"),
    graph=GraphSource(file="distance.csv", kind="edges"),
    files=(
        _github(*_ASTGCN, "data/PEMS04/pems04.npz", "a1a39eac4b86963b1ac22874fd1cc693eb642cd2"),
        _github(*_ASTGCN, "data/PEMS04/distance.csv", "2569623e29fa9685ae230246a20f31741ee6cf01"),
    ),
)

_STGCN_ZIP = "dataset/PeMSD7_Full.zip of github.com/VeritasYin/STGCN_IJCAI-18"
_PEMSD7M = DatasetCard(
    name="pemsd7m",
    title="PeMSD7(M), Los Angeles, weekdays of May and June 2012",
    start=datetime(2012, 5, 1),
    interval_minutes=5,
    unit=("mph",),
    channels=("speed",),
    shape=(12672, 228, 1),
    series=SeriesSource(file="V_228.csv", weekdays_only=True),
    graph=GraphSource(file="W_228.csv", kind="distances"),
    alternatives=(
        FileSet(
            series=SeriesSource(file="PeMSD7_V_228.csv", weekdays_only=True),
            graph=GraphSource(file="PeMSD7_W_228.csv", kind="distances"),
        ),
    ),
    files=(
        _github(*_AGUIN, "dataset/V_228.csv", "2a76cb181e8e917c5d9b85891d26614981024fab"),
        _github(*_AGUIN, "dataset/W_228.csv", "319f1ad20592bb619021148545520decbd1303b0"),
        PublicFile(name="PeMSD7_V_228.csv", source=_STGCN_ZIP),
        PublicFile(name="PeMSD7_W_228.csv", source=_STGCN_ZIP),
    ),
)


def _dcrnn_card(
    fields: dict[str, Any], h5: SeriesSource, pickle: PublicFile, vel_id: str, absent: tuple[Any, ...]
) -> DatasetCard:
    """Make the card of METR-LA or PEMS-BAY: readings as CSV or original HDF5, graph as sparse npz or DCRNN's pickle."""
    name = fields["name"]
    vel = SeriesSource(file="vel.csv", absent=absent)
    dcrnn_graph = GraphSource(file=pickle.name, kind="dcrnn-pickle")
    return DatasetCard(
        **fields,
        interval_minutes=5,
        unit=("mph",),
        channels=("speed",),
        missing_value=0.0,
        series=vel,
        graph=GraphSource(file="adj.npz", kind="weights"),
        alternatives=(FileSet(series=vel, graph=dcrnn_graph), FileSet(series=h5, graph=dcrnn_graph)),
        files=(
            _github(*_HAZDZZ, f"data/{name}/vel.csv", vel_id),
            _github(*_HAZDZZ, f"data/{name}/adj.npz"),
            pickle,
            PublicFile(name=h5.file, source=_DCRNN_LINKS),
        ),
    )


_METR_LA = _dcrnn_card(
    {
        "name": "metr-la",
        "title": "METR-LA, Los Angeles, March to June 2012",
        "start": datetime(2012, 3, 1),
        "shape": (34272, 207, 1),
    },
    SeriesSource(file="metr-la.h5", key="df"),
    _github(*_DCRNN, "data/sensor_graph/adj_mx.pkl", "a15a5904a83e7f13fe94d32fcd45c00f163ffd97"),
    "c27e458717358be2c9706510bfd4fc55a1cd9f01",
    (),
)

_PEMS_BAY = _dcrnn_card(
    {
        "name": "pems-bay",
        "title": "PEMS-BAY, San Francisco Bay, January to June 2017",
        "start": datetime(2017, 1, 1),
        "shape": (52116, 325, 1),
    },
    SeriesSource(file="pems-bay.h5", key="speed"),
    _github(*_DCRNN, "data/sensor_graph/adj_mx_bay.pkl", "6651951a08ab101c818b1f27ba9a908d3ad56539"),
    "1af4f85c66d453a82fe141f3055078b9fe9fb6fe",
    # 52,116 rows are the 181 days less the hour that summer time skipped.
    ((datetime(2017, 3, 12, 2), datetime(2017, 3, 12, 3)),),
)

_LOS_LOOP = DatasetCard(
    name="los-loop",
    title="LOS-loop, METR-LA's detectors, the first week of March 2012",
    start=datetime(2012, 3, 1),
    interval_minutes=5,
    unit=("mph",),
    channels=("speed",),
    shape=(2016, 207, 1),
    series=SeriesSource(file="los_speed.csv"),
    graph=GraphSource(file="los_adj.csv", kind="weights"),
    files=(
        _github(*_TGCN, "data/los_speed.csv", "9bd844e313205d354e27c3b2517b5b89f1c7c715"),
        _github(*_TGCN, "data/los_adj.csv", "578c2576a29b8546b35bafd37382e1539b8ebb09"),
    ),
)

CARDS: dict[str, DatasetCard] = {
    card.name: card for card in (_DEMO, _PEMSD8, _PEMSD4, _PEMSD7M, _METR_LA, _PEMS_BAY, _LOS_LOOP, BIKENYC, TAXIBJ)
}
"""The built-in datasets by name."""
