"""Commands `kdsearch predict` and `measure`: an exported file in use."""

import json
from pathlib import Path
from typing import Annotated

import typer

from kdsearch.cli.options import AllowOutside, DataDir, Json

__all__ = ["measure", "predict"]

File = Annotated[Path, typer.Argument(help="model.onnx, as `kdsearch export` writes it.")]


def predict(
    file: File,
    input_: Annotated[
        Path,
        typer.Option("--input", help="The newest readings: a file in any layout, or a folder with a dataset.toml."),
    ],
    output: Annotated[Path | None, typer.Option(help="A .csv or .parquet file; printed as CSV if left out.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the forecasts: a file .html, .png or .svg.")] = None,
    sensor: Annotated[list[str] | None, typer.Option(help="Sensor to draw; the first ones if left out.")] = None,
    adaptive: Annotated[
        bool, typer.Option("--adaptive", help="Let bounds follow the errors of the readings' own past.")
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
        typer.echo(note, err=True)
    table = predicted(forecaster, readings, adaptive=adaptive)
    if plot is not None:
        write_plot(plot, target, readings.times, readings.values, table, sensor or ())
        typer.echo(f"plot: {plot}", err=True)
    write_table(table, output)


def measure(
    file: File,
    dataset: Annotated[
        str | None, typer.Option(help="Data to score it on: a name, or a folder; the study's if left out.")
    ] = None,
    split: Annotated[str, typer.Option(help="Part of the data: test or val.")] = "test",
    beside: Annotated[
        Path | None, typer.Option(help="Another file, the teacher's, for the ratio of latencies.")
    ] = None,
    data_dir: DataDir = None,
    allow_outside: AllowOutside = False,
    as_json: Json = False,
) -> None:
    """Measure an exported file: its errors on a dataset, its latency under onnxruntime, its bytes and memory.

    Example: kdsearch measure model.onnx --beside teacher/model.onnx
    """
    from kdsearch.deploy.measure import measured_file
    from kdsearch.measure.metrics import METRICS
    from kdsearch.report.grid import Grid, write_grids
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
    typer.echo(write_grids([Grid(title, heads, rows, (heads[0],))], "table"))
    typer.echo(
        f"bounds of 90 % hold {100 * found.errors.inside:.1f} % of the readings; their mean width is "
        f"{error(found.errors.width, unit)}"
    )
    typer.echo(f"bytes: {found.size_bytes:,}")
    if found.memory_bytes is not None:
        megabytes = significant(found.memory_bytes / 1e6)
        typer.echo(f"memory of one forecast, onnxruntime's own with it: {megabytes} MB")
    for batch, times in found.milliseconds.items():
        ratio = f", {significant(times[1] / times[0], 2)} times as fast as {beside}" if len(times) > 1 else ""
        typer.echo(f"one thread, batch {batch}: {significant(times[0])} ms of CPU time{ratio}")
