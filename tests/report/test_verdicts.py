"""Verdicts on claims: held, not held, or not to be decided from the seeds and days."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdsearch.report.verdicts import Days, Outcome, compared, corrected


def verdict(gains: list[float]) -> Outcome:
    """Judge one comparison alone."""
    return corrected([compared(gains)])[0]


@pytest.mark.parametrize(
    ("gains", "expected"),
    [
        ([0.2, 0.21, 0.19], "held"),
        ([-0.2, -0.21, -0.19], "not held"),
        ([0.2, 0.21, -0.3], "within noise"),
        ([0.1, 0.4, 0.9], "within noise"),  # all as claimed, and yet so scattered that three seeds do not tell
        ([0.1, 0.15, 0.2], "held"),
        ([0.1, 0.17, 0.3], "within noise"),  # a one-sided test would have it
        ([0.2], "not decided"),
        ([], "not decided"),
    ],
)
def test_a_claim_holds_where_its_gains_stand_out_of_their_spread(gains: list[float], expected: str) -> None:
    """Student's t for three pairs, two-sided at one in twenty, is 4.30 standard errors."""
    assert verdict(gains).verdict == expected


@pytest.mark.parametrize(
    ("gains", "reason"),
    [
        ([], "0 pairs of seeds"),
        ([0.2], "1 pair of seeds"),
        ([0.2, math.nan, 0.2], "an error is not finite"),
        ([0.0, 0.0, 0.0], "an exact tie"),
        ([0.1, 0.1, 0.1], "every seed gives the same difference"),
        ([1e-9, 1e-9, 1e-9], "every seed gives the same difference"),
    ],
)
def test_what_cannot_be_decided_is_said(gains: list[float], reason: str) -> None:
    found = verdict(gains)
    assert (found.verdict, found.reason) == ("not decided", reason)


def test_the_gain_of_no_pair_is_not_a_number() -> None:
    """Nothing was compared."""
    assert math.isnan(verdict([]).mean)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=8))
def test_the_opposite_claim_has_the_opposite_verdict(gains: list[float]) -> None:
    """Exchanging the sides turns every verdict round."""
    opposite = {"held": "not held", "not held": "held"}
    found = verdict(gains).verdict
    assert verdict([-gain for gain in gains]).verdict == opposite.get(found, found)


def test_chance_alone_decides_one_table_in_twenty_at_most() -> None:
    """The rate is that of any verdict in a table of twelve claims about nothing, over four thousand tables."""
    rng = np.random.default_rng(0)
    tables = rng.normal(size=(4000, 12, 3))
    wrong = sum(
        any(one.verdict != "within noise" for one in corrected([compared(row) for row in table])) for table in tables
    )
    assert wrong / len(tables) < 0.06
    alone = sum(corrected([compared(table[0])])[0].verdict != "within noise" for table in tables)
    assert 0.04 < alone / len(tables) < 0.06


def test_what_is_shown_twice_counts_once() -> None:
    """The same pairs are one comparison, whatever it is called."""
    one, other = compared([0.1, 0.15, 0.2]), compared([0.1, -0.15, 0.2])
    assert [outcome.verdict for outcome in corrected([one, one, one])] == ["held"] * 3
    assert [outcome.verdict for outcome in corrected([one, other])] == ["within noise"] * 2


def days(errors: list[float], readings: float = 100.0) -> Days:
    """Make days of these mean errors."""
    return {f"2024-01-{day:02d}": (error * readings, readings) for day, error in enumerate(errors, 1)}


def test_a_difference_that_one_day_makes_is_noise() -> None:
    """Three seeds agree, for they share the day; another week may not have it."""
    gains = [1.0, 1.01, 0.99]
    one_day = [(days([5.0] * 5), days([10.0 + noise, 5, 5, 5, 5])) for noise in (0, 0.05, -0.05)]
    every_day = [(days([5.0] * 5), days([6.0 + noise, 6.1, 5.9, 6, 6])) for noise in (0, 0.05, -0.05)]
    for seeds, expected in ((one_day, "within noise"), (every_day, "held")):
        found = corrected([compared(gains, seeds)])[0]
        assert (found.verdict, found.days) == (expected, 5)
        assert found.over_days is not None
        assert found.over_days[0] <= found.mean <= found.over_days[1]


def test_one_day_says_nothing_of_other_days() -> None:
    found = compared([0.2, 0.21, 0.19], [(days([5.0]), days([5.2]))] * 3)
    assert (found.over_days, found.days) == (None, 1)


def test_the_interval_over_few_days_is_as_wide_as_it_claims() -> None:
    """The true difference lies inside for about 95 in a hundred test splits of five days."""
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(300):
        gains = rng.normal(0.5, 1, 5)
        found = compared([0.1, 0.2, 0.4], [(days([5.0] * 5), days([5 + gain for gain in gains]))] * 3)
        assert found.over_days is not None
        inside += found.over_days[0] <= 0.5 <= found.over_days[1]
    assert inside / 300 > 0.91
