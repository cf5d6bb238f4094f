"""Export of a trained forecaster to a file that runs without this package: ONNX for onnxruntime, or torch's program.

Either forecasts the whole horizon, scaled values in and out, with iterated decoding unrolled. Shapes are fixed, so
everything independent of the readings is computed once, while the ONNX file is written.
"""

import copy
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from kdsearch.errors import RunError
from kdsearch.jit import plain_forms
from kdsearch.models import Forecaster

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["INPUT", "OUTPUT", "TOLERANCE", "export_onnx", "export_program", "session"]

INPUT = "window"
OUTPUT = "forecast"

TOLERANCE = 2e-4
"""Largest difference between a file's forecast and the network's, as a share of the largest value forecast."""

CHECKED_CALLS = 4
"""Random inputs for the check of a file."""

EVERY_SIZE = 2**31 - 1
"""Largest constant, in elements, to be folded and joined; the optimizer's own limits leave a teacher's kernels."""


class _Whole(nn.Module):
    """`Forecaster.forecast` as the forward of a module, which can be traced."""

    def __init__(self, network: Forecaster, horizon: int) -> None:
        super().__init__()
        self.network, self.horizon = network, horizon

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, history, node, channel)`` to ``(batch, horizon, node)``."""
        return self.network.forecast(x, self.horizon)


def export_onnx(network: Forecaster, path: Path, horizon: int, *, nodes: int, batch: int = 1) -> None:
    """Write an ONNX file from `INPUT` to `OUTPUT` ``(batch, horizon, node)``, scaled.

    The input is ``(batch, history, node, channel)`` as in `Forecaster.forward`: the scaled reading, and the clock where
    the network has one.

    Args:
        network: The network; it is not changed, and the file holds float32 whatever its type and device.
        path: Path of the file; an existing one is replaced.
        horizon: Steps to forecast.
        nodes: Nodes of the network's graph.
        batch: Windows in one call.

    Raises:
        RunError: The packages for it are missing, or the file forecasts otherwise than the network.
    """
    _require("onnx", "onnx_ir", "onnxruntime", "onnxscript")
    from onnx_ir.passes import common  # noqa: PLC0415
    from onnxscript.optimizer import optimize_ir  # noqa: PLC0415

    whole, x = _traceable(network, horizon, nodes, batch)
    traced = _traced(whole, x)
    with _quiet():
        program = torch.onnx.export(
            traced, dynamo=True, optimize=False, verbose=False, input_names=[INPUT], output_names=[OUTPUT]
        )
        model = program.model  # type: ignore[union-attr]  # None only where the exporter writes the file itself
        common.ClearMetadataAndDocStringPass()(model)  # as large as a student's weights
        # Each unrolled step folds its kernels anew: merge them, fold them to constants, then merge the two blocks'.
        common.CommonSubexpressionEliminationPass()(model)
        optimize_ir(model, output_size_limit=EVERY_SIZE, should_fold=lambda _: True)
        common.DeduplicateInitializersPass(size_limit=EVERY_SIZE)(model)
        program.save(path)  # type: ignore[union-attr]
    running = session(path, threads=1)
    _check(path, whole, x, lambda x: torch.from_numpy(running.run([OUTPUT], {INPUT: x.numpy()})[0]))


def export_program(network: Forecaster, path: Path, horizon: int, *, nodes: int, batch: int = 1) -> None:
    """Write a file for `torch.export.load`; in and out are as in `export_onnx`.

    Args are those of `export_onnx`; the name of the file ends in ".pt2".

    Raises:
        RunError: The file forecasts otherwise than the network.
    """
    whole, x = _traceable(network, horizon, nodes, batch)
    torch.export.save(_traced(whole, x), path)
    _check(path, whole, x, torch.export.load(path).module())


def session(path: Path, threads: int) -> "InferenceSession":
    """Open an ONNX file for ``run([OUTPUT], {INPUT: window})``; a single thread is the caller's.

    Args:
        path: Path of the file.
        threads: Threads inside an operator; operators run one after the other.

    Raises:
        RunError: onnxruntime is missing.
    """
    _require("onnxruntime")
    from onnxruntime import GraphOptimizationLevel, InferenceSession, SessionOptions  # noqa: PLC0415

    options = SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    # The level above fills channels up to 8 or 16: a third more time where there are two, 6 % less where there are 64.
    options.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    return InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _require(*packages: str) -> None:
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise RunError(f"not installed, but needed for ONNX files: {', '.join(missing)}; pip install 'kdsearch[onnx]'")


def _traceable(network: Forecaster, horizon: int, nodes: int, batch: int) -> tuple[_Whole, Tensor]:
    """Make a traceable copy, and an input of the file's shape."""
    whole = _Whole(copy.deepcopy(network), horizon).to("cpu", torch.float32).eval()
    return whole, torch.zeros(batch, network.history, nodes, 3 if network.clock else 1)


def _traced(whole: _Whole, x: Tensor) -> torch.export.ExportedProgram:
    """Trace the forecast in torch's own operators."""
    with plain_forms(), torch.no_grad():
        whole(x)  # fills the layers' caches, which tracing must not do
        program = torch.export.export(whole, (x,), strict=False)
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # paths of this machine
    return program


@torch.no_grad()
def _check(path: Path, whole: _Whole, x: Tensor, run: Callable[[Tensor], Tensor]) -> None:
    """Compare file and network on random windows, scaled as readings are; remove a file that differs."""
    randomness = torch.Generator().manual_seed(0)
    windows = [_random_windows(x.shape, randomness) for _ in range(CHECKED_CALLS)]
    expected = torch.stack([whole(window) for window in windows])
    difference = (torch.stack([run(window) for window in windows]) - expected).abs().max()
    largest = expected.abs().max()
    if not difference <= TOLERANCE * largest:  # NaN is no agreement either
        path.unlink()
        raise RunError(
            f"the file {path} forecast otherwise than its network, by {difference:.1e} where values reach {largest:.1e}"
            f" and {TOLERANCE:g} of that is allowed, and was removed; install another version of torch or onnxruntime"
        )


def _random_windows(shape: torch.Size, randomness: torch.Generator) -> Tensor:
    """Draw readings and, where the network takes the time, noon or midnight of a weekday, which every clock has."""
    x = torch.randn(shape, generator=randomness)
    if shape[-1] > 1:
        windows = (shape[0], 1, 1)
        x[..., 1] = torch.randint(2, windows, generator=randomness) / 2
        x[..., 2] = torch.randint(7, windows, generator=randomness).to(x)
    return x


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back the exporter's messages about its own inside and about packages that no forecaster needs."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec\)` is deprecated", FutureWarning)
            yield
    finally:
        logger.setLevel(before)
