"""The demo freeway: the same each time, and worth forecasting."""

import time
from typing import Any

import numpy as np
import pytest

from kdsearch.data.catalog import CARDS
from kdsearch.data.series import Series
from kdsearch.data.synthetic import make_demo

Array = np.ndarray[Any, np.dtype[Any]]


@pytest.fixture(scope="module")
def demo() -> Series:
    """The demo series."""
    return make_demo()


def test_it_is_the_same_each_time_and_made_at_once(demo: Series) -> None:
    """Same seed, same bits; another seed, other readings; in less than two seconds."""
    started = time.perf_counter()
    again = make_demo(seed=0)
    assert time.perf_counter() - started < 2
    assert again.content_hash == demo.content_hash
    assert make_demo(seed=1).content_hash != demo.content_hash


def test_it_fits_its_card(demo: Series) -> None:
    """Three weeks from a Monday, 5-minute steps, about 2 % missing, speeds of cars."""
    assert demo.values.shape == CARDS["demo"].shape == (6048, 20, 1)
    assert (np.diff(demo.times) == np.timedelta64(5, "m")).all()
    assert str(demo.times[0]) == "2024-03-04T00:00"
    assert 0.01 < 1 - demo.measured.mean() < 0.03
    assert 3 <= np.nanmin(demo.values) < 40
    assert 100 < np.nanmax(demo.values) < 130


def test_the_road_is_one_connected_graph_with_a_junction(demo: Series) -> None:
    """Symmetric, no loops, every node reachable, and the junction joins three neighbours."""
    weights = demo.adjacency
    np.testing.assert_array_equal(weights, weights.T)
    assert (np.diag(weights) == 0).all()
    reached = np.linalg.matrix_power((weights > 0).astype(int) + np.eye(20, dtype=int), 20)
    assert (reached > 0).all()
    assert set(np.flatnonzero(weights[8])) >= {7, 9, 19}


def test_congestion_travels_upstream(demo: Series) -> None:
    """A detector's speed goes with that of the next one downstream five to ten minutes before, more than after."""
    speed = filled(demo)
    slow = np.diff(speed, axis=0)
    earlier = np.mean([np.corrcoef(slow[:-1, node + 1], slow[1:, node])[0, 1] for node in range(13)])
    later = np.mean([np.corrcoef(slow[1:, node + 1], slow[:-1, node])[0, 1] for node in range(13)])
    assert earlier > later + 0.1


def filled(source: Series) -> Array:
    """Readings ``(step, node)``, missing ones replaced by the last that was measured."""
    values = source.values[:, :, 0].astype(float)
    measured = np.isfinite(values)
    last = np.maximum.accumulate(np.where(measured, np.arange(len(values))[:, None], 0), axis=0)
    return np.asarray(np.nan_to_num(np.take_along_axis(values, last, axis=0), nan=100.0))


def linear_error(inputs: Array, lags: list[Array], columns: list[Array], train: Array, test: Array, h: int) -> float:
    """Test MAE of a ridge regression of each node's deviation `h` steps ahead on lagged deviations."""
    errors = []
    for node in range(inputs.shape[1]):
        features = np.concatenate([lag[:, columns[node]] for lag in lags], axis=1)
        x, y = features[train], inputs[train + h, node]
        weights = np.linalg.solve(x.T @ x + 10 * np.eye(x.shape[1]), x.T @ y)
        errors.append(np.abs(features[test] @ weights - inputs[test + h, node]))
    return float(np.mean(errors))


@pytest.mark.parametrize("h", [3, 6, 9])
def test_graph_and_calendar_are_worth_knowing(demo: Series, h: int) -> None:
    """A linear forecast that sees both beats last value, the calendar profile, and itself without the graph."""
    speed = filled(demo)
    steps = np.arange(len(speed))
    weekend, slot = (steps // 288 % 7 >= 5).astype(int), steps % 288
    days = speed.reshape(21, 288, 20)
    free = np.arange(21) % 7 >= 5
    profile = np.stack([days[:14][~free[:14]].mean(axis=0), days[:14][free[:14]].mean(axis=0)])[weekend, slot]
    std = speed - profile
    lags = [np.roll(std, lag, axis=0) for lag in range(6)]
    train, test = steps[12 : 14 * 288 - h], steps[14 * 288 : -h]
    neighbours = [np.append(np.flatnonzero(row), node) for node, row in enumerate(demo.adjacency)]
    alone = [np.array([node]) for node in range(20)]
    with_graph = linear_error(std, lags, neighbours, train, test, h)
    assert with_graph < 0.9 * linear_error(std, lags, alone, train, test, h)
    assert with_graph < 0.9 * np.abs(speed[test + h] - speed[test]).mean()
    assert with_graph < 0.9 * np.abs(std[test + h]).mean()
