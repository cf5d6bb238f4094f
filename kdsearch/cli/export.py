"""Command `kdsearch export`: take a network home."""

from pathlib import Path
from typing import Annotated

import typer

from kdsearch.cli.options import Constraints, DataDir, Import, Prefer, Storage, Studies
from kdsearch.cli.talk import say
from kdsearch.errors import StudyError

__all__ = ["export"]


def export(
    study: Annotated[str, typer.Argument(help="Name of the study.")],
    pick: Annotated[
        str,
        typer.Option(
            help="Which network: knee, best, smallest, the number of a trial, or a baseline such as STID or teacher."
        ),
    ] = "knee",
    formats: Annotated[
        list[str] | None, typer.Option("--format", help="What is written: {formats}. Repeatable.")
    ] = None,
    quantize: Annotated[
        str | None, typer.Option(help="int8 stores weights in 8 bits. The file has a half to a third of the size.")
    ] = None,
    fine_tune: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Train so many more epochs with weights of 8 bits. This reads the study's data."
        ),
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Name or folder of the data for --fine-tune. Without it, the study's.")
    ] = None,
    data_dir: DataDir = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder of the files. Without it, STUDIES/STUDY/export/NETWORK.")
    ] = None,
    prefer: Prefer = None,
    constraint: Constraints = None,
    imports: Import = None,
    studies: Studies = Path("studies"),
    storage: Storage = None,
) -> None:
    """Write a network of a study as a file that forecasts without kdsearch.

    A card says what the network is, and a script shows how to use it.

    Example: kdsearch export pemsd8-auto --pick knee
    """
    from kdsearch.api import load_study
    from kdsearch.extensions import load_extensions

    if quantize not in (None, "int8"):
        raise StudyError(f"--quantize {quantize!r} is no kind of numbers; write --quantize int8, or leave it out")
    load_extensions(imports or ())
    chosen = load_study(study, prefer=prefer, constraints=constraint or (), studies=studies, storage=storage)
    if fine_tune is None:
        network = chosen.network(pick)
        network = network.quantised() if quantize else network
    elif quantize is None:
        raise StudyError("--fine-tune is for weights of 8 bits; add --quantize int8")
    else:
        network = chosen.fine_tuned(pick, fine_tune, dataset, data_dir)
    folder = output or studies / study / "export" / network.name.replace(" ", "-")
    for path in network.export(folder, formats or ["onnx"], say):
        typer.echo(f"{path}: {path.stat().st_size:,} bytes")
