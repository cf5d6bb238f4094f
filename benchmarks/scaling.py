"""The cost of a training step as the road network grows, with and without the spatial loss: CPU time, rise of memory.

    python -m benchmarks.scaling

Synthetic roads as dense as PeMSD8's, batches of 5 segments of 10 windows, one-step loss, one thread; each measurement
in a process of its own. With the spatial loss the student follows a teacher of width 32 from tables of random numbers,
and all slices of each step are compared. The networks grow linearly: lists of neighbours, norms, convolutions. Three
things grow with the square of the nodes: the adjacency matrix (float64, made and hashed once for a graph); the pairs of
the spatial loss up to `PAIR_NODES` nodes, which are drawn at random above; and the dense products in the count of
operations and in exported files. Memory includes 130 MB for loading the compiled code.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.measuring import peak_bytes
from benchmarks.roads import readings
from kdsearch.data.profile import fit_scaler
from kdsearch.data.windows import WindowedSeries
from kdsearch.distill.loss_config import LossConfig
from kdsearch.distill.teacher import Teacher
from kdsearch.distill.teacher_features import PAIR_NODES, SpatialTable, TeacherTables
from kdsearch.models import Stgcn, StgcnSize
from kdsearch.training.fit import fit
from kdsearch.training.plan import Plan

NODES = (170, 325, 883, 2000, 8600)
SIZES = {"teacher": (32, "none"), "student": (2, "none"), "student, L_SCD": (2, "scd")}
DAYS = 3
STEPS = 3


def prepared_steps(nodes: int, width: int, loss: str) -> Callable[[], object]:
    """Set up some steps of the training loop, with everything that they need."""
    torch.set_num_threads(1)
    series = readings(nodes, DAYS)
    data = WindowedSeries(series, fit_scaler(series, None), torch.device("cpu"))
    torch.manual_seed(0)
    network = Stgcn(series.source.adjacency, StgcnSize.of_width(width))
    starts = series.splits["train"].starts
    teacher = None
    if loss == "scd":
        tables = {name: SpatialTable(_table(nodes, series.splits["train"].last)) for name in network.spatial_taps}
        forecasts = np.zeros((len(starts), series.protocol.horizon, nodes), dtype=np.float32)
        teacher = Teacher(forecasts, starts, data, TeacherTables(tables, {}))
    loss_config = LossConfig(loss="scd" if loss == "scd" else "none", slice_share=1.0)
    plan = Plan(epochs=1, learning_rate=1e-3)
    train = partial(fit, network, data, starts, plan, loss_config, seed=0, teacher=teacher)
    return partial(train, most_steps=STEPS)


def _table(nodes: int, rows: int) -> NDArray[np.float16]:
    """Draw distances of pairs, or features of 32 channels, as a teacher's table holds them."""
    randomness = np.random.default_rng(0)
    shape = (rows, nodes * (nodes - 1) // 2) if nodes <= PAIR_NODES else (rows, 32, nodes)
    return np.concatenate([randomness.random((1, *shape[1:]), np.float32).astype(np.float16)] * rows)


def _seconds(nodes: int, width: int, loss: str) -> float:
    steps = prepared_steps(nodes, width, loss)
    steps()  # compile first
    began = time.thread_time()
    steps()
    return (time.thread_time() - began) / STEPS


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, nargs="*", default=NODES)
    options = parser.parse_args()
    print("| nodes | network | ms a step | microseconds a step and node | MB |\n|---|---|---|---|---|")
    for nodes in options.nodes:
        for name, (width, loss) in SIZES.items():
            with get_context("spawn").Pool(1) as pool:
                seconds = pool.apply(_seconds, (nodes, width, loss))
            megabytes = peak_bytes(partial(prepared_steps, nodes, width, loss)) / 1e6
            per_node = 1e6 * seconds / nodes
            print(f"| {nodes} | {name} | {1e3 * seconds:.1f} | {per_node:.1f} | {megabytes:.0f} |", flush=True)


if __name__ == "__main__":
    main()
