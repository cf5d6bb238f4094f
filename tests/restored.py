"""Tables as they were, after a test that adds rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import kdsearch
from kdsearch.table import Table

__all__ = ["tables_restored"]


@contextmanager
def tables_restored() -> Iterator[None]:
    """Take the rows out of all tables that were added inside the block."""
    tables: list[Table[Any]] = [getattr(kdsearch, name) for name in kdsearch.__all__ if name.isupper()]
    tables = [table for table in tables if isinstance(table, Table)]
    before = [dict(table._rows) for table in tables]
    try:
        yield
    finally:
        for table, rows in zip(tables, before, strict=True):
            table._rows = rows
