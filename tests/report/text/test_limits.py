"""The limits of a search in sentences."""

from kdsearch.costs import Cost
from kdsearch.record import Baseline
from kdsearch.report.summary import TrialSummary
from kdsearch.report.text.limits import limits_broken, limits_kept, read_limits

TEACHER = Baseline(
    name="teacher",
    role="teacher",
    metrics={},
    cost=Cost(parameters=298_810, stored_numbers=1, flops=5 * 10**6, product_flops=1),
)


def trial(feasible: bool = True, **violations: float) -> TrialSummary:
    """A trial of which only the limits matter."""
    return TrialSummary(
        number=1,
        state="COMPLETE",
        reason=None,
        route="student",
        params={},
        objectives={},
        metrics={},
        cost=None,
        feasible=feasible,
        violations=violations,
    )


def test_limits_are_stated_in_absolute_terms_with_who_broke_which() -> None:
    """A trial that breaks two limits is one trial, counted at both."""
    limits = read_limits(["params<=3%", "latency<=2"], TEACHER)
    stated = "Limits: latency at most 2 ms, params at most 8,964 parameters (3 % of the teacher's)"
    assert limits_kept([], limits) == f"{stated}."
    kept, over = trial(params=-0.5, latency=0.0), trial(params=0.12, latency=2.1)
    assert limits_kept([kept], limits) == f"{stated}; of 1 measured trial, none breaks one."
    assert limits_kept([kept, over, trial(latency=0.1), trial()], limits) == (
        f"{stated}; of 3 measured trials, 2 break one or more (latency 2, params 1)."
    )
    assert limits_kept([over], limits[1:]) == (
        "Limits: params at most 8,964 parameters (3 % of the teacher's); of 1 measured trial, 1 breaks it."
    )
    assert limits_kept([kept], []) is None


def test_a_share_of_a_teacher_that_is_not_there_yet_is_left_out() -> None:
    """A run that died before its teacher has a report all the same."""
    assert [limit.text for limit in read_limits(["params<=3%", "flops<=5M"], None)] == ["flops<=5000000"]


def test_a_trial_is_feasible_or_beyond_a_limit_by_so_much_or_not_known() -> None:
    """Stopped trials may lack the value that a limit is on."""
    limits = read_limits(["params<=3%", "latency<=2"], TEACHER)
    assert limits_broken(trial(params=-0.5, latency=0.0), limits) == ["feasible"]
    assert limits_broken(trial(feasible=False, params=0.123, latency=2.1), limits) == [
        "params 12 % above",
        "latency 3.1 times the limit",
    ]
    assert limits_broken(trial(params=-0.5), limits) == []
    assert limits_broken(trial(feasible=False), []) == ["outside"]
