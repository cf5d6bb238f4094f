"""Errors by hand, whatever the batches."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kdsearch.data.profile import fit_profile, fit_scaler
from kdsearch.data.protocols import SplitSeries
from kdsearch.data.windows import WindowedSeries
from kdsearch.errors import SpaceError
from kdsearch.measure import accuracy
from kdsearch.measure.accuracy import ErrorSums, errors, forecasts
from kdsearch.measure.baselines import last_value_forecasts
from kdsearch.measure.metrics import MAPE_FLOOR_WORDS, Metric
from kdsearch.models import Stgcn, StgcnSize


def test_metrics_by_hand() -> None:
    """Errors 1 and -3 at step one, 2 at step two; unmeasured cells and, for MAPE, zero truths are left out."""
    forecast = torch.tensor([[[11.0, 1.0], [7.0, 2.0]]])
    truth = torch.tensor([[[10.0, 4.0], [99.0, 0.0]]])
    measured = torch.tensor([[[True, True], [False, True]]])
    sums = ErrorSums(2, 50.0)
    sums.add(forecast, truth, measured)
    table = sums.metrics({1: 5, 2: 10})
    assert table["mae"] == pytest.approx({"all": 2.0, "5": 2.0, "10": 2.0})
    assert table["rmse"] == pytest.approx({"all": (14 / 3) ** 0.5, "5": 5**0.5, "10": 2.0})
    assert table["mape"] == pytest.approx({"all": 100 * (0.1 + 0.75) / 2, "5": 100 * (0.1 + 0.75) / 2})
    assert table["wape"] == pytest.approx({"all": 100 * 6 / 14, "5": 100 * 4 / 14})  # nothing is a share of zero


def test_a_reading_of_next_to_nothing_is_no_measure_of_an_error() -> None:
    """One reading of 2e-17 among thousands would make the MAPE 4.5e14 %; a small one still counts."""
    truth = torch.tensor([[[2e-17, 50.0, 0.06]]], dtype=torch.float64)
    sums = ErrorSums(1, 50.0)
    sums.add(truth + 5, truth, torch.ones(1, 1, 3, dtype=torch.bool))
    table = sums.metrics({1: 5})
    assert table["mape"]["all"] == pytest.approx(100 * (5 / 50 + 5 / 0.06) / 2)
    assert table["wape"]["all"] == pytest.approx(100 * 15 / 50.06)


def test_every_protocol_states_the_floor_of_mape(series: SplitSeries) -> None:
    """The data's room is below that of the metrics, and has the words a second time."""
    assert series.protocol.describe(series.source).endswith(f"MAPE where the truth is above {MAPE_FLOOR_WORDS}")


def test_errors_never_move() -> None:
    """To the last digit, whatever else the table of metrics comes to hold."""
    generator = torch.Generator().manual_seed(5)
    forecast = 50 + 10 * torch.randn(40, 3, 6, generator=generator)
    truth = 45 + 15 * torch.randn(40, 3, 6, generator=generator)
    measured = torch.rand(40, 3, 6, generator=generator) > 0.1
    sums = ErrorSums(3, 50.0)
    for some in (slice(17), slice(17, None)):
        sums.add(forecast[some], truth[some], measured[some])
    golden = {
        "mae": {"all": 13.543266088365593, "5": 13.211489894173361, "15": 13.813851522743155},
        "rmse": {"all": 17.044520522898292, "5": 16.671598715689655, "15": 17.561434135277374},
        "mape": {"all": 45.14079301673955, "5": 57.10949931212039, "15": 43.859770615420516},
        "wape": {"all": 29.87451444358581, "5": 29.011546671561984, "15": 30.954319237748567},
    }
    found = sums.metrics({1: 5, 3: 15})
    assert {name: found[name] for name in golden} == golden


def test_a_metric_that_is_half_done_is_refused_when_it_is_made() -> None:
    with pytest.raises(SpaceError, match=r"the metric 'mine' needs a function of \(difference, truth\)"):
        Metric("mine", "", "a sentence", lambda difference: difference, lambda total, count: total / count)  # type: ignore[arg-type, misc]


@settings(max_examples=30)
@given(st.integers(1, 60), st.integers(0, 2**31))
def test_batches_cannot_change_metrics(pieces: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    forecast, truth = torch.randn(2, 60, 3, 4, generator=generator).unbind(0)
    measured = torch.rand(60, 3, 4, generator=generator) > 0.1
    whole, cut = ErrorSums(3, 50.0), ErrorSums(3, 50.0)
    whole.add(forecast, truth, measured)
    for part in torch.tensor_split(torch.arange(60), pieces):
        cut.add(forecast[part], truth[part], measured[part])
    for metric, row in whole.metrics({1: 5, 3: 15}).items():
        assert cut.metrics({1: 5, 3: 15})[metric] == pytest.approx(row, rel=1e-12)


@pytest.mark.parametrize("outputs", [1, 9])
def test_stretches_give_the_errors_of_single_windows(
    series: SplitSeries, outputs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    network = Stgcn(series.source.adjacency, StgcnSize.of_width(2), outputs=outputs)
    data = WindowedSeries(series, fit_scaler(series, fit_profile(series, "table")), torch.device("cpu"))
    starts = series.splits["val"].starts
    together = errors(forecasts(network, data, starts), series)
    monkeypatch.setattr(accuracy, "SEGMENT_WINDOWS", 1)
    monkeypatch.setattr(accuracy, "ITERATED_WINDOWS", 1)
    singly = errors(forecasts(network, data, starts), series)
    for metric, row in together.items():
        assert singly[metric] == pytest.approx(row, rel=1e-6)


def test_last_value_repeats_the_last_reading(series: SplitSeries) -> None:
    starts, forecast = next(iter(last_value_forecasts(series, "test")))
    assert (forecast.numpy() == series.values[np.asarray(starts) + 11][:, None]).all()
