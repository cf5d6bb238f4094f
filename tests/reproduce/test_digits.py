"""Reproductions with all digits, a row for each number and claim."""

from typing import Any

from kdsearch.reproduce.claims import ClaimLine, Judgement
from kdsearch.reproduce.digits import search_rows, table_rows
from kdsearch.reproduce.searches import FoundLine, SearchReproduction
from kdsearch.reproduce.tables import Cell, Line, Reproduction

CELLS = {"15": Cell(mean=2.123456789, standard_deviation=0.01, published=2.2), "all": Cell(mean=2.5)}
JUDGEMENT = Judgement(
    verdict="held",
    reason="",
    gains=[0.1, 0.3, None],
    share=0.08,
    p_value=0.01,
    corrected_p_value=0.02,
    over_seeds=(0.05, 0.35),
    over_days=None,
    days=4,
)


def of_kind(rows: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["kind"] == kind]


def test_a_table_has_a_row_for_each_number_and_each_claim() -> None:
    """All digits are there, and a row without a network says why."""
    lines = [
        Line(title="ord", parameters=7766, seeds=3, cells={"mae": CELLS, "rmse": {}}),
        Line(title="stcd", parameters=None, seeds=0, cells={}, reason="the loss was not finite"),
    ]
    claims = [ClaimLine(claim="a teacher helps", budget="epochs", judgement=JUDGEMENT)]
    made = Reproduction(
        table="table2", title="T", head=[], published=None, lines=lines, claims=claims, study="s", unit="mph"
    )
    rows = table_rows(made)
    first, mean, lacking = of_kind(rows, "number")
    assert first == {
        "kind": "number",
        "row": "ord",
        "parameters": 7766,
        "seeds": 3,
        "metric": "mae",
        "horizon": "15",
        "mean": 2.123456789,
        "standard_deviation": 0.01,
        "published": 2.2,
    }
    assert mean["horizon"] == "all"
    assert lacking["reason"] == "the loss was not finite"
    (claim,) = of_kind(rows, "claim")
    assert (claim["row"], claim["budget"], claim["verdict"]) == ("a teacher helps", "epochs", "held")
    assert claim["gain"] == 0.2
    assert (claim["over_seeds_low"], claim["over_seeds_high"], claim["over_days_low"]) == (0.05, 0.35, None)


def test_a_search_has_three_sides_and_its_verdicts() -> None:
    line = FoundLine(
        setting="ord",
        trials={"COMPLETE": 3},
        published={"batch": 50},
        found={"batch": 25},
        published_errors=CELLS,
        found_errors=CELLS,
        plain_errors=CELLS,
        judgements={"published": JUDGEMENT},
        study="s",
    )
    rows = search_rows(SearchReproduction(table="table6", title="T", head=[], lines=[line], unit="mph"))
    numbers = of_kind(rows, "number")
    assert [row["side"] for row in numbers][::2] == ["published", "found", "found, no teacher"]
    assert [row["setting"] for row in numbers][::2] == [{"batch": 50}, {"batch": 25}, {}]
    assert [(row["row"], row["than"]) for row in of_kind(rows, "claim")] == [("ord", "published")]
