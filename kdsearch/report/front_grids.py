"""The front and the baselines of a study as tables of written cells: what they cost, and how large their errors are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kdsearch.report.grid import Grid
from kdsearch.report.numbers import count, error, file_costs, mae, magnitude, significant, spread
from kdsearch.report.other_readings import WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kdsearch.costs import Cost
    from kdsearch.record import Baseline, Metrics
    from kdsearch.report.summary import StudySummary, TrialSummary

__all__ = ["front_grids", "settings_named"]

_CHOICES = ("family", "route", "loss", "decoding", "input")


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
        params, confirmed = getattr(network, "params", {}), getattr(network, "confirmed", None)
        stds: Metrics = {} if confirmed is None else confirmed.standard_deviation
        tested = [_test_error(network.metrics, stds, split) for split in splits]
        rows.append([name, settings_named(params), *_validation_errors(network.metrics, horizons), *tested])
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


def _test_error(metrics: Metrics, stds: Metrics, split: str) -> str:
    """Write the mean over seeds, with its standard deviation where there is one."""
    mean, std = mae(metrics, split=split), mae(stds, split=split)
    if math.isnan(mean):
        return ""
    return error(mean) if math.isnan(std) else f"{error(mean)} ± {spread(std)}"
