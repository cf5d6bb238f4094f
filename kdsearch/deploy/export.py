"""Export of a trained network to a file that forecasts without this package: ONNX, or torch's program.

In: the newest readings in real units, and the time of the last one. Out: forecasts in real units for the whole horizon.
The calendar, the scaler, the graph and iterated steps are inside (`kdsearch.deploy.whole`).
"""

import logging
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.examples import ExampleWindows
from kdsearch.data.target import Target
from kdsearch.deploy.compact import compacted
from kdsearch.deploy.onnx_forecaster import INPUTS, OUTPUTS, session
from kdsearch.deploy.whole import WholeForecaster, example_inputs
from kdsearch.errors import RunError, failure
from kdsearch.jit import plain_forms

if TYPE_CHECKING:
    import onnx_ir as ir
    from onnx import ModelProto

__all__ = ["TOLERANCE", "architecture_onnx", "export_onnx", "export_program", "missing_packages"]

TOLERANCE = 1e-4
"""Largest difference between a file's forecast and the network's, as a share of the largest value forecast."""

KERNEL_DIMS = 4

FEWEST_GROWN = 256
"""Elements of a constant that is stored although it is larger than what it is made of."""

EVERY_SIZE = 2**31 - 1
"""Largest constant, in elements, to be folded and joined; the optimizer's own limits leave a teacher's kernels."""


def export_onnx(
    checkpoint: Checkpoint,
    target: Target,
    path: Path,
    windows: ExampleWindows,
    facts: Mapping[str, str] | None = None,
    rounded: bool = False,
) -> None:
    """Write an ONNX file that forecasts in real units.

    Its inputs are ``readings`` ``(batch, history, node)``, float32 and NaN where missing, and ``time`` ``(batch,)``,
    int64: the local time of the last reading in seconds since 1970-01-01 00:00, as ``datetime64[s]`` counts. Its
    outputs are those of `WholeForecaster`.

    Args:
        checkpoint: The network and its scaler; the file holds float32 whatever its type.
        target: What it forecasts.
        path: Path of the file; an existing one is replaced.
        windows: Real readings on which file and network are compared.
        facts: Name -> value of the file's metadata.
        rounded: Whether the network is one of `int8_checkpoint`, whose weights are to be stored as they were rounded.

    Raises:
        RunError: The packages for it are missing, or the file forecasts otherwise than the network.
    """
    whole = _whole(checkpoint, target)
    _save_onnx(_onnx_model(whole, windows, rounded=rounded), path, facts or {})
    running = session(path, threads=1)

    def run(readings: Tensor, time: Tensor) -> Tensor:
        inputs = dict(zip(INPUTS, (readings.numpy(), time.numpy()), strict=True))
        return torch.from_numpy(running.run(["forecast"], inputs)[0])

    _check(path, whole, windows, run)


def export_program(checkpoint: Checkpoint, target: Target, path: Path, windows: ExampleWindows) -> None:
    """Write a file for `torch.export.load`; in and out are as in `export_onnx`.

    Args are those of `export_onnx`; the name of the file ends in ".pt2".

    Raises:
        RunError: The file forecasts otherwise than the network.
    """
    whole = _whole(checkpoint, target)
    torch.export.save(_traced(whole, windows), path)
    module = torch.export.load(path).module()
    _check(path, whole, windows, lambda readings, time: module(readings, time)[0])


def _adds_kernels(node: "ir.Node") -> bool:
    """Tell a sum of convolutions' kernels, whose terms may be whole multiples of scales where it is none."""
    shape = node.outputs[0].shape
    return node.op_type == "Add" and shape is not None and len(shape) == KERNEL_DIMS


def _grows(node: "ir.Node") -> bool:
    """Tell whether a constant is larger than what it is made of; onnxruntime makes such ones as it opens the file."""
    made, known = node.outputs[0].shape, [one.shape for one in node.inputs if one is not None]
    if made is None or not made.is_static() or any(one is None or not one.is_static() for one in known):
        return False
    size = math.prod(made.numpy())
    return size > max(FEWEST_GROWN, sum(math.prod(one.numpy()) for one in known if one is not None))


def _stays(node: "ir.Node", *, rounded: bool) -> bool:
    """Tell whether an operator is to stay in the file, although what it makes is constant."""
    return _grows(node) or (rounded and _adds_kernels(node))


