"""Help of long commands: panels of options, and the rows of tables, read when help is shown."""

from importlib import import_module
from typing import Any

from typer.core import TyperCommand

__all__ = ["PanelCommand", "TableCommand", "fill_help"]

TABLES = {
    "formats": ("kdsearch.deploy.formats", "FORMATS"),
    "objectives": ("kdsearch.measure.objectives", "OBJECTIVES"),
    "presets": ("kdsearch.trial.presets", "PRESETS"),
    "samplers": ("kdsearch.study.search.samplers", "SAMPLERS"),
    "stopping_rules": ("kdsearch.study.search.stopping", "STOPPING_RULES"),
}
"""Placeholder in a help text -> module and table whose names stand in its place."""


PANELS = {
    "What": ("dataset", "protocol", "history", "horizon", "report_at", "channel", "fill", "readings"),
    "Limits": ("objective", "constraint", "prefer", "runtime"),
    "Time": (
        *("budget", "trials", "stopping_rule", "confirm_seeds", "confirm_points", "confirm_best", "files"),
        *("epochs", "fidelity", "seeds"),
    ),
    "Where": ("executor", "workers", "address", "device", "study", "studies", "storage", "data_dir", "allow_outside"),
    "Search": ("space", "set_", "fix", "imports", "preset", "teacher", "sampler", "warm_start", "seed"),
}
"""Panel -> the parameters whose options are in it."""


class TableCommand(TyperCommand):
    """A command whose help names the rows of tables, those of the user's modules not among them."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help with the names of the tables' rows."""
        fill_help(self)
        super().format_help(ctx, formatter)


class PanelCommand(TableCommand):
    """A command with so many options that its help has a panel for each question."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        panels = {name: panel for panel, names in PANELS.items() for name in names}
        for parameter in self.params:
            parameter.rich_help_panel = panels.get(str(parameter.name))  # type: ignore[attr-defined]


def fill_help(command: Any) -> None:
    """Put the names of the tables' rows into a command's help texts."""
    for parameter in command.params:
        for placeholder, (module, table) in TABLES.items():
            if parameter.help and f"{{{placeholder}}}" in parameter.help:
                names = ", ".join(getattr(import_module(module), table))
                parameter.help = parameter.help.replace(f"{{{placeholder}}}", names)
