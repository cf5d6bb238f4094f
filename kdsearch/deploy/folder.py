"""The folder in which a network is taken home: its files and its card."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from kdsearch.data.places import what_is_there
from kdsearch.deploy.card_text import card_text
from kdsearch.deploy.formats import FORMATS
from kdsearch.deploy.kept import KeptNetwork
from kdsearch.deploy.rounding_cost import measured_rounding, rounding_sentences
from kdsearch.errors import StudyError
from kdsearch.report.page.place import check_folder

__all__ = ["write_folder"]

SUFFIXES = {".onnx", ".pt2", ".c", ".h", ".py", ".json", ".md"}
"""Of the files that are written."""


def write_folder(
    network: KeptNetwork,
    folder: Path,
    formats: Sequence[str] = ("onnx",),
    on_message: Callable[[str], None] | None = None,
) -> list[Path]:
    """Write a network's files, checked against the network, and card.json and card.md beside them.

    Args:
        network: The network.
        folder: Made where it is absent; files of the same names are replaced.
        formats: Names in `FORMATS`.
        on_message: Takes what rounding changed of an ONNX file, and a warning where the file gained nothing by it.

    Returns:
        The files.

    Raises:
        StudyError: There is no such format, it has no numbers of 8 bits, or the folder cannot be written.
        RunError: A package is missing, or a file forecasts otherwise than the network.
    """
    rows = [FORMATS.choose(name) for name in formats]
    if network.unrounded is not None and (plain := [row.name for row in rows if not row.int8]):
        fitting = " or ".join(row.name for row in FORMATS.values() if row.int8)
        raise StudyError(f"format {plain[0]} holds float numbers alone; for int8 choose {fitting}")
    check_folder(folder, "the exported network", "--output", StudyError)
    for path in folder.iterdir():
        if path.suffix in SUFFIXES and what_is_there(path) != "a file":
            raise StudyError(f"{path} is there and is no file to be replaced; remove it, or give another --output")
    files = [path for row in rows for path in row.write(network, folder)]
    for path in files:
        if network.unrounded is not None and path.suffix == ".onnx":
            rounding = measured_rounding(network, path)
            network = replace(network, card=network.card.model_copy(update={"rounding": rounding}))
            if on_message is not None:
                for sentence in rounding_sentences(rounding, network.card.target.unit):
                    on_message(sentence)
    card = folder / "card.json"
    card.write_text(json.dumps(network.card.model_dump(mode="json"), indent=2, ensure_ascii=False), encoding="utf-8")
    text = folder / "card.md"
    text.write_text(card_text(network.card, [*files, card], network.baselines), encoding="utf-8")
    return [*files, card, text]
