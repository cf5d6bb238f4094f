"""`kdsearch run`: what is typed becomes options, and what comes back is printed."""

import os
import re
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from kdsearch.cli.options import (
    STORAGE,
    AllowOutside,
    DataDir,
    Fill,
    History,
    Horizon,
    Import,
    Prefer,
    Preset,
    Readings,
    ReportAt,
    Storage,
    Studies,
)
from kdsearch.errors import StudyError

__all__ = ["run"]


def run(
    dataset: Annotated[
        str | None,
        typer.Option(help="Name or folder of the data. Without it, the space names one."),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(
            help="How the data is split, and what is forecast. Without it, the dataset or the space names one."
        ),
    ] = None,
    history: History = None,
    horizon: Horizon = None,
    report_at: ReportAt = None,
    channel: Annotated[
        str | None,
        typer.Option(help="The channel to forecast. Without it, the protocol names one."),
    ] = None,
    fill: Fill = "causal",
    readings: Readings = "measured",
    objective: Annotated[
        str,
        typer.Option(help="What is minimised, with a comma between two: {objectives}."),
    ] = "mae,latency",
    constraint: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LIMIT", help="A limit: params<=3% (of the teacher's), latency<=2ms, bytes<=40kB. Repeatable."
        ),
    ] = None,
    prefer: Prefer = None,
    runtime: Annotated[
        str,
        typer.Option(help="What latency times: torch for the network, onnx for its exported file."),
    ] = "torch",
    budget: Annotated[
        str | None,
        typer.Option(help="Time for everything, the teacher included: 90s, 15m, 2h."),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="The search ends when the study has so many finished trials."),
    ] = None,
    stopping_rule: Annotated[
        str | None, typer.Option(help="Rule that stops hopeless trials early: {stopping_rules}.")
    ] = None,
    stopping: Annotated[bool, typer.Option(help="The old form of --stopping-rule none.", hidden=True)] = True,
    confirm_seeds: Annotated[
        int,
        typer.Option(min=1, metavar="N", help="Train each network of the front with so many seeds."),
    ] = 1,
    confirm_points: Annotated[
        bool,
        typer.Option("--confirm-points", help="Do so for each point that the space tries first, too."),
    ] = False,
    confirm_best: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Do so for so many networks of the least error, too."),
    ] = 0,
    files: Annotated[
        bool,
        typer.Option(help="Measure the exported files at the end. Each one takes seconds."),
    ] = True,
    executor: Annotated[
        str,
        typer.Option(help="ray, or local: one trial at a time in this process."),
    ] = "ray",
    workers: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Trials at a time. Without it, one per core."),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(help="A running Ray cluster, HOST:PORT. Without it, Ray starts here."),
    ] = None,
    device: Annotated[str, typer.Option(help="Where networks train: cpu or cuda.")] = "cpu",
    study: Annotated[str | None, typer.Option(help="Name of the study. Without it, DATASET-SPACE.")] = None,
    studies: Studies = Path("studies"),
    storage: Storage = None,
    data_dir: DataDir = None,
    allow_outside: AllowOutside = False,
    space: Annotated[str, typer.Option(help="Name or file of a search space; see kdsearch space list.")] = "auto",
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUES",
            help="Search other values: width=1..4, rate=1e-4..1:log, loss=none,rd-l2. Repeatable.",
        ),
    ] = None,
    fix: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="Fix a value: beta=0.5, or teacher.width=16 of the teacher. Repeatable."
        ),
    ] = None,
    imports: Import = None,
    preset: Preset = "best",
    teacher: Annotated[
        str | None,
        typer.Option(help="A file of forecasts that teaches: .npz or .parquet."),
    ] = None,
    sampler: Annotated[str, typer.Option(help="What proposes settings: {samplers}.")] = "tpe",
    warm_start: Annotated[str | None, typer.Option(help="A study whose front is tried first.")] = None,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of trainings and of the search.")] = 0,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", help="Say the whole protocol and every finding, and let Ray write here."),
    ] = False,
) -> None:
    """Search for small and fast forecasters by distillation and pruning.

    The same command again continues where it stopped.

    Example: kdsearch run --dataset pemsd8 --objective mae,latency --budget 15m
    """
    from kdsearch.cli.live import SearchDisplay

    os.environ.pop(STORAGE, None)  # Ray and its workers inherit the environment, and need no password
    with SearchDisplay(trials) as display:
        display.stage("loading kdsearch")
        from kdsearch.extensions import load_extensions
        from kdsearch.pipeline.options import RunOptions

        load_extensions(imports or ())  # their rows may be named in what follows
        options = RunOptions(
            dataset=dataset,
            protocol=protocol,
            history=history,
            horizon=horizon,
            report_at=report_at,
            channel=channel,
            fill=fill,
            readings=readings,
            objectives=objective,
            constraints=tuple(constraint or ()),
            prefer=prefer,
            space=space,
            sets=tuple(set_ or ()),
            fixes=tuple(fix or ()),
            imports=tuple(imports or ()),
            preset=preset,
            teacher=teacher,
            trials=trials,
            budget_seconds=None if budget is None else parse_seconds(budget),
            executor=executor,
            workers=workers,
            address=address,
            warm_start=warm_start,
            stopping=stopping if stopping_rule is None else stopping_rule,
            verbose=verbose,
            seed=seed,
            sampler=sampler,
            runtime=runtime,
            files=files,
            confirm_seeds=confirm_seeds,
            confirm_points=confirm_points,
            confirm_best=confirm_best,
            study=study,
            studies=studies,
            storage=storage,
            data_dir=data_dir,
            allow_outside=allow_outside,
            device=device,
            command=shlex.join(["kdsearch", *sys.argv[1:]]),
        )
        from kdsearch.pipeline.run import run as search  # after the options: their mistakes are not to wait for torch

        display.stage("reading the data")
        result = search(options, display.say, display.event, display.training)
    from kdsearch.cli.ending import print_end

    print_end(result, options)


def parse_seconds(text: str) -> float:
    """Read "90s", "15m" or "2h" as seconds.

    Raises:
        StudyError: Where it is none of these.
    """
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)(s|m|h)", text.strip())
    if match is None or float(match[1]) == 0:
        raise StudyError(f"--budget {text!r} is no time; write 90s, 15m or 2h")
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]
