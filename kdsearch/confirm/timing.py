"""Timing of the front with nothing else running, and a check that nothing else was running."""

import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch

from kdsearch.checkpoint import Checkpoint
from kdsearch.confirm.files import MadeFiles
from kdsearch.costs import Cost, Pace
from kdsearch.data.windows import WindowedSeries
from kdsearch.measure.baselines import answers_baseline, naive_baselines
from kdsearch.measure.cost import measured_costs, timed
from kdsearch.measure.files import Files
from kdsearch.measure.latency import PAPER_BATCH
from kdsearch.measure.subject import Subject
from kdsearch.study.storage.store import StudyStore
from kdsearch.trial.run import TrialRunner

__all__ = ["busy_share", "quiet_costs"]

SINGLE_REPEATS = 600
BATCH_REPEATS = 20
TIMING_SECONDS = 20.0
TIMINGS = 8
"""Parts of the quiet pass's time, of which each of its four timings may take one."""
PACE_REPEATS = 100
PACE_SECONDS = 3.0

LOAD_SECONDS = 60.0
LEAST_LOAD_SECONDS = 30.0
"""The kernel renews the load average every 5 seconds; over a shorter time its change tells nothing."""


def quiet_costs(
    runner: TrialRunner,
    store: StudyStore,
    networks: Mapping[str, Checkpoint],
    files: Files | None,
    on_message: Callable[[str], None],
    seconds: float | None = None,
) -> tuple[list[Cost], Pace]:
    """Time networks, teacher and baselines in alternation; save the baselines with their test errors.

    Args:
        runner: Scores the baselines; its teacher's latency is the study's first quiet reading, to which milliseconds
            are scaled.
        store: The study.
        networks: The front's networks, by name.
        files: Measures their exported files, and those of teacher and baselines; None where nobody asks for them.
        on_message: Takes a sentence for each network that no file can be made of.
        seconds: About how long all this may take; None where nobody waits. Files are then made for half of it.

    Returns:
        Costs in the order of the networks, and how quiet the machine was.
    """
    shown = {"teacher": runner.teacher.checkpoint} | {
        name: baseline.checkpoint for name, baseline in runner.baselines.items()
    }
    everything = shown | dict(networks)
    subjects = _subjects(runner, list(everything.values()))
    made = None
    if files is not None:  # where time is short, the front's files come before those of baselines
        first = {"teacher": shown["teacher"], **networks, **shown}
        made = MadeFiles(files, first, on_message, None if seconds is None else seconds / 2)
    timing_seconds = TIMING_SECONDS if seconds is None else min(TIMING_SECONDS, seconds / TIMINGS)
    watch, before = _Watch(), _teacher_pace(runner, subjects[0])
    costs = measured_costs(
        subjects,
        runner.series.protocol.horizon,
        repeats=SINGLE_REPEATS,
        threads=runner.threads,
        max_seconds=timing_seconds,
        batch_repeats=BATCH_REPEATS,
        quiet=runner.teacher.latency,
    )
    if made is not None:
        latencies = made.latencies(runner.threads, timing_seconds)
        found = zip(costs, everything, strict=True)
        costs = [cost.model_copy(update=made.sizes.get(name, {}) | latencies.get(name, {})) for cost, name in found]
    after, alone = _teacher_pace(runner, subjects[0]), runner.threads == 1 and runner.device == "cpu"
    measured = Pace(
        before=before, after=after, others=watch.others(runner.threads), waited=watch.waited() if alone else None
    )
    for baseline in naive_baselines(runner.series, ("val", "test")):
        store.save_baseline(baseline)
    if runner.answers is not None:
        store.save_baseline(answers_baseline(runner.answers, runner.series, ("val", "test")))
    known = {baseline.name: baseline for baseline in store.baselines()}
    for (name, checkpoint), cost in zip(shown.items(), costs, strict=False):
        val, (test, breakdown) = runner.checkpoint_scores(checkpoint, "val"), runner.test_scores(checkpoint)
        metrics = val.metrics | test.metrics
        scored = {"metrics": metrics, "days": test.days, "breakdown": breakdown, "cost": cost}
        store.save_baseline(known[name].model_copy(update=scored))
    return costs[len(shown) :], measured


def _subjects(runner: TrialRunner, checkpoints: list[Checkpoint]) -> list[Subject]:
    """Put networks on the device, each with one window and with the paper's batch of windows."""
    data = WindowedSeries(runner.series, runner.teacher.checkpoint.scaler, torch.device(runner.device))
    starts = runner.series.splits["train"].starts
    segment_starts = torch.as_tensor(starts[np.arange(PAPER_BATCH) % len(starts)], device=data.device)
    networks = [checkpoint.network(data.device) for checkpoint in checkpoints]
    windows = {
        clock: data.inputs(segment_starts, with_clock=clock) for clock in {network.clock for network in networks}
    }
    return [
        runner.subject(network, windows[network.clock][:1], checkpoint.scaler, windows[network.clock])
        for network, checkpoint in zip(networks, checkpoints, strict=True)
    ]


def busy_share(before: float, after: float, seconds: float, own: int, cores: int) -> float | None:
    """Estimate the share of the cores that other processes kept busy, from the one-minute load average.

    The average still includes the trainings that have just ended. It moves towards the number n of running processes
    as ``after = before d + n (1 - d)`` with ``d = exp(-seconds / 60)``, which is solved for n.

    Args:
        before: Load average when timing began.
        after: Load average when it ended.
        seconds: Wall-clock time between them.
        own: Threads that were busy with timing.
        cores: Cores of the machine.

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
    """Watch over the machine from the moment that it is made."""

    load: float | None = field(default_factory=_load_average)
    began: float = field(default_factory=time.monotonic)
    worked: float = field(default_factory=time.process_time)

    def others(self, own: int) -> float | None:
        """Estimate the share of the cores that other processes kept busy since; None where the system gives no load."""
        load = _load_average()
        if self.load is None or load is None:
            return None
        return busy_share(self.load, load, time.monotonic() - self.began, own, os.cpu_count() or 1)

    def waited(self) -> float:
        """Measure the share of the time since in which this process, one thread that never sleeps, had no core."""
        return max(0.0, 1 - (time.process_time() - self.worked) / (time.monotonic() - self.began))


def _teacher_pace(runner: TrialRunner, teacher: Subject) -> float:
    """Time the teacher alone: its median latency, divided by that of the study's first quiet reading."""
    horizon, threads, seconds = runner.series.protocol.horizon, runner.threads, PACE_SECONDS
    reading = timed([teacher], horizon, repeats=PACE_REPEATS, threads=threads, max_seconds=seconds)[0]
    return reading.p50 / runner.teacher.latency.p50
