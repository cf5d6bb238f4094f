"""`kdsearch teacher`: train a space's teacher, or show it."""

import json
from functools import partial
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
    """Train a space's teacher, or the candidates for it, or show them where they are in the cache.

    They stand beside last value and the calendar profile.

    Example: kdsearch teacher --dataset pemsd8 --space st-mlp
    """
    from kdsearch.cli.display import print_table
    from kdsearch.measure.baselines import naive_baselines
    from kdsearch.pipeline.dataset import protocol_of, split_dataset
    from kdsearch.pipeline.election import elect
    from kdsearch.pipeline.fitting import fitting_teachers
    from kdsearch.pipeline.options import changed_steps, check_dataset, check_numbers
    from kdsearch.pipeline.setup import check_device
    from kdsearch.pipeline.spaces import extended_space
    from kdsearch.pipeline.trainer import Trainer

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
    check_device(device)
    asked = fitting_teachers(chosen, series, preset)
    settings = [one if epochs is None else one | {"epochs": epochs} for one in asked.teachers]
    trainer = Trainer(series, preset, device, None, partial(typer.echo, err=True))
    elected = elect(trainer, settings, asked.ensemble, "mae", seed)
    lines = [*naive_baselines(series, ("val",)), *reversed(elected.baselines)]
    errors = {line.name: line.metrics["val"]["mae"] for line in lines}
    network = elected.networks["teacher"]
    if as_json:
        trained = {"hash": network.hash, "data": note, "unit": series.unit, "val_mae": errors}
        record = elected.records.get("teacher")  # an ensemble has none of its own
        typer.echo(json.dumps(trained | {"record": None if record is None else record.model_dump()}))
        return
    seconds = sum(record.seconds["train"] for record in elected.records.values())
    typer.echo(f"teacher {network.hash}, trained in {seconds:.0f} CPU s", err=True)
    horizons = list(errors["teacher"])
    rows = [[name, *(f"{values[horizon]:.3f}" for horizon in horizons)] for name, values in errors.items()]
    print_table(f"Validation MAE, {series.unit}", ["", *horizons], rows)
