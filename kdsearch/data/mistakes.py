"""The first mistake in a table that others wrote, in one sentence with the remedy: no word of the checking library."""

import difflib
from collections.abc import Callable, Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

__all__ = ["first_mistake", "nearest", "shown"]

SHOWN_LETTERS = 60
TOP = "at the top of the file"


def shown(value: Any) -> str:
    """Write a value as in TOML where that is short; numbers of thousands of digits and long lists are cut."""
    try:
        text = _in_toml(value)
    except (ValueError, RecursionError):  # Python writes no numbers of more than 4,300 digits
        return "a value of thousands of digits"
    text = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
    return text if len(text) <= SHOWN_LETTERS else f"{text[: SHOWN_LETTERS - 4]} ..."


def _in_toml(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value}"' if value.isprintable() else repr(value)
        case float():
            return f"{value:g}.0" if f"{value:g}".lstrip("-").isdecimal() else f"{value:g}"
        case list() | tuple():
            return f"[{', '.join(map(_in_toml, value))}]"
        case dict():
            return f"{{{', '.join(f'{key} = {_in_toml(one)}' for key, one in value.items())}}}"
        case _:
            return str(value)


def nearest(word: str, known: list[str]) -> list[str]:
    """Choose at most three words that a misspelt one may mean: those that hold it or are held by it come first."""
    folded = word.lower().replace("-", "_").replace(" ", "_")
    held = [one for one in known if folded and (folded in one or one in folded)] if len(folded) > 2 else []
    return list(dict.fromkeys([*held, *difflib.get_close_matches(folded, known, n=3, cutoff=0.6)]))[:3]


def first_mistake(error: ValidationError, model: type[BaseModel], given: dict[str, Any], top: str = TOP) -> str:
    """Say the first mistake of a table: a key that is not known before one that is missing, for it may be that one.

    Args:
        error: What pydantic found.
        model: The model of the whole table.
        given: The whole table, as it was given to the model.
        top: Where the table stands.

    Returns:
        One sentence, to follow the file's name and a colon.
    """
    mistakes = error.errors(include_url=False)
    chosen = next((one for one in mistakes if one["type"] == "extra_forbidden"), mistakes[0])
    kind, value, facts = chosen["type"], chosen["input"], chosen.get("ctx", {})
    where = _where(chosen["loc"], given, missing=kind == "missing")
    if kind == "extra_forbidden":
        tables_of_file = [key for key, one in given.items() if isinstance(one, dict)]
        return _unknown(str(where[-1]), where[:-1], value, model, (top, *tables_of_file))
    if kind == "missing":
        table = f" under [{where[0]}]" if len(where) > 1 and isinstance(where[-1], str) else ""
        whole = "all of its entries" if where and isinstance(where[-1], int) else f"{_key(where)} = ...{table}"
        return f"{_named(where)} is missing; write {whole}"
    if kind in ("value_error", "assertion_error"):
        said = str(facts["error"])
        if isinstance(value, BaseModel | dict):  # said of a table by a check of the whole, which names its keys
            return f"{_named(where)}: {said}" if where else said
        return f"{_named(where)} = {shown(value)} {said}"
    return f"{_named(where)} = {shown(value)} {_WORDS.get(kind, _other)(_key(where), value, facts)}"


def _other(key: str, value: Any, facts: dict[str, Any]) -> str:  # noqa: ARG001
    return f"does not fit; look for {key} in the table of keys in the documents"


def _text(key: str, value: Any, facts: dict[str, Any]) -> str:  # noqa: ARG001
    example = f'"{shown(value)}"' if isinstance(value, int | float) else '"..."'
    return f"is no text; write it in quotes, {key} = {example}"


def _list(key: str, value: Any, facts: dict[str, Any]) -> str:  # noqa: ARG001
    example = f'["{value}"]' if isinstance(value, str) and len(value) < SHOWN_LETTERS else "[...]"
    return f"is no list; write it in brackets, {key} = {example}"


def _whole(key: str, value: Any, facts: dict[str, Any]) -> str:  # noqa: ARG001
    return f"is no whole number; write {key} = 5"


def _number(key: str, value: Any, facts: dict[str, Any]) -> str:  # noqa: ARG001
    return f"is no number; write one without quotes, such as {key} = 1"


def _flag(key: str, value: Any, facts: dict[str, Any]) -> str:  # noqa: ARG001
    return f"is neither true nor false; write {key} = true"


def _table(key: str, value: Any, facts: dict[str, Any]) -> str:  # noqa: ARG001
    return f"is no table; write its keys on lines of their own below [{key}]"


