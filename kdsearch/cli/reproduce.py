"""`kdsearch reproduce`: a table of the paper, ours beside the published."""

import shlex
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from kdsearch.cli.options import AllowOutside, DataDir, Json, Studies, TableFormat
from kdsearch.cli.talk import say

__all__ = ["reproduce"]


def reproduce(
    table: Annotated[
        str, typer.Argument(help="table1 to table9, claims for all claims, or room for what the paper leaves out.")
    ],
    dataset: Annotated[str, typer.Option(help="Name or folder of the data. table1 needs none.")] = "pemsd8",
    channel: Annotated[
        str | None,
        typer.Option(help="The channel to forecast. Without it, speed, as in the paper."),
    ] = None,
    fidelity: Annotated[
        str,
        typer.Option(help="quick, or paper: 50 epochs and batches of random windows."),
    ] = "quick",
    seeds: Annotated[int, typer.Option(min=1, metavar="N", help="Seeds with which each network trains.")] = 3,
    trials: Annotated[
        int,
        typer.Option(min=2, metavar="N", help="Trials of each search of tables 6 and 9."),
    ] = 30,
    executor: Annotated[str, typer.Option(help="ray, or local: one trial at a time in this process.")] = "ray",
    workers: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Trials at a time. Without it, one per core."),
    ] = None,
    device: Annotated[str, typer.Option(help="Where networks train: cpu or cuda.")] = "cpu",
    studies: Studies = Path("studies"),
    data_dir: DataDir = None,
    allow_outside: AllowOutside = False,
    output_format: TableFormat = "table",
    as_json: Json = False,
) -> None:
    """Make a table of Izadi et al. again, and show our numbers beside the published ones.

    Trained networks are kept: the same command again continues where it stopped.

    Example: kdsearch reproduce table4 --dataset pemsd8 --seeds 3
    """
    from kdsearch.cli.live import SearchDisplay

    with SearchDisplay(None) as display:
        display.stage("loading kdsearch")
        from kdsearch.reproduce.commands import Listener, ReproduceOptions, reproduced

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
        display.stage(f"making {table}")
        made = reproduced(table, options, Listener(display.say, display.event, display.training, display.part))
    from kdsearch.cli.display import print_grids
    from kdsearch.cli.output import Answer, flat_frame, print_answer
    from kdsearch.report.grid import grid_of

    grids = [grid_of(*shown) for shown in made.tables]

    def on_terminal() -> None:
        for sentence in made.head:
            say(sentence, on_stdout=True)
        print_grids(grids)

    answer = Answer(lambda: grids, partial(flat_frame, made.rows), lambda: made.json_object, made.head, on_terminal)
    print_answer(answer, output_format, as_json=as_json)
