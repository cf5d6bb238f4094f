"""`kdsearch teacher`: train a space's teacher, or show it."""

import json
from typing import Annotated

import typer

from kdsearch.cli.options import (
    AllowOutside,
    DataDir,
    Fill,
    History,
    Horizon,
    Import,
    Json,
    Preset,
    Readings,
    ReportAt,
)

__all__ = ["teacher"]


def teacher(
    dataset: Annotated[str | None, typer.Option(help="Name or folder; the space's own if left out.")] = None,
    space: Annotated[str, typer.Option(help="Whose teacher: name or path of a search space.")] = "stgcn",
    protocol: Annotated[
        str | None, typer.Option(help="Split, history, horizon; the space's or dataset's if left out.")
    ] = None,
    history: History = None,
    horizon: Horizon = None,
    report_at: ReportAt = None,
    channel: Annotated[str | None, typer.Option(help="Forecast channel; the protocol's own if left out.")] = None,
    fill: Fill = "causal",
    readings: Readings = "measured",
    preset: Preset = "best",
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the training windows.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of weights and batches.")] = 0,
    imports: Import = None,
    data_dir: DataDir = None,
    allow_outside: AllowOutside = False,
    device: Annotated[str, typer.Option(help="Where to train: cpu or cuda.")] = "cpu",
    as_json: Json = False,
) -> None:
    """Train a space's teacher, or show it where it is in the cache, beside last value and the calendar profile.

    Example: kdsearch teacher --dataset pemsd8 --space st-mlp
    """
    from kdsearch.cli.display import print_table
    from kdsearch.measure.baselines import naive_baselines
    from kdsearch.pipeline.options import changed_steps, check_dataset, check_numbers
    from kdsearch.pipeline.setup import protocol_of, split_dataset, trained_teacher
    from kdsearch.pipeline.spaces import extended_space

    check_dataset(dataset)
    check_numbers(seed=seed, epochs=epochs)
    chosen = extended_space(space, imports or ())
    changes, dataset = changed_steps(history, horizon, report_at), dataset or chosen.dataset
    wanted = protocol_of(protocol, chosen, dataset, data_dir, allow_outside=allow_outside)
    series, note = split_dataset(
        dataset,
        wanted,
        data_dir,
        channel,
        fill=fill,
        readings=readings,
        allow_outside=allow_outside,
        changes=changes,
    )
    typer.echo(f"{series.source.name}: {note}; {series.protocol.describe(series.source)}", err=True)
    for sentence in series.source.notes:
        typer.echo(sentence, err=True)
    settings = chosen.teacher if epochs is None else chosen.teacher | {"epochs": epochs}
    network, record = trained_teacher(series, preset, settings, seed, device=device)
    lines = naive_baselines(series, ("val",))
    errors = {line.name: line.metrics["val"]["mae"] for line in lines} | {"teacher": record.metrics["val"]["mae"]}
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "hash": network.hash,
                    "data": note,
                    "unit": series.unit,
                    "val_mae": errors,
                    "record": record.model_dump(),
                }
            )
        )
        return
    typer.echo(f"teacher {network.hash}, trained in {record.seconds['train']:.0f} CPU s", err=True)
    horizons = list(errors["teacher"])
    rows = [[name, *(f"{values[horizon]:.3f}" for horizon in horizons)] for name, values in errors.items()]
    print_table(f"Validation MAE, {series.unit}", ["", *horizons], rows)
