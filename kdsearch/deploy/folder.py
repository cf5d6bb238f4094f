"""The folder in which a network is taken home: its files and its card."""

import json
from collections.abc import Sequence
from pathlib import Path

from kdsearch.deploy.card_text import card_text
from kdsearch.deploy.formats import FORMATS
from kdsearch.deploy.kept import KeptNetwork
from kdsearch.errors import StudyError
from kdsearch.report.page.place import check_folder

__all__ = ["write_folder"]


def write_folder(network: KeptNetwork, folder: Path, formats: Sequence[str] = ("onnx",)) -> list[Path]:
    """Write a network's files, checked against the network, and card.json and card.md beside them.

    Args:
        network: The network.
        folder: Made where it is absent; files of the same names are replaced.
        formats: Names in `FORMATS`.

    Returns:
        The files.

    Raises:
        StudyError: There is no such format, or the folder cannot be written.
        RunError: A package is missing, or a file forecasts otherwise than the network.
    """
    rows = [FORMATS.choose(name) for name in formats]
    check_folder(folder, "the exported network", "--output", StudyError)
    folder.mkdir(parents=True, exist_ok=True)
    files = [path for row in rows for path in row.write(network, folder)]
    card = folder / "card.json"
    card.write_text(json.dumps(network.card.model_dump(mode="json"), indent=2, ensure_ascii=False), encoding="utf-8")
    text = folder / "card.md"
    text.write_text(card_text(network.card, [*files, card], network.baselines), encoding="utf-8")
    return [*files, card, text]
