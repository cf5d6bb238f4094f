"""Reproductions as tables for a terminal."""

import statistics
from collections.abc import Iterator, Mapping, Sequence

from kdsearch.report.numbers import count, error, share, significant, spread
from kdsearch.report.other_readings import differs
from kdsearch.report.verdicts import Interval
from kdsearch.reproduce.claims import Judgement
from kdsearch.reproduce.searches import SearchReproduction
from kdsearch.reproduce.tables import Cell, Line, Reproduction

__all__ = ["Shown", "shown_search", "shown_table"]

Shown = tuple[str, list[str], list[list[str]]]
"""Title, column heads and rows of cells."""

METRICS = {
    "mae": "MAE",
    "mae-measured": "MAE over measured readings alone",
    "rmse": "RMSE",
    "mape": "MAPE, %",
    "attention": "attention to the teacher",
}
OTHERS = {
    "published": "the paper's",
    "epochs": "no teacher, same epochs",
    "seconds": "no teacher, same CPU seconds",
}
BUDGETS = {"epochs": "epochs", "seconds": "CPU seconds"}
JUDGED = ["verdict", "less MAE", "95 % over seeds", "95 % over days", "p", "p, Holm"]


def shown_table(made: Reproduction) -> Iterator[Shown]:
    """Render one table for each metric, then the claims."""
    metrics = [name for name in METRICS if any(line.cells.get(name) for line in made.lines)]
    for metric in metrics:
        if metric == "mae-measured" and not _differs(made.lines, metric):
            continue
        unit = f", {made.unit}" if metric in ("mae", "mae-measured", "rmse") else ""
        horizons = sorted(next(line.cells[metric] for line in made.lines if line.cells.get(metric)), key=_last_mean)
        heads = ["", "parameters", "seeds"]
        for horizon in horizons:
            heads += [_horizon(horizon)]
            heads += [f"{made.published}, published"] if made.published and _printed(made, metric, horizon) else []
        rows = [_row(made, line, metric, horizons) for line in made.lines]
        yield f"{made.title}; test {METRICS[metric]}{unit}", heads, rows
    if made.claims:
        rows = [[one.claim, BUDGETS[one.budget], *_judged(one.judgement)] for one in made.claims]
        yield f"Claims; less MAE, {made.unit}", ["claim", "at the same", *JUDGED], rows


def shown_search(made: SearchReproduction) -> Iterator[Shown]:
    """Render the settings with their errors, three rows for each search, then the verdicts on those found."""
    horizons = sorted(made.lines[0].found_errors, key=_last_mean)
    rows, verdicts = [], []
    for line in made.lines:
        for side, settings, errors in (
            ("the paper's", _settings(line.published), line.published_errors),
            ("found", _settings(line.found), line.found_errors),
            ("found, no teacher", "", line.plain_errors),
        ):
            rows.append([line.setting, side, settings, *(_cell(errors[one]) for one in horizons)])
        trials = ", ".join(f"{number} {state}" for state, number in line.trials.items())
        verdicts += [[line.setting, trials, OTHERS[name], *_judged(one)] for name, one in line.judgements.items()]
    yield f"{made.title}; test MAE, {made.unit}", ["", "", "settings", *map(_horizon, horizons)], rows
    yield f"Is what was found better? Less MAE, {made.unit}", ["", "trials", "than", *JUDGED], verdicts


def _differs(lines: Sequence[Line], metric: str) -> bool:
    """Check whether the errors over other readings differ from the MAE of any row by more than a share."""
    pairs = [
        (line.cells["mae"]["all"].mean, line.cells[metric]["all"].mean) for line in lines if line.cells.get(metric)
    ]
    return any(differs(counted, other) for counted, other in pairs)


def _printed(made: Reproduction, metric: str, horizon: str) -> bool:
    """Check whether the paper has this column."""
    cells = [line.cells.get(metric, {}).get(horizon) for line in made.lines]
    return any(cell is not None and cell.published is not None for cell in cells)


def _row(made: Reproduction, line: Line, metric: str, horizons: Sequence[str]) -> list[str]:
    row = [line.title, "" if line.parameters is None else count(line.parameters), str(line.seeds)]
    cells = line.cells.get(metric, {})
    for horizon in horizons:
        cell = cells.get(horizon)
        row.append(line.reason or "not there" if cell is None else _cell(cell))
        if _printed(made, metric, horizon):
            row.append("" if cell is None or cell.published is None else significant(cell.published, 4))
    return row


def _cell(cell: Cell) -> str:
    around = "" if cell.standard_deviation is None else f" ± {spread(cell.standard_deviation)}"
    return f"{error(cell.mean)}{around}"


def _judged(one: Judgement) -> list[str]:
    """Write a judgement in the columns of `JUDGED`."""
    if one.share is None:
        return [f"{one.verdict}: {one.reason}", _gains(one.gains), "", "", "", ""]
    days = "one day" if one.days == 1 else "not kept" if one.over_days is None else _interval(one.over_days)
    effect = f"{statistics.fmean(gain for gain in one.gains if gain is not None):+.3f} ({share(one.share)})"
    over_days = f"{days} ({one.days} days)" if one.over_days else days
    return [one.verdict, effect, _interval(one.over_seeds), over_days, _p(one.p_value), _p(one.corrected_p_value)]


def _interval(ends: Interval | None) -> str:
    return "" if ends is None else f"{ends[0]:+.3f} to {ends[1]:+.3f}"


def _p(value: float | None) -> str:
    return "" if value is None else significant(value, 2)


def _gains(gains: Sequence[float | None]) -> str:
    return ", ".join("not finite" if gain is None else f"{gain:+.3f}" for gain in gains)


def _last_mean(horizon: str) -> float:
    """Give the sort key of a horizon: in order of time, the mean last."""
    return float(horizon) if horizon.isdigit() else float("inf")


def _horizon(name: str) -> str:
    return "mean" if name == "all" else name if "%" in name else f"{name} min"


def _settings(params: Mapping[str, object]) -> str:
    return ", ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in params.items()
    )
