"""The measuring of the benchmarks: one thread, CPU time, forms in alternation, medians; memory in its own process."""

import multiprocessing
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

__all__ = ["Claim", "median_seconds", "peak_bytes"]


@dataclass(frozen=True)
class Claim:
    """A goal and its measurement: the cost of the plain form as a multiple of ours."""

    name: str
    ratio: float
    goal: float

    def __str__(self) -> str:
        return f"{self.name:78} {self.ratio:8.1f} {self.goal:6g}"


def median_seconds(forms: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Measure this thread's CPU time for each form, called in alternation after one call to warm up."""
    torch.set_num_threads(1)
    for form in forms.values():
        form()
    seconds: dict[str, list[float]] = {name: [] for name in forms}
    for _ in range(repeats):
        for name, form in forms.items():
            began = time.thread_time()
            form()
            seconds[name].append(time.thread_time() - began)
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def peak_bytes(prepare: Callable[[], Callable[[], object]]) -> int:
    """Measure the largest rise of resident memory during the call made by `prepare`, in a new process."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_rise, (prepare,))


def _rise(prepare: Callable[[], Callable[[], object]]) -> int:
    torch.set_num_threads(1)
    call = prepare()
    before = _peak()
    call()
    return _peak() - before


def _peak() -> int:
    """Read the kernel's own mark; `getrusage` begins with that of the parent process."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return 1024 * int(line.split()[1])
