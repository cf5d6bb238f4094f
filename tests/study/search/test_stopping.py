"""Laws of early stopping, for errors and costs of any scale."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdsearch.errors import SpaceError
from kdsearch.record import CurvePoint
from kdsearch.study.search.stopping import (
    COST_TOLERANCE,
    STOPPING_RULES,
    StoppingRule,
    TrialProgress,
    best_gain,
    outlook,
    stop_reason,
)

errors = st.floats(0.01, 100)
costs = st.tuples(st.floats(1, 1e9), st.floats(0.1, 100))
NOISY = (0.0, COST_TOLERANCE)
"""One cost is counted, the other timed."""


def ended(number: int, error: float, costs: tuple[float, ...]) -> TrialProgress:
    """Make a trial that came to its end."""
    return TrialProgress(number, {}, [], 1.0, costs, errors=(error,), state="COMPLETE")


finished = st.lists(st.builds(ended, st.integers(0, 99), errors, costs), max_size=8)


def curve(*errors: float, phase: str = "train") -> list[CurvePoint]:
    """Make a learning curve with a point after every second epoch."""
    return [
        CurvePoint(epoch=2 * index, phase=phase, cpu_seconds=0, train_loss=0, val_mae=error)
        for index, error in enumerate(errors, 1)
    ]


def halfway(outlook: float, costs: tuple[float, ...], finished: list[TrialProgress]) -> str | None:
    """Give the reason to stop a trial at half of its epochs; None where it goes on."""
    own = TrialProgress(100, {}, [], 0.5, costs, tolerances=NOISY[: len(costs)])
    return stop_reason(own, (outlook,), finished)


@given(finished, errors, costs)
def test_the_cheapest_network_is_never_stopped(
    others: list[TrialProgress], error: float, own: tuple[float, ...]
) -> None:
    """Cheapest in one objective is enough, in a counted one by however little; noise is not cheaper."""
    least = [min([own[place], *(other.costs[place] for other in others)]) for place in range(2)]
    assert halfway(error, (0.9999 * least[0], own[1]), others) is None
    assert halfway(error, (own[0], 0.99 * least[1] / (1 + COST_TOLERANCE)), others) is None


def test_noise_is_forgiven_in_what_is_timed_alone() -> None:
    """Two readings of one network's latency differ by a few percent; two counts of its parameters do not."""
    assert halfway(14.4, (96.0,), [ended(0, 14.0, (100.0,))]) is None
    assert halfway(14.4, (100.0, 9.6), [ended(0, 14.0, (100.0, 10.0))])
    assert halfway(14.4, (100.0, 9.4), [ended(0, 14.0, (100.0, 10.0))]) is None


@given(st.lists(errors, min_size=2, max_size=7), finished, costs)
def test_a_network_better_than_all_finished_ones_is_never_stopped(
    points: list[float], others: list[TrialProgress], own: tuple[float, ...]
) -> None:
    """Its curve may rise or fall: what it may still reach is no more than what it has."""
    best = 0.99 * min([points[-1], *(other.errors[0] for other in others if other.errors)])
    so_far = curve(*points[:-1], best)
    assert outlook(so_far, len(so_far) / 8) <= best
    assert halfway(outlook(so_far, len(so_far) / 8), own, others) is None


@given(finished, errors, costs, finished)
def test_costlier_networks_stop_nobody(
    others: list[TrialProgress], error: float, own: tuple[float, ...], more: list[TrialProgress]
) -> None:
    """However well they end."""
    mine = error, own
    costlier = [replace(other, costs=(other.costs[0], 1.01 * own[1] * (1 + COST_TOLERANCE))) for other in more]
    assert (halfway(*mine, others) is None) == (halfway(*mine, [*others, *costlier]) is None)


@given(finished, finished, errors, costs)
def test_more_finished_networks_never_save_a_trial(
    others: list[TrialProgress], more: list[TrialProgress], error: float, own: tuple[float, ...]
) -> None:
    """What is hopeless stays hopeless."""
    if halfway(error, own, others):
        assert halfway(error, own, [*others, *more])


