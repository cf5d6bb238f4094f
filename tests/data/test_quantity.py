"""Counts and speeds: no forecast of theirs is below zero, wherever it is shown, and training knows nothing of it."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.load import load_series
from kdsearch.data.profile import Scaler, fit_scaler
from kdsearch.data.protocols import PROTOCOLS, SplitSeries, split_series
from kdsearch.data.quantity import QUANTITIES, QuantityName, read_quantities
from kdsearch.data.series import Series
from kdsearch.data.windows import WindowedSeries
from kdsearch.errors import DataError, ProtocolError
from kdsearch.measure.accuracy import errors, forecasts
from kdsearch.measure.baselines import naive_baselines
from kdsearch.testing import ring_road
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.network import trained_network


def few_vehicles() -> Series:
    """Small counts, many of them zero, of which any network forecasts some below zero."""
    series = ring_road(days=12, interval_minutes=60)
    counts = np.maximum(np.round((series.values - 50) / 4), 0)
    return replace(series, values=counts.astype(np.float32), unit=("vehicles/h",), channels=("flow",))


def as_quantity(series: Series, kind: QuantityName) -> SplitSeries:
    return split_series(replace(series, quantity=(kind,)), PROTOCOLS["six-two-two"])


@pytest.mark.parametrize("kind", ["count", "speed"])
def test_errors_are_those_of_forecasts_of_zero_where_they_were_below(kind: QuantityName) -> None:
    source = few_vehicles()
    plain, known = as_quantity(source, "none"), as_quantity(source, kind)
    starts = plain.splits["test"].starts
    made = torch.from_numpy(np.random.default_rng(0).normal(1, 5, (len(starts), 12, 5)).astype(np.float32))
    assert (made < 0).any()
    found = [
        errors([(torch.from_numpy(starts), forecast)], series)
        for forecast, series in ((made, known), (made.clamp(min=0), plain), (made, plain))
    ]
    for metric in ("mae", "rmse", "wape"):
        assert found[0][metric] == found[1][metric]
        assert found[0][metric]["all"] < found[2][metric]["all"]
    assert (made < 0).any()  # in place would change what students are taught


def test_training_is_the_same_and_scores_are_not_worse() -> None:
    """Bit for bit; a network that errs below zero errs less."""
    networks, scored = [], []
    for kind in ("none", "count"):
        series = as_quantity(few_vehicles(), kind)
        config = TrialConfig.of({"family": "stid", "width": 4, "epochs": 1})
        network, scaler, _ = trained_network(series, config, 0, torch.device("cpu"))
        networks.append(torch.cat([one.flatten() for one in network.state_dict().values()]))
        data = WindowedSeries(series, scaler, torch.device("cpu"))
        made = list(forecasts(network, data, series.splits["val"].starts))
        assert min(float(forecast.min()) for _, forecast in made) < 0  # as students hear them
        scored.append(errors(made, series)["mae"]["all"])
    assert torch.equal(*networks)
    assert scored[1] < scored[0]


def test_the_calendar_and_the_last_value_are_scored_alike() -> None:
    """Neither is ever below zero, so that neither moves."""
    plain, known = (naive_baselines(as_quantity(few_vehicles(), kind), ("val",)) for kind in ("none", "count"))
    for one, other in zip(plain, known, strict=True):
        assert one.metrics["val"]["mae"] == other.metrics["val"]["mae"]


@pytest.mark.parametrize(
    ("kind", "mean", "floor"),
    [("none", 50, 0.05), ("count", 300, 3), ("count", 4, 0.5), ("speed", 50, 0.5), ("none", 0, 0), ("speed", 0, 0)],
)
def test_the_floor_of_mape_follows_the_quantity(kind: str, mean: float, floor: float) -> None:
    assert QUANTITIES[kind].mape_floor(mean) == pytest.approx(floor)


def test_mape_of_counts_leaves_out_next_to_nothing_and_keeps_a_single_vehicle() -> None:
    source = few_vehicles()
    source.values[source.values == 0] = 2e-17
    plain, known = as_quantity(source, "none"), as_quantity(source, "count")
    starts = plain.splits["test"].starts
    truth = torch.from_numpy(plain.values[starts[:, None] + 12 + np.arange(12)])
    found = [errors([(torch.from_numpy(starts), truth + 1)], series)["mape"]["all"] for series in (plain, known)]
    counted = truth[truth >= 1]
    assert found[1] == pytest.approx(float(100 * (1 / counted).mean()), rel=1e-5)
    assert "no forecast below 0; MAPE where the truth is above 1 % of the mean" in known.protocol.describe(known.source)
    assert "below" not in plain.protocol.describe(plain.source)


@given(st.sampled_from(["count", "speed"]), st.lists(st.floats(-1e6, 1e6, width=32), min_size=1))
def test_arrays_and_tensors_are_raised_alike(kind: str, values: list[float]) -> None:
    array = np.array(values, dtype=np.float32)
    raised = QUANTITIES[kind].possible(array)
    assert raised.min() >= 0
    assert (raised[array >= 0] == array[array >= 0]).all()
    assert (QUANTITIES[kind].possible(torch.tensor(array)).numpy() == raised).all()
    assert QUANTITIES["none"].possible(array) is array


def test_a_quantity_is_part_of_what_a_study_is_of() -> None:
    """Where nothing is known, every hash stays."""
    source = few_vehicles()
    hashes = [replace(source, quantity=kinds).content_hash for kinds in ((), ("none",), ("count",), ("speed",))]
    assert hashes[0] == hashes[1] == source.content_hash
    assert len(set(hashes)) == 3


def test_a_checkpoint_keeps_it_and_older_ones_are_read() -> None:
    scaler = fit_scaler(as_quantity(few_vehicles(), "count"), None)
    assert scaler.quantity == "count"
    packed = Checkpoint({"family": "none"}, {}, scaler, np.zeros((2, 2))).to_bytes()
    assert Checkpoint.from_bytes(packed).scaler.quantity == "count"
    plain = Checkpoint({"family": "none"}, {}, Scaler(0.0, 1.0, None), np.zeros((2, 2))).to_bytes()
    assert "quantity" not in np.load(io.BytesIO(plain))
    assert Checkpoint.from_bytes(plain).scaler.quantity == "none"


@pytest.mark.parametrize(
    ("written", "channels", "kinds"),
    [("count", 2, ("count", "count")), (["count", "none"], 2, ("count", "none")), ([], 2, ())],
)
def test_one_kind_stands_for_all_channels(written: object, channels: int, kinds: tuple[str, ...]) -> None:
    assert read_quantities(written, channels, "x") == kinds


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("counts", "x has quantity = 'counts'; write one of none, count, speed, or a list with one for each channel"),
        (3, "x has quantity = 3; write one of"),
        (["count", 3], "x has quantity ="),
        (["count"], "x has 1 kinds of quantity for 2 channels"),
        ({"flow": "count"}, "x has quantity ="),
    ],
)
def test_a_kind_that_is_none_is_refused(written: object, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_quantities(written, 2, "x")


def folder(place: Path, quantity: str, readings: str = "1,2\n3,4\n") -> Path:
    """A dataset of two sensors."""
    (place / "r.csv").write_text(readings)
    (place / "g.csv").write_text("from,to,cost\n0,1,500\n")
    (place / "dataset.toml").write_text(
        f'start = "2024-03-01T00:00"\ninterval_minutes = 60\nunit = "vehicles/h"\nchannels = ["flow"]\n{quantity}\n'
        '[series]\nfile = "r.csv"\nheader = false\n[graph]\nfile = "g.csv"\nkind = "edges"\n'
    )
    return place


def test_a_dataset_says_it(tmp_path: Path) -> None:
    assert load_series(str(folder(tmp_path, 'quantity = "count"'))).quantity == ("count",)
    assert load_series(str(folder(tmp_path, ""))).quantity == ()
    with pytest.raises(DataError, match=r"dataset.toml of .* has quantity = 'flow'; write one of"):
        load_series(str(folder(tmp_path, 'quantity = "flow"')))


def test_readings_below_zero_contradict_it(tmp_path: Path) -> None:
    readings = "1,2\n-1,4\n-2,3\n"
    with pytest.raises(
        DataError, match=r"channel flow of .* has 2 readings below 0, such as -2, and quantity = 'count'"
    ):
        load_series(str(folder(tmp_path, 'quantity = "count"', readings)))
    marked = folder(tmp_path, 'quantity = "count"\nnegative_is_zero = true', readings)
    assert load_series(str(marked)).values.min() == 0


def test_channels_of_different_kinds_are_not_forecast_together() -> None:
    source = few_vehicles()
    both = replace(
        source,
        values=np.repeat(source.values, 2, axis=2),
        channels=("in", "out"),
        unit=("x", "x"),
        quantity=("count", "speed"),
    )
    protocol = replace(PROTOCOLS["six-two-two"], channel=None)
    with pytest.raises(ProtocolError, match="their quantities are count, speed; choose one channel"):
        split_series(both, protocol)
    assert split_series(both, replace(protocol, channel=1)).quantity.name == "speed"
