"""Splits, windows and what may not leak across their borders."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdsearch.data.profile import fit_profile, fit_scaler
from kdsearch.data.protocols import PROTOCOLS, prepare
from kdsearch.data.series import Series
from kdsearch.errors import ProtocolError


def plain_series(steps: int, interval_minutes: int = 5, nodes: int = 2) -> Series:
    """Noise from midnight on."""
    values = np.random.default_rng(0).normal(50, 5, size=(steps, nodes, 1)).astype(np.float32)
    times = np.datetime64("2016-05-02T00:00", "m") + np.arange(steps) * np.timedelta64(interval_minutes, "m")
    sensors = tuple(str(node) for node in range(nodes))
    return Series("plain", values, times, interval_minutes, ("km/h",), ("speed",), 1.0 - np.eye(nodes), sensors)


def test_44_days_are_cut_34_5_5_with_268_windows_each() -> None:
    """The counts of STGCN's original code: 9112, 1340 and 1340 windows."""
    parts = prepare(plain_series(44 * 288), PROTOCOLS["stgcn"]).parts
    assert [(part.first // 288, part.last // 288) for part in parts.values()] == [(0, 34), (34, 39), (39, 44)]
    assert [len(part.starts) for part in parts.values()] == [9112, 1340, 1340]


def test_six_two_two_cuts_rows() -> None:
    parts = prepare(plain_series(1000), PROTOCOLS["six-two-two"]).parts
    assert [(part.first, part.last) for part in parts.values()] == [(0, 600), (600, 800), (800, 1000)]
    assert [len(part.starts) for part in parts.values()] == [577, 177, 177]


@settings(max_examples=25, deadline=None)
@given(st.integers(3, 20), st.sampled_from([5, 15, 30]), st.sampled_from(sorted(PROTOCOLS)), st.integers(0, 2**31))
def test_windows_never_cross_a_border(days: int, interval: int, name: str, seed: int) -> None:
    """Neither of a part, nor of a gap in time, nor, where the protocol says so, of a day."""
    whole = plain_series(days * 1440 // interval, interval)
    keep = np.random.default_rng(seed).random(len(whole.times)) > 0.01
    gappy = replace(whole, values=whole.values[keep], times=whole.times[keep])
    protocol = PROTOCOLS[name]
    try:
        prepared = prepare(gappy, protocol)
    except ProtocolError:
        return
    length = protocol.history + protocol.horizon
    for part in prepared.parts.values():
        rows = part.starts[:, None] + np.arange(length)
        assert rows.min() >= part.first
        assert rows.max() < part.last
        times = gappy.times[rows]
        assert (np.diff(times, axis=1) == np.timedelta64(interval, "m")).all()
        if protocol.within_day:
            assert (times[:, 0].astype("datetime64[D]") == times[:, -1].astype("datetime64[D]")).all()


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
def test_held_out_readings_reach_neither_scaler_nor_profile_nor_training_rows(series: Series, name: str) -> None:
    """Whatever validation and test hold, what is fitted on training stays the same, bit for bit."""
    first = prepare(series, PROTOCOLS[name])
    border = first.parts["train"].last
    values = series.values.copy()
    values[border:] = values[border:] * -3 + 1000
    second = prepare(replace(series, values=values), PROTOCOLS[name])
    for kind in ("table", "low-rank"):
        profiles = [fit_profile(prepared, kind) for prepared in (first, second)]
        assert (profiles[0].table == profiles[1].table).all()
        scalers = [fit_scaler(prepared, profile) for prepared, profile in zip((first, second), profiles, strict=True)]
        assert (scalers[0].mean, scalers[0].deviation) == (scalers[1].mean, scalers[1].deviation)
    assert (first.values[:border] == second.values[:border]).all()


def test_the_scaler_weighs_rows_by_their_windows() -> None:
    """STGCN takes mean and deviation over the training windows, not over the rows."""
    prepared = prepare(plain_series(10 * 288), PROTOCOLS["stgcn"])
    starts = prepared.parts["train"].starts
    windows = prepared.values[starts[:, None] + np.arange(21)]
    scaler = fit_scaler(prepared, None)
    assert scaler.mean == pytest.approx(windows.mean(dtype=np.float64), rel=1e-9)
    assert scaler.deviation == pytest.approx(windows.std(dtype=np.float64), rel=1e-9)


def test_gaps_are_interpolated_inside_a_part_and_marked() -> None:
    """A gap at the border is filled from its own side alone."""
    series = plain_series(1000)
    values = series.values.copy()
    values[10:13, 0, 0] = np.nan
    values[9, 0, 0], values[13, 0, 0] = 10.0, 50.0
    values[598:602, 1, 0] = np.nan
    prepared = prepare(replace(series, values=values), PROTOCOLS["six-two-two"])
    assert prepared.values[10:13, 0].tolist() == [20.0, 30.0, 40.0]
    assert (prepared.values[598:600, 1] == values[597, 1, 0]).all()
    assert (prepared.values[600:602, 1] == values[602, 1, 0]).all()
    assert prepared.measured.sum() == prepared.measured.size - 7


def test_a_silent_sensor_is_named() -> None:
    series = plain_series(1000)
    values = series.values.copy()
    values[:700, 1] = np.nan
    with pytest.raises(ProtocolError, match="sensor 1 of plain has no reading in the train part"):
        prepare(replace(series, values=values), PROTOCOLS["six-two-two"])


def test_a_series_too_short_is_refused() -> None:
    with pytest.raises(ProtocolError, match="needs at least 3"):
        prepare(plain_series(2 * 288), PROTOCOLS["stgcn"])


def test_a_protocols_hash_moves_with_any_field() -> None:
    protocol = PROTOCOLS["stgcn"]
    assert replace(protocol, horizon=8).hash != protocol.hash
    assert replace(protocol).hash == protocol.hash
