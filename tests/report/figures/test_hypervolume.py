"""Hypervolume over the search, on trials of which only objectives and states matter."""

import pytest

from kdsearch.report.hypervolume import volume_history, volume_note, volume_unit
from kdsearch.report.summary import TrialSummary

NAMES, CORNER = ["mae", "latency"], [20.0, 10.0]


def trial(number: int, *values: float, state: str = "COMPLETE", feasible: bool = True) -> TrialSummary:
    """A trial that took two CPU seconds."""
    return TrialSummary(
        number=number,
        state=state,
        reason=None,
        route="student",
        params={},
        objectives=dict(zip(NAMES, values, strict=False)),
        metrics={},
        cost=None,
        feasible=feasible,
        cpu_seconds=2.0,
    )


def test_the_history_counts_every_finished_trial_and_the_feasible_complete_ones_raise_it() -> None:
    """Rectangles worked out by hand, costs in decades; a running trial is not there yet."""
    trials = [
        trial(0, 16.0, 1.0),  # 4 units x 1 decade
        trial(1, state="FAIL"),
        trial(2, 10.0, 0.1, feasible=False),
        trial(3, state="RUNNING"),
        trial(4, state="PRUNED"),
        trial(5, 18.0, 0.01),  # 2 units x 2 further decades
        trial(6, 25.0, 0.001),  # loses to a baseline
        trial(7, 17.0, 5.0),  # dominated
    ]
    history = volume_history(trials, NAMES, CORNER)
    assert [(point.trial, point.finished, point.cpu_seconds) for point in history] == [
        (0, 1, 2.0),
        (1, 2, 4.0),
        (2, 3, 6.0),
        (4, 4, 8.0),
        (5, 5, 10.0),
        (6, 6, 12.0),
        (7, 7, 14.0),
    ]
    assert [point.hypervolume for point in history] == pytest.approx([4.0, 4.0, 4.0, 4.0, 8.0, 8.0, 8.0])
    assert volume_note(history, NAMES, CORNER) == (
        "Hypervolume: 8.00 (mae times decades of latency) below the reference point (mae 20.0, latency 10.0 ms); "
        "90 % of it was reached after 5 of 7 trials."
    )


def test_no_history_without_a_reference_point() -> None:
    trials = [trial(0, 16.0, 1.0)]
    assert volume_history(trials, NAMES, None) == []
    assert volume_note([], NAMES, None) is None


def test_a_search_without_a_network_below_the_reference_point_says_so() -> None:
    """Zero, and not a share of zero."""
    history = volume_history([trial(0, 21.0, 1.0)], NAMES, CORNER)
    note = volume_note(history, NAMES, CORNER)
    assert note is not None
    assert "no feasible trial is below the reference point (mae 20.0, latency 10.0 ms) in every objective" in note


def test_the_unit_names_errors_and_decades_of_costs() -> None:
    """In the order of the objectives."""
    assert volume_unit(["params", "rmse"]) == "decades of params times rmse"
