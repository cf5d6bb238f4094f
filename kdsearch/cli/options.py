"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from kdsearch.cli.output import check_format

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
    "Verbose",
]

STORAGE = "KDSEARCH_STORAGE"
"""Environment variable of the database's address."""

Studies = Annotated[Path, typer.Option(help="Folder of the studies.")]
Preset = Annotated[
    str,
    typer.Option(
        "--preset",
        "--recipe",
        help="How the teacher trains, and what that fixes for trials: {presets}. --recipe is the old name.",
    ),
]
Prefer = Annotated[
    str | None,
    typer.Option(help="Choose from the front by weights instead of the knee: mae=2,latency=1."),
]
Constraints = Annotated[
    list[str] | None,
    typer.Option(
        "--constraint",
        metavar="LIMIT",
        help="A further limit on the same trials: params<=8k, latency<=2ms. Repeatable.",
    ),
]
Storage = Annotated[
    str | None,
    typer.Option(
        envvar=STORAGE, help="Address of a database: postgresql+psycopg://... Without it, each study is a file."
    ),
]
Import = Annotated[
    list[str] | None,
    typer.Option(
        "--import",
        metavar="MODULE",
        help="A Python file or module that adds a network, a loss or another part. Repeatable.",
    ),
]
Fill = Annotated[
    str,
    typer.Option(help="How gaps in the input are filled: causal, or published as in the papers."),
]
Readings = Annotated[
    str,
    typer.Option(help="Which readings count: measured, or published, with those that the source filled in."),
]
History = Annotated[
    str | None,
    typer.Option(
        help="How far a network looks back, in steps or as a time: 24, 6h, 1d. Without it, the protocol says so."
    ),
]
Horizon = Annotated[
    str | None,
    typer.Option(
        help="How far a network looks ahead, in steps or as a time: 24, 90m, 1d. Without it, the protocol says so."
    ),
]
ReportAt = Annotated[str | None, typer.Option(help="Minutes ahead that tables show: 15,30,60.")]
TableFormat = Annotated[
    str, typer.Option("--format", help="table, markdown, latex, or with all digits csv or json.", callback=check_format)
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Say the whole protocol.")]
DataDir = Annotated[
    Path | None,
    typer.Option(help="Folder of the datasets. Without it, KDSEARCH_DATA, or the user's data folder."),
]
AllowOutside = Annotated[
    bool,
    typer.Option("--allow-outside", help="Also read files that lie outside the dataset's folder."),
]
