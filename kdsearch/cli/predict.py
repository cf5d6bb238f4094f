"""Commands `kdsearch predict` and `measure`: an exported file in use."""

import json
from pathlib import Path
from typing import Annotated

import typer

from kdsearch.cli.options import AllowOutside, DataDir, Json
from kdsearch.cli.talk import say

__all__ = ["measure", "predict"]

File = Annotated[Path, typer.Argument(help="model.onnx, as `kdsearch export` writes it.")]


def predict(
    file: File,
    input_: Annotated[
        Path,
        typer.Option("--input", help="The newest readings: a file of any layout, or a folder with a dataset.toml."),
    ],
    output: Annotated[
        Path | None, typer.Option(help="File .csv or .parquet for the forecasts. Without it, they are printed as CSV.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Also draw the forecasts into this file .html, .png or .svg.")
    ] = None,
    sensor: Annotated[
        list[str] | None, typer.Option(help="Sensor to draw. Without it, the first ones. Repeatable.")
    ] = None,
    adaptive: Annotated[
        bool, typer.Option("--adaptive", help="Let the bounds follow the errors that the readings show so far.")
    ] = False,
    allow_outside: AllowOutside = False,
) -> None:
    """Forecast the next steps from the newest readings.

    Example: kdsearch predict model.onnx --input readings.csv --plot next.html
    """
    from kdsearch.data.newest import newest_readings
    from kdsearch.deploy.matching import matched_readings
    from kdsearch.deploy.onnx_forecaster import OnnxForecaster
    from kdsearch.deploy.predict import predicted
    from kdsearch.deploy.tables import check_table, write_table
    from kdsearch.report.forecast_figure import check_plot, write_plot

    check_table(output)
    check_plot(plot)
    forecaster = OnnxForecaster(file)
    target = forecaster.card.target
    series = newest_readings(input_, target, allow_outside=allow_outside)
    readings = matched_readings(target, series)
    for note in (*series.notes, *([readings.note] if readings.note else [])):
        say(note)
    table = predicted(forecaster, readings, adaptive=adaptive)
    if plot is not None:
        write_plot(plot, target, readings.times, readings.values, table, sensor or ())
        typer.echo(f"plot: {plot}", err=True)
    write_table(table, output)


def measure(
    file: File,
    dataset: Annotated[
        str | None, typer.Option(help="Name or folder of the data that scores it. Without it, the study's.")
    ] = None,
    split: Annotated[str, typer.Option(help="Which part of the data: test or val.")] = "test",
    beside: Annotated[
        Path | None, typer.Option(help="A second file, such as the teacher's. Latency is compared with it.")
    ] = None,
    data_dir: DataDir = None,
    allow_outside: AllowOutside = False,
    as_json: Json = False,
) -> None:
    """Measure an exported file: its errors, its latency under onnxruntime, its bytes and its memory.

    Example: kdsearch measure model.onnx --beside teacher/model.onnx
    """
    from kdsearch.cli.display import print_grids
    from kdsearch.deploy.measure import measured_file
    from kdsearch.measure.metrics import METRICS
    from kdsearch.report.grid import Grid
    from kdsearch.report.numbers import error, significant, with_unit

    found = measured_file(file, dataset, split, beside, data_dir, allow_outside=allow_outside)
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2))
        return
    unit = found.card.target.unit
    columns = [column for column in found.errors.errors["mae"] if column != "all"]
    rows = [
        [
            with_unit(f"{name.upper()},", METRICS[name].unit or unit),
            *(error(values[column]) for column in (*columns, "all")),
        ]
        for name, values in found.errors.errors.items()
    ]
    heads = [split, *(f"{minutes} min" for minutes in columns), "mean"]
    title = f"{found.card.study}: {found.card.network} on {found.dataset}"
    print_grids([Grid(title, heads, rows, (heads[0],))])
    say(
        f"bounds of 90 % hold {100 * found.errors.inside:.1f} % of the readings; their mean width is "
        f"{error(found.errors.width, unit)}",
        on_stdout=True,
    )
    typer.echo(f"bytes: {found.size_bytes:,}")
    if found.memory_bytes is not None:
        megabytes = significant(found.memory_bytes / 1e6)
        say(f"memory of one forecast, with that of onnxruntime: {megabytes} MB", on_stdout=True)
    for batch, times in found.milliseconds.items():
        ratio = f", {significant(times[1] / times[0], 2)} times as fast as {beside}" if len(times) > 1 else ""
        say(f"one thread, batch {batch}: {significant(times[0])} ms of CPU time{ratio}", on_stdout=True)
