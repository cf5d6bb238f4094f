"""A search space: parameters that depend on one another, and settings to try first."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import optuna
from pydantic import AfterValidator, Field, StrictBool, StrictInt, StrictStr

from kdsearch.data.keys import Label
from kdsearch.data.protocol_table import ProtocolTable
from kdsearch.errors import SpaceError
from kdsearch.study.names import name_mistake, normal
from kdsearch.study.space.parameters import Fixed, Model, Parameter, Scalar

__all__ = ["LARGEST_ENSEMBLE", "Point", "SearchSpace"]

LARGEST_ENSEMBLE = 64
"""Networks in one teacher."""


def _plain_name(name: str) -> str:
    if mistake := name_mistake(name):
        raise ValueError(mistake)
    return normal(name)


class Point(Model):
    """A setting to try before the sampler's own.

    Attributes:
        cite: Its source, such as a table of a paper.
        params: Values of searched parameters; those left out are sampled.
    """

    cite: str = ""
    params: dict[str, Scalar]


class SearchSpace(Model):
    """The parameters of a search, in the order of asking.

    A name may come several times with different conditions; the first whose conditions hold is asked.

    Attributes:
        name: The space's name.
        title: One line for people.
        dataset: The dataset that it was made for, the default of a search.
        protocol: The protocol that it was made for, the default of a search: a name, or a table of the user's own.
        parameters: Parameters in the order of the file.
        points: Settings to try first.
        teacher: Settings of the teacher that differ from its recipe, such as its family, width or epochs.
        candidates: Further settings of networks of which the best one on the validation split teaches; empty for one.
        ensemble: Number of networks whose mean teaches: the best candidates, then further seeds of the best one.
        stid: Settings of the STID of every report, where they differ from `kdsearch.trial.teacher_settings.STID`.
        points_only: Whether only the points are run, without a sampler.
        families_that_fit: Whether families, losses and routes that data or teacher do not admit are left out; where
            False they are refused.
        imports: Python files, relative to the space's own file, and modules that add rows to kdsearch's tables.
        text: The file as it was read, or as it would be written after a change; kept with the study.
        folder: Folder of the file, from which `imports` are found.
    """

    name: Annotated[str, AfterValidator(_plain_name)]
    title: str = ""
    dataset: Label
    protocol: Label | ProtocolTable
    parameters: tuple[Parameter, ...]
    points: tuple[Point, ...] = ()
    teacher: dict[str, Scalar] = Field(default_factory=dict)
    candidates: tuple[dict[str, Scalar], ...] = ()
    ensemble: StrictInt = Field(1, ge=1, le=LARGEST_ENSEMBLE)
    stid: dict[str, Scalar] = Field(default_factory=dict)
    points_only: StrictBool = False
    families_that_fit: StrictBool = False
    imports: tuple[StrictStr, ...] = ()
    text: str = ""
    folder: Path | None = None

    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Ask for every parameter whose conditions hold.

        Args:
            trial: A new trial of `study.ask()`; parameters are defined on it as it runs.

        Returns:
            Name to value, in the order of the file, fixed values included.
        """
        return self.walk(lambda parameter: parameter.suggest(trial))

    def walk(self, value: Callable[[Parameter], Any]) -> dict[str, Any]:
        """Decide each applying parameter's value by those before it; the first variant of a name counts.

        Args:
            value: Gives a parameter's value; a parameter of value None is one that later conditions do not know.

        Returns:
            Name to value.
        """
        values: dict[str, Any] = {}
        for parameter in self.parameters:
            if parameter.name not in values and parameter.applies(values):
                values[parameter.name] = value(parameter)
        return values

    def keyed(self, params: dict[str, Scalar]) -> dict[str, Scalar]:
        """Name a setting's values as the study does (`key`); those that apply to nothing are left out."""
        found: dict[str, Scalar] = {}

        def given(parameter: Parameter) -> Scalar | None:
            value = _given(params, parameter)
            if parameter.name in params and not isinstance(parameter, Fixed):
                found[parameter.key] = params[parameter.name]
            return value

        self.walk(given)
        return found

    @property
    def teachers(self) -> list[dict[str, Scalar]]:
        """Settings of each network that may teach."""
        return [self.teacher | candidate for candidate in self.candidates] or [self.teacher]

    def values_of(self, name: str) -> set[Scalar]:
        """Gather the values named for a parameter, the ends of a range; empty where the space has none of that name."""
        return {value for parameter in self.parameters if parameter.name == name for value in parameter.values()}

    def values_under(self, name: str, otherwise: Scalar, asked: str) -> dict[Scalar, set[Scalar]]:
        """Map each value of one parameter to the values of another that may occur with it, whatever the others are.

        Args:
            name: The parameter that decides.
            otherwise: Its value where the space has none of that name.
            asked: The other one.
        """
        found: dict[Scalar, set[Scalar]] = {}
        for value in self.values_of(name) or {otherwise}:
            for parameter in self.parameters:
                if parameter.name == asked and value in parameter.when.get(name, (value,)):
                    found.setdefault(value, set()).update(parameter.values())
                    if set(parameter.when) <= {name}:
                        break  # this variant is the one that applies
        return found

    def with_values(self, values: dict[str, Scalar]) -> "SearchSpace":
        """Fix some parameters for every configuration; points keep what still applies to them and is still allowed.

        Args:
            values: Name to value.
        """
        fixed = tuple(Fixed(name=name, value=value) for name, value in values.items())
        searched: list[Parameter] = []
        for parameter in self.parameters:
            when = {name: allowed for name, allowed in parameter.when.items() if name not in values}
            holds = all(values[name] in allowed for name, allowed in parameter.when.items() if name in values)
            asked = when.keys() <= {one.name for one in searched}  # what depends on one that is gone goes too
            if parameter.name not in values and holds and asked:
                searched.append(parameter.model_copy(update={"when": when}))
        space = self.model_copy(update={"parameters": (*fixed, *searched)})
        points = []
        for point in self.points:
            params = {name: value for name, value in point.params.items() if name not in values}
            known = space.walk(partial(_given, params))
            params = {name: value for name, value in params.items() if known.get(name) == value}
            cite = point.cite if params == point.params else f"{point.cite}; changed by the recipe"
            points.append(point.model_copy(update={"params": params, "cite": cite}))
        return space.model_copy(update={"points": tuple(points)})

    def with_points(self, points: Sequence[Point]) -> "SearchSpace":
        """Add settings from elsewhere to try first; values that the space does not allow are left to sampling.

        Args:
            points: The settings, such as the front of another study. One without any allowed value is dropped.
        """
        fitting = []
        for point in points:
            params: dict[str, Scalar] = {}
            self.walk(partial(_allowed, point.params, params))
            if params:
                fitting.append(point.model_copy(update={"params": params}))
        return self.model_copy(update={"points": (*fitting, *self.points)})

    def check(self, where: str) -> None:
        """Look for mistakes that would surface in the middle of a search.

        Args:
            where: The file, for the message.

        Raises:
            SpaceError: There is a mistake; the first one is named, with parameter and file.
        """
        seen: dict[str, list[Parameter]] = {}
        for parameter in self.parameters:
            _check_parameter(parameter, seen, where)
            seen.setdefault(parameter.name, []).append(parameter)
        for number, point in enumerate(self.points, 1):
            self.check_point(point, f"point {number} of {where}")

    def check_point(self, point: Point, where: str) -> None:
        """Check that every value of a point is allowed, and applies.

        Raises:
            SpaceError: One is not allowed or does not apply; the first is named.
        """

        def checked(parameter: Parameter) -> Any:
            name = parameter.name
            if name in point.params and (mistake_in := parameter.mistake_in(point.params[name])):
                raise SpaceError(f"{where} has {name} = {point.params[name]!r}, which {mistake_in}")
            return _given(point.params, parameter)

        values = self.walk(checked)
        for name in point.params:
            if name not in values:
                raise SpaceError(
                    f"{where} names {name}, which does not apply to it; leave it out or name what it needs"
                )


