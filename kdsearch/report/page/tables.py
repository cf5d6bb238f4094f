"""The tables of the report page, in HTML; all text that comes from data is escaped where its cell is made."""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING

from kdsearch.measure.metrics import METRICS
from kdsearch.report.numbers import count, error, file_costs, magnitude, measured, share, significant, spread
from kdsearch.report.text.limits import limits_broken

if TYPE_CHECKING:
    from kdsearch.costs import Cost
    from kdsearch.record import Baseline, Metrics
    from kdsearch.report.summary import StudySummary, TrialSummary

__all__ = ["STATES", "all_trials_table", "front_table"]

STATES = {
    "COMPLETE": "finished",
    "PRUNED": "stopped early",
    "FAIL": "failed",
    "RUNNING": "running",
    "WAITING": "waiting",
}
"""Optuna's states in words; its "pruned" would be read as a pruned network."""

_DASH = "—"
_COST_HEADS = ("Parameters", "Stored", "FLOPs", "Latency<br>ms", "Ratio to<br>teacher")
_BATCH_HEAD = "Ratio at<br>batch 1140"
_FILE_HEADS = ("File<br>kB", "File<br>ms", "Ratio to<br>teacher's file")


def front_table(summary: StudySummary) -> str:
    """Write the front's networks, and below a rule the teacher and the baselines."""
    columns = _error_columns(summary)
    tested = any(trial.confirmed for trial in summary.front_trials)
    trials = [_trial_row(trial, summary, columns, tested=tested) for trial in summary.front_trials]
    ordered = sorted(summary.baselines, key=lambda baseline: baseline.role != "teacher")
    baselines = [_baseline_row(baseline, summary, columns, tested=tested) for baseline in ordered]
    cost_heads = _cost_heads(summary)
    names = "".join(f"<th>{name}</th>" for name in columns)
    metrics = {metric: summary.unit_of(metric) for metric, _, _ in columns.values()}
    what = html.escape(", ".join(f"{one.upper()} ({unit})" if unit else one.upper() for one, unit in metrics.items()))
    over = f'<th></th><th colspan="{len(cost_heads)}">cost</th><th colspan="{len(columns)}">validation {what}</th>'
    heads = "<th>Network</th>" + "".join(f"<th>{head}</th>" for head in cost_heads) + names
    if tested:
        over += f'<th colspan="{len(columns) + 1}">test {what}</th>'
        heads += names + "<th>Seeds</th>"
    head = f'<thead><tr class="over">{over}</tr><tr>{heads}</tr></thead>'
    bodies = "".join(f"<tbody>{''.join(rows)}</tbody>" for rows in (trials, baselines) if rows)
    return f"<table>{head}{bodies}</table>"


_Columns = dict[str, tuple[str, str, str]]
"""Head -> metric, horizon, and what follows the split's name."""

_OTHER_HEADS = {"published": "mean, as<br>published", "measured": "mean,<br>measured"}


def _error_columns(summary: StudySummary) -> _Columns:
    """Choose the columns of errors: MAE at all horizons, the minimised means, and the mean over the other readings."""
    columns: _Columns = {f"{horizon} min": ("mae", horizon, "") for horizon in summary.horizons}
    columns |= {"mean": ("mae", "all", "")}
    further = [one.name for one in summary.objectives if one.name in METRICS and one.name != "mae"]
    columns |= {f"mean<br>{name.upper()}": (name, "all", "") for name in further}
    other = summary.other_readings
    return columns | ({} if other is None else {_OTHER_HEADS[other]: ("mae", "all", f"-{other}")})


def all_trials_table(summary: StudySummary) -> str:
    """Write every trial with what was searched, why it ended where it did not finish, and the limits it broke."""
    heads = [
        "State",
        "Parameters",
        "FLOPs",
        "Latency<br>ms",
        f"Validation<br>{html.escape(summary.titled(summary.metric))}",
    ]
    heads += ["Limits"] if _is_limited(summary) else []
    head = '<th>Trial</th><th class="words">Searched</th>' + "".join(f"<th>{name}</th>" for name in heads)
    rows = "".join(_plain_row(trial, summary) for trial in summary.trials)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _trial_row(trial: TrialSummary, summary: StudySummary, columns: _Columns, *, tested: bool) -> str:
    is_knee = trial.number == summary.knee
    choices = [str(trial.params[name]) for name in ("loss", "input", "decoding") if name in trial.params]
    tag = f'<span class="tag">{summary.chosen_word}</span>' if is_knee else ""
    kind = html.escape(", ".join([summary.kind(trial), *choices]))
    name = f"<td>Trial {html.escape(trial.label)}{tag}<small>{kind}</small></td>"
    confirmed = trial.confirmed
    stds: Metrics = {} if confirmed is None else confirmed.standard_deviation
    cells = _cost_cells(trial.cost, summary) + _error_cells(trial.metrics, {}, "val", columns)
    if tested:
        cells += _error_cells(trial.metrics, stds, "test", columns)
        cells.append(_cell(_DASH if confirmed is None else _seeds(len(confirmed.seeds), confirmed.asked_seeds)))
    row = '<tr class="knee">' if is_knee else "<tr>"
    return f"{row}{name}{''.join(cells)}</tr>"


