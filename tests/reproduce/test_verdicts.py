"""Verdicts on claims: held, not held, or not to be decided from the seeds."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdsearch.reproduce.verdicts import verdict


@pytest.mark.parametrize(
    ("gains", "expected"),
    [
        ([0.2, 0.21, 0.19], "held"),
        ([-0.2, -0.21, -0.19], "not held"),
        ([0.2, 0.21, -0.3], "within noise"),
        ([0.1, 0.4, 0.9], "within noise"),  # all as claimed, and yet so scattered that three seeds do not tell
        ([0.0, 0.0, 0.0], "within noise"),
        ([0.2, 0.2, 0.2], "held"),
        ([0.2], "not decided"),
        ([], "not decided"),
    ],
)
def test_a_claim_holds_where_its_gains_stand_out_of_their_spread(gains: list[float], expected: str) -> None:
    """Student's t for three pairs at one in twenty is 2.92 standard errors."""
    assert verdict(gains).verdict == expected


def test_the_gain_of_no_pair_is_not_a_number() -> None:
    """Nothing was compared."""
    assert math.isnan(verdict([]).mean)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=8))
def test_the_opposite_claim_has_the_opposite_verdict(gains: list[float]) -> None:
    """Exchanging the sides turns every verdict round."""
    opposite = {"held": "not held", "not held": "held", "within noise": "within noise"}
    assert verdict([-gain for gain in gains]).verdict == opposite[verdict(gains).verdict]
