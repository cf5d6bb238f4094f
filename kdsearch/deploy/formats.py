"""The formats of exported files: one row each."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kdsearch.deploy.export import export_onnx, export_program
from kdsearch.deploy.forecast_script import SCRIPT
from kdsearch.deploy.kept import KeptNetwork
from kdsearch.errors import StudyError
from kdsearch.table import Table

__all__ = ["FORMATS", "Format"]


@dataclass(frozen=True)
class Format:
    """A format of exported files.

    Attributes:
        name: As written after `--format`.
        sentence: For help texts.
        write: Takes the network and the folder; gives the files that it wrote.
    """

    name: str
    sentence: str
    write: Callable[[KeptNetwork, Path], list[Path]]


def _onnx(network: KeptNetwork, folder: Path) -> list[Path]:
    path, script = folder / "model.onnx", folder / "forecast.py"
    export_onnx(network.checkpoint, network.card.target, path, network.windows, network.card.metadata())
    script.write_text(SCRIPT, encoding="utf-8")
    return [path, script]


def _torch(network: KeptNetwork, folder: Path) -> list[Path]:
    path = folder / "model.pt2"
    export_program(network.checkpoint, network.card.target, path, network.windows)
    return [path]


FORMATS = Table(
    "format",
    [
        Format("onnx", "for onnxruntime, and `kdsearch predict`", _onnx),
        Format("torch", "for torch.export.load", _torch),
    ],
    mistake=StudyError,
)
