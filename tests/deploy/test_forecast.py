"""Forecasts from the newest readings are those that the errors of a study are made of."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.protocols import PROTOCOLS, SplitSeries, split_series
from kdsearch.data.series import Series
from kdsearch.data.target import Target
from kdsearch.data.windows import WindowedSeries
from kdsearch.deploy.forecast import forecast_frame, newest_forecast
from kdsearch.errors import DataError
from kdsearch.measure.accuracy import forecasts
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.network import fitted_scaler, new_network

CPU = torch.device("cpu")


def untrained(series: SplitSeries, **settings: str) -> Checkpoint:
    """A network with its first weights, which matter in every layer, and the scaler of the training split."""
    config = TrialConfig.of({"loss": "none", "width": 4, **settings})
    return Checkpoint.of(new_network(series, config, 0), fitted_scaler(series, config), series.adjacency)


def rows(source: Series, first: int, last: int) -> Series:
    """Cut rows out of a series."""
    return replace(source, values=source.values[first:last], times=source.times[first:last])


def scored(checkpoint: Checkpoint, series: SplitSeries, starts: list[int]) -> NDArray[np.float32]:
    """The forecasts with which a study makes errors, ``(window, horizon, node)``."""
    data = WindowedSeries(series, checkpoint.scaler, CPU)
    made = [one for _, one in forecasts(checkpoint.network(CPU), data, np.array(starts))]
    return series.quantity.possible(torch.cat(made)).numpy()


@pytest.mark.parametrize("fill", ["causal", "published"])
@pytest.mark.parametrize(
    ("protocol", "settings"),
    [
        ("stgcn", {"family": "stgcn", "input": "raw"}),
        ("stgcn", {"family": "stgcn", "input": "deviation", "decoding": "direct"}),
        ("six-two-two", {"family": "stid", "input": "deviation", "profile": "low-rank", "decoding": "direct"}),
        ("seven-one-two", {"family": "stid", "input": "raw", "decoding": "direct"}),
        ("seven-one-two", {"family": "lightst", "input": "deviation", "decoding": "direct"}),
    ],
)
def test_the_newest_readings_give_the_forecasts_that_are_scored(
    source: Series, protocol: str, settings: dict[str, str], fill: str
) -> None:
    """Every fill but that which looks ahead; windows with and without gaps."""
    series = split_series(source, PROTOCOLS[protocol].filled(fill))
    checkpoint, target = untrained(series, **settings), Target.of(series)
    starts, history = series.splits["test"].starts, series.protocol.history
    gaps = [int(one) for one in starts if not series.present[one : one + history].all()]
    whole = [int(one) for one in starts if series.present[one : one + history].all()]
    chosen = whole[:2] if series.protocol.fill == "interpolated" else [*gaps[:2], *whole[:2]]
    assert len(chosen) >= 2
    for start, expected in zip(chosen, scored(checkpoint, series, chosen), strict=True):
        times, values = newest_forecast(checkpoint, target, rows(source, 0, start + history))
        np.testing.assert_allclose(values, expected, rtol=0, atol=1e-4)
        np.testing.assert_array_equal(times, source.times[start + history :][: target.horizon])


def test_sensors_are_matched_by_id(series: SplitSeries, source: Series) -> None:
    """Another order and further sensors change nothing; an absent sensor is a gap; its own column stays."""
    checkpoint, target = untrained(series), Target.of(series)
    expected = newest_forecast(checkpoint, target, source)[1]
    mixed = replace(
        source,
        values=np.concatenate([source.values[:, ::-1], source.values[:, :1] + 9], axis=1),
        sensor_ids=(*source.sensor_ids[::-1], "new"),
    )
    np.testing.assert_array_equal(newest_forecast(checkpoint, target, mixed)[1], expected)
    absent = replace(source, values=source.values[:, 1:], sensor_ids=source.sensor_ids[1:])
    silent = replace(source, values=source.values.copy())
    silent.values[:, 0] = np.nan
    made = newest_forecast(checkpoint, target, absent)[1]
    np.testing.assert_array_equal(made, newest_forecast(checkpoint, target, silent)[1])
    assert np.isfinite(made).all()
    assert not np.allclose(made, expected)


def test_a_table_of_forecasts(series: SplitSeries, source: Series) -> None:
    """Times go on from the newest reading; each sensor has each step."""
    table = forecast_frame(untrained(series), Target.of(series), source)
    horizon = series.protocol.horizon
    assert list(table.columns) == ["time", "sensor", "step", "forecast"]
    assert len(table) == horizon * len(source.sensor_ids)
    ahead = (table["time"].to_numpy() - source.times[-1]) / np.timedelta64(source.interval_minutes, "m")
    np.testing.assert_array_equal(ahead, table["step"])
    pivot = table.pivot_table(index="step", columns="sensor", values="forecast")[list(source.sensor_ids)]
    expected = newest_forecast(untrained(series), Target.of(series), source)[1]
    np.testing.assert_array_equal(pivot.to_numpy(), expected)


def test_counts_are_never_negative(source: Series) -> None:
    counts = replace(source, values=source.values - np.nanmin(source.values), quantity=("count",))
    series = split_series(counts, PROTOCOLS["stgcn"])
    checkpoint = untrained(series)
    below = replace(checkpoint, scaler=replace(checkpoint.scaler, mean=-1e4))
    assert (newest_forecast(below, Target.of(series), counts)[1] >= 0).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"interval_minutes": 5}, "has a step every 5 minutes, and the network forecasts every 15"),
        ({"sensor_ids": ("a", "b", "c", "d", "e")}, "has none of the network's 5 sensors, such as '0'"),
    ],
)
def test_readings_that_do_not_fit_are_refused(
    series: SplitSeries, source: Series, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        newest_forecast(untrained(series), Target.of(series), replace(source, **change))


def test_too_few_rows_are_refused(series: SplitSeries, source: Series) -> None:
    with pytest.raises(DataError, match=r"readings of 11 steps, and a forecast looks at 12; give the newest 12 rows"):
        newest_forecast(untrained(series), Target.of(series), rows(source, 5, 16))
