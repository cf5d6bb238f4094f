"""What fewer bits save: bytes and latency of an ONNX file beside those of the float one."""

import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import get_args

from kdsearch.deploy.card import Rounding
from kdsearch.deploy.export import export_onnx
from kdsearch.deploy.kept import KeptNetwork
from kdsearch.deploy.onnx_forecaster import INPUTS, session
from kdsearch.deploy.rounding import Numbers
from kdsearch.deploy.whole import example_inputs

__all__ = ["measured_rounding", "rounding_sentences"]

REPEATS = 200

SLOWER = 1.1
"""From this ratio on a file is called slower; single readings differ by less."""


def measured_rounding(network: KeptNetwork, path: Path) -> Rounding:
    """Measure bytes and latency of a rounded network's file, and of the float one, which is written and removed.

    Args:
        network: The rounded network.
        path: Its ONNX file.
    """
    rounding, unrounded = network.card.rounding, network.unrounded
    assert rounding is not None
    assert unrounded is not None
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / path.name
        export_onnx(unrounded, network.card.target, whole, network.windows, network.card.metadata())
        files: dict[Numbers, Path] = dict(zip(get_args(Numbers), (whole, path), strict=True))
        readings, seconds = (values[:1].numpy() for values in example_inputs(network.windows))
        given = dict(zip(INPUTS, (readings, seconds), strict=True))
        calls = {name: partial(session(one, threads=1).run, ["forecast"], given) for name, one in files.items()}
        sizes = {name: one.stat().st_size for name, one in files.items()}
    return rounding.model_copy(update={"bytes": sizes, "latency_ms": _median_ms(calls)})


def rounding_sentences(rounding: Rounding, unit: str) -> list[str]:
    """Say what rounding changed, with a warning where the file gained nothing by it."""
    before, after = rounding.bytes["float"], rounding.bytes["int8"]
    first, second = rounding.latency_ms["float"], rounding.latency_ms["int8"]
    said = [
        f"int8: {after:,} bytes in place of {before:,}, {second:.3g} ms a forecast in place of {first:.3g}; forecasts "
        f"move by {rounding.change:.2g} {unit}".rstrip()
        + " on average"
    ]
    if after >= before:
        said.append("warning: the int8 file is not smaller than the float one; export without int8")
    if second > SLOWER * first:
        said.append(f"warning: the int8 file takes {second / first:.2f} times as long as the float one")
    return said


def _median_ms(calls: Mapping[Numbers, Callable[[], object]]) -> dict[Numbers, float]:
    """Time calls in alternation, by this thread's own CPU clock."""
    taken: dict[Numbers, list[float]] = {name: [] for name in calls}
    for _ in range(REPEATS):
        for name, call in calls.items():
            began = time.thread_time()
            call()
            taken[name].append(1e3 * (time.thread_time() - began))
    return {name: statistics.median(one) for name, one in taken.items()}
