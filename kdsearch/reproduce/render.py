"""Reproductions as tables for a terminal."""

from collections.abc import Iterator, Mapping, Sequence

from kdsearch.report.numbers import count, error, share, significant, spread
from kdsearch.reproduce.searches import SearchReproduction
from kdsearch.reproduce.tables import Cell, ClaimLine, Line, Reproduction

__all__ = ["Shown", "shown_search", "shown_table"]

Shown = tuple[str, list[str], list[list[str]]]
"""Title, column heads and rows of cells."""

METRICS = {"mae": "MAE", "rmse": "RMSE", "mape": "MAPE, %", "attention": "attention to the teacher"}
BUDGETS = {"epochs": "same epochs", "seconds": "same CPU seconds"}


def shown_table(made: Reproduction) -> Iterator[Shown]:
    """Render one table for each metric, then the claims."""
    metrics = [name for name in METRICS if any(name in line.cells and line.cells[name] for line in made.lines)]
    for metric in metrics:
        unit = f", {made.unit}" if metric in ("mae", "rmse") else ""
        horizons = sorted(next(line.cells[metric] for line in made.lines if line.cells.get(metric)), key=_last_mean)
        heads = ["", "parameters", "seeds"]
        for horizon in horizons:
            heads += [_horizon(horizon)]
            heads += [f"{made.published}, published"] if made.published and _printed(made, metric, horizon) else []
        rows = [_row(made, line, metric, horizons) for line in made.lines]
        yield f"{made.title}; test {METRICS[metric]}{unit}", heads, rows
    if made.claims:
        heads = ["claim", *(f"{words}: {what}" for words in BUDGETS.values() for what in ("verdict", "less MAE"))]
        yield "Claims", heads, list(_claims(made.claims))


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
        verdicts.append([line.setting, trials, "the paper's", line.verdict, _gains(line.gains)])
        for budget, words in BUDGETS.items():
            said = [line.teacher_verdicts[budget], _gains(line.teacher_gains[budget])]
            verdicts.append([line.setting, trials, f"no teacher, {words}", *said])
    yield f"{made.title}; test MAE, {made.unit}", ["", "", "settings", *map(_horizon, horizons)], rows
    yield "Is what was found better?", ["", "trials", "than", "verdict", "less MAE, by seed"], verdicts


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


def _claims(claims: Sequence[ClaimLine]) -> Iterator[list[str]]:
    for words in dict.fromkeys(claim.claim for claim in claims):
        row = [words]
        of_budget = {claim.budget: claim for claim in claims if claim.claim == words}
        for budget in BUDGETS:
            claim = of_budget.get(budget)
            row += ["", ""] if claim is None else [claim.verdict, f"{share(claim.share)} ({_gains(claim.gains)})"]
        yield row


def _gains(gains: Sequence[float]) -> str:
    return ", ".join(f"{gain:+.3f}" for gain in gains)


def _last_mean(horizon: str) -> float:
    """Give the sort key of a horizon: in order of time, the mean last."""
    return float(horizon) if horizon.isdigit() else float("inf")


def _horizon(name: str) -> str:
    return "mean" if name == "all" else name if "%" in name else f"{name} min"


def _settings(params: Mapping[str, object]) -> str:
    return ", ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in params.items()
    )
