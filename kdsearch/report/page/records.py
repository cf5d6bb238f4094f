"""What the script of the report page draws and lists: every network with its errors, costs and settings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from kdsearch.measure.metrics import METRICS
from kdsearch.measure.objectives import OBJECTIVES
from kdsearch.report.figures.catalog import figures_of
from kdsearch.report.figures.style import baseline_stars, kind_colours, loss_symbol
from kdsearch.report.numbers import count, error, mae, magnitude, share, significant, spread, with_unit
from kdsearch.report.other_readings import WORDS
from kdsearch.report.text.limits import limits_broken

if TYPE_CHECKING:
    from kdsearch.costs import Cost
    from kdsearch.record import Baseline, Metrics
    from kdsearch.report.confirmed import Confirmed, Twin
    from kdsearch.report.summary import StudySummary, TrialSummary

__all__ = ["STATES", "export_command", "study_records"]

STATES = {
    "COMPLETE": "finished",
    "PRUNED": "stopped early",
    "FAIL": "failed",
    "RUNNING": "running",
    "WAITING": "waiting",
}
"""Optuna's states in words; its "pruned" would be read as a pruned network."""

_SPLITS = {"val": "validation", "test": "test"}
_DIGITS = 6
"""Significant digits of the numbers that the script gets: more than are ever shown."""


def study_records(summary: StudySummary) -> dict[str, Any]:
    """Gather what the script of a study's page needs.

    Returns:
        Plain data: ``networks`` (trials by number, then baselines that are networks), ``lines`` (baselines that are
        none), and the choices of the main figure: ``metrics``, ``splits``, ``horizons``, ``costs``.
    """
    axes = [row.along for row in figures_of(summary) if row.along is not None]
    costs = [axis.cost for axis in axes]
    trials = [_trial(trial, summary, costs) for trial in summary.trials]
    finished = [trial for trial in trials if trial["state"] == STATES["COMPLETE"]]  # of which points are drawn
    colours = kind_colours(str(one["kind"]) for one in finished)
    losses = sorted({str(one["loss"]) for one in finished})
    others = [one for one in _teacher_first(summary) if one.is_network]
    stars = baseline_stars(one.role for one in others)
    networks = [_baseline(one, star, summary, costs) for one, star in zip(others, stars, strict=True)]
    lines = [{"name": one.name, "errors": _rounded(one.metrics)} for one in summary.baselines if not one.is_network]
    lines += [
        {"name": f"{one.name}, published", "errors": {"test": _finite_metrics(one.metrics)}}
        for one in summary.published
        if one.drawn
    ]
    minimised = [one.name for one in summary.objectives if one.name in costs]
    return {
        "study": summary.study,
        "metrics": [{"name": name, "title": summary.titled(name)} for name in _metrics(summary)],
        "splits": [{"name": name, "title": title} for name, title in _splits(summary).items()],
        "horizons": [
            *({"name": minutes, "title": f"{minutes} minutes"} for minutes in summary.horizons),
            {"name": "all", "title": "mean of the horizon"},
        ],
        "costs": [{"name": axis.cost, "title": axis.title, "ticks": axis.tick_format} for axis in axes],
        "metric": summary.metric,
        "cost": next(iter(minimised), costs[0] if costs else ""),
        "chosenWord": summary.chosen_word,
        "limited": bool(summary.limits) or not all(trial.feasible for trial in summary.trials),
        "kinds": colours,
        "symbols": {loss: loss_symbol(loss) for loss in losses},
        "networks": trials + networks,
        "lines": lines,
    }


def export_command(summary: StudySummary, pick: object) -> str:
    """Write the command that takes a network home."""
    name = str(pick)
    quoted = f"'{name}'" if any(letter.isspace() for letter in name) else name
    return f"kdsearch export {summary.study} --pick {quoted}"


def _teacher_first(summary: StudySummary) -> list[Baseline]:
    return sorted(summary.baselines, key=lambda one: one.role != "teacher")


def _metrics(summary: StudySummary) -> list[str]:
    """List the errors that any network has, the one that was minimised first."""
    every = _every_errors(summary)
    known = [name for name in METRICS if any(name in metrics.get("val", {}) for metrics in every)]
    return sorted(known, key=lambda name: name != summary.metric) or [summary.metric]


def _splits(summary: StudySummary) -> dict[str, str]:
    every = _every_errors(summary)
    names = dict(_SPLITS)
    if summary.other_readings is not None:
        names |= {
            f"{split}-{summary.other_readings}": f"{words}, {WORDS[summary.other_readings]}"
            for split, words in _SPLITS.items()
        }
    return {name: words for name, words in names.items() if name == "val" or any(name in one for one in every)}


def _every_errors(summary: StudySummary) -> list[Metrics]:
    return [*(one.metrics for one in summary.baselines), *(one.metrics for one in summary.trials)]


