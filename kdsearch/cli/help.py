"""Help texts that list the rows of a table: read when help is shown, not when a command begins."""

from importlib import import_module
from typing import Any

from typer.core import TyperCommand

__all__ = ["TableCommand", "fill_help"]

TABLES = {
    "formats": ("kdsearch.deploy.formats", "FORMATS"),
    "objectives": ("kdsearch.measure.objectives", "OBJECTIVES"),
    "presets": ("kdsearch.trial.presets", "PRESETS"),
    "samplers": ("kdsearch.study.search.samplers", "SAMPLERS"),
    "stopping_rules": ("kdsearch.study.search.stopping", "STOPPING_RULES"),
}
"""Placeholder in a help text -> module and table whose names stand in its place."""


class TableCommand(TyperCommand):
    """A command whose help names the rows of tables, those of the user's modules not among them."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help with the names of the tables' rows."""
        fill_help(self)
        super().format_help(ctx, formatter)


def fill_help(command: Any) -> None:
    """Put the names of the tables' rows into a command's help texts."""
    for parameter in command.params:
        for placeholder, (module, table) in TABLES.items():
            if parameter.help and f"{{{placeholder}}}" in parameter.help:
                names = ", ".join(getattr(import_module(module), table))
                parameter.help = parameter.help.replace(f"{{{placeholder}}}", names)
