"""What studies of one protocol and data were set to do, and in what they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kdsearch.errors import SpaceError
from kdsearch.report.comparison.model import Setting
from kdsearch.report.numbers import count, error, measured
from kdsearch.study.space.files import read_space
from kdsearch.study.space.overrides import describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kdsearch.report.summary import StudySummary
    from kdsearch.study.space.parameters import Parameter
    from kdsearch.study.space.space import SearchSpace
    from kdsearch.study.storage.meta import StudyMeta

__all__ = ["differing_settings"]

_ABSENT = "not named"


def differing_settings(summaries: Sequence[StudySummary], metas: Sequence[StudyMeta]) -> list[Setting]:
    """List the settings whose values differ between studies: search, teacher, space and versions."""
    each = [_settings(summary, meta) for summary, meta in zip(summaries, metas, strict=True)]
    names = list(dict.fromkeys(name for settings in each for name in settings))
    rows = [Setting(name=name, values=[settings.get(name, _ABSENT) for settings in each]) for name in names]
    return [row for row in rows if len(set(row.values)) > 1]


def _settings(summary: StudySummary, meta: StudyMeta) -> dict[str, str]:
    """Write the settings of a study: name -> value in words."""
    found = {
        "objectives": ", ".join(meta.objectives),
        "limits": ", ".join(meta.constraints) or "none",
        "sampler": meta.sampler,
        "seed": str(meta.seed),
        "teacher": _teacher(summary, meta),
        "own parts": ", ".join(meta.imported) or "none",
        "space": meta.space_name,
    }
    try:
        found |= _space(read_space(meta.space_text, meta.space_name))
    except SpaceError:  # of a kdsearch that wrote spaces otherwise
        found |= {"space": f"{meta.space_name}, which this version cannot read"}
    return found | {f"{package} version": version for package, version in summary.versions.items()}


def _teacher(summary: StudySummary, meta: StudyMeta) -> str:
    """Describe a teacher by its size and error; the beginning of its hash tells apart what these do not."""
    teacher = summary.teacher
    if teacher is None:
        return "none"
    size = [] if teacher.cost is None else [f"{count(teacher.cost.parameters)} parameters"]
    value = error(measured(teacher.metrics, summary.metric, "all", "val"), summary.unit_of(summary.metric))
    parts = [*([teacher.note] if teacher.note else []), *size, f"validation {summary.metric.upper()} {value}"]
    return f"{', '.join(parts)} ({(meta.teacher_hash or 'no hash')[:6]})"


def _space(space: SearchSpace) -> dict[str, str]:
    """Describe what a space searches, each parameter with its conditions, and what it fixes."""
    found: dict[str, str] = {}
    for parameter in space.parameters:
        before = f"{found[parameter.name]}; " if parameter.name in found else ""
        found[parameter.name] = before + _described(parameter)
    fixed = {"teacher's settings": space.teacher, "STID's settings": space.stid}
    found |= {
        name: ", ".join(f"{key} = {value}" for key, value in settings.items()) or "the recipe's"
        for name, settings in fixed.items()
    }
    return found | {"settings tried first": f"{len(space.points)}{', and no others' if space.points_only else ''}"}


def _described(parameter: Parameter) -> str:
    """Describe a parameter's values, and where it is asked."""
    asked = " and ".join(f"{key} is {' or '.join(map(str, values))}" for key, values in parameter.when.items())
    return f"{describe(parameter)} where {asked}" if asked else describe(parameter)
