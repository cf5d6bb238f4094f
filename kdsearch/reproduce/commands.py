"""`kdsearch reproduce` as a function: it takes a table's name and gives the text to print."""

from dataclasses import dataclass
from typing import Any

from kdsearch.errors import StudyError
from kdsearch.reproduce.digits import search_rows, table_rows
from kdsearch.reproduce.render import Shown, shown_search, shown_table
from kdsearch.reproduce.runs import Listener, ReproduceOptions
from kdsearch.reproduce.searches import TABLE_ARMS, reproduce_search
from kdsearch.reproduce.table1 import as_table, table1
from kdsearch.reproduce.tables import TITLES, reproduce_table

__all__ = ["Listener", "ReproduceOptions", "Reproduced", "reproduced"]


@dataclass(frozen=True)
class Reproduced:
    """Reproduction of a table, ready to show.

    Attributes:
        head: Sentences that belong above it.
        tables: The tables for a terminal.
        rows: The same with all digits, a row for each number and each claim.
        json_object: The same for other programs.
    """

    head: list[str]
    tables: list[Shown]
    rows: list[dict[str, Any]]
    json_object: Any


def reproduced(table: str, options: ReproduceOptions, to: Listener) -> Reproduced:
    """Reproduce a table; the same call goes on where an earlier one ended.

    Args:
        table: "table1" to "table9"; "claims" for every row and claim; "room" for what the paper leaves out.
        options: Options of the command.
        to: Receives messages and events.

    Raises:
        KdsearchError: With one sentence that names the mistake and its remedy.
    """
    if table == "table1":
        rows = table1(to.on_message)
        plain = [row.model_dump() for row in rows]
        return Reproduced([], [as_table(rows)], plain, plain)
    if table in TABLE_ARMS:
        search = reproduce_search(table, options, to)
        return Reproduced(search.head, list(shown_search(search)), search_rows(search), search.model_dump())
    if table in TITLES:
        made = reproduce_table(table, options, to)
        return Reproduced(made.head, list(shown_table(made)), table_rows(made), made.model_dump())
    known = ", ".join(sorted({"table1", *TABLE_ARMS, *TITLES}))
    raise StudyError(f"there is no reproduction of {table!r}; choose one of {known}")
