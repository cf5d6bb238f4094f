"""Latency is paired, bounded in time and says how it was measured."""

import os

import numpy as np
import pytest
import torch

from kdsearch.costs import Latency
from kdsearch.measure import latency
from kdsearch.measure.latency import at_pace, fixed_threads, measure_latency, usable_cores
from kdsearch.models import Stgcn, StgcnSize


def test_a_wide_network_takes_longer_and_threads_are_restored() -> None:
    adjacency = np.ones((60, 60)) - np.eye(60)
    wide, narrow = (Stgcn(adjacency, StgcnSize.of_width(width), outputs=9) for width in (48, 1))
    before = torch.get_num_threads()
    slow, fast = measure_latency(
        [(network, torch.randn(1, 12, 60, 1)) for network in (wide, narrow)], 9, repeats=20, threads=1
    )
    assert slow.p50 > fast.p50
    assert slow.p2 <= slow.p50 <= slow.p95
    assert (slow.repeats, slow.threads, slow.batch) == (20, 1, 1)
    assert torch.get_num_threads() == before


def test_networks_are_compared_by_the_second_percentile_of_cpu_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that once stood still has no part in it."""
    readings = iter([(9.0, 0.0), (9.0, 5.0), *((9.0, 6.0 + reading) for reading in range(99))])
    monkeypatch.setattr(latency, "_milliseconds", lambda *_: next(readings))
    network = Stgcn(np.eye(5), StgcnSize.of_width(2), outputs=9)
    (measured,) = measure_latency([(network, torch.randn(1, 12, 5, 1))], 9, repeats=101, threads=1)
    assert (measured.p2, measured.p50) == (6.0, 9.0)


def test_the_time_limit_leaves_at_least_one_reading() -> None:
    network = Stgcn(np.eye(5), StgcnSize.of_width(2), outputs=9)
    (measured,) = measure_latency([(network, torch.randn(1, 12, 5, 1))], 9, repeats=50, threads=1, max_seconds=0)
    assert measured.repeats == 1


def test_threads_are_fixed_inside_the_block() -> None:
    before = torch.get_num_threads()
    with fixed_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


def test_a_reading_beside_other_work_is_brought_to_the_pace_of_a_quiet_one() -> None:
    """Ratios are those of 2nd percentiles; milliseconds are the quiet reference's times the ratio."""
    reading = Latency(p50=8.0, p95=20.0, p2=4.0, batch=1, threads=1, device="cpu", repeats=9)
    baseline = reading.model_copy(update={"p50": 30.0, "p2": 16.0})
    quiet = baseline.model_copy(update={"p50": 10.0, "p2": 8.0})
    latency, ratio = at_pace(reading, baseline, quiet)
    assert ratio == 0.25
    assert (latency.p50, latency.p95, latency.p2) == (2.5, 6.25, 2.0)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no sets of cores")
def test_cores_are_those_that_the_process_may_use() -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert usable_cores() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert usable_cores() == len(before)
