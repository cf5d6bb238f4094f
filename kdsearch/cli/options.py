"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "STORAGE",
    "AllowOutside",
    "Constraints",
    "DataDir",
    "Fill",
    "History",
    "Horizon",
    "Import",
    "Json",
    "Prefer",
    "Preset",
    "Readings",
    "ReportAt",
    "Storage",
    "Studies",
    "TableFormat",
]

STORAGE = "KDSEARCH_STORAGE"
"""Environment variable of the database's address."""

Studies = Annotated[Path, typer.Option(help="Folder of studies.")]
Preset = Annotated[
    str,
    typer.Option(
        "--preset",
        "--recipe",
        help="How the teacher trains and what that fixes for trials: {presets}. --recipe is its old name.",
    ),
]
Prefer = Annotated[
    str | None, typer.Option(help="Weights that choose from the front in place of the knee: mae=2,latency=1.")
]
Constraints = Annotated[
    list[str] | None,
    typer.Option("--constraint", help="A further limit on the same trials: params<=8k, latency<=2ms; repeatable."),
]
Storage = Annotated[
    str | None, typer.Option(envvar=STORAGE, help="Database address, such as postgresql+psycopg://...; else a file.")
]
Import = Annotated[
    list[str] | None,
    typer.Option("--import", help="A Python file or module that adds a network, loss or other part; repeatable."),
]
Fill = Annotated[str, typer.Option(help="Of gaps in the input: causal, or published as in the papers.")]
Readings = Annotated[
    str, typer.Option(help="Train on and score those measured, or published: those filled in by the source too.")
]
History = Annotated[
    str | None, typer.Option(help="Steps looked at, or a time: 24, 6h, 1d; the protocol's if left out.")
]
Horizon = Annotated[
    str | None, typer.Option(help="Steps forecast, or a time: 24, 90m, 1d; the protocol's if left out.")
]
ReportAt = Annotated[str | None, typer.Option(help="Minutes ahead that tables show, with commas between: 15,30,60.")]
TableFormat = Annotated[
    str, typer.Option("--format", help="table, markdown, latex, or csv: a row for each network, with all digits.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DataDir = Annotated[Path | None, typer.Option(help="Folder of datasets; KDSEARCH_DATA, or the user's data folder.")]
AllowOutside = Annotated[
    bool, typer.Option("--allow-outside", help="Read files too that lie outside the dataset's folder.")
]
