"""Checks that the machine was quiet during timing."""

import math

import pytest

from kdsearch.confirm.timing import busy_share
from kdsearch.costs import Pace


@pytest.mark.parametrize(("others", "before"), [(0, 2.0), (1, 2.0), (3, 0.0)])
def test_what_ran_beside_follows_from_the_change_of_the_load_average(others: int, before: float) -> None:
    """The trainings that have just ended are still in the average, but do not count."""
    after, cores = before, 4
    for _ in range(8):  # the kernel's own rule, every five seconds
        after = after * math.exp(-5 / 60) + (1 + others) * (1 - math.exp(-5 / 60))
    assert busy_share(before, after, 40.0, own=1, cores=cores) == pytest.approx(others / cores, abs=1e-9)


def test_a_short_time_says_nothing_of_other_processes() -> None:
    """The average changes every five seconds."""
    assert busy_share(2.0, 2.0, 8.0, own=1, cores=2) is None


def test_a_pace_within_fifteen_per_cent_is_the_same() -> None:
    """Slower and faster, before and after count alike."""
    assert not Pace(before=1.14, after=0.86).moved
    assert Pace(before=1.0, after=1.2).moved
    assert Pace(before=0.8, after=1.0).moved
    assert not Pace(before=1.0, after=1.0).crowded
    assert Pace(before=1.0, after=1.0, others=0.5).crowded
    assert Pace(before=1.0, after=1.0, waited=0.2).crowded