def test_without_cost_objectives_all_finished_networks_count() -> None:
    """Then it is the rule for one objective."""
    assert halfway(3.0, (), [ended(0, 2.9, ())])
    assert halfway(2.8, (), [ended(0, 2.9, ())]) is None


def test_the_reason_names_the_network_that_is_better() -> None:
    """And what the trial was heading for."""
    others = [ended(4, 3.5, (10.0,)), ended(7, 3.25, (10.0,)), ended(8, 1.0, (20.0,))]
    assert halfway(3.6, (10.0,), others) == (
        "stopped after 50 % of its epochs: it was heading for MAE 3.6, and trial 7, which costs no more, "
        "ended with MAE 3.25"
    )


@given(st.floats(1, 9), st.floats(0, 1), st.integers(2, 8))
def test_a_curve_that_falls_the_same_in_each_doubling_is_foreseen(start: float, fall: float, eighth: int) -> None:
    """From wherever one looks."""
    whole = [start - fall * math.log2(2 * index) for index in range(1, 9)]
    assert outlook(curve(*whole[:eighth]), eighth / 8) == pytest.approx(whole[-1])


def test_a_slow_beginner_goes_on_and_a_quick_one_that_stagnates_is_stopped() -> None:
    """Two of width 2 on los-loop: raw readings end at 3.39, deviations from a profile begin lower and end higher."""
    finished = [ended(0, 3.54, (6.3e6,))]
    slow = outlook(curve(6.16, 4.49), 2 / 8)
    quick = outlook(curve(4.30, 4.23), 2 / 8)
    trial = TrialProgress(1, {}, [], 2 / 8, (6.3e6,))
    assert stop_reason(trial, (slow,), finished) is None
    assert stop_reason(trial, (quick,), finished)


def test_only_the_last_phase_of_a_curve_is_looked_at() -> None:
    """A network that was just pruned has a curve of its own to come; one point shows no direction."""
    before = curve(9.0, 8.0, 7.0)
    assert outlook([*before, *curve(5.0, phase="fine-tune")], 1 / 8) == -math.inf
    assert outlook([*before, *curve(5.0, 4.5, phase="fine-tune")], 2 / 8) == pytest.approx(3.5)
    assert outlook([], 0.0) == -math.inf
    assert outlook(before, 0.0) == -math.inf, "asked between the phases"


def asha(trial: TrialProgress, others: Sequence[TrialProgress]) -> str | None:
    """Stop where a trial is not among the better half at the last rung that it has reached (Li et al. 2020)."""

    def error_at(one: TrialProgress, rung: int) -> float | None:
        reached = [point.val_errors["mae"] for point in one.curve if point.epoch >= rung and point.val_errors]
        return reached[0] if reached else None

    for rung in (8, 4, 2, 1):
        own = error_at(trial, rung)
        if own is not None:
            there = [error for one in others if (error := error_at(one, rung)) is not None]
            better = sum(error < own for error in there)
            return f"{better} of {len(there)} were better after {rung} epochs" if 2 * better > len(there) else None
    return None


def progress(number: int, *errors: float) -> TrialProgress:
    curve = [
        CurvePoint(epoch=epoch, phase="train", cpu_seconds=1.0, train_loss=1.0, val_mae=error)
        for epoch, error in enumerate(errors, 1)
    ]
    return TrialProgress(number, {}, curve, len(errors) / 8, (1.0,))


def test_asha_is_one_function_over_learning_curves() -> None:
    """A rule sees the curves of all trials, those under way and those that were stopped too."""
    rule = StoppingRule("asha", "the worse half at each rung", asha)
    others = [progress(0, 9, 5, 4, 4), progress(1, 8, 7), progress(2, 7, 6, 5, 3)]
    assert rule.reason(progress(3, 9, 8, 7), others) == "3 of 3 were better after 2 epochs"
    assert rule.reason(progress(3, 9, 4, 7), others) is None
    assert rule.reason(progress(3), others) is None


