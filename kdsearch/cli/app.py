"""The command line: it parses and prints; everything it does can be done from Python under the same name."""

import gc
import json
import os
import re
import shlex
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from kdsearch.cli.data import data_app
from kdsearch.cli.options import STORAGE, DataDir, Json, Prefer, Storage, Studies
from kdsearch.cli.signals import INTERRUPTED, end_in_order, exit_code
from kdsearch.cli.studies import studies_app
from kdsearch.errors import KdsearchError, StudyError

__all__ = ["app", "main"]

app = typer.Typer(
    name="kdsearch",
    help="How small and fast can a traffic forecaster be and still be as good as the big one?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(studies_app)
app.add_typer(data_app, name="data")


@app.command()
def run(
    dataset: Annotated[str | None, typer.Option(help="Name or folder; the space's own if left out.")] = None,
    objective: Annotated[str, typer.Option(help="Comma-separated: mae rmse mape latency flops params stored.")] = (
        "mae,latency"
    ),
    constraint: Annotated[
        list[str] | None, typer.Option(help="A limit, repeatable: params<=3% (of the teacher's), latency<=2ms.")
    ] = None,
    prefer: Prefer = None,
    trials: Annotated[int | None, typer.Option(min=1, help="Finished trials that the study is to have.")] = None,
    budget: Annotated[str | None, typer.Option(help="Time for teacher and search: 90s, 15m, 2h.")] = None,
    space: Annotated[str, typer.Option(help="Name or path of a search space.")] = "stgcn",
    protocol: Annotated[str | None, typer.Option(help="As in README, Protocols; the space's own if left out.")] = None,
    channel: Annotated[str | None, typer.Option(help="Forecast channel; the protocol's own if left out.")] = None,
    preset: Annotated[str, typer.Option(help="best, or paper: raw, iterated, one-step loss, RMSProp.")] = "best",
    executor: Annotated[str, typer.Option(help="ray, or local: one trial at a time in this process.")] = "ray",
    workers: Annotated[int | None, typer.Option(min=1, help="Trials at a time; every core if left out.")] = None,
    address: Annotated[str | None, typer.Option(help="A running Ray cluster, host:port; else Ray starts here.")] = None,
    warm_start: Annotated[str | None, typer.Option(help="A study whose front is tried first.")] = None,
    stopping: Annotated[bool, typer.Option(help="Stop hopeless trials early.")] = True,
    seed: Annotated[int, typer.Option(min=0, help="Of training and of the search.")] = 0,
    sampler: Annotated[str, typer.Option(help="tpe, gp, nsga2 or random.")] = "tpe",
    confirm_seeds: Annotated[int, typer.Option(min=1, help="Seeds of each network of the front at the end.")] = 1,
    confirm_points: Annotated[bool, typer.Option("--confirm-points", help="Those of the space's points too.")] = False,
    confirm_best: Annotated[int, typer.Option(min=0, help="So many by the first objective too.")] = 0,
    study: Annotated[str | None, typer.Option(help="Name of the study; DATASET-SPACE if left out.")] = None,
    studies: Studies = Path("studies"),
    storage: Storage = None,
    data_dir: DataDir = None,
    device: Annotated[str, typer.Option(help="Where tensors live: cpu or cuda.")] = "cpu",
    verbose: Annotated[bool, typer.Option("--verbose", help="Let Ray write to the terminal too.")] = False,
) -> None:
    """Search distillation and pruning; the same command again goes on where it was.

    Example: kdsearch run --dataset pemsd8 --objective mae,latency --budget 15m
    """
    from kdsearch.cli.display import SearchDisplay, print_front
    from kdsearch.pipeline.options import RunOptions

    os.environ.pop(STORAGE, None)  # Ray and its workers inherit the environment, and need no password
    options = RunOptions(
        dataset=dataset,
        protocol=protocol,
        channel=channel,
        objectives=objective,
        constraints=tuple(constraint or ()),
        prefer=prefer,
        space=space,
        preset=preset,
        trials=trials,
        budget_seconds=parse_seconds(budget) if budget else None,
        executor=executor,
        workers=workers,
        address=address,
        warm_start=warm_start,
        stopping=stopping,
        verbose=verbose,
        seed=seed,
        sampler=sampler,
        confirm_seeds=confirm_seeds,
        confirm_points=confirm_points,
        confirm_best=confirm_best,
        study=study,
        studies=studies,
        storage=storage,
        data_dir=data_dir,
        device=device,
        command=shlex.join(["kdsearch", *sys.argv[1:]]),
    )
    from kdsearch.pipeline.run import run as search  # after the options: their mistakes are not to wait for torch

    with SearchDisplay(trials) as display:
        result = search(options, display.say, display.event)
    print_front(result.summary)
    typer.echo(f"report: {result.report}")


@app.command()
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


@app.command()
def teacher(
    dataset: Annotated[str | None, typer.Option(help="Name or folder; the space's own if left out.")] = None,
    space: Annotated[str, typer.Option(help="Whose teacher: name or path of a search space.")] = "stgcn",
    protocol: Annotated[str | None, typer.Option(help="As in README, Protocols; the space's own if left out.")] = None,
    channel: Annotated[str | None, typer.Option(help="Forecast channel; the protocol's own if left out.")] = None,
    preset: Annotated[str, typer.Option(help="best or paper.")] = "best",
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the training windows.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of weights and batches.")] = 0,
    data_dir: DataDir = None,
    device: Annotated[str, typer.Option(help="Where to train: cpu or cuda.")] = "cpu",
    as_json: Json = False,
) -> None:
    """Train a space's teacher, or show it where it is in the cache, beside last value and the calendar profile.

    Example: kdsearch teacher --dataset pemsd8 --space st-mlp
    """
    from kdsearch.cli.display import print_table
    from kdsearch.measure.baselines import naive_baselines
    from kdsearch.pipeline.setup import split_dataset, trained_teacher
    from kdsearch.study.space.files import load_space

    chosen = load_space(space)
    series, note = split_dataset(dataset or chosen.dataset, protocol or chosen.protocol, data_dir, channel)
    settings = chosen.teacher if epochs is None else chosen.teacher | {"epochs": epochs}
    network, record = trained_teacher(series, preset, settings, seed, device=device)
    lines = naive_baselines(series, ("val",))
    errors = {line.name: line.metrics["val"]["mae"] for line in lines} | {"teacher": record.metrics["val"]["mae"]}
    if as_json:
        typer.echo(json.dumps({"hash": network.hash, "data": note, "val_mae": errors, "record": record.model_dump()}))
        return
    typer.echo(f"teacher {network.hash} on {note}, trained in {record.seconds['train']:.0f} CPU s", err=True)
    horizons = list(errors["teacher"])
    rows = [[name, *(f"{values[horizon]:.3f}" for horizon in horizons)] for name, values in errors.items()]
    print_table(f"Validation MAE, {series.unit}", ["", *horizons], rows)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what is installed, threads, GPU, and where data and caches are.

    Example: kdsearch doctor
    """
    from kdsearch.cli.display import print_table
    from kdsearch.cli.doctor import examine

    found = examine()
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    packages = found.pop("packages")
    rows = [[name, str(value)] for name, value in found.items()]
    rows += [[name, value or "not installed"] for name, value in packages.items()]
    print_table("kdsearch doctor", ["", ""], rows)


def parse_seconds(text: str) -> float:
    """Seconds of "90s", "15m" or "2h".

    Raises:
        StudyError: Where it is none of these.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|h)", text.strip())
    if match is None or float(match[1]) == 0:
        raise StudyError(f"--budget {text!r} is no time; write 90s, 15m or 2h")
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]


