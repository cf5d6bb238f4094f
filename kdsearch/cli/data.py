"""Commands `kdsearch data list`, `fetch`, `describe` and `check`."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from kdsearch.cli.options import AllowOutside, DataDir, Json, TableFormat
from kdsearch.cli.talk import say

__all__ = ["data_app"]

data_app = typer.Typer(help="Datasets: list, fetch, describe and check them.", no_args_is_help=True)


@data_app.command("list")
def data_list(data_dir: DataDir = None, output_format: TableFormat = "table", as_json: Json = False) -> None:
    """List the known datasets, and say whether their files are here.

    Example: kdsearch data list
    """
    from kdsearch.cli.output import Answer, flat_frame, print_answer
    from kdsearch.data.folders import known_datasets
    from kdsearch.report.grid import grid_of

    known = known_datasets(data_dir)
    plain = [one.model_dump(mode="json") for one in known]
    rows = [
        [
            one.name,
            one.mistake or one.title,
            " x ".join(f"{size:,}" for size in one.shape) if one.shape else "",
            "yes" if one.present else "no",
        ]
        for one in known
    ]
    tones = {
        place: "bad" if one.mistake else "aside" for place, one in enumerate(known) if one.mistake or not one.present
    }
    grid = grid_of("Datasets", ["name", "what it is", "steps x sensors x channels", "here"], rows, tones)
    print_answer(Answer(lambda: [grid], partial(flat_frame, plain), lambda: plain), output_format, as_json=as_json)


@data_app.command("fetch")
def data_fetch(dataset: Annotated[str, typer.Argument(help="A built-in dataset.")], data_dir: DataDir = None) -> None:
    """Download the public files of a dataset and verify them. A broken download continues where it stopped.

    Example: kdsearch data fetch pemsd8
    """
    from kdsearch.data.fetch import fetch
    from kdsearch.data.folders import find_dataset

    for path in fetch(*find_dataset(dataset, data_dir)):
        typer.echo(str(path))


@data_app.command("describe")
def data_describe(
    file: Annotated[Path, typer.Argument(help="A file of readings.")],
    graph: Annotated[
        Path | None, typer.Option(help="The file of its roads. Without it, it is looked for beside the readings.")
    ] = None,
) -> None:
    """Propose a dataset.toml for a file, and ask about what is not certain.

    Example: kdsearch data describe readings.csv
    """
    from kdsearch.data.describe import describe_file

    proposal = describe_file(file, graph=graph)
    typer.echo(proposal.toml(), nl=False)
    for key, sentence in proposal.questions.items():
        say(f"{key}: {sentence}")


@data_app.command("check")
def data_check(
    dataset: Annotated[str, typer.Argument(help="Name or folder of the dataset.")],
    html: Annotated[
        Path | None,
        typer.Option(help="Also write a page with pictures of the data to this HTML file. It needs no network."),
    ] = None,
    data_dir: DataDir = None,
    allow_outside: AllowOutside = False,
    output_format: TableFormat = "table",
    as_json: Json = False,
) -> None:
    """Verify and read the files of a dataset, and say what is in them.

    Example: kdsearch data check pemsd8 --html pemsd8.html
    """
    from kdsearch.cli.output import Answer, flat_frame, print_answer
    from kdsearch.data.checked import check_dataset
    from kdsearch.data.facts import channel_rows, fact_rows
    from kdsearch.errors import DataError
    from kdsearch.report.grid import grid_of
    from kdsearch.report.page.place import check_page

    if html is not None:
        check_page(html, "--html", DataError)
    checked = check_dataset(dataset, data_dir, allow_outside=allow_outside)
    series, facts, hints = checked.series, checked.facts, checked.hints
    files = [one.model_dump(mode="json") for one in checked.files]
    plain = {"files": files, "note": checked.note, "notes": list(series.notes), "hints": hints}
    rows = [(one.name, one.state) for one in checked.files] + [("what it is", checked.note)]
    rows += [("taken for granted", sentence) for sentence in series.notes]
    rows += [*fact_rows(facts), *(("look at", hint) for hint in hints)]
    tones = {place: "doubt" for place, row in enumerate(rows) if row[0] == "look at"}
    answer = Answer(
        lambda: [grid_of(series.name, ["", ""], rows, tones)],
        lambda: flat_frame(channel_rows(series.name, facts)),
        lambda: plain | {"series": facts.model_dump(mode="json")},
    )
    print_answer(answer, output_format, as_json=as_json)
    if html is not None:
        from kdsearch.report.data_page.page import write_data_page  # a fifth of a second

        typer.echo(f"page: {write_data_page(checked, html)}", err=True)