def _trial(trial: TrialSummary, summary: StudySummary, costs: list[str]) -> dict[str, Any]:
    confirmed = trial.confirmed
    kept = trial.state == "COMPLETE"
    return {
        "id": f"trial {trial.number}",
        "number": trial.number,
        "title": f"trial {trial.label}",
        "words": trial.words,
        "kind": summary.kind(trial),
        "loss": str(trial.params.get("loss", "none")),
        "state": STATES[trial.state],
        "reason": trial.reason or "",
        "front": trial.on_front,
        "chosen": trial.number == summary.knee,
        "feasible": trial.feasible,
        "limits": [] if trial.feasible else limits_broken(trial, summary.limits),
        "errors": _rounded(trial.metrics),
        "stds": {} if confirmed is None else _rounded(confirmed.standard_deviation),
        "costs": _costs(trial, costs),
        "facts": _facts(trial.cost, summary) + _of_training(trial),
        "settings": [[name, _value(value)] for name, value in trial.params.items()],
        "curve": [
            [_digits(point.cpu_seconds), _digits(point.val_mae)] for point in trial.curve if point.val_mae is not None
        ],
        "twins": [] if confirmed is None else _twins(confirmed, summary.unit),
        "export": export_command(summary, trial.number) if kept else "",
    }


def _baseline(baseline: Baseline, star: dict[str, Any], summary: StudySummary, costs: list[str]) -> dict[str, Any]:
    return {
        "id": baseline.name,
        "title": baseline.name,
        "words": baseline.note,
        "role": baseline.role,
        "star": star,
        "errors": _rounded(baseline.metrics),
        "stds": {},
        "costs": _costs(baseline, costs),
        "facts": _facts(baseline.cost, summary),
        "settings": [],
        "curve": [],
        "twins": [],
        "export": export_command(summary, baseline.name),
    }


def _costs(network: TrialSummary | Baseline, names: list[str]) -> dict[str, float]:
    if network.cost is None:
        return {}
    values = {name: OBJECTIVES[name].value(network) for name in names}
    return {name: _digits(value) for name, value in values.items() if math.isfinite(value)}


def _facts(cost: Cost | None, summary: StudySummary) -> list[list[str]]:
    """Write what a network costs, name and value."""
    if cost is None:
        return []
    teacher = summary.teacher
    beside = ""
    if teacher is not None and teacher.cost is not None and teacher.cost is not cost:
        beside = f" ({share(cost.parameters / teacher.cost.parameters)} of the teacher's)"
    facts = [["weights", f"{count(cost.parameters)}{beside}"]]
    if cost.latency_ms is not None:
        faster = (
            f", {significant(1 / cost.latency_ratio, 2)} times as fast as the teacher" if cost.latency_ratio else ""
        )
        facts.append(["one forecast", f"{significant(cost.latency_ms.p50)} ms{faster}"])
    facts.append(["FLOPs of a forecast", magnitude(cost.flops)])
    facts.append(["weights and calendar", count(cost.stored_numbers)])
    if cost.file_bytes is not None:
        facts.append(["exported file", f"{significant(cost.file_bytes / 1000)} kB"])
    if cost.deployed_ms is not None:
        facts.append(["one forecast of the file", f"{significant(cost.deployed_ms.p50)} ms"])
    facts += [[name, significant(value)] for name, value in cost.measured.items()]
    return facts


def _of_training(trial: TrialSummary) -> list[list[str]]:
    facts = [["training and measuring", f"{significant(trial.cpu_seconds)} CPU s"]] if trial.cpu_seconds else []
    confirmed = trial.confirmed
    return facts if confirmed is None else [*facts, ["seeds", ", ".join(map(str, confirmed.seeds))]]


def _twins(confirmed: Confirmed, unit: str) -> list[str]:
    """Say what the network's twins, which hear no teacher, err."""
    found = {"for the same epochs": confirmed.twin, "for the same CPU seconds": confirmed.cpu_twin}
    return [_twin(words, twin, unit) for words, twin in found.items() if twin is not None]


def _twin(words: str, twin: Twin, unit: str) -> str:
    split = "test" if "test" in twin.mean_difference else "val"
    more = twin.mean_difference[split]
    much = with_unit(f"{spread(abs(more))}", unit)
    own = error(mae(twin.mean, split=split), unit)
    seeds = f"{len(twin.seeds)} seed{'s' if len(twin.seeds) > 1 else ''}"
    how = "more" if more >= 0 else "less"
    return f"Without a teacher {words}: {_SPLITS[split]} MAE {own}, {much} {how} ({seeds})"


def _value(value: object) -> str:
    return significant(value) if isinstance(value, float) else str(value)


def _finite_metrics(metrics: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    return {
        name: {horizon: _digits(value) for horizon, value in errors.items() if math.isfinite(value)}
        for name, errors in metrics.items()
    }


def _rounded(metrics: Metrics) -> dict[str, dict[str, dict[str, float]]]:
    """Round errors to the digits that are ever shown; the training split is left out."""
    return {split: _finite_metrics(errors) for split, errors in metrics.items() if not split.startswith("train")}


def _digits(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
