"""`kdsearch reproduce`: a table of the paper, ours beside the published."""

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from kdsearch.cli.options import AllowOutside, DataDir, Json, Studies

__all__ = ["reproduce"]


def reproduce(
    table: Annotated[str, typer.Argument(help="table1 to table9; claims; room, which is beyond the paper.")],
    dataset: Annotated[str, typer.Option(help="Name or folder; table1 needs none.")] = "pemsd8",
    fidelity: Annotated[str, typer.Option(help="quick, or paper: 50 epochs, random windows.")] = "quick",
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each cell.")] = 3,
    trials: Annotated[int, typer.Option(min=2, help="Of each search of tables 6 and 9.")] = 30,
    channel: Annotated[str | None, typer.Option(help="Of the readings; speed, as in the paper, if there.")] = None,
    executor: Annotated[str, typer.Option(help="ray, or local: one trial at a time in this process.")] = "ray",
    workers: Annotated[int | None, typer.Option(min=1, help="Trials at a time; every core if left out.")] = None,
    device: Annotated[str, typer.Option(help="Where tensors live: cpu or cuda.")] = "cpu",
    studies: Studies = Path("studies"),
    data_dir: DataDir = None,
    allow_outside: AllowOutside = False,
    as_json: Json = False,
) -> None:
    """Derive a table of Izadi et al. again, ours beside the published; what is trained is kept, as in `run`.

    Example: kdsearch reproduce table4 --dataset pemsd8 --seeds 3
    """
    from kdsearch.cli.display import SearchDisplay, print_table
    from kdsearch.reproduce.commands import ReproduceOptions, reproduced

    options = ReproduceOptions(
        dataset=dataset,
        channel=channel,
        fidelity=fidelity,
        seeds=seeds,
        trials=trials,
        executor=executor,
        workers=workers,
        device=device,
        studies=studies,
        data_dir=data_dir,
        allow_outside=allow_outside,
        command=shlex.join(["kdsearch", *sys.argv[1:]]),
    )
    with SearchDisplay(None) as display:
        made = reproduced(table, options, display.say, display.event)
    if as_json:
        typer.echo(json.dumps(made.json_object, indent=2))
        return
    for sentence in made.head:
        typer.echo(sentence)
    for title, columns, rows in made.tables:
        print_table(title, columns, rows)
