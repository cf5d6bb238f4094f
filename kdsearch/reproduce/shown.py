"""Reproductions as tables of a terminal."""

from collections.abc import Iterator, Sequence

from kdsearch.report.numbers import count, error, share, significant, spread
from kdsearch.reproduce.searches import SearchReproduction
from kdsearch.reproduce.tables import Cell, ClaimLine, Line, Reproduction

__all__ = ["Shown", "shown_search", "shown_table"]

Shown = tuple[str, list[str], list[list[str]]]
"""Title, heads and cells of a table."""

METRICS = {"mae": "MAE", "rmse": "RMSE", "mape": "MAPE, %", "attention": "attention to the teacher"}
BUDGETS = {"epochs": "same epochs", "seconds": "same CPU seconds"}


def shown_table(made: Reproduction) -> Iterator[Shown]:
    """One table for each metric, then the claims."""
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
    """One table: three lines for each search."""
    horizons = sorted(made.lines[0].found_errors, key=_last_mean)
    settings = list(dict.fromkeys(name for line in made.lines for name in (*line.published, *line.found)))
    rows = []
    for line in made.lines:
        taught = (f"{line.teacher_verdicts[budget]} ({_gains(line.teacher_gains[budget])})" for budget in BUDGETS)
        trials = ", ".join(f"{number} {state}" for state, number in line.trials.items())
        said = [f"{line.verdict} ({_gains(line.gains)})", *taught, trials]
        for side, params, errors, words in (
            ("the paper's", line.published, line.published_errors, [""] * len(said)),
            ("found", line.found, line.found_errors, said),
            ("found, no teacher", {}, line.plain_errors, [""] * len(said)),
        ):
            values = [_setting(params.get(name)) for name in settings]
            rows.append([line.setting, side, *values, *(_cell(errors[one]) for one in horizons), *words])
    heads = ["", "", *settings, *(f"MAE {_horizon(one)}" for one in horizons), "better than the paper's"]
    heads += [f"better than without a teacher, {words}" for words in BUDGETS.values()]
    yield f"{made.title}; test MAE, {made.unit}", [*heads, "trials"], rows


def _printed(made: Reproduction, metric: str, horizon: str) -> bool:
    """Whether the paper has this column."""
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
    """Horizons in order of time, their mean last."""
    return float(horizon) if horizon.isdigit() else float("inf")


def _horizon(name: str) -> str:
    return "mean" if name == "all" else name if "%" in name else f"{name} min"


def _setting(value: object) -> str:
    return "" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
