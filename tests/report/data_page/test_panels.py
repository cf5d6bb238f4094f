"""Edges of bars."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdsearch.report.data_page.panels import MOST_BARS, bar_edges

ENDS = st.floats(-1e6, 1e6, width=32)


@given(one=ENDS, other=ENDS, whole=st.booleans())
def test_bars_cover_the_range_and_are_not_too_many(one: float, other: float, whole: bool) -> None:
    low, high = sorted((one, other))
    edges = bar_edges(low, high, whole=whole)
    assert edges[0] <= low
    assert high < edges[-1] or high == pytest.approx(edges[-1])
    assert 2 <= len(edges) <= MOST_BARS + 1
    if whole:
        np.testing.assert_array_equal(edges, np.round(edges))


def test_edges_are_round_numbers() -> None:
    assert bar_edges(3, 82.6, whole=False)[[0, 1, -1]].tolist() == [3, 4, 83]
    assert bar_edges(0, 1147, whole=True)[[0, 1, -1]].tolist() == [0, 10, 1150]
    assert bar_edges(0, 9, whole=True).tolist() == list(range(11))
