"""Numbers as people read them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdsearch.report.numbers import between, count, error, listed, mae, magnitude, share, significant, spread


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.03123, "0.0312"),
        (1.254, "1.25"),
        (9.996, "10.0"),
        (31.25, "31.2"),
        (1250.4, "1,250"),
        (0, "0"),
        (-2.5, "-2.50"),
    ],
)
def test_significant(value: float, text: str) -> None:
    """Three significant digits, thousands separated, no exponent."""
    assert significant(value) == text


@given(st.floats(1e-6, 1e12))
def test_significant_is_close(value: float) -> None:
    """What is printed differs from the value by at most half a unit of its third digit."""
    assert float(significant(value).replace(",", "")) == pytest.approx(value, rel=0.005001)


@pytest.mark.parametrize(
    ("value", "text"),
    [(170, "170"), (999.9, "1.00 k"), (131_700_000, "132 M"), (1.24e9, "1.24 G"), (999_960, "1.00 M"), (0, "0")],
)
def test_magnitude(value: float, text: str) -> None:
    """Sizes carry k, M or G, and change letter where rounding does."""
    assert magnitude(value) == text


@pytest.mark.parametrize(("fraction", "text"), [(0.0031, "0.31 %"), (0.026, "2.6 %"), (0.0999, "10 %"), (1.0, "100 %")])
def test_share(fraction: float, text: str) -> None:
    """Shares are per cent with two significant digits."""
    assert share(fraction) == text


def test_errors_and_spreads() -> None:
    """Errors have two decimals, small ones more; a small spread is not printed as zero."""
    assert [error(14.503), error(0.0321)] == ["14.50", "0.0321"]
    assert [spread(0.031), spread(0.0021), spread(0.0)] == ["0.03", "0.002", "0"]
    assert count(296_426) == "296,426"


def test_absent_error() -> None:
    """An error that was not measured is NaN."""
    assert math.isnan(mae({}, "15"))


def test_a_range_and_a_list_in_words() -> None:
    """Ends that print the same are one number."""
    assert between([1.41, 2.34, 1.9]) == "1.4 to 2.3"
    assert between([1.0, 1.004]) == "1.0"
    assert listed(["one"]) == "one"
    assert listed(["one", "two", "three"]) == "one, two and three"
