"""Table 1 of Izadi et al. 2024: size, operations and time of the six networks, our numbers beside the published."""

from collections.abc import Callable
from itertools import groupby

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict

from kdsearch.costs import Latency
from kdsearch.measure.cost import forecast_cost
from kdsearch.measure.latency import PAPER_BATCH, measure_latency
from kdsearch.models import Stgcn, StgcnSize
from kdsearch.report.published.izadi import TABLE_1, NetworkOfTable1
from kdsearch.reproduce.training_flops import by_the_papers_rule, training_flops

__all__ = ["Table1Row", "as_table", "table1"]

HISTORY, HORIZON = 12, 9
REPEATS = 50
BATCH_REPEATS = 5
BATCH_SECONDS = 30.0
"""A teacher takes seconds for a batch: on the larger graph this is enough for two or three rounds."""


class Table1Row(BaseModel):
    """Network of Table 1, ours beside the published one.

    Attributes:
        paper_flops: Operations of the training graph at batch 50 by the paper's rule, its overflow included.
        published_flops: The number that the paper prints.
        corrected_flops: `paper_flops` without overflow.
        flops: Floating-point operations of one forecast: nine iterated steps after one window, the later eight of them
            a column of each layer.
        latency_ms: Latency of that forecast at batch 1.
        latency_ratio: Its ratio to the teacher of the same graph, measured in alternation.
        latency_batch_ms: Latency of a batch of 1140 windows, which the paper times on a GPU.
        latency_batch_ratio: Its ratio to the teacher of the same graph, measured in alternation.
        published_seconds: The paper's test time of the batch.
        published_time_ratio: Its ratio to the teacher's.
    """

    model_config = ConfigDict(frozen=True)

    dataset: str
    nodes: int
    network: str
    parameters: int
    published_parameters: int
    paper_flops: int
    published_flops: int
    corrected_flops: int
    flops: int
    product_flops: int
    uncounted_operators: list[str]
    latency_ms: Latency
    latency_ratio: float
    latency_batch_ms: Latency
    latency_batch_ratio: float
    published_seconds: float
    published_time_ratio: float


def table1(on_message: Callable[[str], None], threads: int = 1) -> list[Table1Row]:
    """Measure parameters, operations and paired latency of the paper's six networks; this takes about two minutes.

    It needs no data. Products with the graph are dense, so that any graph of the right size gives the same operations:
    here it is a ring.
    """
    rows: list[Table1Row] = []
    graphs = [list(group) for _, group in groupby(TABLE_1, key=lambda published: published.nodes)]
    for number, group in enumerate(graphs, 1):
        on_message(f"graph {number} of {len(graphs)}: timing {len(group)} networks on {group[0].nodes} sensors")
        rows += _rows_of_one_graph(group, threads)
    return rows


def as_table(rows: list[Table1Row]) -> tuple[str, list[str], list[list[str]]]:
    """Render the rows for people as title, heads and cells; "equal" marks a published number that is met."""
    threads = rows[0].latency_ms.threads
    title = (
        "Table 1: FLOPS of training at batch 50; MFLOP, ms and ratio to the teacher of one forecast and of a batch, "
        f"{threads} thread(s)"
    )
    heads = ["graph", "network", "parameters", "published", "FLOPS, paper's rule", "published", "corrected", "MFLOP"]
    heads += ["ms", "ratio", f"batch {PAPER_BATCH}", "published"]
    cells = [
        [
            f"{row.dataset} ({row.nodes})",
            row.network,
            f"{row.parameters:,}",
            _beside(row.published_parameters, row.parameters),
            f"{row.paper_flops:,}",
            _beside(row.published_flops, row.paper_flops),
            _beside(row.corrected_flops, row.paper_flops),
            f"{row.flops / 1e6:,.1f}",
            f"{row.latency_ms.p50:.2f}",
            f"{row.latency_ratio:.3f}",
            f"{row.latency_batch_ratio:.3f}",
            f"{row.published_time_ratio:.3f}",
        ]
        for row in rows
    ]
    return title, heads, cells


def _beside(number: int, ours: int) -> str:
    return "equal" if number == ours else f"{number:,}"


def _rows_of_one_graph(published: list[NetworkOfTable1], threads: int) -> list[Table1Row]:
    nodes = published[0].nodes
    ring = np.roll(np.eye(nodes), 1, axis=1) + np.roll(np.eye(nodes), -1, axis=1)
    networks = [Stgcn(ring, StgcnSize.of_width(row.width), history=HISTORY) for row in published]
    windows = torch.randn(PAPER_BATCH, HISTORY, nodes, 1, generator=torch.Generator().manual_seed(0))
    single, batch = (
        measure_latency(
            [(network, windows[:size]) for network in networks],
            HORIZON,
            repeats=repeats,
            threads=threads,
            max_seconds=BATCH_SECONDS,
        )
        for size, repeats in ((1, REPEATS), (PAPER_BATCH, BATCH_REPEATS))
    )
    rows = []
    for row, network, one, many in zip(published, networks, single, batch, strict=True):
        cost = forecast_cost(network, windows[:1], HORIZON, stored_numbers=0)
        rows.append(
            Table1Row(
                dataset=row.dataset,
                nodes=nodes,
                network=row.network,
                parameters=cost.parameters,
                published_parameters=row.parameters,
                paper_flops=by_the_papers_rule(row.width, nodes),
                published_flops=row.training_flops,
                corrected_flops=training_flops(row.width, nodes),
                flops=cost.flops,
                product_flops=cost.product_flops,
                uncounted_operators=cost.uncounted_operators,
                latency_ms=one,
                latency_ratio=one.p2 / single[0].p2,
                latency_batch_ms=many,
                latency_batch_ratio=many.p2 / batch[0].p2,
                published_seconds=row.test_seconds,
                published_time_ratio=row.test_seconds / published[0].test_seconds,
            )
        )
    return rows
