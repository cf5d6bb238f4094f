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
    from kdsearch.data.fetch import check
    from kdsearch.data.folders import find_dataset
    from kdsearch.data.load import facts_of, load_series

    card, folder = find_dataset(dataset, data_dir, allow_outside=allow_outside)
    files = check(card, folder)
    series = load_series(dataset, data_dir, allow_outside=allow_outside)
    facts, note = facts_of(series), describe_completeness(card, series)
    if as_json:
        found = {"files": [one.model_dump(mode="json") for one in files], "note": note, "notes": list(series.notes)}
        typer.echo(json.dumps(found | {"series": facts.model_dump(mode="json")}, indent=2))
        return
    rows = [[one.name, one.state] for one in files] + [["what it is", note]]
    rows += [["note", sentence] for sentence in series.notes]
    for name, value in facts.model_dump().items():
        if name != "channels":
            rows.append([name, " x ".join(map(str, value)) if name == "shape" else str(value)])
    rows += [
        [
            f"channel {channel.name}",
            f"{channel.smallest:g} to {channel.largest:g} {channel.unit}, "
            f"{100 * channel.missing_share:.2f} % missing, {100 * channel.zero_share:.2f} % zero, "
            f"{100 * channel.filled_in_share:.2f} % filled in by the source"
            f"{_mostly(channel.filled_in_nodes)}",
        ]
        for channel in facts.channels
    ]
    print_table(card.name, ["", ""], rows)


def _mostly(nodes: int) -> str:
    """Write how many sensors the source filled in for the most part."""
    return f" ({nodes} sensor{'' if nodes == 1 else 's'} for the most part)" if nodes else ""
