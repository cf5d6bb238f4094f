"""Written times: the usual form is parsed in one go, every other one part by part."""

import numpy as np
import pandas as pd
import pytest

from kdsearch.data.series_source import SeriesSource
from kdsearch.data.time_text import parsed_times
from kdsearch.errors import DataError

TIMES = pd.date_range("1999-12-31T23:35", periods=3000, freq="35min")


def clock(cells: list[str]) -> list[str]:
    """Parse a column, and write it as ISO 8601 does."""
    found = parsed_times(pd.Series(cells, dtype=object), SeriesSource(file="r.csv"), 35, lambda row: f"row {row + 1}")
    assert found.clock.dtype == np.dtype("datetime64[s]")
    return [str(one) for one in found.clock]


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.000", "%Y/%m/%d %H:%M"])
def test_every_form_gives_the_same_times(form: str) -> None:
    assert clock(list(TIMES.strftime(form))) == list(TIMES.strftime("%Y-%m-%dT%H:%M:%S"))


def test_the_end_of_a_day_is_the_beginning_of_the_next() -> None:
    assert clock(["2024-02-28 23:25", "2024-02-28 24:00", "2024-02-29 00:35"])[1] == "2024-02-29T00:00:00"


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("2023-02-29 10:00", "is a date that no calendar knows"),
        ("2024-02-29 10:61", "is a time of day that no clock shows"),
    ],
)
def test_what_is_no_time_is_named_with_its_row(cell: str, words: str) -> None:
    with pytest.raises(DataError, match=f"row 2: '{cell}' {words}"):
        clock(["2024-02-28 10:00", cell])
