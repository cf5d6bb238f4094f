"""A graph of correlations looks at training rows alone, and at what is left of the daily rise and fall."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kdsearch.data.correlation import correlation_adjacency
from kdsearch.data.load import load_series
from kdsearch.data.protocols import PROTOCOLS, split_series
from kdsearch.data.series import Series
from kdsearch.errors import ProtocolError

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
    moved = values[:, :2, 0].astype(np.float64)
    for slot in range(SLOTS):
        moved[slot::SLOTS] -= moved[slot::SLOTS].mean(axis=0)
    np.testing.assert_allclose(weights[0, 1], np.asarray(np.corrcoef(moved.T))[0, 1])


def test_gaps_are_left_out() -> None:
    """Of a pair only the common steps count, and a hundred of them are needed."""
    values = readings()
    values[::3, 0] = np.nan
    values[:300, 1] = np.nan
    weights = correlation_adjacency(values, TIMES, 0.5)
    assert 0.9 < weights[0, 1] <= 1
    values[90:, 1] = np.nan
    assert not correlation_adjacency(values, TIMES, 0.5).any()


def town(folder: Path, values: NDArray[np.float32]) -> Series:
    folder.mkdir()
    np.savez(folder / "r.npz", data=values)
    (folder / "dataset.toml").write_text(
        'start = "2024-03-01T00:00"\ninterval_minutes = 15\nunit = "km/h"\nchannels = ["speed"]\n'
        '[series]\nfile = "r.npz"\n[graph]\nkind = "correlation"\nthreshold = 0.1\n',
        encoding="utf-8",
    )
    return load_series(str(folder))


def test_nothing_of_the_second_half_is_in_the_graph(tmp_path: Path) -> None:
    values = readings()
    before = town(tmp_path / "before", values)
    np.testing.assert_array_equal(before.adjacency, correlation_adjacency(values[:1000], TIMES[:1000], 0.1))
    values[STEPS // 2 :] = np.random.default_rng(1).standard_normal((STEPS // 2, 5, 1))
    np.testing.assert_array_equal(town(tmp_path / "after", values).adjacency, before.adjacency)


def test_a_protocol_that_trains_on_less_than_the_graph_knows_is_refused(tmp_path: Path) -> None:
    """Validation rows would be in the graph; training on half of the rows is enough."""
    series = town(tmp_path / "town", readings())
    half = replace(PROTOCOLS["six-two-two"], split=(0.5, 0.3, 0.2))
    assert split_series(series, half).splits["train"].last == series.graph_rows == 1000
    with pytest.raises(ProtocolError, match=r"in its first 1,000 rows, but protocol .* on the first 980 alone; train"):
        split_series(series, replace(half, split=(0.49, 0.31, 0.2)))
    with pytest.raises(ProtocolError, match="write another kind"):
        split_series(series, replace(half, validation_from="2024-03-09T00:00", test_from="2024-03-15T00:00"))
