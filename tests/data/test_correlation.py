"""A graph of correlations looks at the first half of the rows, and at what is left of the daily rise and fall."""

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.correlation import correlation_adjacency

STEPS, SLOTS = 2000, 96
TIMES = np.datetime64("2024-03-01T00:00", "m") + np.arange(STEPS) * np.timedelta64(15, "m")


def readings() -> NDArray[np.float32]:
    """Five sensors with one daily wave: 0 and 1 move together, 2 against them, 3 by chance, 4 not at all."""
    rng = np.random.default_rng(0)
    day = 20 * np.sin(2 * np.pi * np.arange(STEPS) / SLOTS)
    first, other = rng.standard_normal((2, STEPS))
    columns = [first, 0.8 * first + 0.2 * rng.standard_normal(STEPS), -first, other]
    return np.stack([*(50 + day + column for column in columns), np.full(STEPS, 61.1)], axis=1)[:, :, None].astype("f4")


def test_sensors_that_move_together_are_joined() -> None:
    values = readings()
    weights = correlation_adjacency(values, TIMES, 0.5)
    assert np.argwhere(np.triu(weights)).tolist() == [[0, 1]]
    np.testing.assert_array_equal(weights, weights.T)
    half = values[: STEPS // 2, :2, 0].astype(np.float64)
    for slot in range(SLOTS):
        half[slot::SLOTS] -= half[slot::SLOTS].mean(axis=0)
    np.testing.assert_allclose(weights[0, 1], np.asarray(np.corrcoef(half.T))[0, 1])


def test_gaps_are_left_out() -> None:
    """Of a pair only the common steps count, and a hundred of them are needed."""
    values = readings()
    values[::3, 0] = np.nan
    values[:300, 1] = np.nan
    weights = correlation_adjacency(values, TIMES, 0.5)
    assert 0.9 < weights[0, 1] <= 1
    values[90:, 1] = np.nan
    assert not correlation_adjacency(values, TIMES, 0.5).any()


def test_nothing_of_the_second_half_is_in_the_graph() -> None:
    values = readings()
    before = correlation_adjacency(values, TIMES, 0.1)
    values[STEPS // 2 :] = np.random.default_rng(1).standard_normal((STEPS // 2, 5, 1))
    np.testing.assert_array_equal(correlation_adjacency(values, TIMES, 0.1), before)
