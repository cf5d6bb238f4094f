"""The front and the baselines of a study as tables of written cells: one for a terminal, two with all that is known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kdsearch.report.grid import Grid, narrowed
from kdsearch.report.numbers import count, error, file_costs, mae, magnitude, significant, spread
from kdsearch.report.other_readings import WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kdsearch.costs import Cost
    from kdsearch.record import Baseline, Metrics
    from kdsearch.report.summary import StudySummary, TrialSummary

__all__ = ["front_grid", "front_grids", "settings_named"]

_CHOICES = ("family", "route", "loss", "decoding", "input")


_ORDER = ("network", "parameters", "ms", "test mean", "file kB", "validation mean", "settings", "FLOPs")
"""Columns of the table for a terminal, the most important one first; the first four are always there."""


def front_grid(summary: StudySummary, width: int) -> Grid:
    """Write one table for a terminal: a line for each network of the front and each baseline.

    The network with which the answer begins has the tone of what is chosen.

    Args:
        summary: The study.
        width: Columns of the terminal, for which those of the table are chosen.
    """
    rows, tones = [], {}
    for number, (name, network) in enumerate(_networks(summary)):
        weights, flops, latency, _, size, *_ = [""] * 7 if network.cost is None else _cost_cells(network.cost)
        settings = settings_named(getattr(network, "params", {}))
        rows.append([name, settings, weights, flops, latency, size, *_validation_errors(network.metrics, ["all"])])
        rows[-1].append(_test_error(network, "test"))
        if (summary.better_baseline or summary.chosen) in (name, network):
            tones[number] = "good"
    heads = ["network", "settings", "parameters", "FLOPs", "ms", "file kB", "validation mean", "test mean"]
    title = f"{summary.study}: front and baselines; {summary.titled('mae')} ({_seeds(summary)})"
    order = [head for head in _ORDER if head in _ORDER[:4] or any(row[heads.index(head)] for row in rows)]
    return narrowed(Grid(title, heads, rows, tuple(heads[:2]), tones), width, order, always=4)


def front_grids(summary: StudySummary) -> list[Grid]:
    """Write two tables, of costs and of errors, a line for each network of the front and each baseline."""
    return [_costs(summary), _errors(summary)]


def _networks(summary: StudySummary) -> list[tuple[str, TrialSummary | Baseline]]:
    """Name the networks of the front and the baselines, in the order in which they are shown."""
    mark = {summary.knee: f" ({summary.chosen_word})"}
    trials = [(f"{trial.label}{mark.get(trial.number, '')}", trial) for trial in summary.front_trials]
    return [*trials, *((line.name, line) for line in summary.baselines)]


def _costs(summary: StudySummary) -> Grid:
    heads = ["network", "weights", "FLOPs", "ms", "of the teacher's"]
    heads += ["file kB", "file ms", "of its file's"] if summary.has_files else []
    rows = []
    for name, network in _networks(summary):
        cells = _cost_cells(network.cost) if network.cost is not None else [""] * 7
        rows.append([name, *cells[: len(heads) - 1]])
    return Grid(f"{summary.study}: front and baselines, cost of one forecast", heads, rows, (heads[0],))


def _cost_cells(cost: Cost) -> list[str]:
    latency = significant(cost.latency_ms.p50) if cost.latency_ms else ""
    ratio = "" if cost.latency_ratio is None else significant(cost.latency_ratio, 2)
    return [count(cost.parameters), magnitude(cost.flops), latency, ratio, *file_costs(cost)]


def _errors(summary: StudySummary) -> Grid:
    horizons, other = [*summary.horizons, "all"], summary.other_readings
    splits = ["test"] if other is None else ["test", f"test-{other}"]
    heads = ["network", "settings", *(f"{minutes} min" for minutes in summary.horizons), "mean", "test mean"]
    heads += [] if other is None else [f"test, {WORDS[other]}"]
    rows = []
    for name, network in _networks(summary):
        tested = [_test_error(network, split) for split in splits]
        settings = settings_named(getattr(network, "params", {}))
        rows.append([name, settings, *_validation_errors(network.metrics, horizons), *tested])
    return Grid(f"{summary.study}: {summary.titled('mae')} ({_seeds(summary)})", heads, rows, tuple(heads[:2]))


def settings_named(params: Mapping[str, object]) -> str:
    """Name the settings that tell networks apart at first sight, as far as they were searched."""
    return ", ".join(str(params[choice]) for choice in _CHOICES if choice in params)


def _seeds(summary: StudySummary) -> str:
    """Name the seeds of the errors: the search has one, the confirmation may have had more."""
    validation = f"validation: the search's seed {summary.seed}"
    numbers = sorted({len(trial.confirmed.seeds) for trial in summary.front_trials if trial.confirmed is not None})
    if not numbers:
        return validation
    many = " or ".join(map(str, numbers))
    return f"{validation}; test: {'one seed' if numbers == [1] else f'mean over {many} seeds'}"


def _validation_errors(metrics: Metrics, horizons: list[str]) -> list[str]:
    values = [mae(metrics, horizon) for horizon in horizons]
    return ["" if math.isnan(value) else error(value) for value in values]


def _test_error(network: TrialSummary | Baseline, split: str) -> str:
    """Write the mean over seeds, with its standard deviation where there is one."""
    confirmed = getattr(network, "confirmed", None)
    stds: Metrics = {} if confirmed is None else confirmed.standard_deviation
    mean, std = mae(network.metrics, split=split), mae(stds, split=split)
    if math.isnan(mean):
        return ""
    return error(mean) if math.isnan(std) else f"{error(mean)} ± {spread(std)}"
