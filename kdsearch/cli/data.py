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
    data_dir: DataDir = None,
    allow_outside: AllowOutside = False,
    as_json: Json = False,
) -> None:
    """Verify a dataset's files, read them, and say what is in them.

    Example: kdsearch data check pemsd8
    """
    from kdsearch.cli.display import print_table
    from kdsearch.data.catalog import describe_completeness
    from kdsearch.data.facts import facts_of, hints_of
    from kdsearch.data.fetch import check
    from kdsearch.data.folders import find_dataset
    from kdsearch.data.load import load_series

    card, folder = find_dataset(dataset, data_dir, allow_outside=allow_outside)
    files = check(card, folder)
    series = load_series(dataset, data_dir, allow_outside=allow_outside)
    facts, note = facts_of(series), describe_completeness(card, series)
    hints = hints_of(facts)
    if as_json:
        found = {"files": [one.model_dump(mode="json") for one in files], "note": note, "notes": list(series.notes)}
        typer.echo(json.dumps(found | {"hints": hints, "series": facts.model_dump(mode="json")}, indent=2))
        return
    rows = [[one.name, one.state] for one in files] + [["what it is", note]]
    rows += [["taken for granted", sentence] for sentence in series.notes]
    rows += [
        ["steps x sensors x channels", " x ".join(f"{size:,}" for size in facts.shape)],
        ["first and last time", f"{facts.first}, {facts.last}"],
        ["gaps in time", f"{facts.gaps:,}"],
        ["directed edges", f"{facts.edges:,}"],
        ["sensors without an edge", f"{facts.isolated_nodes:,}"],
        ["sensors with a reading but zero", f"{facts.active_nodes:,}"],
    ]
    for channel in facts.channels:
        span = "" if channel.smallest is None else f"{channel.smallest:g} to {channel.largest:g} {channel.unit}, "
        rows.append(
            [
                f"channel {channel.name}",
                f"{span}{100 * channel.missing_share:.2f} % missing, {100 * channel.zero_share:.2f} % zero, "
                f"{100 * channel.filled_in_share:.2f} % filled in by the source",
            ]
        )
    rows += [["look at", hint] for hint in hints]
    print_table(card.name, ["", ""], rows)
