"""Exported files in the quiet pass: their bytes and memory, and their latency beside the teacher's."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import torch

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.profile import Scaler
from kdsearch.errors import RunError
from kdsearch.measure.files import Files
from kdsearch.measure.latency import Call, measure_calls
from kdsearch.models import Forecaster

__all__ = ["MadeFiles"]

SINGLE_REPEATS = 600
BATCH_REPEATS = 20
BATCH = 64


class MadeFiles:
    """The exported files of networks, made before anything is timed.

    A network that no file can be made of is named, and left out.

    Args:
        files: Makes and measures them.
        networks: The networks by name, "teacher" among them.
        on_message: Takes a sentence for each network that is left out.
        seconds: After which no further file is made; None where nobody waits.

    Attributes:
        sizes: Name -> `file_bytes` and `deployed_memory_bytes` of `Cost`.
    """

    def __init__(
        self,
        files: Files,
        networks: Mapping[str, Checkpoint],
        on_message: Callable[[str], None],
        seconds: float | None = None,
    ) -> None:
        self._files = files
        self._networks = dict[str, tuple[Forecaster, Scaler]]()
        self.sizes = dict[str, dict[str, Any]]()
        began = time.monotonic()
        for name, checkpoint in networks.items():
            if seconds is not None and time.monotonic() - began > seconds:
                on_message(f"the exported file of {name} is not measured, for want of time; kdsearch measure does it")
                continue
            network = checkpoint.network(torch.device("cpu")), checkpoint.scaler
            try:
                size, memory = files.exact_bytes(*network), files.memory_bytes(*network)
            except RunError as error:
                on_message(f"the exported file of {name} is not measured: {error}")
                continue
            self._networks[name] = network
            self.sizes[name] = {"file_bytes": size, "deployed_memory_bytes": memory}

    def latencies(self, threads: int, max_seconds: float) -> dict[str, dict[str, Any]]:
        """Time the files in alternation: name -> the latencies of `Cost` that are those of files.

        Ratios are to the teacher's file; there are none where it could not be made.

        Args:
            threads: Threads inside an operator.
            max_seconds: Limit of each of the two timings.
        """
        readings = dict[str, dict[str, Any]]()
        for kind, batch, repeats in (("deployed", 1, SINGLE_REPEATS), ("deployed_batch", BATCH, BATCH_REPEATS)):
            calls = [Call(self._files.forecast(*one, batch, threads), batch) for one in self._networks.values()]
            found = measure_calls(calls, repeats=repeats, threads=threads, max_seconds=max_seconds)
            times = dict(zip(self._networks, found, strict=True))
            teacher = times.get("teacher")
            for name, latency in times.items():
                ratio = None if teacher is None else latency.p2 / teacher.p2
                readings.setdefault(name, {}).update({f"{kind}_ms": latency, f"{kind}_ratio": ratio})
        return readings
