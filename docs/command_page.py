"""Write `docs/commands.md` from the command line itself: `python -m docs.command_page`; a test compares the two."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.core import TyperArgument, TyperGroup
from typer.main import get_command

from kdsearch.cli.app import app
from kdsearch.cli.help import fill_help

__all__ = ["PAGE", "command_page"]

PAGE = Path(__file__).with_name("commands.md")

HEAD = """# Commands

This page is made from the command line (`python -m docs.command_page`). `kdsearch COMMAND --help` shows the same.

A command writes data to stdout and talk to stderr. Exit code 0 means done, 1 a run that failed, 2 a mistake in the
command or in a file (one sentence, with its remedy), 70 a fault of kdsearch (with a report in a file), and 130 Ctrl-C.

| environment variable | meaning |
| --- | --- |
| `KDSEARCH_DATA` | folder of datasets, where `--data-dir` names none |
| `KDSEARCH_CACHE` | folder of trained teachers and what is made from them |
| `KDSEARCH_STORAGE` | database address, where `--storage` gives none |

The keys of `dataset.toml` are in [Own data](own-data.md#every-key-of-datasettoml), those of a search space in
[Search spaces](spaces.md#write-a-space).
"""


def command_page() -> str:
    """Write the whole page."""
    root = get_command(app)
    shared = _tables(root)
    parts = [HEAD, *([f"## kdsearch\n\n{shared}"] if shared else [])]
    return "\n".join([*parts, *(_section(name, command) for name, command in _commands(root, "kdsearch"))])


def _commands(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """Full name and command, depth first, in the order of the help."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _commands(command, f"{prefix} {name}")
        elif not command.hidden:
            fill_help(command)
            yield f"{prefix} {name}", command


def _section(name: str, command: Any) -> str:
    arguments = [one for one in command.params if isinstance(one, TyperArgument)]
    usage = " ".join([name, *(_name(one) if one.required else f"[{_name(one)}]" for one in arguments), "[OPTIONS]"])
    about = "\n\n".join(_paragraphs(command.help or ""))
    return f"## {name}\n\n{about}\n\nUsage: `{usage}`\n\n{_tables(command)}"


def _paragraphs(text: str) -> Iterator[str]:
    """Paragraphs of a help text, each on one line, an example as code."""
    for part in text.replace("\f", "").strip().split("\n\n"):
        line = " ".join(part.split())
        example = line.removeprefix("Example: ")
        yield _escaped(line) if example == line else f"Example: `{example}`"


def _tables(command: Any) -> str:
    """Arguments and options, a table for each panel of the help."""
    panels: dict[str, list[str]] = {}
    for one in command.params:
        if not one.hidden:
            panels.setdefault(getattr(one, "rich_help_panel", None) or "", []).append(_row(one))
    head = "| option | default | meaning |\n| --- | --- | --- |\n"
    return "\n".join((f"{panel}:\n\n" if panel else "") + head + "".join(rows) for panel, rows in panels.items())


def _row(one: Any) -> str:
    """One row of a table."""
    names = [_name(one)] if isinstance(one, TyperArgument) else [*one.opts, *one.secondary_opts]
    meaning = [_escaped(one.help or "")]
    meaning += ["Can be repeated."] if one.multiple and "repeat" not in meaning[0].lower() else []
    meaning += [f"Environment variable: `{one.envvar}`."] if one.envvar else []
    return f"| {', '.join(f'`{name}`' for name in names)} | {_default(one)} | {' '.join(meaning)} |\n"


def _name(argument: Any) -> str:
    return str(argument.metavar or argument.name).upper()


def _default(one: Any) -> str:
    """Say what applies where an option is left out."""
    if one.required:
        return "needed"
    if one.is_eager or one.default in (None, ()):
        return ""
    if isinstance(one.default, bool):
        return f"`{one.opts[0]}`" if one.default else "off"
    return f"`{getattr(one.default, 'value', one.default)}`"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


if __name__ == "__main__":
    PAGE.write_text(command_page(), encoding="utf-8")