def _baseline_row(baseline: Baseline, summary: StudySummary, columns: _Columns, *, tested: bool) -> str:
    note = f"<small>{html.escape(baseline.note)}</small>" if baseline.note else ""
    tag = '<span class="tag">better</span>' if baseline.name == summary.better_baseline else ""
    name = f"<td>{html.escape(baseline.name[:1].upper() + baseline.name[1:])}{tag}{note}</td>"
    cells = _cost_cells(baseline.cost, summary) + _error_cells(baseline.metrics, {}, "val", columns)
    if tested:
        cells += [*_error_cells(baseline.metrics, {}, "test", columns), _cell(_DASH)]
    return f"<tr>{name}{''.join(cells)}</tr>"


def _is_limited(summary: StudySummary) -> bool:
    return bool(summary.limits) or not all(trial.feasible for trial in summary.trials)


def _plain_row(trial: TrialSummary, summary: StudySummary) -> str:
    searched = ", ".join(f"{name} {_value(value)}" for name, value in trial.params.items())
    reason = f"<small>{html.escape(trial.reason)}</small>" if trial.reason else ""
    words = f'<td class="words">{html.escape(searched)}{reason}</td>'
    costs = [_DASH] * 3
    if trial.cost is not None:
        costs = [count(trial.cost.parameters), magnitude(trial.cost.flops), _latency(trial.cost)[0]]
    value = measured(trial.metrics, summary.metric, "all", "val")
    cells = [_cell(text) for text in (STATES[trial.state], *costs, _error(value))]
    if _is_limited(summary):
        cells.append(f"<td>{'<br>'.join(map(html.escape, limits_broken(trial, summary.limits))) or _DASH}</td>")
    return f"<tr><td>{html.escape(trial.label)}</td>{words}{''.join(cells)}</tr>"


def _is_batched(summary: StudySummary) -> bool:
    """Check whether a network of the front was timed at the paper's batch, as a confirmation does."""
    costs = [trial.cost for trial in summary.front_trials]
    return any(cost is not None and cost.latency_batch_ratio is not None for cost in costs)


def _cost_heads(summary: StudySummary) -> tuple[str, ...]:
    batched = (_BATCH_HEAD,) if _is_batched(summary) else ()
    return (*_COST_HEADS, *batched, *(_FILE_HEADS if summary.has_files else ()))


def _cost_cells(cost: Cost | None, summary: StudySummary) -> list[str]:
    batched, teacher = _is_batched(summary), summary.teacher
    if cost is None:
        return [_cell(_DASH)] * len(_cost_heads(summary))
    of_teacher = ""
    if teacher is not None and teacher.cost is not None and teacher.cost.parameters > 0:
        of_teacher = share(cost.parameters / teacher.cost.parameters)
    p50, p95 = _latency(cost)
    cells = [
        _cell(count(cost.parameters), of_teacher),
        _cell(magnitude(cost.stored_numbers)),
        _cell(magnitude(cost.flops)),
        _cell(p50, f"p95 {p95}" if p95 else ""),
        _cell(_ratio(cost.latency_ratio)),
    ]
    cells += [_cell(_ratio(cost.latency_batch_ratio))] if batched else []
    if not summary.has_files:
        return cells
    size, *others = file_costs(cost)
    memory = cost.deployed_memory_bytes
    below = "" if memory is None else f"{significant(memory / 1e6, 2)} MB of memory"
    return [*cells, _cell(size or _DASH, below), *(_cell(text or _DASH) for text in others)]


def _error_cells(metrics: Metrics, stds: Metrics, split: str, columns: _Columns) -> list[str]:
    cells = []
    for metric, horizon, readings in columns.values():
        value, std = (measured(one, metric, horizon, f"{split}{readings}") for one in (metrics, stds))
        cells.append(_cell(_error(value), "" if math.isnan(std) else f"± {spread(std)}"))
    return cells


def _latency(cost: Cost) -> tuple[str, str]:
    """Write median and 95th percentile in milliseconds; a dash and nothing where latency was not measured."""
    latency = cost.latency_ms
    return (_DASH, "") if latency is None else (significant(latency.p50), significant(latency.p95))


def _seeds(there: int, asked: int) -> str:
    return str(there) if there >= asked else f"{there} of {asked}"


def _ratio(value: float | None) -> str:
    return _DASH if value is None else significant(value, 2)


def _error(value: float) -> str:
    return error(value) if math.isfinite(value) else _DASH


def _value(value: object) -> str:
    return significant(value) if isinstance(value, float) else str(value)


def _cell(text: str, small: str = "") -> str:
    below = f"<small>{html.escape(small)}</small>" if small else ""
    return f"<td>{html.escape(text)}{below}</td>"
