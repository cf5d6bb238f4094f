"""Leave values out of a space, with all that depends on them alone."""

from collections.abc import Collection
from typing import Any

from kdsearch.study.space.overrides import fits
from kdsearch.study.space.parameters import Choice, Parameter, Scalar
from kdsearch.study.space.space import SearchSpace

__all__ = ["Lost", "narrowed"]

Lost = Collection[tuple[str, str, Scalar]]
"""Family, parameter and value that no trial can have together."""


def narrowed(space: SearchSpace, families: Collection[str], lost: Lost = ()) -> SearchSpace:
    """Leave families out of a space, and values under families; points that no longer fit go too.

    Args:
        space: The space.
        families: Those that are left.
        lost: Values of choices that are left out. One that is asked under several families is left out of all.
    """
    found = (_narrowed(parameter, families, lost) for parameter in space.parameters)
    changed = space.model_copy(update={"parameters": tuple(one for one in found if one is not None)})
    return changed.model_copy(update={"points": tuple(point for point in space.points if fits(changed, point))})


def _narrowed(parameter: Parameter, families: Collection[str], lost: Lost) -> Parameter | None:
    """Narrow one parameter and its conditions; None where it can never be asked again."""
    own = [family for family in parameter.when.get("family", tuple(families)) if family in families]

    def stays(name: str, value: Scalar, *, everywhere: bool) -> bool:
        if name == "family":
            return value in families
        return (all if everywhere else any)((str(family), name, value) not in lost for family in own)

    when = {
        name: tuple(value for value in allowed if stays(name, value, everywhere=False))
        for name, allowed in parameter.when.items()
    }
    changed: dict[str, Any] = {"when": when}
    if isinstance(parameter, Choice):
        changed["choices"] = tuple(one for one in parameter.choices if stays(parameter.name, one, everywhere=True))
    return parameter.model_copy(update=changed) if all(when.values()) and changed.get("choices", True) else None
