"""Claim on processes: trainings of two students side by side, one thread each, against one at a time with two threads.

Wall-clock time, since the comparison is of threads and processes; on a machine with other work it says little. On a
single core there is nothing to claim.
"""

import multiprocessing
import os
import time
from collections.abc import Iterator
from multiprocessing.synchronize import Barrier

import torch

from benchmarks.measuring import Claim
from benchmarks.roads import readings
from benchmarks.training_steps import BATCH, networks, training
from kdsearch.data.profile import fit_scaler
from kdsearch.data.windows import WindowedSeries

__all__ = ["claims"]

STEPS = 40
ROUNDS = 15


def _train(threads: int, together: Barrier, seconds: "multiprocessing.Queue[float]") -> None:
    torch.set_num_threads(threads)
    series = readings()
    data = WindowedSeries(series, fit_scaler(series, None), torch.device("cpu"))
    train = training(networks(series, 2)[0], data, series, STEPS, 10)
    train()
    together.wait()
    began = time.perf_counter()
    for _ in range(ROUNDS):
        train()
    seconds.put(time.perf_counter() - began)


def windows_per_second(processes: int, threads: int) -> float:
    """Measure the windows per second of all processes together."""
    context = multiprocessing.get_context("spawn")
    together, seconds = context.Barrier(processes), context.Queue()
    workers = [context.Process(target=_train, args=(threads, together, seconds)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    slowest: float = max(seconds.get() for _ in workers)
    for worker in workers:
        worker.join()
    return processes * ROUNDS * STEPS * BATCH / slowest


def claims() -> Iterator[Claim]:
    """Measure the one claim, where there are two cores."""
    if (os.cpu_count() or 1) > 1:
        ratio = windows_per_second(2, threads=1) / windows_per_second(1, threads=2)
        yield Claim("two students side by side, one thread each, to one with two threads", ratio, 1.4)