def _hide_password() -> None:
    """Where a password was typed, begin again with the address in the environment.

    Every user of a machine can see command lines, and Ray writes that of its driver into its logs.
    """
    arguments = sys.orig_argv[1:]
    for place, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name != "--storage":
            continue
        after = place + (1 if equals else 2)
        address = value if equals else "".join(arguments[place + 1 : after])
        if "://" in address and not address.startswith("sqlite"):
            rest = [*arguments[:place], *arguments[after:]]
            os.execve(sys.executable, [sys.executable, *rest], os.environ | {STORAGE: address})


def main() -> NoReturn:
    """Run the command line; a user's mistake is one sentence and its exit code, Ctrl-C is 130 with everything kept."""
    _hide_password()
    end_in_order()
    try:
        app()
    except KdsearchError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        what = f"cannot use {error.filename}: {error.strerror}" if error.filename else str(error)
        typer.echo(f"Error: {what}", err=True)
        sys.exit(1)
    except SystemExit as stop:  # typer's own way out, which is silent at Ctrl-C
        if stop.code == INTERRUPTED:
            typer.echo("stopped; what was finished is kept, and the same command goes on from there", err=True)
            sys.exit(exit_code())
        raise
    finally:
        gc.freeze()  # Python's last collection looks through all of torch for a second, and finds nothing
    raise AssertionError("typer ends every command with an exit")
