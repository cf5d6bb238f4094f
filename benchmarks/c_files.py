"""Forecasters as C beside ONNX files and torch: bytes of code and constants, time of a forecast for all sensors.

The C and the ONNX file take raw readings and the time, and hold calendar, scale and graph; torch takes scaled windows.
All run on one thread, in alternation, in one process.

python -m benchmarks.c_files
"""

import ctypes
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

from benchmarks.measuring import median_seconds
from benchmarks.roads import INTERVAL_MINUTES, readings
from kdsearch.checkpoint import Checkpoint
from kdsearch.data.examples import ExampleWindows
from kdsearch.data.profile import fit_profile, fit_scaler
from kdsearch.data.protocols import SplitSeries
from kdsearch.data.target import Target
from kdsearch.deploy.c.source import write_c
from kdsearch.deploy.export import export_onnx
from kdsearch.deploy.onnx_forecaster import INPUTS, session
from kdsearch.deploy.rounding import Numbers
from kdsearch.models import DataShape, Forecaster, new_forecaster

NODES = 170
ROUNDS = 300
SLOTS = 24 * 60 // INTERVAL_MINUTES
MOST_STEPS = 12
MIDNIGHT = 1_709_510_400
"""Of a Monday."""

LEVELS = ("Os", "O3")
FORMS: tuple[Numbers, ...] = ("float", "int8")


def networks(series: SplitSeries) -> dict[str, Forecaster]:
    """Make untrained students: their time and bytes are those of trained ones."""
    horizon, history, shape = series.protocol.horizon, series.protocol.history, DataShape(NODES, SLOTS)

    def make(family: str, width: int, depth: int | None, outputs: int = horizon) -> Forecaster:
        return new_forecaster(family, width, depth, series.adjacency, shape, outputs=outputs, history=history)

    return {
        "STID": make("stid", 15, None),
        "STGCN student, direct": make("stgcn", 2, None),
        "STGCN student, iterated": make("stgcn", 2, None, 1),
        "LightST": make("lightst", 32, None),
        "ST-MLP": make("st-mlp", 2, 1),
    }


def compiled(source: Path, level: str) -> tuple[Callable[[], object], str]:
    """Compile a C file; give a call of one forecast, and the bytes of code, constants and memory in words."""
    library, unit = source.with_suffix(f".{level}.so"), source.with_suffix(".o")
    subprocess.run(["gcc", "-std=c99", f"-{level}", "-c", "-o", unit, source], check=True)
    subprocess.run(["gcc", "-std=c99", f"-{level}", "-shared", "-fPIC", "-o", library, source, "-lm"], check=True)
    listed = subprocess.run(["size", "-A", unit], check=True, capture_output=True, text=True).stdout
    sections = [line.split()[:2] for line in listed.splitlines() if line.startswith(".")]
    code, constants, memory = (
        sum(int(size) for name, size in sections if name.startswith(kinds))
        for kinds in ((".text",), (".rodata", ".data"), (".bss",))
    )
    function = ctypes.CDLL(str(library))[f"{source.stem}_forecast"]
    given, made = (ctypes.c_float * (MOST_STEPS * NODES))(), (ctypes.c_float * (MOST_STEPS * NODES))()
    given[:] = np.random.default_rng(0).normal(50, 10, MOST_STEPS * NODES).tolist()
    call = partial(function, given, ctypes.c_int64(MIDNIGHT), made)
    return call, f"{code:7,} bytes of code, {constants:7,} of constants, {memory:7,} of memory"


def measure(folder: Path, name: str, checkpoint: Checkpoint, target: Target) -> None:
    """Print a network's lines."""
    network = checkpoint.network(torch.device("cpu")).eval()
    window = torch.randn(1, target.history, NODES, 3 if network.clock else 1)
    window[..., 1:] = 0  # Monday, midnight
    readings = np.random.default_rng(0).normal(50, 10, (2, target.history, NODES)).astype(np.float32)
    windows = ExampleWindows(readings, np.array([MIDNIGHT, MIDNIGHT + 60], dtype="datetime64[s]"))
    export_onnx(checkpoint, target, folder / "network.onnx", windows)
    given = dict(zip(INPUTS, (readings[:1], np.array([MIDNIGHT])), strict=True))
    runs = partial(session(folder / "network.onnx", threads=1).run, ["forecast"], given)
    calls: dict[str, Callable[[], object]] = {"onnxruntime": runs, "torch": partial(forecast, network, window, target)}
    held = {"onnxruntime": f"{(folder / 'network.onnx').stat().st_size:7,} bytes of file", "torch": ""}
    for numbers in FORMS:
        source, _ = write_c(checkpoint, target, folder, name=f"student_{numbers}", numbers=numbers)
        for level in LEVELS:
            form = f"C, {numbers}, {level}"
            calls[form], held[form] = compiled(source, level)
    seconds = median_seconds(calls, ROUNDS)
    weights = sum(parameter.numel() for parameter in network.parameters())
    print(f"{name}: {weights:,} weights, {checkpoint.scaler.stored_numbers:,} numbers of the calendar")
    for form, taken in seconds.items():
        faster = seconds["onnxruntime"] / taken
        print(
            f"  {form:13} {1e6 * taken:6.0f} µs, {faster:4.1f} times as fast as onnxruntime; {held[form]}", flush=True
        )


@torch.inference_mode()
def forecast(network: Forecaster, window: torch.Tensor, target: Target) -> torch.Tensor:
    """Forecast as kdsearch does."""
    return network.forecast(window, target.horizon)


def main() -> None:
    """Measure and print."""
    if missing := [program for program in ("gcc", "size") if shutil.which(program) is None]:
        sys.exit(f"not in the PATH: {', '.join(missing)}; install gcc and binutils")
    torch.manual_seed(0)
    series = readings(NODES)
    scaler = fit_scaler(series, fit_profile(series, "low-rank"))
    for name, network in networks(series).items():
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), name, Checkpoint.of(network, scaler, series.adjacency), Target.of(series))


if __name__ == "__main__":
    main()
