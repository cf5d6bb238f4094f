"""The table of published errors in the report, with ours beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from kdsearch.report.numbers import error, measured

if TYPE_CHECKING:
    from kdsearch.report.published.point import PublishedPoint
    from kdsearch.report.summary import StudySummary

__all__ = ["PublishedTable", "published_table"]

_METRICS = ("mae", "rmse", "mape")
_DASH = "—"


@dataclass(frozen=True)
class _Row:
    name: str
    note: str
    cells: list[str]


@dataclass(frozen=True)
class _Group:
    """Rows below their source; ours have none."""

    source: str
    rows: list[_Row]


@dataclass(frozen=True)
class PublishedTable:
    """What the table holds.

    Attributes:
        spans: Title of each error, and how many columns it has.
        heads: Of the columns after the first.
        groups: Ours first, then every published network below its source.
    """

    spans: list[tuple[str, int]]
    heads: list[str]
    groups: list[_Group]


def published_table(summary: StudySummary) -> PublishedTable | None:
    """Gather published errors beside ours; None where no published error is comparable."""
    if not summary.published:
        return None
    columns = _columns(summary.published)
    metrics = [metric for metric in _METRICS if metric in {name for name, _ in columns}]
    spans = [(summary.titled(metric), sum(name == metric for name, _ in columns)) for metric in metrics]
    heads = ["mean" if horizon == "all" else f"{horizon} min" for _, horizon in columns]
    groups = [_Group("", _own_rows(summary, columns))]
    for source, points in groupby(summary.published, key=lambda point: point.source):
        groups.append(_group(source, list(points), columns))
    return PublishedTable(spans, heads, groups)


def _columns(points: list[PublishedPoint]) -> list[tuple[str, str]]:
    """List metric and horizon of every published error, the mean after the minutes."""
    found = {(metric, horizon) for point in points for metric, values in point.metrics.items() for horizon in values}
    return sorted(found, key=lambda one: (_METRICS.index(one[0]), math.inf if one[1] == "all" else float(one[1])))


def _own_rows(summary: StudySummary, columns: list[tuple[str, str]]) -> list[_Row]:
    """Write the rows of this study: its teacher and the network that was chosen from its front."""
    own = {} if summary.teacher is None else {"Teacher, here": summary.teacher.metrics}
    own |= {
        f"Trial {trial.number}, {summary.chosen_word}, here": trial.metrics
        for trial in summary.front_trials
        if trial.number == summary.knee
    }
    return [
        _row(name, "", [measured(metrics, metric, horizon, "test") for metric, horizon in columns])
        for name, metrics in own.items()
    ]


def _group(source: str, points: list[PublishedPoint], columns: list[tuple[str, str]]) -> _Group:
    """Write the rows of one source, and a note that all of them share once, after its name."""
    notes = {point.note for point in points}
    shared = notes.pop() if len(notes) == 1 else ""
    rows = [
        _row(
            point.name[:1].upper() + point.name[1:],
            "" if shared else point.note,
            [point.metrics.get(metric, {}).get(horizon, math.nan) for metric, horizon in columns],
        )
        for point in points
    ]
    return _Group(f"{source}: {shared}" if shared else source, rows)


def _row(name: str, note: str, values: list[float]) -> _Row:
    return _Row(name, note, [error(value) if math.isfinite(value) else _DASH for value in values])
