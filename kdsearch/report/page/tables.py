"""The table of the front on the report page: its networks, and below a rule the baselines; cells of written numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kdsearch.measure.metrics import METRICS
from kdsearch.report.numbers import count, error, magnitude, measured, share, significant, spread

if TYPE_CHECKING:
    from collections.abc import Callable

    from kdsearch.costs import Cost
    from kdsearch.record import Baseline, Metrics
    from kdsearch.report.summary import StudySummary, TrialSummary

__all__ = ["FrontTable", "front_table"]

_DASH = "—"
_OTHER_HEADS = {"published": "as published", "measured": "measured alone"}


@dataclass(frozen=True)
class _Cell:
    """A cell, or a head, with a small line below."""

    text: str
    small: str = ""


@dataclass(frozen=True)
class _Row:
    """A network: its cells, and what its first cell says.

    Attributes:
        group: 0 for the front, 1 for the baselines.
        name: Of the network.
        small: What it is.
        cells: As many as there are heads after the first.
        tag: "knee", "preferred" or "better".
        chosen: Whether the row stands out.
        card: Name under which the page's script knows it; "" where there is no card.
    """

    group: int
    name: str
    small: str
    cells: list[_Cell]
    tag: str = ""
    chosen: bool = False
    card: str = ""


@dataclass(frozen=True)
class FrontTable:
    """What the table holds; the first head is that of the networks' names."""

    heads: list[_Cell] = field(default_factory=list)
    rows: list[_Row] = field(default_factory=list)


@dataclass(frozen=True)
class _ErrorColumn:
    head: _Cell
    metric: str
    horizon: str
    split: str


def front_table(summary: StudySummary) -> FrontTable:
    """Gather the front's networks and the baselines: errors first, which matter most, then what they cost.

    Errors are of the test split where the front was confirmed, with the validation mean beside them, by which networks
    were chosen; before, of the validation split.
    """
    if not summary.trials and not summary.baselines:
        return FrontTable()
    columns, costs = _error_columns(summary), _cost_columns(summary)
    trials = [_trial_row(trial, summary, columns, costs) for trial in summary.front_trials]
    ordered = sorted(summary.baselines, key=lambda baseline: baseline.role != "teacher")
    baselines = [_baseline_row(baseline, summary, columns, costs) for baseline in ordered]
    heads = [_Cell("Network"), *(column.head for column in columns), *(_Cell(*name) for name in costs)]
    return FrontTable(heads, trials + baselines)


def _error_columns(summary: StudySummary) -> list[_ErrorColumn]:
    """Choose the errors: the mean and each horizon, other minimised errors, other readings, the validation mean."""
    tested = any(trial.confirmed for trial in summary.front_trials)
    split, words = ("test", "test") if tested else ("val", "validation")
    unit = summary.unit_of("mae")

    def column(text: str, metric: str = "mae", horizon: str = "all", of: str = split) -> _ErrorColumn:
        return _ErrorColumn(_Cell(text, summary.unit_of(metric) if metric != "mae" else unit), metric, horizon, of)

    columns = [column(f"{words} MAE")]
    columns += [column(f"{horizon} min", horizon=horizon) for horizon in summary.horizons]
    further = [one.name for one in summary.objectives if one.name in METRICS and one.name != "mae"]
    columns += [column(f"{words} {name.upper()}", name) for name in further]
    other = summary.other_readings
    if other is not None:
        columns.append(column(f"{words} MAE, {_OTHER_HEADS[other]}", of=f"{split}-{other}"))
    return columns + ([column("validation MAE", of="val")] if tested else [])


_Costs = dict[tuple[str, str], "Callable[[Cost], _Cell]"]


def _cost_columns(summary: StudySummary) -> _Costs:
    """Choose the costs: head and small line below it -> how the cell is written."""
    teacher = summary.teacher
    whole = teacher.cost.parameters if teacher is not None and teacher.cost is not None else 0

    def weights(cost: Cost) -> _Cell:
        return _Cell(count(cost.parameters), share(cost.parameters / whole) if whole else "")

    def milliseconds(cost: Cost) -> _Cell:
        ratio = f"{significant(1 / cost.latency_ratio, 2)} times" if cost.latency_ratio else ""
        return _Cell(_DASH if cost.latency_ms is None else significant(cost.latency_ms.p50), ratio)

    def of_file(cost: Cost) -> _Cell:
        if cost.file_bytes is None:
            return _Cell(_DASH)
        own = "" if cost.deployed_ms is None else f"{significant(cost.deployed_ms.p50)} ms"
        return _Cell(significant(cost.file_bytes / 1000), own)

    columns: _Costs = {
        ("weights", "of the teacher's"): weights,
        ("ms", "times as fast"): milliseconds,
        ("FLOPs", ""): lambda cost: _Cell(magnitude(cost.flops)),
    }
    return columns | ({("file kB", "its ms"): of_file} if summary.has_files else {})


def _trial_row(trial: TrialSummary, summary: StudySummary, columns: list[_ErrorColumn], costs: _Costs) -> _Row:
    confirmed, chosen = trial.confirmed, trial.number == summary.knee
    stds: Metrics = {} if confirmed is None else confirmed.standard_deviation
    seeds = [] if confirmed is None else [_seeds(len(confirmed.seeds), confirmed.asked_seeds)]
    what = ", ".join([trial.words, *seeds])
    cells = _cells(trial.metrics, stds, trial.cost, columns, costs)
    tag = summary.chosen_word if chosen else ""
    return _Row(0, f"Trial {trial.label}", what, cells, tag, chosen, f"trial {trial.number}")


def _baseline_row(baseline: Baseline, summary: StudySummary, columns: list[_ErrorColumn], costs: _Costs) -> _Row:
    cells = _cells(baseline.metrics, {}, baseline.cost, columns, costs)
    tag = "better" if baseline.name == summary.better_baseline else ""
    name = baseline.name[:1].upper() + baseline.name[1:]
    return _Row(1, name, baseline.note, cells, tag, card=baseline.name if baseline.is_network else "")


def _cells(
    metrics: Metrics, stds: Metrics, cost: Cost | None, columns: list[_ErrorColumn], costs: _Costs
) -> list[_Cell]:
    cells = []
    for column in columns:
        value, std = (measured(one, column.metric, column.horizon, column.split) for one in (metrics, stds))
        text = error(value) if math.isfinite(value) else _DASH
        cells.append(_Cell(text, "" if math.isnan(std) else f"± {spread(std)}"))
    return cells + [_Cell(_DASH) if cost is None else write(cost) for write in costs.values()]


def _seeds(there: int, asked: int) -> str:
    whole = f"{there} seed{'s' if there != 1 else ''}"
    return whole if there >= asked else f"{there} of {asked} seeds"
