"""Trials of a study as a frame of pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from kdsearch.costs import Cost
    from kdsearch.record import Metrics
    from kdsearch.report.summary import StudySummary, TrialSummary

__all__ = ["trials_frame"]


def trials_frame(summary: StudySummary) -> pd.DataFrame:
    """Make a frame with a row for each trial.

    Returns:
        Columns: number, state, feasible, on_front, reason and cpu_seconds; one for each setting; errors by split,
        metric and horizon in minutes, such as ``val_mae_15`` and ``test_rmse_all``; parameters, stored_numbers, flops,
        latency_ms, latency_ratio and the costs of the user's own objectives. What a trial does not have is missing.
    """
    import pandas as pd  # noqa: PLC0415 - slow to import, and a report needs none

    parts = [[_about(one), one.params, _errors(one.metrics), _costs(one.cost)] for one in summary.trials]
    columns = dict.fromkeys(name for place in range(4) for row in parts for name in row[place])
    rows = [costs | errors | settings | about for about, settings, errors, costs in parts]
    return pd.DataFrame(rows, columns=list(columns))


def _about(trial: TrialSummary) -> dict[str, Any]:
    fields = ("number", "state", "feasible", "on_front", "reason", "cpu_seconds")
    return {name: getattr(trial, name) for name in fields}


def _errors(metrics: Metrics) -> dict[str, Any]:
    return {
        f"{split}_{metric}_{horizon}": value
        for split, by_metric in metrics.items()
        for metric, by_horizon in by_metric.items()
        for horizon, value in by_horizon.items()
    }


def _costs(cost: Cost | None) -> dict[str, Any]:
    if cost is None:
        return {}
    return {
        "parameters": cost.parameters,
        "stored_numbers": cost.stored_numbers,
        "flops": cost.flops,
        "latency_ms": None if cost.latency_ms is None else cost.latency_ms.p50,
        "latency_ratio": cost.latency_ratio,
        **cost.measured,
    }
