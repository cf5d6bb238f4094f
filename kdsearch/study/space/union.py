"""A space made of several: every family with the parameters of its own space, in one search."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from kdsearch.data.mistakes import first_mistake
from kdsearch.errors import SpaceError
from kdsearch.study.space.parameters import Choice, Model, Parameter, Scalar
from kdsearch.study.space.space import SearchSpace

__all__ = ["united_parameters"]


class _Part(Model):
    """One entry of `[[spaces]]`.

    Attributes:
        family: The family that it is for.
        space: Name or path of the space that says what is searched of it.
        fix: Values fixed in it.
    """

    family: str
    space: str
    fix: dict[str, Scalar] = Field(default_factory=dict)


def united_parameters(
    entries: Any, where: str, folder: Path | None, load: Callable[[str | Path], SearchSpace]
) -> tuple[list[Parameter], list[str]]:
    """Join the parameters of several spaces, each asked where `family` is its own.

    In the study a parameter is named FAMILY.NAME: a width of 4 is another thing in each family.

    Args:
        entries: The tables under `[[spaces]]`.
        where: Name of the file, for messages.
        folder: Folder of the file, from which paths count.
        load: Reads a space by name or path, which is not made of others itself.

    Returns:
        The parameters, and what the spaces import.

    Raises:
        SpaceError: An entry, or a space that it names, has a mistake.
    """
    listed = entries if isinstance(entries, list) else [entries]
    if not listed or not all(isinstance(entry, dict) for entry in listed):
        raise SpaceError(f"the spaces of {where} cannot be read; write each under [[spaces]], in double brackets")
    parts = [_read(entry, where) for entry in listed]
    families = [part.family for part in parts]
    if twice := [name for name in families if families.count(name) > 1]:
        raise SpaceError(f"{where} has two spaces for the family {twice[0]!r}; leave one of them out")
    joined: list[Parameter] = [Choice(name="family", choices=tuple(families))]
    imports: list[str] = []
    for part in parts:
        path = Path(part.space)
        space = load(folder / path if folder is not None and path.suffix == ".toml" else part.space)
        imports += [_found(one, space.folder) for one in space.imports]
        joined += _of_family(space.with_values({**part.fix, "family": part.family}), part.family)
    return _in_order(joined, where), list(dict.fromkeys(imports))


def _found(imported: str, folder: Path | None) -> str:
    """Give a part's import from anywhere: a file counts from the folder of the space that names it."""
    return str(folder / imported) if folder is not None and imported.endswith(".py") else imported


def _in_order(parameters: list[Parameter], where: str) -> list[Parameter]:
    """Put all variants of a name side by side, as in a file, after those of every name that they depend on."""
    variants: dict[str, list[Parameter]] = {}
    for parameter in parameters:
        variants.setdefault(parameter.name, []).append(parameter)
    ordered: list[Parameter] = []
    while variants:
        free = [name for name, ones in variants.items() if not any(one.when.keys() & variants.keys() for one in ones)]
        if not free:
            raise SpaceError(f"the spaces of {where} ask {' and '.join(variants)} in orders that cannot be joined")
        ordered += variants.pop(free[0])
    return ordered


def _read(entry: dict[str, Any], where: str) -> _Part:
    try:
        return _Part.model_validate(entry)
    except ValidationError as error:
        said = first_mistake(error, _Part, entry, "under [[spaces]]")
        raise SpaceError(f"the spaces of {where} cannot be read: {said}") from error


def _of_family(space: SearchSpace, family: str) -> Iterator[Parameter]:
    for parameter in space.parameters:
        if parameter.name != "family":
            when = {"family": (family,), **parameter.when}
            yield parameter.model_copy(update={"when": when, "label": f"{family}.{parameter.name}"})
