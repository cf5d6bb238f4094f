"""Reproductions as rows with all digits, for a table of other programs."""

import statistics
from typing import Any

from kdsearch.reproduce.claims import Judgement
from kdsearch.reproduce.searches import SearchReproduction
from kdsearch.reproduce.tables import Cell, Reproduction

__all__ = ["search_rows", "table_rows"]


def table_rows(made: Reproduction) -> list[dict[str, Any]]:
    """Give a row for each number, then one for each claim; `kind` tells them apart.

    Returns:
        Numbers have row, parameters, seeds, metric, horizon and what is in a `Cell`; claims have claim, budget and what
        is in a `Judgement`. A row of the table that has no number has the reason.
    """
    rows: list[dict[str, Any]] = []
    for line in made.lines:
        named = {"kind": "number", "row": line.title, "parameters": line.parameters, "seeds": line.seeds}
        cells = _cell_rows(line.cells)
        rows += [named | cell for cell in cells] or [named | {"reason": line.reason or "not there"}]
    for one in made.claims:
        rows.append({"kind": "claim", "row": one.claim, "budget": one.budget} | _judged(one.judgement))
    return rows


def search_rows(made: SearchReproduction) -> list[dict[str, Any]]:
    """Give a row for each number of each setting, then one for each verdict on what was found; as `table_rows`."""
    rows: list[dict[str, Any]] = []
    for line in made.lines:
        sides = {"published": line.published_errors, "found": line.found_errors, "found, no teacher": line.plain_errors}
        settings = {"published": line.published, "found": line.found}
        for side, cells in sides.items():
            named = {"kind": "number", "row": line.setting, "side": side, "setting": settings.get(side, {})}
            rows += [named | cell for cell in _cell_rows({"mae": cells})]
    for line in made.lines:
        rows += [
            {"kind": "claim", "row": line.setting, "than": name} | _judged(one) for name, one in line.judgements.items()
        ]
    return rows


def _cell_rows(cells: dict[str, dict[str, Cell]]) -> list[dict[str, Any]]:
    return [
        {"metric": metric, "horizon": horizon, **cell.model_dump()}
        for metric, by_horizon in cells.items()
        for horizon, cell in by_horizon.items()
    ]


def _judged(one: Judgement) -> dict[str, Any]:
    """Give a judgement with its mean gain and the ends of its intervals, each in a column."""
    gains = [gain for gain in one.gains if gain is not None]
    ends = {
        f"{name}_{end}": None if interval is None else interval[place]
        for name, interval in (("over_seeds", one.over_seeds), ("over_days", one.over_days))
        for place, end in enumerate(("low", "high"))
    }
    plain = one.model_dump(exclude={"gains", "over_seeds", "over_days"})
    return {"gain": statistics.fmean(gains) if gains else None, **plain, **ends}
