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

WHAT, LIMITS, WHEN, WHERE, CONFIRM, KEPT = (
    "What is searched",
    "What counts",
    "When it ends",
    "Where it runs",
    "What is confirmed at the end",
    "What is kept, and where",
)


def run(
    dataset: Annotated[
        str | None, typer.Option(help="Name or folder; the space's own if left out.", rich_help_panel=WHAT)
    ] = None,
    space: Annotated[str, typer.Option(help="Name or path of a search space.", rich_help_panel=WHAT)] = "auto",
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Search other values: width=1..4, rate=1e-4..1:log, loss=none,rd-l2.", rich_help_panel=WHAT
        ),
    ] = None,
    fix: Annotated[
        list[str] | None,
        typer.Option(help="Fix a value: beta=0.5; teacher.width=16 is the teacher's.", rich_help_panel=WHAT),
    ] = None,
    imports: Import = None,
    protocol: Annotated[
        str | None,
        typer.Option(help="Split, history, horizon; the space's or dataset's if left out.", rich_help_panel=WHAT),
    ] = None,
    history: History = None,
    horizon: Horizon = None,
    report_at: ReportAt = None,
    channel: Annotated[
        str | None, typer.Option(help="Forecast channel; the protocol's own if left out.", rich_help_panel=WHAT)
    ] = None,
    fill: Fill = "causal",
    readings: Readings = "measured",
    preset: Preset = "best",
    teacher: Annotated[
        str | None,
        typer.Option(help="A file of forecasts to learn from, .npz or .parquet.", rich_help_panel=WHAT),
    ] = None,
    sampler: Annotated[str, typer.Option(help="Proposes settings: {samplers}.", rich_help_panel=WHAT)] = "tpe",
    warm_start: Annotated[
        str | None, typer.Option(help="A study whose front is tried first.", rich_help_panel=WHAT)
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of training and of the search.", rich_help_panel=WHAT)] = 0,
    objective: Annotated[
        str, typer.Option(help="What is minimised, with commas between: {objectives}.", rich_help_panel=LIMITS)
    ] = "mae,latency",
    constraint: Annotated[
        list[str] | None,
        typer.Option(help="A limit: params<=3% (of the teacher's), latency<=2ms; repeatable.", rich_help_panel=LIMITS),
    ] = None,
    prefer: Prefer = None,
    runtime: Annotated[
        str,
        typer.Option(
            help="What latency times: a network in torch, or its exported file (onnx).", rich_help_panel=LIMITS
        ),
    ] = "torch",
    trials: Annotated[
        int | None, typer.Option(min=1, help="Finished trials that the study is to have.", rich_help_panel=WHEN)
    ] = None,
    budget: Annotated[
        str | None, typer.Option(help="Time for the whole run: 90s, 15m, 2h.", rich_help_panel=WHEN)
    ] = None,
    stopping_rule: Annotated[
        str | None, typer.Option(help="Stops hopeless trials early: {stopping_rules}.", rich_help_panel=WHEN)
    ] = None,
    stopping: Annotated[
        bool, typer.Option(help="Old: --no-stopping is --stopping-rule none.", rich_help_panel=WHEN)
    ] = True,
    confirm_seeds: Annotated[
        int, typer.Option(min=1, help="Trainings of each network of the front.", rich_help_panel=CONFIRM)
    ] = 1,
    confirm_points: Annotated[
        bool,
        typer.Option(
            "--confirm-points", help="Confirm the networks of the space's points too.", rich_help_panel=CONFIRM
        ),
    ] = False,
    confirm_best: Annotated[
        int,
        typer.Option(min=0, help="Confirm so many networks of least error too.", rich_help_panel=CONFIRM),
    ] = 0,
    files: Annotated[
        bool, typer.Option(help="Measure the exported files too; each takes some seconds.", rich_help_panel=CONFIRM)
    ] = True,
    executor: Annotated[
        str, typer.Option(help="ray, or local: one trial at a time in this process.", rich_help_panel=WHERE)
    ] = "ray",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Trials at a time; every core if left out.", rich_help_panel=WHERE)
    ] = None,
    address: Annotated[
        str | None, typer.Option(help="A running Ray cluster, host:port; else Ray starts here.", rich_help_panel=WHERE)
    ] = None,
    device: Annotated[str, typer.Option(help="Where tensors live: cpu or cuda.", rich_help_panel=WHERE)] = "cpu",
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Let Ray write to the terminal too.", rich_help_panel=WHERE)
    ] = False,
    study: Annotated[
        str | None, typer.Option(help="Name of the study; DATASET-SPACE if left out.", rich_help_panel=KEPT)
    ] = None,
    studies: Studies = Path("studies"),
    storage: Storage = None,
    data_dir: DataDir = None,
    allow_outside: AllowOutside = False,
) -> None:
    """Search distillation and pruning; the same command again goes on where it was.

    Example: kdsearch run --dataset pemsd8 --objective mae,latency --budget 15m
    """
    from kdsearch.cli.display import SearchDisplay, print_front
    from kdsearch.extensions import load_extensions
    from kdsearch.pipeline.options import RunOptions

    os.environ.pop(STORAGE, None)  # Ray and its workers inherit the environment, and need no password
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

    with SearchDisplay(trials) as display:
        result = search(options, display.say, display.event)
    print_front(result.summary)
    typer.echo(f"report: {result.report}")


def parse_seconds(text: str) -> float:
    """Read "90s", "15m" or "2h" as seconds.

    Raises:
        StudyError: Where it is none of these.
    """
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)(s|m|h)", text.strip())
    if match is None or float(match[1]) == 0:
        raise StudyError(f"--budget {text!r} is no time; write 90s, 15m or 2h")
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]
