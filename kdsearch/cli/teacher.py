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
    Verbose,
)
from kdsearch.cli.talk import say

__all__ = ["teacher"]


def teacher(
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
    data_dir: DataDir = None,
    allow_outside: AllowOutside = False,
    device: Annotated[str, typer.Option(help="Where it trains: cpu or cuda.")] = "cpu",
    space: Annotated[str, typer.Option(help="Name or file of the search space that has it.")] = "stgcn",
    imports: Import = None,
    preset: Preset = "best",
    epochs: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Passes over the training windows."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of weights and batches.")] = 0,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Train the teacher of a space, and show its errors beside the last value and the calendar.

    A space may have several candidates; the best one teaches. Trained networks stay in the cache.

    Example: kdsearch teacher --dataset pemsd8 --space st-mlp
    """
    from kdsearch.cli.display import print_table
    from kdsearch.cli.live import SearchDisplay
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
    say(f"{series.source.name}: {note}")
    say(series.protocol.describe(series.source) if verbose else series.protocol.brief(series.source))
    for sentence in series.source.notes:
        say(sentence)
    check_device(device)
    asked = fitting_teachers(chosen, series, preset)
    settings = [one if epochs is None else one | {"epochs": epochs} for one in asked.teachers]
    with SearchDisplay(None) as display:
        trainer = Trainer(series, preset, device, None, display.say, display.training)
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
    say(f"teacher {network.hash}, trained in {seconds:.0f} CPU s")
    horizons = list(errors["teacher"])
    rows = [[name, *(f"{values[horizon]:.3f}" for horizon in horizons)] for name, values in errors.items()]
    heads = ["network", *("mean" if one == "all" else f"{one} min" for one in horizons)]
    print_table(f"Validation MAE, {series.unit}", heads, rows)
