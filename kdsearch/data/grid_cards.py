"""Cards of ST-ResNet's crowd flows: counts in the cells of a grid over a city.

Zhang, Zheng and Qi, "Deep Spatio-Temporal Residual Networks for Citywide Crowd Flows Prediction", AAAI 2017. Their
release sets negative counts to zero and drops the days that lack a slot. Rows are kept here and gaps stay gaps: no
window reaches over one (`kdsearch.data.protocols`), which does the same job.
"""

from typing import Any

from kdsearch.data.card import DatasetCard, PublicFile
from kdsearch.data.graph_source import GraphSource
from kdsearch.data.protocol_table import ProtocolTable
from kdsearch.data.series_source import SeriesSource

__all__ = ["BIKENYC", "TAXIBJ"]


def _card(fields: dict[str, Any], folder: str, names: list[str]) -> DatasetCard:
    source = f"the links in data/{folder} of github.com/lucktroy/DeepST or github.com/amirkhango/DeepST"
    return DatasetCard(
        **fields,
        channels=("inflow", "outflow"),
        negative_is_zero=True,
        series=SeriesSource(
            file=names[0], further=tuple(names[1:]), key="data", axes="step channel row column", dates="date"
        ),
        graph=GraphSource(kind="grid"),
        protocol=ProtocolTable.read({"base": "stresnet"}, None),
        files=tuple(PublicFile(name=name, source=source) for name in names),
    )


# The release's README calls the first channel new-flow and the second end-flow, but the second rises first every
# morning and falls first every night: trips that end in a cell come first, those that begin there second.
BIKENYC = _card(
    {
        "name": "bikenyc",
        "title": "BikeNYC, New York, 16 x 8 cells, April to September 2014",
        "interval_minutes": 60,
        "unit": ("bicycles/60 min", "bicycles/60 min"),
        "shape": (4392, 128, 2),
    },
    "BikeNYC",
    ["NYC14_M16x8_T60_NewEnd.h5"],
)

TAXIBJ = _card(
    {
        "name": "taxibj",
        "title": "TaxiBJ, Beijing, 32 x 32 cells, four periods from 2013 to 2016",
        "interval_minutes": 30,
        "unit": ("taxis/30 min", "taxis/30 min"),
        "shape": (22484, 1024, 2),
    },
    "TaxiBJ",
    [f"BJ{year}_M32x32_T30_InOut.h5" for year in (13, 14, 15, 16)],
)
