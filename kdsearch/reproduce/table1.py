"""The papers' tables derived again; `report.published` holds what is printed, this what comes out here."""

from itertools import groupby

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict

from kdsearch.measure.cost import forecast_cost
from kdsearch.measure.latency import measure_latency
from kdsearch.models import Stgcn, StgcnSize
from kdsearch.record import Latency
from kdsearch.report.published import TABLE_1, NetworkOfTable1

__all__ = ["Table1Row", "table1"]

HISTORY, HORIZON = 12, 9
REPEATS = 50


class Table1Row(BaseModel):
    """A network of Table 1 as it is here.

    Attributes:
        flops: Floating-point operations of one forecast: nine iterated steps after one window, the later eight of them
            a column of each layer. The paper's FLOPS column is another quantity, of the training graph at batch 50.
        latency_ms: Of that forecast at batch 1.
        latency_ratio: To the teacher of the same graph, measured in alternation.
        published_time_ratio: The paper's test times, batch 1140 on a GPU.
    """

    model_config = ConfigDict(frozen=True)

    dataset: str
    nodes: int
    network: str
    parameters: int
    published_parameters: int
    flops: int
    product_flops: int
    uncounted_operators: list[str]
    latency_ms: Latency
    latency_ratio: float
    published_time_ratio: float


def table1(threads: int = 1) -> list[Table1Row]:
    """Parameters, operations and paired latency of the paper's six networks; needs no data.

    Products with the graph are dense, so that any graph of the right size gives the same operations: a ring here.
    """
    rows = []
    for _, group in groupby(TABLE_1, key=lambda published: published.nodes):
        rows += _rows_of_one_graph(list(group), threads)
    return rows


def _rows_of_one_graph(published: list[NetworkOfTable1], threads: int) -> list[Table1Row]:
    nodes = published[0].nodes
    ring = np.roll(np.eye(nodes), 1, axis=1) + np.roll(np.eye(nodes), -1, axis=1)
    networks = [Stgcn(ring, StgcnSize.of_width(row.width), history=HISTORY) for row in published]
    window = torch.randn(1, HISTORY, nodes, 1, generator=torch.Generator().manual_seed(0))
    latencies = measure_latency([(network, window) for network in networks], HORIZON, repeats=REPEATS, threads=threads)
    rows = []
    for row, network, latency in zip(published, networks, latencies, strict=True):
        cost = forecast_cost(network, window, HORIZON, stored_numbers=0)
        rows.append(
            Table1Row(
                dataset=row.dataset,
                nodes=nodes,
                network=row.network,
                parameters=cost.parameters,
                published_parameters=row.parameters,
                flops=cost.flops,
                product_flops=cost.product_flops,
                uncounted_operators=cost.uncounted_operators,
                latency_ms=latency,
                latency_ratio=latency.p2 / latencies[0].p2,
                published_time_ratio=row.test_seconds / published[0].test_seconds,
            )
        )
    return rows