def architecture_onnx(checkpoint: Checkpoint, target: Target, path: Path, windows: ExampleWindows) -> None:
    """Write the file of an architecture, whose weights are stand-ins: what it forecasts means nothing.

    Args are those of `export_onnx`; the file has no metadata.

    Raises:
        RunError: The packages for it are missing.
    """
    _save_onnx(_onnx_model(_whole(checkpoint, target), windows), path, {})


def missing_packages() -> list[str]:
    """List the packages for ONNX files that are not installed."""
    return [package for package in ("onnx", "onnx_ir", "onnxruntime", "onnxscript") if find_spec(package) is None]


def _onnx_model(whole: WholeForecaster, windows: ExampleWindows, *, rounded: bool = False) -> "ModelProto":
    if missing := missing_packages():
        raise RunError(f"not installed, but needed for ONNX files: {', '.join(missing)}; pip install 'kdsearch[onnx]'")
    from onnx_ir.passes import common  # noqa: PLC0415 - an extra, as those below
    from onnxscript.optimizer import optimize_ir  # noqa: PLC0415

    traced = _traced(whole, windows)
    with _quiet():
        try:
            program = torch.onnx.export(
                traced, dynamo=True, optimize=False, verbose=False, input_names=INPUTS, output_names=OUTPUTS
            )
        except torch.onnx.OnnxExporterError as error:
            raise RunError(
                f"the network {whole.network.family} cannot be written as an ONNX file: {failure(error)}; take "
                "--format torch, or write it with other operators"
            ) from error
        model = program.model  # type: ignore[union-attr]  # None only where the exporter writes the file itself
        common.ClearMetadataAndDocStringPass()(model)
        # Each unrolled step folds its kernels anew: merge them, fold them to constants, then merge the two blocks'.
        common.CommonSubexpressionEliminationPass()(model)
        optimize_ir(model, output_size_limit=EVERY_SIZE, should_fold=lambda node: not _stays(node, rounded=rounded))
        common.DeduplicateInitializersPass(size_limit=EVERY_SIZE)(model)
    return compacted(program.model_proto)  # type: ignore[union-attr]


def _save_onnx(model: "ModelProto", path: Path, facts: Mapping[str, str]) -> None:
    import onnx  # noqa: PLC0415 - an extra

    onnx.helper.set_model_props(model, dict(facts))
    onnx.save(model, path)


def _whole(checkpoint: Checkpoint, target: Target) -> WholeForecaster:
    return WholeForecaster(checkpoint, target).eval()


def _traced(whole: WholeForecaster, windows: ExampleWindows) -> torch.export.ExportedProgram:
    """Trace the forecast in torch's own operators, for any number of windows.

    Raises:
        RunError: A network of the user's own takes one number of windows alone.
    """
    readings, time = (values[:1].expand(2, *values.shape[1:]).clone() for values in example_inputs(windows))
    batch = torch.export.Dim("batch")
    with plain_forms(), torch.no_grad():
        whole(readings, time)  # fills the layers' caches, which tracing must not do
        try:
            program = torch.export.export(
                whole, (readings, time), dynamic_shapes={"readings": {0: batch}, "time": {0: batch}}, strict=False
            )
        except Exception as error:  # what a network of the user's own raises, or torch at what it does
            raise RunError(
                f"the network {whole.network.family} cannot be traced for any number of windows: {failure(error)}; in "
                "its forward, write x.shape[0] in place of len(x) and of numbers, and no branch on values"
            ) from error
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # paths of this machine
    return program


@torch.no_grad()
def _check(
    path: Path, whole: WholeForecaster, windows: ExampleWindows, run: Callable[[Tensor, Tensor], Tensor]
) -> None:
    """Compare file and network on real windows, all at once and one alone; remove a file that differs."""
    readings, time = example_inputs(windows)
    expected = whole(readings, time)[0]
    made = torch.cat([run(readings, time), run(readings[:1], time[:1])])
    difference, largest = (made - torch.cat([expected, expected[:1]])).abs().max(), expected.abs().max()
    if not difference <= TOLERANCE * largest:  # NaN is no agreement either
        path.unlink()
        raise RunError(
            f"the file {path} forecast otherwise than its network, by {difference:.1e} where values reach {largest:.1e}"
            f" and {TOLERANCE:g} of that is allowed, and was removed; install another version of torch or onnxruntime"
        )


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
