"""The space of a run: chosen, extended by the user's modules, changed by the command line, and checked."""

from collections.abc import Sequence
from pathlib import Path

from kdsearch.data.protocol_table import ProtocolTable
from kdsearch.data.protocols import SplitSeries
from kdsearch.distill.compatibility import incompatibility
from kdsearch.errors import SpaceError
from kdsearch.extensions import load_extensions
from kdsearch.models import Forecaster
from kdsearch.pipeline.fitting import families_of, smallest_student
from kdsearch.pipeline.own_parts import try_criterion, try_loss, try_network
from kdsearch.prune.shrink import unprunable
from kdsearch.study.space.files import load_space
from kdsearch.study.space.overrides import overridden
from kdsearch.study.space.parameters import Range
from kdsearch.study.space.space import SearchSpace
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.network import new_network

__all__ = ["check_alone", "check_space", "check_values", "extended_space"]

WHOLE = {name for name, field in TrialConfig.model_fields.items() if field.annotation in (int, int | None)}
"""Parameters that are whole numbers."""


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
    """Refuse a space with a parameter or value that no trial understands, or no network beside the trials.

    Raises:
        SpaceError: With the first one.
    """
    settings = [{parameter.name: value} for parameter in space.parameters for value in parameter.values()]
    try:
        for one in (*settings, *space.teachers, space.stid):
            TrialConfig.of(one)
    except SpaceError as error:
        raise SpaceError(f"space {space.name}: {error}") from error
    for parameter in space.parameters:
        if isinstance(parameter, Range) and parameter.kind == "float" and parameter.name in WHOLE:
            raise SpaceError(
                f"space {space.name}: parameter {parameter.name} is a whole number, and its range has fractions; write "
                f'kind = "int" under [parameters.{parameter.name}]'
            )


def check_alone(space: SearchSpace) -> None:
    """Refuse a space that no run could use, whatever its data are.

    Raises:
        SpaceError: As `check_values`.
        ProtocolError: Where it names a protocol that is not there.
    """
    check_values(space)
    if isinstance(space.protocol, str):
        ProtocolTable.read({"base": space.protocol}, f"space {space.name}")


def check_space(space: SearchSpace, series: SplitSeries, teacher: TrialConfig) -> None:
    """Refuse a space that trials would not understand, or whose teacher cannot teach, before a teacher is trained.

    Args:
        space: The space.
        series: Cut by the protocol.
        teacher: Configuration of the teacher, or of one candidate.

    Raises:
        SpaceError: With the value that does not fit, why a loss or a route does not fit a network, or how a part of the
            user's own fails.
    """
    check_values(space)
    teaching = new_network(series, teacher, 0)
    cut = "prune" in space.values_of("route")
    if cut and not space.families_that_fit and not teaching.channel_groups():
        raise SpaceError(unprunable(teacher.family))
    try_network(teaching, series, pruned=cut)
    for loss in map(str, space.values_of("loss")):
        try_loss(loss)
    students = [_checked_student(space, series, teaching, family) for family in families_of(space)]
    for criterion in map(str, space.values_of("criterion")):
        for network in [one for one in (teaching, *students) if one.channel_groups()][:1]:
            try_criterion(criterion, network)


def _checked_student(space: SearchSpace, series: SplitSeries, teaching: Forecaster, family: str) -> Forecaster:
    """Make a family's students of every width that the space names, and check what they learn by."""
    student = smallest_student(space, series, family)
    default = TrialConfig().family
    losses, routes = (space.values_under("family", default, name).get(family, set()) for name in ("loss", "route"))
    for loss in () if space.families_that_fit else sorted(map(str, losses)):
        if mistake := incompatibility(TrialConfig.of({"loss": loss}).loss_config(), teaching, student):
            raise SpaceError(mistake)
    cut = "student-prune" in routes
    if cut and not space.families_that_fit and not student.channel_groups():
        raise SpaceError(unprunable(family))
    try_network(student, series, pruned=cut)
    return student
