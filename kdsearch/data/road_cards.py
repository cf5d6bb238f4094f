"""Cards of the built-in datasets of roads."""

from datetime import datetime
from pathlib import Path
from typing import Any

from kdsearch.data.card import DatasetCard, FileSet, KnownPiece, PublicFile
from kdsearch.data.graph_source import GraphSource
from kdsearch.data.series_source import SeriesSource

__all__ = ["DEMO", "LOS_LOOP", "METR_LA", "PEMSD4", "PEMSD7M", "PEMSD8", "PEMS_BAY"]


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

DEMO = DatasetCard(
    name="demo",
    title="synthetic freeway, 20 detectors, 3 weeks",
    start=datetime(2024, 3, 4),
    interval_minutes=5,
    unit=("km/h",),
    channels=("speed",),
    shape=(6048, 20, 1),
)

PEMSD8 = DatasetCard(
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

PEMSD4 = DatasetCard(
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
PEMSD7M = DatasetCard(
    name="pemsd7m",
    title="PeMSD7(M), Los Angeles, weekdays of May and June 2012",
    start=datetime(2012, 5, 1),
    interval_minutes=5,
    unit=("mph",),
    channels=("speed",),
    shape=(12672, 228, 1),
    series=SeriesSource(file="V_228.csv", weekdays_only=True),
    graph=GraphSource(file="W_228.csv", kind="distances", zero_is="same place"),
    alternatives=(
        FileSet(
            series=SeriesSource(file="PeMSD7_V_228.csv", weekdays_only=True),
            graph=GraphSource(file="PeMSD7_W_228.csv", kind="distances", zero_is="same place"),
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
    fields: dict[str, Any],
    h5: SeriesSource,
    pickle: PublicFile,
    vel_id: str,
    absent: tuple[Any, ...] = (),
    places: tuple[PublicFile, ...] = (),
) -> DatasetCard:
    """Make the card of METR-LA or PEMS-BAY: readings as CSV or original HDF5, graph as sparse npz or DCRNN's pickle.

    Where the positions of its detectors are beside the original files, they are read too.
    """
    name = fields["name"]
    vel = SeriesSource(file="vel.csv", absent=absent)
    dcrnn_graph = GraphSource(file=pickle.name, kind="dcrnn-pickle")
    placed = [FileSet(series=h5, graph=dcrnn_graph.model_copy(update={"positions": one.name})) for one in places]
    return DatasetCard(
        **fields,
        interval_minutes=5,
        unit=("mph",),
        channels=("speed",),
        missing_value=0.0,
        series=vel,
        graph=GraphSource(file="adj.npz", kind="weights"),
        alternatives=(FileSet(series=vel, graph=dcrnn_graph), *placed, FileSet(series=h5, graph=dcrnn_graph)),
        files=(
            _github(*_HAZDZZ, f"data/{name}/vel.csv", vel_id),
            _github(*_HAZDZZ, f"data/{name}/adj.npz"),
            pickle,
            PublicFile(name=h5.file, source=_DCRNN_LINKS),
            *places,
        ),
    )


METR_LA = _dcrnn_card(
    {
        "name": "metr-la",
        "title": "METR-LA, Los Angeles, March to June 2012",
        "start": datetime(2012, 3, 1),
        "shape": (34272, 207, 1),
    },
    SeriesSource(file="metr-la.h5", key="df"),
    _github(*_DCRNN, "data/sensor_graph/adj_mx.pkl", "a15a5904a83e7f13fe94d32fcd45c00f163ffd97"),
    "c27e458717358be2c9706510bfd4fc55a1cd9f01",
    places=(_github(*_DCRNN, "data/sensor_graph/graph_sensor_locations.csv"),),
)

PEMS_BAY = _dcrnn_card(
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

LOS_LOOP = DatasetCard(
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
