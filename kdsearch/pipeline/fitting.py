"""What of a space the data and the teacher admit: families, losses and routes that cannot be are left out, and said."""

from kdsearch.data.protocols import SplitSeries
from kdsearch.distill.compatibility import incompatibility
from kdsearch.distill.loss_table import LOSSES
from kdsearch.errors import SpaceError
from kdsearch.measure.cost import weight_count
from kdsearch.models import Forecaster
from kdsearch.report.numbers import listed
from kdsearch.study.space.narrowed import narrowed
from kdsearch.study.space.parameters import Fixed, Scalar
from kdsearch.study.space.space import SearchSpace
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.network import new_network
from kdsearch.trial.teacher_settings import teacher_config

__all__ = ["answered_space", "families_of", "fitting_families", "fitting_teachers", "smallest_student", "taught_space"]


def families_of(space: SearchSpace) -> list[str]:
    """List the families that a space searches."""
    return sorted(map(str, space.values_of("family") or {TrialConfig().family}))


def smallest_student(space: SearchSpace, series: SplitSeries, family: str) -> Forecaster:
    """Make a family's students of every width that the space names, and give the smallest.

    Raises:
        SpaceError: One cannot be made for these data, or as the space fixes it.
    """
    widths = sorted(space.values_under("family", TrialConfig().family, "width").get(family, ()), key=str)
    fixed = {
        one.name: one.value
        for one in space.parameters
        if isinstance(one, Fixed) and one.when.keys() <= {"family"} and family in one.when.get("family", (family,))
    }
    plain = TrialConfig.of(fixed | {"family": family})
    made = [new_network(series, plain.model_copy(update={"width": width}), 0) for width in widths or [4]]
    return min(made, key=weight_count)


def fitting_families(space: SearchSpace, series: SplitSeries) -> tuple[SearchSpace, list[str]]:
    """Leave out the families whose networks cannot be made for the data, where the space allows that.

    Returns:
        The space, and a sentence for each family that was left out.

    Raises:
        SpaceError: No family is left.
    """
    if not space.families_that_fit:
        return space, []
    left, reasons = list[str](), dict[str, str]()
    for family in families_of(space):
        try:
            smallest_student(space, series, family)
            left.append(family)
        except SpaceError as error:
            reasons[family] = str(error)
    if not left:
        raise SpaceError(f"no family of space {space.name} fits {series.source.name}: {'; '.join(reasons.values())}")
    return narrowed(space, left), [f"{family} is left out: {reason}" for family, reason in reasons.items()]


def fitting_teachers(space: SearchSpace, series: SplitSeries, preset: str) -> SearchSpace:
    """Leave out the candidates whose networks cannot be made for the data, where the space allows that.

    Raises:
        SpaceError: None is left, or one cannot be made in a space whose candidates must all fit.
    """
    made, reasons = list[dict[str, Scalar]](), list[str]()
    for settings in space.candidates:
        config = teacher_config(series, preset, space.teacher | settings)
        try:
            new_network(series, config, 0)
            made.append(settings)
        except SpaceError as error:
            if not space.families_that_fit:
                raise
            reasons.append(str(error))
    if space.candidates and not made:
        raise SpaceError(f"no teacher of space {space.name} fits {series.source.name}: {'; '.join(reasons)}")
    return space.model_copy(update={"candidates": tuple(made)})


def answered_space(space: SearchSpace, answers: str) -> tuple[SearchSpace, list[str]]:
    """Leave out the losses that look inside a teacher: a file of answers has forecasts alone.

    Args:
        space: The space.
        answers: Name of the file.

    Returns:
        The space, and a sentence where something was left out.

    Raises:
        SpaceError: One of them is fixed.
    """
    inside = sorted(loss for loss in map(str, space.values_of("loss")) if not LOSSES.choose(loss).fits_every_pair)
    if not inside:
        return space, []
    fixed = [one.value for one in space.parameters if isinstance(one, Fixed) and one.name == "loss"]
    if wrong := [value for value in fixed if value in inside]:
        raise SpaceError(
            f"loss {wrong[0]} looks inside a teacher, and {answers} has forecasts alone; choose "
            f"{listed([loss.name for loss in LOSSES.values() if loss.teacher == 'outputs'])}"
        )
    lost = [(family, "loss", loss) for family in families_of(space) for loss in inside]
    said = f"loss {listed(inside)} left out: {answers} has forecasts, and nothing of how they were made"
    return narrowed(space, families_of(space), lost), [said]


def taught_space(space: SearchSpace, series: SplitSeries, teacher: Forecaster) -> tuple[SearchSpace, list[str]]:
    """Leave out losses and routes that do not fit the teacher, where the space allows that.

    Args:
        space: The space, its families fitting.
        series: Cut by the protocol.
        teacher: What teaches, and what the route "prune" cuts.

    Returns:
        The space, and a sentence for each family of which something was left out.

    Raises:
        SpaceError: No family is left, as losses or routes are fixed.
    """
    if not space.families_that_fit:
        return space, []
    lost: list[tuple[str, str, Scalar]] = []
    for family in families_of(space):
        student = smallest_student(space, series, family)
        cut = {
            "prune": teacher.family == family and teacher.channel_groups(),
            "student-prune": student.channel_groups(),
        }
        lost += [(family, "route", route) for route, possible in cut.items() if not possible]
        losses = sorted(map(str, space.values_under("family", TrialConfig().family, "loss").get(family, ())))
        configs = {loss: TrialConfig.of({"loss": loss}).loss_config() for loss in losses}
        lost += [(family, "loss", name) for name, one in configs.items() if incompatibility(one, teacher, student)]
    fixed = {
        family
        for family, name, value in lost
        for one in space.parameters
        if isinstance(one, Fixed) and (one.name, one.value) == (name, value)
        if family in one.when.get("family", (family,))
    }
    if fixed == set(families_of(space)):
        raise SpaceError(
            f"with {teacher.family} as teacher no family of space {space.name} can be as it is fixed: "
            f"{listed(sorted({f'{name} {value}' for _, name, value in lost}))} do not fit; leave that out"
        )
    asked = [(family, name, value) for family, name, value in lost if value in _asked(space, family, name)]
    said = [
        f"{family} is searched without {listed([str(v) for f, _, v in asked if f == family])}: a teacher of family "
        f"{teacher.family} does not admit that"
        for family in dict.fromkeys(family for family, _, _ in asked)
    ]
    left = [family for family in families_of(space) if family not in fixed]
    return narrowed(space, left, lost), said


def _asked(space: SearchSpace, family: str, name: str) -> set[Scalar]:
    return space.values_under("family", TrialConfig().family, name).get(family, set())
