"""Search spaces as TOML files: read, checked and written."""

from functools import partial
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ValidationError

from kdsearch.data.mistakes import first_mistake, shown
from kdsearch.data.protocol_table import ProtocolTable
from kdsearch.data.toml_files import parse_toml, read_toml
from kdsearch.errors import SpaceError
from kdsearch.study.space.parameters import KINDS, Parameter
from kdsearch.study.space.space import SearchSpace
from kdsearch.study.space.union import united_parameters

__all__ = ["load_space", "read_space", "space_names", "write_space"]


_OF_TEACHER = ("candidates", "ensemble")
"""Keys under [teacher] that are no setting of a network."""

_NO_KEYS = ("text", "folder")
"""Fields of a space that no file has."""


def _parameters(table: Any, where: str) -> list[Parameter]:
    """Read the parameters: each a table, or an array of tables where conditions give a name different ranges."""
    if not isinstance(table, dict):
        raise SpaceError(f"{where} has no parameters; write a [parameters.NAME] table for each")
    found: list[Parameter] = []
    for name, body in table.items():
        for variant in body if isinstance(body, list) else [body]:
            kinds = [kind for key, kind in KINDS.items() if isinstance(variant, dict) and key in variant]
            if len(kinds) != 1:
                raise SpaceError(f"parameter {name} of {where} needs either choices, or low and high, or value")
            if "name" in variant:
                raise SpaceError(f"parameter {name} of {where} has a key name; its name stands in [parameters.{name}]")
            given = {"name": name, **variant}
            try:
                found.append(kinds[0].model_validate(given))
            except ValidationError as error:
                said = first_mistake(error, kinds[0], given, f"under [parameters.{name}]")
                raise SpaceError(f"parameter {name} of {where} cannot be read: {said}") from error
    return found


def _points(tables: Any, where: str) -> list[dict[str, Any]]:
    """Read the points; in the file a point is one flat table: its citation, and the parameters beside it."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise SpaceError(f"the points of {where} cannot be read; write each under [[points]], in double brackets")
    return [{"cite": table.pop("cite", ""), "params": table} for table in tables]


def _folder() -> Path:
    """Find the folder of the shipped spaces: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[2]
    installed = package / "search_spaces"
    return installed if installed.is_dir() else package.parent / "search_spaces"


def space_names() -> list[str]:
    """List the names of the shipped spaces."""
    return sorted(path.stem for path in _folder().glob("*.toml"))


def load_space(name_or_path: str | Path, *, whole: bool = True) -> SearchSpace:
    """Read a search space.

    >>> sorted(load_space("demo").values_of("loss"))
    ['none', 'rd-l2', 'stcd']

    Args:
        name_or_path: Name of a shipped space, or path of a TOML file.
        whole: Whether it may be made of other spaces.

    Returns:
        The space, free of the mistakes that `SearchSpace.check` knows.

    Raises:
        SpaceError: There is no such space, or the file has a mistake; the first one is named.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = _folder() / f"{name_or_path}.toml"
    if not path.is_file():
        names = ", ".join(space_names())
        raise SpaceError(
            f"there is no search space {str(name_or_path)!r}; give the path of a .toml file or one of {names}"
        )
    text, _ = read_toml(path, SpaceError)
    return read_space(text, path.name, path.parent, whole=whole)


def read_space(text: str, where: str, folder: Path | None = None, *, whole: bool = True) -> SearchSpace:
    """Read a search space from its text.

    Args:
        text: TOML.
        where: Name of the file, for messages.
        folder: Folder of the file, from which its imports are found.
        whole: Whether it may be made of other spaces.

    Raises:
        SpaceError: The text has a mistake; the first one is named.
    """
    raw = parse_toml(text, where, SpaceError)
    _refuse_misplaced(raw, where)
    parts = raw.pop("spaces", None)
    if parts is not None and not whole:
        raise SpaceError(f"{where} is made of other spaces itself; name those in its place")
    parameters, of_parts = list[Parameter](), list[str]()
    if parts is not None:
        parameters, of_parts = united_parameters(parts, where, folder, partial(load_space, whole=False))
    if parts is None or "parameters" in raw:
        parameters += _parameters(raw.get("parameters"), where)
    points = _points(raw.get("points", []), where)
    if not isinstance(imports := raw.get("imports", []), list):
        raise SpaceError(f'{where} has imports = {shown(imports)}; write a list: imports = ["my_parts.py"]')
    imports = [*imports, *(one for one in of_parts if one not in imports)]
    read = {**raw, "imports": imports} | {"parameters": parameters, "points": points, "text": text, "folder": folder}
    if isinstance(table := raw.get("teacher"), dict):
        read |= {key: table[key] for key in _OF_TEACHER if key in table}
        read["teacher"] = {key: value for key, value in table.items() if key not in _OF_TEACHER}
    if isinstance(table := raw.get("protocol"), dict):
        read["protocol"] = ProtocolTable.read(table, f"the table [protocol] in {where}")
    try:
        space = SearchSpace.model_validate(read)
    except ValidationError as error:
        raise SpaceError(f"{where} cannot be read: {first_mistake(error, SearchSpace, read)}") from error
    space.check(where)
    if parts is not None:  # a study keeps one text, whatever becomes of the files that it was made of
        return space.model_copy(update={"text": write_space(space, f"{space.name}, written out")})
    return space


def _refuse_misplaced(raw: dict[str, Any], where: str) -> None:
    """Refuse keys at the top that a space has as fields, and its file elsewhere or not at all."""
    for key in raw:
        if key in _OF_TEACHER:
            raise SpaceError(f"{where}: {key} belongs under [teacher], not at the top of the file; move it there")
        if key in _NO_KEYS:
            raise SpaceError(f"{where}: the key {key} at the top of the file is not known; leave it out")


def write_space(space: SearchSpace, title: str) -> str:
    """Write a space as the text of a file that gives the same space again.

    Args:
        space: The space.
        title: Comment of the first line.
    """
    plain = space.model_dump(exclude={"parameters", "points", "text", "folder"}, exclude_defaults=True)
    if of_teacher := {key: plain.pop(key) for key in _OF_TEACHER if key in plain}:
        plain["teacher"] = plain.get("teacher", {}) | of_teacher
    parameters: dict[str, list[dict[str, Any]]] = {}
    for parameter in space.parameters:
        body = parameter.model_dump(exclude={"name"}, exclude_defaults=True)
        parameters.setdefault(parameter.name, []).append(body)
    tables = {name: bodies[0] if len(bodies) == 1 else bodies for name, bodies in parameters.items()}
    points = [{**({"cite": point.cite} if point.cite else {}), **point.params} for point in space.points]
    return f"# {title}\n" + tomli_w.dumps(plain | {"parameters": tables} | ({"points": points} if points else {}))
