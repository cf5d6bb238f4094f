"""The table of published errors in the report, with ours beside them."""

from __future__ import annotations

import html
import math
from itertools import groupby
from typing import TYPE_CHECKING

from kdsearch.report.numbers import error, measured

if TYPE_CHECKING:
    from kdsearch.report.published.point import PublishedPoint
    from kdsearch.report.summary import StudySummary

__all__ = ["published_section"]

_CAPTION = (
    "Test errors that papers print of the same data, channel and protocol, beside those of this study's test split, "
    "which is scored when the front is confirmed."
)
_METRICS = ("mae", "rmse", "mape")
_DASH = "—"


def published_section(summary: StudySummary) -> str:
    """Write the section in HTML: ours first, then every published network below its source.

    Returns:
        Nothing where no published error is comparable.
    """
    if not summary.published:
        return ""
    columns = _columns(summary.published)
    shown = [metric for metric in _METRICS if metric in {name for name, _ in columns}]
    spans = {metric: sum(name == metric for name, _ in columns) for metric in shown}
    over = "<th></th>" + "".join(
        f'<th colspan="{span}">test {html.escape(summary.titled(metric))}</th>' for metric, span in spans.items()
    )
    heads = "".join(f"<th>{'mean' if horizon == 'all' else f'{horizon} min'}</th>" for _, horizon in columns)
    bodies = [f"<tbody>{''.join(_own_rows(summary, columns))}</tbody>"]
    for source, group in groupby(summary.published, key=lambda point: point.source):
        bodies.append(f"<tbody>{_group(source, list(group), columns)}</tbody>")
    table = (
        f'<table><thead><tr class="over">{over}</tr><tr><th>Network</th>{heads}</tr></thead>{"".join(bodies)}</table>'
    )
    return f'<section><h2>Published</h2><p class="caption">{_CAPTION}</p><div class="scroll">{table}</div></section>'


def _columns(points: list[PublishedPoint]) -> list[tuple[str, str]]:
    """List metric and horizon of every published error, the mean after the minutes."""
    found = {(metric, horizon) for point in points for metric, values in point.metrics.items() for horizon in values}
    return sorted(found, key=lambda one: (_METRICS.index(one[0]), math.inf if one[1] == "all" else float(one[1])))


def _own_rows(summary: StudySummary, columns: list[tuple[str, str]]) -> list[str]:
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


def _group(source: str, points: list[PublishedPoint], columns: list[tuple[str, str]]) -> str:
    """Write the rows of one source below its name, and there once a note that all of them share."""
    notes = {point.note for point in points}
    shared = notes.pop() if len(notes) == 1 else ""
    head = html.escape(f"{source}: {shared}" if shared else source)
    rows = [
        _row(
            point.name[:1].upper() + point.name[1:],
            "" if shared else point.note,
            [point.metrics.get(metric, {}).get(horizon, math.nan) for metric, horizon in columns],
        )
        for point in points
    ]
    return f'<tr><td class="source" colspan="{len(columns) + 1}">{head}</td></tr>{"".join(rows)}'


def _row(name: str, note: str, values: list[float]) -> str:
    below = f"<small>{html.escape(note)}</small>" if note else ""
    cells = "".join(f"<td>{error(value) if math.isfinite(value) else _DASH}</td>" for value in values)
    return f"<tr><td>{html.escape(name)}{below}</td>{cells}</tr>"
