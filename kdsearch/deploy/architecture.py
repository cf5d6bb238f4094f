"""Files of architectures: what an exported file costs depends on the architecture, not on the weights.

Bytes are the constants and the operators. Networks of the same operators on the same data differ in their constants
alone, so that one file, made once and kept in the cache, tells the bytes of all of them.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils._python_dispatch import TorchDispatchMode

from kdsearch.cache import cache_dir, code_version, complete_folder
from kdsearch.checkpoint import Checkpoint
from kdsearch.data.examples import ExampleWindows
from kdsearch.data.profile import Scaler
from kdsearch.data.target import Target
from kdsearch.deploy.export import architecture_onnx
from kdsearch.deploy.memory import peak_memory_bytes
from kdsearch.deploy.onnx_forecaster import INPUTS, session
from kdsearch.extensions import loaded_extensions
from kdsearch.jit import plain_forms
from kdsearch.measure.bounds import LEVEL, Bounds
from kdsearch.measure.cost import weight_count
from kdsearch.models import FAMILIES, Forecaster

__all__ = ["ArchitectureFiles"]

WEIGHT_BYTES = 4
"""Of a float32."""


@dataclass(frozen=True, eq=False)
class ArchitectureFiles:
    """The files of the networks of a study, `kdsearch.measure.files.Files`.

    Attributes:
        target: What they forecast.
        adjacency: The graph.
        facts_bytes: Bytes of what a file says of itself.
    """

    target: Target
    adjacency: NDArray[np.float64]
    facts_bytes: int

    def foreseen_bytes(self, network: Forecaster, scaler: Scaler) -> int:
        """Foresee the bytes of a network's file.

        The first network of its operators has its file made, which takes seconds; the others take a forecast.
        """

        def fill(folder: Path) -> None:
            others = self._path(network, scaler).stat().st_size - WEIGHT_BYTES * weight_count(network)
            (folder / "bytes").write_text(str(others))

        identity = [
            _operators(network, len(self.target.nodes), self.target.horizon),
            [name for name, _ in network.named_parameters()],
        ]
        folder = complete_folder(self._folder("operators", network, scaler, identity), fill)
        others = int((folder / "bytes").read_text())
        return others + WEIGHT_BYTES * weight_count(network) + self.facts_bytes

    def exact_bytes(self, network: Forecaster, scaler: Scaler) -> int:
        """Count the bytes of the file of this very architecture, which is made where the cache lacks it."""
        return self._path(network, scaler).stat().st_size + self.facts_bytes

    def memory_bytes(self, network: Forecaster, scaler: Scaler) -> int | None:
        """Measure the largest memory of one forecast with that file; None where the system does not tell."""
        return peak_memory_bytes(self._path(network, scaler))

    def forecast(self, network: Forecaster, scaler: Scaler, batch: int, threads: int) -> Callable[[], object]:
        """Open the file of this very architecture, and give what forecasts so many windows with it."""
        windows = self._windows(batch)
        inputs = windows.readings, windows.times.astype(np.int64)
        return partial(session(self._path(network, scaler), threads).run, None, dict(zip(INPUTS, inputs, strict=True)))

    def _path(self, network: Forecaster, scaler: Scaler) -> Path:
        """Make the file of an architecture, or take it from the cache."""

        def fill(folder: Path) -> None:
            with torch.random.fork_rng(devices=[]):  # a trial trains alike, whatever the cache holds
                checkpoint = _stand_in(Checkpoint.of(network, scaler, self.adjacency), self.target)
                architecture_onnx(checkpoint, self.target, folder / "model.onnx", self._windows(2))

        return complete_folder(self._folder("files", network, scaler, network.spec()), fill) / "model.onnx"

    def _windows(self, count: int) -> ExampleWindows:
        """Make windows to trace and time a network with; their values do not matter."""
        readings = np.ones((count, self.target.history, len(self.target.nodes)), dtype=np.float32)
        return ExampleWindows(readings, np.full(count, np.datetime64("2024-01-01T12:00:00")))

    def _folder(self, kind: str, network: Forecaster, scaler: Scaler, identity: Any) -> Path:
        own = [] if FAMILIES.ships(network.family) else [one.hash for one in loaded_extensions()]
        shared = [network.family, self._data, _calendar_form(scaler), _exporters(), own]
        key = hashlib.sha256(json.dumps([shared, identity]).encode()).hexdigest()[:24]
        return cache_dir() / kind / key

    @cached_property
    def _data(self) -> list[Any]:
        """Name what the files of a study have in common: units and ids are metadata."""
        target = self.target.model_dump(exclude={"channels", "sensors", "unit", "zone"})
        return [target, hashlib.sha256(self.adjacency.tobytes()).hexdigest()]


def _exporters() -> list[str]:
    packages = ("torch", "onnx", "onnx_ir", "onnxscript")
    return [code_version("kdsearch.deploy.export"), *map(version, packages)]


def _calendar_form(scaler: Scaler) -> list[Any]:
    """Describe a calendar as far as a file's operators and the number of its constants depend on it."""
    profile = scaler.profile
    if profile is None:
        return []
    factors = profile.factors
    return [profile.table.shape, factors and [factor.shape for factor in factors], profile.holidays]


def _stand_in(checkpoint: Checkpoint, target: Target) -> Checkpoint:
    """Give an architecture weights and bounds of which no two are alike, as training does.

    Constants that are alike, or mostly zero, as those of a new network, would be kept in fewer bytes.
    """
    network, randomness = checkpoint.network(torch.device("cpu")), np.random.default_rng(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.from_numpy(randomness.normal(0, 0.1, tuple(parameter.shape))))
    sizes = len(target.nodes), 24, target.horizon
    bounds = Bounds(LEVEL, *(np.linspace(1, 2 + size, size, dtype=np.float32) for size in sizes))
    return replace(Checkpoint.of(network, checkpoint.scaler, checkpoint.adjacency), bounds=bounds)


class _Operators(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it untyped
    """Names the operators that run inside the block."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.names: list[str] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run the operator and name it."""
        self.names.append(str(func))
        return func(*args, **kwargs or {})


@torch.no_grad()
def _operators(network: Forecaster, nodes: int, horizon: int) -> list[str]:
    """Name the operators of one forecast, in their order."""
    network.eval()
    weight = next(network.parameters(), torch.zeros(1))
    x = torch.zeros((1, network.history, nodes, 3 if network.clock else 1), device=weight.device)
    with plain_forms():
        network.forecast(x, horizon)  # fills the layers' caches
        seen = _Operators()
        with seen:
            network.forecast(x, horizon)
    return seen.names