def test_a_rule_that_is_half_done_is_refused_when_it_is_made() -> None:
    with pytest.raises(SpaceError, match="the stopping rule 'mine' needs a sentence"):
        StoppingRule("mine", "", asha)
    with pytest.raises(SpaceError, match=r"the stopping rule 'mine' needs a function of \(trial, others\)"):
        StoppingRule("mine", "something", lambda trial: None)  # type: ignore[arg-type, misc]  # noqa: ARG005


def test_none_stops_nothing_and_needs_no_foresight() -> None:
    assert STOPPING_RULES["none"].reason(progress(1, 100, 100), [progress(0, 1, 1)]) is None
    assert not STOPPING_RULES["none"].foresees


def two_metrics(*pairs: tuple[float, float]) -> list[CurvePoint]:
    """Make a learning curve in MAE and RMSE."""
    return [
        CurvePoint(epoch=2 * at, phase="train", cpu_seconds=0, train_loss=0, val_errors={"mae": mae, "rmse": rmse})
        for at, (mae, rmse) in enumerate(pairs, 1)
    ]


def test_the_studys_own_error_decides() -> None:
    """BikeNYC, absolute against squared errors: less RMSE at more MAE is no reason to stop a search for RMSE."""
    squared = two_metrics((3.4, 6.6), (3.1, 6.0), (3.0, 5.85))
    rule = STOPPING_RULES["dominated"].reason
    for metrics, errors, stops in (
        (("mae",), (2.768,), True),
        (("rmse",), (5.878,), False),
        (("mae", "rmse"), (2.768, 5.878), False),
        (("mae", "rmse"), (2.768, 5.1), True),
    ):
        other = TrialProgress(0, {}, [], 1.0, (2e6,), metrics=metrics, errors=errors, state="COMPLETE")
        reason = rule(TrialProgress(1, {}, squared, 0.75, (2e6,), metrics=metrics), [other])
        assert (reason is not None) == stops, metrics
        assert reason is None or all(name.upper() in reason for name in metrics)


def test_an_error_that_no_curve_has_stops_nothing() -> None:
    """An objective of the user's own is known at the end alone."""
    other = TrialProgress(0, {}, [], 1.0, (1.0,), metrics=("mine",), errors=(0.0,), state="COMPLETE")
    trial = TrialProgress(1, {}, curve(9.0, 9.0, 9.0), 0.5, (1.0,), metrics=("mine",))
    assert STOPPING_RULES["dominated"].reason(trial, [other]) is None


def test_what_finished_trials_gained_late_is_left_to_others() -> None:
    """A level start is no end where another trial fell after one as level."""
    rule = STOPPING_RULES["dominated"].reason
    late = replace(ended(0, 3.46, (9.0,)), curve=curve(5.48, 4.86, 4.61, 3.73, 3.56, 3.55, 3.47, 3.46))
    level = curve(4.35, 4.3, 4.3)
    trial = TrialProgress(1, {}, level, 3 / 8, (9.0,))
    assert outlook(level, 3 / 8) > 3.46
    assert best_gain(trial, [late], "mae") == pytest.approx(3.46 / 4.61)
    assert rule(trial, [late]) is None
    even = [
        replace(ended(one, 4.2, (9.0,)), curve=curve(4.4, 4.3, 4.25, 4.2, 4.2, 4.2, 4.2, 4.2)) for one in range(1, 20)
    ]
    assert best_gain(trial, [late, *even], "mae") == pytest.approx(4.2 / 4.25), "one in twenty is not a tenth"
    assert rule(trial, [late, *even]) is not None


def test_a_gain_is_of_the_same_phase_and_of_trials_that_ended() -> None:
    trial = TrialProgress(1, {}, curve(4.0, 4.0), 0.25, (9.0,))
    pruned = replace(ended(0, 2.0, (9.0,)), curve=[*curve(8.0, 6.0), *curve(4.0, 2.0, phase="fine-tune")])
    stopped = TrialProgress(2, {}, curve(8.0, 1.0), 0.25, (9.0,), state="PRUNED")
    assert best_gain(trial, [pruned, stopped], "mae") == 1.0
