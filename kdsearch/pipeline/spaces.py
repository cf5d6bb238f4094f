"""The space of a run: chosen, extended by the user's modules, changed by the command line, and checked."""

from collections.abc import Sequence
from pathlib import Path

from kdsearch.data.protocols import SplitSeries
from kdsearch.distill.compatibility import incompatibility
from kdsearch.errors import SpaceError
from kdsearch.extensions import load_extensions
from kdsearch.prune.shrink import unprunable
from kdsearch.study.space.files import load_space
from kdsearch.study.space.overrides import overridden
from kdsearch.study.space.space import SearchSpace
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.network import new_network

__all__ = ["check_space", "check_values", "extended_space"]


def extended_space(
    name_or_path: str | Path, imports: Sequence[str] = (), sets: Sequence[str] = (), fixes: Sequence[str] = ()
) -> SearchSpace:
    """Read a space, import what it and the user name, and change it as the command line says.

    Args:
        name_or_path: Name of a space, or path of a TOML file.
        imports: Python files and modules beside those that the space names.
        sets: As in `overridden`.
        fixes: As in `overridden`.

    Raises:
        SpaceError: With the first mistake.
    """
    space = load_space(name_or_path)
    load_extensions(space.imports, space.folder)
    load_extensions(imports)
    return overridden(space, sets, fixes)


def check_values(space: SearchSpace) -> None:
    """Refuse a space with a parameter or value that no trial understands.

    Raises:
        SpaceError: With the first one.
    """
    for parameter in space.parameters:
        for value in parameter.values():
            TrialConfig.of({parameter.name: value})


def check_space(space: SearchSpace, series: SplitSeries, teacher: TrialConfig) -> None:
    """Refuse a space that trials would not understand, or whose teacher cannot teach, before a teacher is trained.

    Raises:
        SpaceError: With the value that does not fit, or why a loss or a route does not fit a network.
    """
    check_values(space)
    teaching = new_network(series, teacher, 0)
    usual = TrialConfig()
    for family in map(str, space.values_of("family") or {usual.family}):
        student = new_network(series, teacher.model_copy(update={"family": family, "depth": None, "width": 4}), 0)
        for loss in space.values_under("family", usual.family, "loss").get(family, ()):
            if mistake := incompatibility(TrialConfig.of({"loss": loss}).loss_config(), teaching, student):
                raise SpaceError(mistake)
        routes = space.values_under("family", usual.family, "route").get(family, set())
        if "student-prune" in routes and not student.channel_groups():
            raise SpaceError(unprunable(family))
    if "prune" in space.values_of("route") and not teaching.channel_groups():
        raise SpaceError(unprunable(teacher.family))
