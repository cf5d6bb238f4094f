"""Latency of a forecast: networks are timed in alternation, so that their ratio cancels the machine's variations."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from kdsearch.costs import Latency
from kdsearch.models import Forecaster

__all__ = ["PAPER_BATCH", "Call", "at_pace", "fixed_threads", "measure_calls", "measure_latency", "usable_cores"]

PAPER_BATCH = 1140
"""Windows in one call of the paper's timing (Izadi et al., section on complexity)."""

WARM_UP = 3
"""Forecasts of one window before the clock runs; a larger batch is warmed up once."""


def usable_cores() -> int:
    """Count the cores that this process may use, which may be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS and Windows have no sets of cores


@contextmanager
def fixed_threads(threads: int) -> Iterator[None]:
    """Run the block with so many threads inside an operator, and restore the number."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@torch.inference_mode()
def measure_latency(
    networks: Sequence[tuple[Forecaster, Tensor]],
    horizon: int,
    *,
    repeats: int,
    threads: int,
    max_seconds: float = 30.0,
) -> list[Latency]:
    """Time one forecast of the whole horizon by each network, round robin.

    Args:
        networks: Networks, each with its windows ``(batch, history, node, channel)``; each round calls all once.
        horizon: Steps to forecast.
        repeats: Rounds, fewer where `max_seconds` is reached first, but never less than one.
        threads: Threads inside an operator.
        max_seconds: Wall-clock limit of all rounds together, warm-up left out.

    Returns:
        The latency of each network, in the order given.
    """
    if not networks:
        return []
    with fixed_threads(threads):
        for network, x in networks:
            network.eval()
            for _ in range(WARM_UP):
                network.forecast(x[:1], horizon)
        calls = [Call(partial(network.forecast, x, horizon), len(x), str(x.device)) for network, x in networks]
        return measure_calls(calls, repeats=repeats, threads=threads, max_seconds=max_seconds)


@dataclass(frozen=True)
class Call:
    """A forecast that is timed.

    Attributes:
        run: Forecasts once.
        batch: Windows that it forecasts.
        device: Where.
    """

    run: Callable[[], object]
    batch: int
    device: str = "cpu"


def measure_calls(calls: Sequence[Call], *, repeats: int, threads: int, max_seconds: float) -> list[Latency]:
    """Time forecasts, round robin, after one of each that does not count; other arguments are as above."""
    samples: list[list[float]] = [[] for _ in calls]
    working: list[list[float]] = [[] for _ in calls]
    for call in calls:
        call.run()
    began = time.perf_counter()
    for _ in range(repeats):
        for call, wall, own in zip(calls, samples, working, strict=True):
            milliseconds, busy = _milliseconds(call)
            wall.append(milliseconds)
            own.append(busy if threads == 1 and call.device == "cpu" else milliseconds)
        if time.perf_counter() - began > max_seconds:
            break
    return [
        Latency(
            p50=float(np.percentile(times, 50)),
            p95=float(np.percentile(times, 95)),
            p2=float(np.percentile(own, 2)),
            batch=call.batch,
            threads=threads,
            device=call.device,
            repeats=len(times),
        )
        for call, times, own in zip(calls, samples, working, strict=True)
    ]


def at_pace(own: Latency, paired: Latency, quiet: Latency) -> tuple[Latency, float]:
    """Convert a reading to another time's pace; give it and its ratio to the reference network.

    Args:
        own: Latency of a network.
        paired: Latency of the reference network, in alternation with it.
        quiet: Latency of the reference network at the time that counts.
    """
    ratio = own.p2 / paired.p2
    p50 = ratio * quiet.p50
    return own.model_copy(update={"p50": p50, "p95": p50 * own.p95 / own.p50, "p2": ratio * quiet.p2}), ratio


def _milliseconds(call: Call) -> tuple[float, float]:
    """Time one forecast by the wall clock and by this thread's own CPU clock."""
    waits = call.device.startswith("cuda")
    if waits:
        torch.cuda.synchronize()
    began, busy = time.perf_counter(), time.thread_time()
    call.run()
    if waits:
        torch.cuda.synchronize()
    return 1e3 * (time.perf_counter() - began), 1e3 * (time.thread_time() - busy)