def _one_of(key: str, value: Any, facts: dict[str, Any]) -> str:  # noqa: ARG001
    return f"is not known; write one of {facts['expected']}"


def _bound(word: str, fact: str) -> Callable[[str, Any, dict[str, Any]], str]:
    return lambda key, value, facts: f"is out of range; write a number that is {word} {facts[fact]:g}"  # noqa: ARG005


def _length(key: str, value: Any, facts: dict[str, Any]) -> str:  # noqa: ARG001
    few = "min_length" in facts
    wanted = facts["min_length"] if few else facts.get("max_length")
    return f"has too {'few' if few else 'many'} entries; write {'at least' if few else 'at most'} {wanted}"


_WORDS: dict[str, Callable[[str, Any, dict[str, Any]], str]] = {
    "string_type": _text,
    "string_unicode": _text,
    "string_sub_type": _text,
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), _whole),
    **dict.fromkeys(("float_type", "float_parsing"), _number),
    **dict.fromkeys(("bool_type", "bool_parsing"), _flag),
    **dict.fromkeys(("tuple_type", "list_type", "set_type", "iterable_type"), _list),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type", "dataclass_type", "mapping_type"), _table),
    "literal_error": _one_of,
    "enum": _one_of,
    "finite_number": lambda key, value, facts: "is not finite; write a plain number, or leave the key out",  # noqa: ARG005
    "greater_than": _bound("greater than", "gt"),
    "greater_than_equal": _bound("at least", "ge"),
    "less_than": _bound("less than", "lt"),
    "less_than_equal": _bound("at most", "le"),
    "too_short": _length,
    "too_long": _length,
}
"""What is said of a value, by pydantic's name of the mistake."""


def _where(place: tuple[int | str, ...], given: Any, *, missing: bool) -> list[int | str]:
    """Keep those parts of pydantic's place that are in the file: keys and entries, not the names of alternatives."""
    kept: list[int | str] = []
    for number, part in enumerate(place):
        table = dict(enumerate(given)) if isinstance(given, list | tuple) else given
        if isinstance(table, dict) and (part in table or (missing and number == len(place) - 1)):
            kept.append(part)
            given = table.get(part)
    return kept


def _key(where: list[int | str]) -> str:
    """Name the innermost key."""
    return next((str(part) for part in reversed(where) if isinstance(part, str)), "the table")


def _named(where: list[int | str]) -> str:
    """Name a place: "interval_minutes", "series.file", "entry 2 of series.further", "name in entry 1 of files"."""
    if not where:
        return "the whole file"
    text = ""
    for part in where:
        if isinstance(part, int):
            text = f"entry {part + 1} of {text}"
        else:
            text = f"{part} in {text}" if text.startswith("entry") else f"{text}.{part}" if text else part
    return text


def _unknown(key: str, place: list[int | str], value: Any, model: type[BaseModel], file: tuple[str, ...]) -> str:
    """Say where an unknown key belongs, or what it may mean; `file` is where the table stands, and its tables."""
    tables, (top, *below) = _tables(model), file
    here = next((part for part in reversed(place) if isinstance(part, str)), "")
    name = key if key.isprintable() and len(key) < SHOWN_LETTERS else shown(key)
    at = f"under [{here}]" if here else top
    homes = [table for table, keys in tables.items() if key in keys]
    if "" in homes:
        above = f", above [{below[0]}]," if below else ","
        return f"{name} belongs {top}{above} not {at}; move it there"
    if homes:
        return f"{name} belongs under {' or '.join(f'[{home}]' for home in homes)}, not {at}; move it there"
    said = (
        f"the {'table' if isinstance(value, dict) else 'key'} {f'[{name}]' if isinstance(value, dict) else name} {at}"
    )
    for table in (here, *(one for one in tables if one != here)):
        if near := nearest(key, list(tables.get(table, ()))):
            other = "" if table == here else f" under [{table}]" if table else f" {top}"
            return f"{said} is not known; did you mean {' or '.join(near)}{other}?"
    return f"{said} is not known; the keys there are {', '.join(tables.get(here, ()))}"


def _tables(model: type[BaseModel], name: str = "") -> dict[str, tuple[str, ...]]:
    """List the keys of a model and of all tables below it, by the table's name; "" is the top."""
    found: dict[str, tuple[str, ...]] = {name: tuple(model.model_fields)}
    for key, field in model.model_fields.items():
        for one in _models(field.annotation):
            for table, keys in _tables(one, key).items():
                found.setdefault(table, keys)
    return found


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
