"""The formats of exported files: one row each."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kdsearch.deploy.c.source import write_c
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
        int8: Whether numbers of 8 bits are stored as such.
    """

    name: str
    sentence: str
    write: Callable[[KeptNetwork, Path], list[Path]]
    int8: bool = True


def _onnx(network: KeptNetwork, folder: Path) -> list[Path]:
    path, script = folder / "model.onnx", folder / "forecast.py"
    card, rounded = network.card, network.unrounded is not None
    export_onnx(network.checkpoint, card.target, path, network.windows, card.metadata(), rounded)
    script.write_text(SCRIPT, encoding="utf-8")
    return [path, script]


def _torch(network: KeptNetwork, folder: Path) -> list[Path]:
    path = folder / "model.pt2"
    export_program(network.checkpoint, network.card.target, path, network.windows)
    return [path]


def _c(network: KeptNetwork, folder: Path) -> list[Path]:
    name = re.sub(r"\W+", "_", network.card.study.encode("ascii", "replace").decode().lower()).strip("_0123456789")
    origin = f"{network.card.study}, {network.card.network}"
    given = network.checkpoint, network.card.target, folder
    return list(write_c(*given, name=name or "forecaster", numbers=network.card.numbers, origin=origin))


FORMATS = Table(
    "format",
    [
        Format("onnx", "for onnxruntime, and `kdsearch predict`", _onnx),
        Format("c", "one C file and one header, for any compiler of C99", _c),
        Format("torch", "for torch.export.load", _torch, int8=False),
    ],
    mistake=StudyError,
)
