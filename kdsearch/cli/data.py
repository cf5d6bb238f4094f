"""Commands `kdsearch data list`, `fetch`, `describe` and `check`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from kdsearch.cli.options import AllowOutside, DataDir, Json

__all__ = ["data_app"]

data_app = typer.Typer(help="Datasets: what is here, get them, verify them.", no_args_is_help=True)


@data_app.command("list")
def data_list(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the datasets that are known, and whether their files are here.

    Example: kdsearch data list
    """
    from kdsearch.cli.display import print_table
    from kdsearch.data.folders import known_datasets

    known = known_datasets(data_dir)
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in known], indent=2))
        return
    rows = [
        [
            one.name,
            one.mistake or one.title,
            " x ".join(f"{size:,}" for size in one.shape) if one.shape else "",
            "yes" if one.present else "no",
        ]
        for one in known
    ]
    print_table("Datasets", ["name", "", "steps x sensors x channels", "here"], rows)


@data_app.command("fetch")
def data_fetch(dataset: Annotated[str, typer.Argument(help="A built-in dataset.")], data_dir: DataDir = None) -> None:
    """Download a dataset's public files, go on where a download broke off, and verify them.

    Example: kdsearch data fetch pemsd8
    """
    from kdsearch.data.fetch import fetch
    from kdsearch.data.folders import find_dataset

    for path in fetch(*find_dataset(dataset, data_dir)):
        typer.echo(str(path))


@data_app.command("describe")
def data_describe(
    file: Annotated[Path, typer.Argument(help="A file of readings.")],
    graph: Annotated[Path | None, typer.Option(help="The file of its roads; looked for beside it if left out.")] = None,
) -> None:
    """Propose a dataset.toml for a file: what each column was taken for, and what is not certain.

    Example: kdsearch data describe readings.csv
    """
    from kdsearch.data.describe import describe_file

    proposal = describe_file(file, graph=graph)
    typer.echo(proposal.toml(), nl=False)
    for key, sentence in proposal.questions.items():
        typer.echo(f"{key}: {sentence}", err=True)


@data_app.command("check")
def data_check(
    dataset: Annotated[str, typer.Argument(help="Name or folder.")],
    html: Annotated[
        Path | None, typer.Option(help="HTML file for a page with pictures of the data, which needs no network.")
    ] = None,
    data_dir: DataDir = None,
    allow_outside: AllowOutside = False,
    as_json: Json = False,
) -> None:
    """Verify a dataset's files, read them, and say what is in them.

    Example: kdsearch data check pemsd8 --html pemsd8.html
    """
    from kdsearch.cli.display import print_table
    from kdsearch.data.checked import check_dataset
    from kdsearch.data.facts import fact_rows
    from kdsearch.errors import DataError
    from kdsearch.report.page.place import check_page

    if html is not None:
        check_page(html, "--html", DataError)
    checked = check_dataset(dataset, data_dir, allow_outside=allow_outside)
    series, facts, hints = checked.series, checked.facts, checked.hints
    if as_json:
        files = [one.model_dump(mode="json") for one in checked.files]
        found = {"files": files, "note": checked.note, "notes": list(series.notes), "hints": hints}
        typer.echo(json.dumps(found | {"series": facts.model_dump(mode="json")}, indent=2))
    else:
        rows = [(one.name, one.state) for one in checked.files] + [("what it is", checked.note)]
        rows += [("taken for granted", sentence) for sentence in series.notes]
        rows += [*fact_rows(facts), *(("look at", hint) for hint in hints)]
        print_table(series.name, ["", ""], rows)
    if html is not None:
        from kdsearch.report.data_page.page import write_data_page  # a fifth of a second

        typer.echo(f"page: {write_data_page(checked, html)}", err=True)
