"""Latency with nothing else running, and a look at whether nothing else was running."""

import math
import os
import time
from dataclasses import dataclass, field

import numpy as np
import torch

from kdsearch.checkpoint import Bundle
from kdsearch.data.windows import WindowedSeries
from kdsearch.measure.latency import PAPER_BATCH, at_pace, measure_latency
from kdsearch.models import Forecaster
from kdsearch.record import Cost, Latency, Pace, Reference
from kdsearch.study.storage.store import StoredTrial, StudyStore
from kdsearch.trial.run import Bench
from kdsearch.trial.teachers import reference_lines

__all__ = ["busy_share", "quiet_costs"]

SINGLE_REPEATS = 600
BATCH_REPEATS = 20
BATCH_SECONDS = 20.0
PACE_REPEATS = 100
PACE_SECONDS = 3.0

LOAD_SECONDS = 60.0
LEAST_LOAD_SECONDS = 30.0
"""The kernel renews the load average every 5 seconds; over fewer of these steps nothing follows from its change."""


def quiet_costs(
    bench: Bench, store: StudyStore, trials: list[StoredTrial], bundles: list[Bundle]
) -> tuple[list[Cost], Pace]:
    """Time networks, teacher and rivals in alternation; saves the reference lines with their test errors.

    Args:
        bench: Its teacher's latency is the first quiet reading of the study, to which milliseconds are scaled.
        store: The study.
        trials: The front's networks.
        bundles: Their weights.

    Returns:
        Costs in the order of the trials, and how quiet the machine was.
    """
    shown = {"teacher": bench.teacher.bundle} | {name: rival.bundle for name, rival in bench.rivals.items()}
    networks = [bundle.network(torch.device(bench.device)) for bundle in (*shown.values(), *bundles)]
    watch, before = _Watch(), _teacher_pace(bench, networks[0])
    single, batch = _timed(bench, networks, 1, SINGLE_REPEATS), _timed(bench, networks, PAPER_BATCH, BATCH_REPEATS)
    after, alone = _teacher_pace(bench, networks[0]), bench.threads == 1 and bench.device == "cpu"
    measured = Pace(
        before=before, after=after, others=watch.others(bench.threads), waited=watch.waited() if alone else None
    )
    for reference in reference_lines(bench.prepared, ("val", "test")):
        store.save_reference(reference)
    references = {reference.name: reference for reference in store.references()}
    known_costs = [references[name].cost for name in shown]
    known_costs += [trial.record.cost if trial.record is not None else None for trial in trials]
    timed = []
    for cost, one, many in zip(known_costs, single, batch, strict=True):
        if cost is not None:
            latency, ratio = at_pace(one, single[0], bench.teacher.latency)
            batch_ratio = many.p2 / batch[0].p2
            readings = {"latency_ms": latency, "latency_ratio": ratio}
            readings |= {"latency_batch_ms": many, "latency_batch_ratio": batch_ratio}
            timed.append(cost.model_copy(update=readings))
    for (name, bundle), reading in zip(shown.items(), timed, strict=False):
        scores = {part: bench.bundle_metrics(bundle, part) for part in ("val", "test")}
        store.save_reference(Reference(name=name, metrics=scores, cost=reading, note=references[name].note))
    return timed[len(shown) :], measured


def busy_share(before: float, after: float, seconds: float, own: int, cores: int) -> float | None:
    """Share of the cores that other processes kept busy, from the change of the one-minute load average.

    The average itself still holds the trainings that have just ended. It moves towards the number n of processes that
    run, as ``after = before d + n (1 - d)`` with ``d = exp(-seconds / 60)``, which is solved for n.

    Args:
        before: Load average when timing began.
        after: Load average when it ended.
        seconds: Wall-clock time between them.
        own: Threads that were busy with timing.
        cores: Of the machine.

    Returns:
        Zero where nothing else ran; None where the time was too short to tell.
    """
    if seconds < LEAST_LOAD_SECONDS:
        return None
    decay = math.exp(-seconds / LOAD_SECONDS)
    running = (after - before * decay) / (1 - decay)
    return max(0.0, running - own) / cores


def _load_average() -> float | None:
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):  # Windows has none
        return None


@dataclass
class _Watch:
    """What the machine does from here on."""

    load: float | None = field(default_factory=_load_average)
    began: float = field(default_factory=time.monotonic)
    worked: float = field(default_factory=time.process_time)

    def others(self, own: int) -> float | None:
        """Share of the cores that other processes kept busy since; None where the system does not say."""
        load = _load_average()
        if self.load is None or load is None:
            return None
        return busy_share(self.load, load, time.monotonic() - self.began, own, os.cpu_count() or 1)

    def waited(self) -> float:
        """Share of the time since in which this process, one thread that never sleeps, had no core."""
        return max(0.0, 1 - (time.process_time() - self.worked) / (time.monotonic() - self.began))


def _teacher_pace(bench: Bench, teacher: Forecaster) -> float:
    """Median latency of the teacher alone, divided by that of the study's first quiet reading."""
    return _timed(bench, [teacher], 1, PACE_REPEATS, PACE_SECONDS)[0].p50 / bench.teacher.latency.p50


def _timed(
    bench: Bench, networks: list[Forecaster], batch: int, repeats: int, seconds: float = BATCH_SECONDS
) -> list[Latency]:
    data = WindowedSeries(bench.prepared, bench.teacher.bundle.scaler, torch.device(bench.device))
    starts = bench.prepared.parts["train"].starts
    firsts = torch.as_tensor(starts[np.arange(batch) % len(starts)], device=data.device)
    windows = {clock: data.inputs(firsts, with_clock=clock) for clock in {network.clock for network in networks}}
    pairs = [(network, windows[network.clock]) for network in networks]
    horizon = bench.prepared.protocol.horizon
    return measure_latency(pairs, horizon, repeats=repeats, threads=bench.threads, max_seconds=seconds)
