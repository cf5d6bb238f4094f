"""The FLOPS column of Table 1 is met to the last digit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdsearch.report.published.izadi import TABLE_1, NetworkOfTable1
from kdsearch.reproduce.training_flops import by_the_papers_rule, lost_to_overflow, training_flops


@pytest.mark.parametrize("published", TABLE_1, ids=lambda row: f"{row.dataset} {row.network}")
def test_the_papers_number_comes_out(published: NetworkOfTable1) -> None:
    assert by_the_papers_rule(published.width, published.nodes) == published.training_flops


def test_without_overflow_the_teachers_cost_more() -> None:
    assert training_flops(32, 228) == 71_756_909_175
    assert training_flops(32, 170) == 48_959_666_453


def test_a_negative_product_is_dropped_and_a_larger_one_wraps() -> None:
    """170 nodes lose the first block's three products; 228 lose the second's, and 2^32 of each of the first's."""
    assert lost_to_overflow(32, 170) == 3 * 2_774_400_000
    assert lost_to_overflow(32, 228) == 3 * (2_994_278_400 + 2**32)


@given(st.integers(1, 64), st.integers(1, 500))
def test_nothing_is_lost_of_what_fits_into_31_bits(width: int, nodes: int) -> None:
    """The larger product is that of ten frames."""
    fits = 2 * 50 * 10 * width * nodes * 3 * nodes < 2**31
    assert (lost_to_overflow(width, nodes) == 0) == fits
    assert lost_to_overflow(width, nodes) >= 0