def _given(params: dict[str, Scalar], parameter: Parameter) -> Scalar | None:
    """Give a point's value of a parameter, or the fixed one; None where the sampler will choose."""
    value = params.get(parameter.name)
    if value is not None and not parameter.mistake_in(value):
        return value
    return parameter.value if isinstance(parameter, Fixed) else None


def _allowed(given: dict[str, Scalar], kept: dict[str, Scalar], parameter: Parameter) -> Scalar | None:
    """Give the fixed value, or the given one where the parameter allows it, which is then kept."""
    if isinstance(parameter, Fixed):
        return parameter.value
    value = given.get(parameter.name)
    if value is None or parameter.mistake_in(value):
        return None
    kept[parameter.name] = value
    return value


def _check_parameter(parameter: Parameter, seen: dict[str, list[Parameter]], where: str) -> None:
    label = f"parameter {parameter.name} of {where}"
    if mistake := parameter.mistake():
        raise SpaceError(f"{label} {mistake}")
    for other in seen.get(parameter.name, ()):
        if other.key == parameter.key and (difference := parameter.difference(other)):
            raise SpaceError(f"{label} {difference} under one condition and not under another; make them alike")
    for name, allowed in parameter.when.items():
        if not allowed:
            raise SpaceError(f"{label} depends on {name}, and on no value of it; list at least one in when.{name}")
        if name not in seen:
            raise SpaceError(f"{label} depends on {name}, which does not come before it; move {name} up or correct it")
        for value in allowed:
            mistakes = [other.mistake_in(value) for other in seen[name]]
            if all(mistakes):
                raise SpaceError(f"{label} depends on {name} = {value!r}, but {name} {mistakes[0]}")
