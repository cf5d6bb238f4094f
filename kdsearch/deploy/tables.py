"""Forecasts as files of tables: CSV and Parquet."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kdsearch.errors import DataError
from kdsearch.report.page.place import check_page

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_table", "write_table"]

SUFFIXES = (".csv", ".parquet")


def check_table(path: Path | None) -> None:
    """Refuse a place where no table can be written.

    Raises:
        DataError: Its name has another ending, or its folder cannot be written.
    """
    if path is None:
        return
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(f"--output {path} ends in {path.suffix!r}; give the name of a .csv or .parquet file")
    check_page(path, "--output", DataError, "table", "a .csv or .parquet file")


def write_table(table: "pd.DataFrame", path: Path | None) -> None:
    """Write a table; None prints CSV. Numbers of CSV have six digits."""
    if path is None:
        table.to_csv(sys.stdout, index=False, float_format="%.6g")
    elif path.suffix.lower() == ".csv":
        table.to_csv(path, index=False, float_format="%.6g")
    else:
        table.to_parquet(path, index=False)
