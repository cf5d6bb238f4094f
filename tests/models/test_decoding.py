"""Iterated decoding column by column gives what decoding window by window gives."""

import numpy as np
import pytest
import torch

from kdsearch.models import Forecaster, Stgcn, StgcnSize


def iterated(width: int, nodes: int) -> Stgcn:
    """A network on a ring that forecasts one step at a time."""
    torch.manual_seed(0)
    ring = np.roll(np.eye(nodes), 1, axis=1) + np.roll(np.eye(nodes), -1, axis=1)
    return Stgcn(ring, StgcnSize.of_width(width))


@pytest.mark.parametrize("history", [10, 12, 15])
@pytest.mark.parametrize(("segments", "windows", "horizon"), [(1, 1, 9), (2, 5, 9), (3, 13, 1), (1, 4, 17)])
def test_windows_share_columns(history: int, segments: int, windows: int, horizon: int) -> None:
    """Also beyond the history, where every column comes of forecasts alone."""
    torch.manual_seed(0)
    ring = np.roll(np.eye(6), 1, axis=1) + np.roll(np.eye(6), -1, axis=1)
    network = Stgcn(ring, StgcnSize((2, 3), (3, 5), 4), history=history).double()
    x = torch.randn(segments, history + windows - 1, 6, 1, dtype=torch.float64)
    plain = Forecaster.forecast_segments(network, x, horizon)
    assert plain.shape == (segments, windows, horizon, 6)
    torch.testing.assert_close(network.forecast_segments(x, horizon), plain, rtol=0, atol=1e-12)


def test_compiled_columns_are_those_of_whole_windows() -> None:
    """In float32, with lists of neighbours."""
    network = iterated(2, 40)
    x = torch.randn(1, 30, 40, 1)
    with torch.inference_mode():
        plain = Forecaster.forecast_segments(network, x, 9)
        torch.testing.assert_close(network.forecast_segments(x, 9), plain, rtol=0, atol=1e-5)


def test_a_few_outputs_at_a_time_are_iterated_too() -> None:
    """Neither one step nor the whole horizon: three passes of four steps, the last one cut."""
    torch.manual_seed(0)
    network = Stgcn(np.ones((4, 4)) - np.eye(4), StgcnSize.of_width(2), outputs=4).double()
    x = torch.randn(2, 13, 4, 1, dtype=torch.float64)
    made = network.forecast_segments(x, 9)
    assert made.shape == (2, 2, 9, 4)
    first = network(x[:, 1:])[:, 0]
    torch.testing.assert_close(made[:, 1, :4], first)
    fed = torch.cat([x[:, 1:], first[..., None]], dim=1)[:, -12:]
    torch.testing.assert_close(made[:, 1, 4:8], network(fed)[:, 0])
