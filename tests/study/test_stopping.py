"""Laws of early stopping. Errors and costs are of any scale."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdsearch.record import CurvePoint
from kdsearch.study.stopping import COST_TOLERANCE, END, Rung, last_rung, outlook, verdict

errors = st.floats(0.01, 100)
costs = st.tuples(st.floats(1, 1e9), st.floats(0.1, 100))
finished = st.lists(st.builds(Rung, st.integers(0, 99), st.just(END), errors, costs), max_size=8)


def curve(*errors: float, phase: str = "train") -> list[CurvePoint]:
    """A learning curve with a point after every second epoch."""
    return [
        CurvePoint(epoch=2 * index, phase=phase, cpu_seconds=0, train_loss=0, val_mae=error)
        for index, error in enumerate(errors, 1)
    ]


def under_way(outlook: float, costs: tuple[float, ...]) -> Rung:
    """A trial at half of its epochs."""
    return Rung(100, 4, outlook, costs)


@given(finished, errors, costs)
def test_the_cheapest_network_is_never_stopped(others: list[Rung], error: float, own: tuple[float, ...]) -> None:
    """Cheapest in one objective is enough; by less than the tolerance is not cheaper."""
    cheaper = 0.99 * min([own[0], *(other.costs[0] for other in others)]) / (1 + COST_TOLERANCE)
    assert verdict(under_way(error, (cheaper, own[1])), others) is None


@given(st.lists(errors, min_size=2, max_size=7), finished, costs)
def test_a_network_better_than_all_finished_ones_is_never_stopped(
    points: list[float], others: list[Rung], own: tuple[float, ...]
) -> None:
    """Its curve may rise or fall: what it may still reach is no more than what it has."""
    best = 0.99 * min([points[-1], *(other.error for other in others)])
    so_far = curve(*points[:-1], best)
    assert outlook(so_far, len(so_far) / 8) <= best
    assert verdict(under_way(outlook(so_far, len(so_far) / 8), own), others) is None


@given(finished, errors, costs, finished)
def test_costlier_networks_stop_nobody(
    others: list[Rung], error: float, own: tuple[float, ...], more: list[Rung]
) -> None:
    """However well they end."""
    mine = under_way(error, own)
    costlier = [
        Rung(other.number, END, other.error, (other.costs[0], 1.01 * own[1] * (1 + COST_TOLERANCE))) for other in more
    ]
    assert (verdict(mine, others) is None) == (verdict(mine, [*others, *costlier]) is None)


@given(finished, finished, errors, costs)
def test_more_finished_networks_never_save_a_trial(
    others: list[Rung], more: list[Rung], error: float, own: tuple[float, ...]
) -> None:
    """What is hopeless stays hopeless."""
    if verdict(under_way(error, own), others):
        assert verdict(under_way(error, own), [*others, *more])


def test_without_cost_objectives_all_finished_networks_count() -> None:
    """Then it is the rule for one objective."""
    assert verdict(under_way(3.0, ()), [Rung(0, END, 2.9, ())])
    assert verdict(under_way(2.8, ()), [Rung(0, END, 2.9, ())]) is None


def test_the_reason_names_the_network_that_is_better() -> None:
    """And what the trial was heading for."""
    others = [Rung(4, END, 3.5, (10.0,)), Rung(7, END, 3.25, (10.0,)), Rung(8, END, 1.0, (20.0,))]
    assert verdict(under_way(3.6, (10.0,)), others) == (
        "stopped after 4/8 of its epochs: it was heading for an error of 3.6 at best, and trial 7, which costs no "
        "more, ended with 3.25"
    )


@given(st.floats(1, 9), st.floats(0, 1), st.integers(2, 8))
def test_a_curve_that_falls_the_same_in_each_doubling_is_foreseen(start: float, fall: float, eighth: int) -> None:
    """From wherever one looks."""
    whole = [start - fall * math.log2(2 * index) for index in range(1, 9)]
    assert outlook(curve(*whole[:eighth]), eighth / 8) == pytest.approx(whole[-1])


def test_a_slow_beginner_goes_on_and_a_quick_one_that_stagnates_is_stopped() -> None:
    """Two of width 2 on los-loop: raw readings end at 3.39, deviations from a profile begin lower and end higher."""
    ended = [Rung(0, END, 3.54, (6.3e6,))]
    slow = outlook(curve(6.16, 4.49), 2 / 8)
    quick = outlook(curve(4.30, 4.23), 2 / 8)
    assert verdict(Rung(1, 2, slow, (6.3e6,)), ended) is None
    assert verdict(Rung(2, 2, quick, (6.3e6,)), ended)


def test_only_the_last_phase_of_a_curve_is_looked_at() -> None:
    """A network that was just pruned has a curve of its own to come; one point shows no direction."""
    before = curve(9.0, 8.0, 7.0)
    assert outlook([*before, *curve(5.0, phase="fine-tune")], 1 / 8) == -math.inf
    assert outlook([*before, *curve(5.0, 4.5, phase="fine-tune")], 2 / 8) == pytest.approx(3.5)
    assert outlook([], 0.0) == -math.inf


def test_rungs_begin_at_the_second_eighth() -> None:
    """A rung is held until the next one."""
    assert [last_rung(share) for share in (0.0, 0.125, 0.25, 0.3, 0.875, 1.0)] == [None, None, 2, 2, 7, 7]
