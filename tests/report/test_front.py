"""The front, its hypervolume and its knee: laws and closed forms."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from kdsearch.report.front import gained_volume, hypervolume, knee, log_hypervolume, non_dominated, preferred

Points = NDArray[np.float64]


def points(objectives: int, largest: int = 12) -> st.SearchStrategy[Points]:
    """Small whole numbers, so that ties and copies are common."""
    return st.integers(1, largest).flatmap(
        lambda count: arrays(np.float64, (count, objectives), elements=st.integers(0, 6).map(float))
    )


def dominates(one: Points, other: Points) -> bool:
    """The definition, pair by pair."""
    return bool((one <= other).all() and (one < other).any())


@given(st.integers(1, 4).flatmap(points))
def test_front_is_what_nothing_dominates(values: Points) -> None:
    """The front holds exactly the points that no other point dominates."""
    on_front = non_dominated(values)
    for index, value in enumerate(values):
        assert on_front[index] == (not any(dominates(other, value) for other in values))


@given(st.integers(1, 3).flatmap(points), st.integers(0, 99))
def test_front_and_order(values: Points, seed: int) -> None:
    """The order of trials does not change who is on the front."""
    order = np.random.default_rng(seed).permutation(len(values))
    np.testing.assert_array_equal(non_dominated(values[order]), non_dominated(values)[order])


@given(points(3), arrays(np.float64, 3, elements=st.sampled_from([0.25, 1.0, 8.0])))
def test_front_and_units(values: Points, scale: Points) -> None:
    """The units of the objectives do not change who is on the front."""
    np.testing.assert_array_equal(non_dominated(values * scale), non_dominated(values))


def test_equal_points() -> None:
    """All copies of a front point are on the front."""
    assert non_dominated([[1, 2], [1, 2], [2, 1], [2, 2]]).tolist() == [True, True, True, False]


def test_front_and_nan() -> None:
    """A NaN is never on the front and dominates nothing."""
    assert non_dominated([[math.nan, 0.0], [5.0, 5.0], [math.nan, math.nan]]).tolist() == [False, True, False]


def test_front_of_nothing() -> None:
    """No trials give an empty front."""
    assert non_dominated(np.empty((0, 2))).tolist() == []


def test_front_of_a_flat_list() -> None:
    """A flat list is refused: it does not say what is a trial and what an objective."""
    with pytest.raises(ValueError, match=r"\(trial, objective\)"):
        non_dominated([1.0, 2.0])


@pytest.mark.parametrize(
    ("front", "corner", "volume"),
    [
        ([[3.0]], [10.0], 7.0),
        ([[1, 2]], [4, 4], 6.0),
        ([[1, 3], [2, 2], [3, 1]], [4, 4], 6.0),
        ([[1, 3], [2, 2], [3, 1], [3, 3], [2, 2]], [4, 4], 6.0),
        ([[5, 1], [4, 0]], [4, 4], 0.0),
        ([[0, 0, 0]], [2, 3, 4], 24.0),
        ([[0, 1, 1], [1, 0, 1], [1, 1, 0]], [2, 2, 2], 4.0),
    ],
)
def test_hypervolume_closed_forms(front: list[list[float]], corner: list[float], volume: float) -> None:
    """Intervals, rectangles, boxes and their unions have the volume known by hand."""
    assert hypervolume(front, corner) == pytest.approx(volume)


def test_hypervolume_of_a_line() -> None:
    """Points on x + y = 1 cover the upper half of the unit square but for equal triangles between them."""
    for count in (1, 2, 5, 40):
        x = np.arange(1, count + 1) / (count + 1)
        covered = hypervolume(np.column_stack([x, 1 - x]), [1, 1])
        assert covered == pytest.approx(0.5 - 0.5 / (count + 1))


@given(st.integers(2, 3).flatmap(lambda objectives: points(objectives, largest=5)))
def test_hypervolume_by_inclusion_and_exclusion(values: Points) -> None:
    """The volume equals that of the union of boxes by inclusion and exclusion."""
    corner = np.full(values.shape[1], 5.0)
    expected = 0.0
    for size in range(1, len(values) + 1):
        for chosen in itertools.combinations(values, size):
            overlap = np.prod(np.clip(corner - np.max(chosen, axis=0), 0, None))
            expected += (-1) ** (size + 1) * float(overlap)
    assert hypervolume(values, corner) == pytest.approx(expected)


@pytest.mark.parametrize("objectives", [3, 4, 5])
def test_hypervolume_by_sampling(objectives: int) -> None:
    """The volume of thirty points agrees with a random sample."""
    generator = np.random.default_rng(3)
    values, sample = generator.random((30, objectives)), generator.random((40_000, objectives))
    hit = np.any(np.all(values[None] <= sample[:, None], axis=2), axis=1)
    assert hypervolume(values, np.ones(objectives)) == pytest.approx(hit.mean(), abs=0.01)


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
def test_what_a_point_gains_is_the_difference_of_volumes(objectives: int) -> None:
    """Of points inside and outside the reference point, before and after each."""
    generator = np.random.default_rng(5)
    values, corner = generator.random((25, objectives)), np.full(objectives, 0.8)
    for count, point in enumerate(values):
        before, after = hypervolume(values[:count], corner), hypervolume(values[: count + 1], corner)
        assert gained_volume(point, values[:count], corner) == pytest.approx(after - before, abs=1e-12)


def test_hypervolume_refusals() -> None:
    """A reference point of another length is refused."""
    with pytest.raises(ValueError, match="reference_point"):
        hypervolume(np.zeros((1, 2)), np.ones(3))


def test_knee_is_the_bend() -> None:
    """From 1 to 2 ms the error falls by four fifths of its range, from 2 to 100 ms by the last fifth."""
    assert knee([[20.0, 1.0], [16.0, 2.0], [15.0, 100.0]], logarithmic=[False, True]) == 1


def test_knee_in_log_scale() -> None:
    """Costs in log scale move the knee to where a factor of cost buys little."""
    values = [[20.0, 1.0], [17.0, 30.0], [15.0, 100.0]]
    assert knee(values, logarithmic=[False, False]) == 1
    assert knee(values, logarithmic=[False, True]) == 2


def test_knee_with_a_zero_cost() -> None:
    """A cost of zero has no logarithm, so the objective stays linear."""
    values = [[20.0, 0.0], [17.0, 30.0], [15.0, 100.0]]
    assert knee(values, logarithmic=[False, True]) == 1


@pytest.mark.parametrize("values", [[[15.0, 9.0]], [[17.0, 1.0], [15.0, 9.0]], [[15.0, 9.0], [17.0, 1.0]]])
def test_knee_of_short_fronts(values: list[list[float]]) -> None:
    """One point is its own knee; of two points it is the one with the smaller error."""
    assert values[knee(values, logarithmic=[False, True])] == [15.0, 9.0]


@given(st.integers(1, 3).flatmap(points), st.sampled_from([0.25, 4.0, 1024.0]), st.floats(-8, 8).map(round))
def test_knee_and_units(values: Points, scale: float, shift: int) -> None:
    """Linear changes of units do not move the knee."""
    plain = [False] * values.shape[1]
    assert knee(values * scale + shift, plain) == knee(values, plain)


def test_knee_of_nothing() -> None:
    """A front without points has no knee."""
    with pytest.raises(ValueError, match="at least one point"):
        knee(np.empty((0, 2)), logarithmic=[False, True])


def test_log_hypervolume_counts_decades() -> None:
    """Two units of error times two decades of cost, and the corner of a second point beside it."""
    assert log_hypervolume([[8.0, 1.0]], [10.0, 100.0], [False, True]) == pytest.approx(4.0)
    assert log_hypervolume([[8.0, 1.0], [5.0, 10.0]], [10.0, 100.0], [False, True]) == pytest.approx(4.0 + 3.0)
    assert log_hypervolume([[8.0, 1e3]], [10.0, 100.0], [False, True]) == 0.0
    assert log_hypervolume(np.empty((0, 2)), [10.0, 100.0], [False, True]) == 0.0


@given(st.integers(2, 3).flatmap(points), st.sampled_from([0.001, 7.0, 1e6]))
def test_log_hypervolume_does_not_depend_on_the_unit_of_cost(values: Points, scale: float) -> None:
    """Milliseconds or seconds: decades are the same."""
    costs = values + 1
    logarithmic = [False, *[True] * (values.shape[1] - 1)]
    scales = np.where(logarithmic, scale, 1.0)
    corner = np.full(values.shape[1], 6.0)
    expected = log_hypervolume(costs, corner, logarithmic)
    assert log_hypervolume(costs * scales, corner * scales, logarithmic) == pytest.approx(expected)


def test_log_hypervolume_refuses_costs_without_a_logarithm() -> None:
    """Nothing is infinitely cheap."""
    with pytest.raises(ValueError, match="objective 1 has values that are not above 0"):
        log_hypervolume([[8.0, 0.0]], [10.0, 100.0], [False, True])


FRONT = [[20.0, 1.0], [16.0, 2.0], [15.5, 10.0], [15.0, 100.0]]


@pytest.mark.parametrize(
    ("weights", "chosen"),
    # Scaled: (1, 0), (0.2, 0.15), (0.1, 0.5), (0, 1); equal weights see 1, 0.2, 0.5, 1.
    [([1, 1], 1), ([4, 1], 2), ([1, 20], 0), ([100, 1], 3)],
)
def test_weights_move_along_the_front(weights: list[float], chosen: int) -> None:
    """The more an objective weighs, the nearer the choice is to its end; worked out by hand."""
    assert preferred(FRONT, [False, True], weights) == chosen


def test_weights_reach_into_a_dent_where_a_sum_cannot() -> None:
    """The middle of a front that bends the wrong way is on no line of equal sums, and equal weights choose it."""
    dent = [[0.0, 10.0], [6.0, 6.0], [10.0, 0.0]]
    assert knee(dent, [False, False]) == 0
    assert preferred(dent, [False, False], [1, 1]) == 1


def test_of_two_points_with_the_same_worst_objective_the_better_one_is_chosen() -> None:
    """The augmentation: of equals in the largest term, the smaller sum."""
    values = [[0.0, 1.0, 0.5], [0.5, 0.4, 0.5], [0.5, 0.0, 0.5], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    assert preferred(values, [False] * 3, [1, 1, 1]) == 2


@given(st.integers(1, 3).flatmap(points), st.sampled_from([1e-3, 4.0, 1e3]), st.sampled_from([0.25, 4.0, 1024.0]))
def test_only_the_ratios_of_weights_count_and_units_do_not(values: Points, factor: float, scale: float) -> None:
    """The choice is never dominated by another point."""
    plain = [False] * values.shape[1]
    weights = np.arange(1.0, values.shape[1] + 1)
    chosen = preferred(values, plain, list(weights))
    assert preferred(values, plain, list(factor * weights)) == chosen
    assert preferred(scale * values, plain, list(weights)) == chosen
    assert not any(dominates(other, values[chosen]) for other in values)


@pytest.mark.parametrize("weights", [[1.0], [1.0, 0.0], [1.0, -1.0], [1.0, math.nan], [1.0, math.inf]])
def test_weights_are_one_positive_number_for_each_objective(weights: list[float]) -> None:
    """A weight of zero would let a point be chosen that is worse for nothing."""
    with pytest.raises(ValueError, match="one positive number for each objective"):
        preferred(FRONT, [False, True], weights)
