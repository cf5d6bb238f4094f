"""Tables in Parquet files."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet

from kdsearch.data.damage import refusing_damage
from kdsearch.data.sizes import check_readings_fit

__all__ = ["read_parquet"]

CELL_BYTES = 16
"""Of a cell, as Arrow and as pandas hold it."""


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a Parquet file, whose footer tells first whether its cells fit into the memory.

    Raises:
        DataError: The file is absent, damaged or too large for the memory.
    """
    with refusing_damage(path, "Parquet"):
        footer = pyarrow.parquet.read_metadata(path)
        check_readings_fit((footer.num_rows, footer.num_columns), CELL_BYTES, str(path))
        table = pyarrow.parquet.read_table(path)
        table.validate(full=True)  # texts are decoded much later, where nobody expects damage
        frame: pd.DataFrame = table.to_pandas()
        return frame
