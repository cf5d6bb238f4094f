"""`kdsearch space`: which spaces there are, what one searches, and whether a file is one."""

import json
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from kdsearch.cli.options import Import, Json
from kdsearch.cli.talk import say
from kdsearch.errors import SpaceError

__all__ = ["space_app"]

space_app = typer.Typer(help="Search spaces: list, show and check them.", no_args_is_help=True)

Space = Annotated[str, typer.Argument(help="Name of a space, or a TOML file.")]


@space_app.command("list")
def space_list(as_json: Json = False) -> None:
    """List the spaces that come with kdsearch.

    Example: kdsearch space list
    """
    from kdsearch.cli.display import print_table
    from kdsearch.study.space.files import load_space, space_names

    spaces = [load_space(name) for name in space_names()]
    if as_json:
        fields = ("name", "title", "dataset", "protocol")
        typer.echo(json.dumps([{field: str(getattr(one, field)) for field in fields} for one in spaces], indent=2))
        return
    print_table(
        "Search spaces",
        ["name", "what it searches", "dataset, protocol"],
        [[one.name, one.title, f"{one.dataset}, {one.protocol}"] for one in spaces],
    )


@space_app.command("show")
def space_show(name: Space, imports: Import = None, as_json: Json = False) -> None:
    """Show what a space searches: its parameters with their ranges, conditions and meanings, and its points.

    Example: kdsearch space show stgcn
    """
    from kdsearch.cli.display import print_table
    from kdsearch.pipeline.spaces import extended_space
    from kdsearch.study.space.overrides import describe
    from kdsearch.trial.config import TABLES, TrialConfig

    talk = partial(say, on_stdout=True)

    space = extended_space(name, imports or ())
    meanings = {one: field.description or "" for one, field in TrialConfig.model_fields.items()}
    if as_json:
        plain = space.model_dump(mode="json", exclude={"text", "folder"})
        typer.echo(json.dumps(plain | {"meanings": {one.name: meanings.get(one.name) for one in space.parameters}}))
        return
    talk(f"{space.name}: {space.title}; made for dataset {space.dataset}, protocol {space.protocol}")
    teachers = [(f"candidate {place}", one) for place, one in enumerate(space.teachers, 1)]
    for who, settings in (*(teachers if space.candidates else [("teacher", space.teacher)]), ("STID", space.stid)):
        if settings:
            talk(f"{who}: " + ", ".join(f"{key} = {value}" for key, value in settings.items()))
    if space.ensemble > 1:
        talk(f"ensemble: the mean of {space.ensemble} networks is a candidate for teacher too")
    rows = []
    for one in space.parameters:
        asked = "; ".join(f"{key} is {' or '.join(map(str, values))}" for key, values in one.when.items())
        rows.append([one.name, describe(one), asked, meanings.get(one.name, "")])
    print_table("Parameters", ["name", "searched", "asked where", "what it is"], rows)
    named = [
        [f"{parameter} {name}", str(getattr(row, "sentence", ""))]
        for parameter, table in TABLES.items()
        for name, row in table.items()
        if name in space.values_of(parameter) and hasattr(row, "sentence")
    ]
    if named:
        print_table("Names", ["name", "what it is"], named)
    points = [[one.cite, ", ".join(f"{key} = {value}" for key, value in one.params.items())] for one in space.points]
    if points:
        print_table("Points, tried first", ["from", "settings"], points)


@space_app.command("check")
def space_check(file: Annotated[Path, typer.Argument(help="A TOML file.")], imports: Import = None) -> None:
    """Check the file of a space without data: its parameters, its conditions and its points.

    Example: kdsearch space check mine.toml
    """
    from kdsearch.pipeline.spaces import check_alone, extended_space

    if file.suffix != ".toml":
        raise SpaceError(f"{file} does not end in .toml; give the path of a space's file")
    space = extended_space(str(file), imports or ())
    check_alone(space)
    typer.echo(f"{file}: space {space.name!r} is right; {len(space.parameters)} parameters, {len(space.points)} points")
