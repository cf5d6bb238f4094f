"""Gathering by index, and segments of neighbouring windows."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from kdsearch.data.profile import fit_profile, fit_scaler
from kdsearch.data.protocols import SplitSeries
from kdsearch.data.windows import WindowedSeries, segments


def test_inputs_and_targets_are_the_rows_of_their_windows(series: SplitSeries) -> None:
    data = WindowedSeries(series, fit_scaler(series, fit_profile(series, "table")), torch.device("cpu"))
    starts = torch.tensor([3, 40])
    x, rows = data.inputs(starts, 4, with_clock=False), data.target_rows(starts, 4)
    assert x.shape == (2, 15, 5, 1)
    assert rows.shape == (2, 4, 9)
    torch.testing.assert_close(x[1, :, :, 0], data.scaled[40:55])
    assert rows[1, 2].tolist() == list(range(40 + 2 + 12, 40 + 2 + 21))
    there = torch.from_numpy(series.present)[rows]
    real, scaled = data.to_real(data.scaled[rows], rows), data.to_scaled(data.values[rows], rows)
    torch.testing.assert_close(real[there], data.values[rows][there], rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(scaled[there], data.scaled[rows][there])


@given(st.lists(st.integers(1, 30), min_size=1, max_size=5), st.integers(1, 8), st.integers(1, 40), st.integers(0, 99))
def test_segments_hold_each_window_at_most_once(runs: list[int], length: int, batch: int, seed: int) -> None:
    """Fewer than `length` windows of a run wait for another epoch; with length 1 none does."""
    starts = np.concatenate([1000 * number + np.arange(size) for number, size in enumerate(runs)])
    cut = list(segments(starts, length, batch, np.random.default_rng(seed)))
    windows = (
        np.concatenate([segment_starts[:, None] + np.arange(length) for segment_starts in cut]).ravel()
        if cut
        else np.zeros(0)
    )
    assert len(set(windows)) == len(windows)
    assert set(windows) <= set(starts.tolist())
    assert len(windows) == sum(size - size % length for size in runs)
    assert all(len(segment_starts) * length <= max(batch, length) for segment_starts in cut)


def test_segment_borders_move_between_epochs() -> None:
    order = np.random.default_rng(0)
    epochs = [np.sort(np.concatenate(list(segments(np.arange(95), 10, 50, order)))) for _ in range(8)]
    assert len({int(segment_starts[0]) for segment_starts in epochs}) > 1
