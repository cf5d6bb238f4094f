"""Changes to a search space on the command line: `--set width=1..4`, `--set loss=none,rd-l2`, `--fix beta=0.5`."""

import re
import tomllib
from collections.abc import Sequence
from typing import Any, Literal

from kdsearch.data.toml_files import WHOLE_BITS
from kdsearch.errors import SpaceError
from kdsearch.study.space.files import write_space
from kdsearch.study.space.parameters import Choice, Fixed, Parameter, Range, Scalar
from kdsearch.study.space.space import LARGEST_ENSEMBLE, Point, SearchSpace

__all__ = ["describe", "fits", "overridden"]

_RANGE = re.compile(r"(?P<low>[^.,]+(?:\.\d+)?)\.\.(?P<high>[^,]+?)(?P<log>:log)?")


def overridden(space: SearchSpace, sets: Sequence[str], fixes: Sequence[str]) -> SearchSpace:
    """Change a space as the command line says; its text is then that of the changed space.

    Args:
        space: The space.
        sets: NAME=LOW..HIGH (with ":log" for a logarithmic range), or NAME=VALUE,VALUE: values to search. A known name
            keeps its conditions, and its scale where ":log" is not written. Points that no longer fit
            are left out.
        fixes: NAME=VALUE: fixed for every configuration; "teacher.NAME=VALUE" and "stid.NAME=VALUE" are settings of the
            teacher, of each candidate for it, and of the STID that every report shows; "teacher.ensemble=4" is their
            number.

    Raises:
        SpaceError: A text is none of these, or the changed space has a mistake.
    """
    if not sets and not fixes:
        return space
    searched = dict(_pair("--set", text, "width=1..4 or loss=none,rd-l2") for text in sets)
    fixed = {name: _value(text) for name, text in (_pair("--fix", text, "beta=0.5") for text in fixes)}
    if twice := searched.keys() & fixed.keys():
        raise SpaceError(f"{min(twice)} is both set and fixed; leave out --set or --fix for it")
    for name, text in searched.items():
        space = _searched(space, name, text)
    for table in ("teacher", "stid"):
        own = {name.removeprefix(f"{table}."): fixed.pop(name) for name in [*fixed] if name.startswith(f"{table}.")}
        if table == "teacher":
            space, own = _of_teacher(space, own)
        space = space.model_copy(update={table: getattr(space, table) | own})
    space = space.with_values(fixed) if fixed else space
    asked = " ".join([*(f"--set {text}" for text in sets), *(f"--fix {text}" for text in fixes)])
    space.check(f"space {space.name} with {asked}")
    return space.model_copy(update={"text": write_space(space, f"{space.name} with {asked}")})


def _of_teacher(space: SearchSpace, own: dict[str, Scalar]) -> tuple[SearchSpace, dict[str, Scalar]]:
    """Fix the number of networks that teach, and settings of candidates; the other ones are those of all."""
    count = own.pop("ensemble", space.ensemble)
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= LARGEST_ENSEMBLE:
        raise SpaceError(f"--fix teacher.ensemble={count} is no number of networks from 1 to {LARGEST_ENSEMBLE}")
    # A teacher of another family is one network: the candidates' widths mean nothing of it.
    candidates = () if "family" in own else tuple(candidate | own for candidate in space.candidates)
    return space.model_copy(update={"ensemble": count, "candidates": candidates}), own


def _pair(option: str, text: str, example: str) -> tuple[str, str]:
    name, equals, value = (part.strip() for part in text.partition("="))
    if not (name and equals and value):
        raise SpaceError(f"{option} {text!r} is not NAME=VALUE; write {option} {example}")
    return name, value


def _value(text: str) -> Scalar:
    """Read a value as TOML does; anything but a number, true or false is a word."""
    try:
        read = tomllib.loads(f"value = {text.strip()}")
    except (ValueError, RecursionError):  # no TOML, or a number of thousands of digits
        return text.strip()
    value = read["value"]
    large = isinstance(value, int) and value.bit_length() > WHOLE_BITS
    single = isinstance(value, bool | int | float | str) and not large and len(read) == 1
    return value if single else text.strip()


def _searched(space: SearchSpace, name: str, text: str) -> SearchSpace:
    """Give a parameter other values to search, under its conditions; a new one comes first."""
    known = [parameter for parameter in space.parameters if parameter.name == name]
    made = [_parameter(name, text, one) for one in known] or [_parameter(name, text, None)]
    if not known:
        parameters = [*made, *space.parameters]
    else:
        variants = iter(made)
        parameters = [next(variants) if one.name == name else one for one in space.parameters]
    if isinstance(made[0], Choice):
        parameters = [kept for one in parameters if (kept := _still_asked(one, name, made[0].choices)) is not None]
    changed = space.model_copy(update={"parameters": tuple(parameters)})
    return changed.model_copy(update={"points": tuple(one for one in space.points if fits(changed, one))})


def _parameter(name: str, text: str, known: Parameter | None) -> Parameter:
    when, label = ({}, "") if known is None else (known.when, known.label)
    match = _RANGE.fullmatch(text)
    if match is None:
        return Choice(name=name, when=when, label=label, choices=tuple(_value(one) for one in text.split(",")))
    ends: list[Any] = [_value(match["low"]), _value(match["high"])]
    if not all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends):
        raise SpaceError(f"--set {name}={text} is no range of numbers; write {name}=LOW..HIGH")
    whole = all(isinstance(end, int) for end in ends)
    log = match["log"] is not None or (isinstance(known, Range) and known.log)
    if isinstance(known, Range) and known.kind == "float" and whole:
        whole, ends = False, [float(end) for end in ends]
    kind: Literal["int", "float"] = "int" if whole else "float"
    return Range(name=name, when=when, label=label, low=ends[0], high=ends[1], kind=kind, log=log)


def _still_asked(parameter: Parameter, name: str, choices: tuple[Scalar, ...]) -> Parameter | None:
    """Remove lost values from a parameter's conditions; None where it can never be asked again."""
    if parameter.name == name or name not in parameter.when:
        return parameter
    left = tuple(value for value in parameter.when[name] if value in choices)
    return parameter.model_copy(update={"when": {**parameter.when, name: left}}) if left else None


def fits(space: SearchSpace, point: Point) -> bool:
    """Tell whether every value of a point is allowed, and every parameter that it names applies."""
    try:
        space.check_point(point, "")
    except SpaceError:
        return False
    return True


def describe(parameter: Parameter) -> str:
    """Describe the values of a parameter: "1 to 4, whole numbers", "one of none, rd-l2", "fixed at 0.5"."""
    if isinstance(parameter, Fixed):
        return f"fixed at {parameter.value}"
    if isinstance(parameter, Choice):
        return f"one of {', '.join(map(str, parameter.choices))}"
    how = [*(["whole numbers"] if parameter.kind == "int" else []), *(["logarithmic"] if parameter.log else [])]
    return ", ".join([f"{parameter.low:g} to {parameter.high:g}", *how])
