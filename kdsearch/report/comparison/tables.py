"""The tables of a comparison, for every format and for the page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kdsearch.measure.objectives import OBJECTIVES
from kdsearch.report.grid import Grid
from kdsearch.report.numbers import count, error, magnitude, significant, spread, with_unit

if TYPE_CHECKING:
    from kdsearch.report.comparison.model import ComparedNetwork, Comparison
    from kdsearch.report.verdicts import Interval

__all__ = ["comparison_grids"]

_HEADS = {"params": "parameters", "flops": "FLOPs", "latency": "ms"}


def comparison_grids(found: Comparison) -> list[Grid]:
    """Write a comparison as tables: the studies, their chosen networks, the differences, the settings."""
    grids = [_studies(found), _networks(found), _differences(found)]
    return [_without_empty_columns(grid) for grid in (*grids, *([_settings(found)] if found.settings else []))]


def _without_empty_columns(grid: Grid) -> Grid:
    """Leave out columns of which no row has anything."""
    kept = [place for place in range(len(grid.columns)) if any(row[place] for row in grid.rows)]
    rows = [[row[place] for place in kept] for row in grid.rows]
    return replace(grid, columns=[grid.columns[place] for place in kept], rows=rows)


def _studies(found: Comparison) -> Grid:
    rows = [
        [
            one.letter,
            one.study,
            str(sum(one.trials.get(state, 0) for state in ("COMPLETE", "PRUNED"))),
            significant(one.cpu_seconds / 3600, 2),
            "" if one.hypervolume is None else significant(one.hypervolume),
        ]
        for one in found.studies
    ]
    columns = ["", "study", "trials", "CPU h", "hypervolume"]
    return Grid(f"Studies of {found.dataset}, protocol {found.protocol}", columns, rows, words=("", "study"))


def _networks(found: Comparison) -> Grid:
    """Write the knee, the best and the teacher of each study; the whole fronts are in the figure."""
    costs = list(dict.fromkeys(name for one in found.networks for name in one.costs))
    named = [one for one in found.networks if one.names]
    rows = [
        [
            f"{one.study} {', '.join(one.names)}",
            "" if one.trial is None else str(one.trial),
            "" if one.validation is None else error(one.validation),
            _test_error(one),
            *(_cost(name, one.costs[name]) if name in one.costs else "" for name in costs),
        ]
        for one in named
    ]
    heads = [_HEADS.get(name, with_unit(name, OBJECTIVES[name].unit)) for name in costs]
    return Grid(
        f"Networks, {found.error_title}", ["network", "trial", "validation", "test", *heads], rows, words=("network",)
    )


def _test_error(one: ComparedNetwork) -> str:
    if one.test is None:
        return ""
    return (
        error(one.test) if one.standard_deviation is None else f"{error(one.test)} ± {spread(one.standard_deviation)}"
    )


def _cost(name: str, value: float) -> str:
    if name == "flops":
        return magnitude(value)
    return count(int(value)) if OBJECTIVES[name].counted else significant(value)


def _differences(found: Comparison) -> Grid:
    rows = [
        [
            f"{one.studies[0]} - {one.studies[1]} {one.network}",
            " - ".join("none" if number is None else str(number) for number in one.trials),
            str(len(one.seeds)),
            "" if one.mean is None else f"{one.mean:+.3g}" if one.mean else "0",
            _interval(one.over_seeds),
            _interval(one.over_days),
            one.words,
        ]
        for one in found.differences
    ]
    title = f"Paired differences, test {found.error_title}, with 95 % intervals"
    columns = ["studies", "trials", "seeds", "difference", "over seeds", "over days", "verdict"]
    return Grid(title, columns, rows, words=("studies", "verdict"))


def _interval(ends: Interval | None) -> str:
    return "" if ends is None else f"{ends[0]:+.2g} to {ends[1]:+.2g}"


def _settings(found: Comparison) -> Grid:
    """Write what differs, a row for each value with the studies that have it."""
    letters = [one.letter for one in found.studies]
    rows = []
    for setting in found.settings:
        having: dict[str, list[str]] = {}
        for letter, value in zip(letters, setting.values, strict=True):
            having.setdefault(value, []).append(letter)
        rows += [
            [setting.name if place == 0 else "", ", ".join(those), value]
            for place, (value, those) in enumerate(having.items())
        ]
    return Grid("What differs", ["setting", "study", "value"], rows, words=("setting", "study", "value"))
