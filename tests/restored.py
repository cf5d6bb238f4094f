"""Tables as they were, after a test that adds rows."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import kdsearch
from kdsearch import extensions
from kdsearch.table import Table

__all__ = ["tables_restored"]


@contextmanager
def tables_restored() -> Iterator[None]:
    """Take out of all tables the rows that were added inside the block, and forget what was imported there."""
    tables: list[Table[Any]] = [getattr(kdsearch, name) for name in kdsearch.__all__ if name.isupper()]
    tables = [table for table in tables if isinstance(table, Table)]
    before = [dict(table._rows) for table in tables]
    imported, extensions._loaded = extensions._loaded, {}
    try:
        yield
    finally:
        for table, rows in zip(tables, before, strict=True):
            table._rows = rows
        for one in extensions._loaded.values():
            sys.modules.pop(one.module, None)
        extensions._loaded = imported
