"""Splits, windows and what may not leak across their borders."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdsearch.data.graph import grid_adjacency
from kdsearch.data.profile import fit_profile, fit_scaler
from kdsearch.data.protocols import PROTOCOLS, SplitSeries, split_series
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
    parts = split_series(plain_series(44 * 288), PROTOCOLS["stgcn"]).splits
    assert [(part.first // 288, part.last // 288) for part in parts.values()] == [(0, 34), (34, 39), (39, 44)]
    assert [len(part.starts) for part in parts.values()] == [9112, 1340, 1340]


def test_six_two_two_cuts_rows() -> None:
    parts = split_series(plain_series(1000), PROTOCOLS["six-two-two"]).splits
    assert [(part.first, part.last) for part in parts.values()] == [(0, 600), (600, 800), (800, 1000)]
    assert [len(part.starts) for part in parts.values()] == [577, 177, 177]


@settings(max_examples=25, deadline=None)
@given(st.integers(3, 60), st.sampled_from([15, 30, 60]), st.sampled_from(sorted(PROTOCOLS)), st.integers(0, 2**31))
def test_windows_never_cross_a_border(days: int, interval: int, name: str, seed: int) -> None:
    """Neither of a gap in time nor, where the protocol says so, of a day; of a part only with a history that may."""
    whole = plain_series(days * 1440 // interval, interval)
    keep = np.random.default_rng(seed).random(len(whole.times)) > 1 / (20 * 1440 // interval)
    gappy = replace(whole, values=whole.values[keep], times=whole.times[keep])
    try:
        series = split_series(gappy, PROTOCOLS[name])
    except ProtocolError:
        return
    protocol = series.protocol
    for part in series.splits.values():
        rows = part.starts[:, None] + np.arange(protocol.history + protocol.horizon)
        inside = rows[:, protocol.history :] if protocol.inputs_reach_back else rows
        assert rows.min() >= 0
        assert inside.min() >= part.first
        assert rows.max() < part.last
        times = gappy.times[rows]
        assert (np.diff(times, axis=1) == np.timedelta64(interval, "m")).all()
        if protocol.within_day:
            assert (times[:, 0].astype("datetime64[D]") == times[:, -1].astype("datetime64[D]")).all()


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
def test_held_out_readings_reach_neither_scaler_nor_profile_nor_training_rows(name: str) -> None:
    """Whatever validation and test hold, what is fitted on training stays the same, bit for bit."""
    source = plain_series(60 * 24, 60)
    first = split_series(source, PROTOCOLS[name])
    border = first.splits["train"].last
    values = source.values.copy()
    values[border:] = values[border:] * -3 + 1000
    second = split_series(replace(source, values=values), PROTOCOLS[name])
    for kind in ("table", "low-rank"):
        profiles = [fit_profile(series, kind) for series in (first, second)]
        assert (profiles[0].table == profiles[1].table).all()
        scalers = [fit_scaler(series, profile) for series, profile in zip((first, second), profiles, strict=True)]
        assert (scalers[0].mean, scalers[0].std) == (scalers[1].mean, scalers[1].std)
    assert (first.values[:border] == second.values[:border]).all()
    starts = first.splits["train"].starts
    assert starts.max() + first.protocol.history + first.protocol.horizon <= border


def test_histories_reach_back_over_a_border_and_targets_do_not() -> None:
    """With a week of history all 240 hours of the last ten days are forecast, from the first of them on."""
    series = split_series(plain_series(40 * 24, 60), PROTOCOLS["stresnet"])
    parts = series.splits
    assert series.protocol.history == 7 * 24
    assert [(part.first, part.last) for part in parts.values()] == [(0, 648), (648, 720), (720, 960)]
    targets = {name: part.starts + 168 for name, part in parts.items()}
    assert [(int(rows[0]), int(rows[-1]), len(rows)) for rows in targets.values()] == [
        (168, 647, 480),
        (648, 719, 72),
        (720, 959, 240),
    ]


def test_the_last_days_for_test_end_where_the_series_ends() -> None:
    """Calendar days, even where the last one is not whole; too few of them are refused."""
    series = plain_series(40 * 24 - 5, 60)
    test = split_series(series, PROTOCOLS["stresnet"]).splits["test"]
    assert (str(series.times[test.first]), test.last - test.first) == ("2016-06-01T00:00", 235)
    with pytest.raises(ProtocolError, match="plain has 10 days, protocol stresnet takes the last 10 for test"):
        split_series(plain_series(10 * 24, 60), PROTOCOLS["stresnet"])
    with pytest.raises(ProtocolError, match=r"train part of plain .* no window of 673 steps"):
        split_series(plain_series(40 * 24, 60), PROTOCOLS["stresnet-four-weeks"])


@pytest.mark.parametrize("interval", [30, 60])
@pytest.mark.parametrize(("name", "days"), [("stresnet", 7), ("stresnet-four-weeks", 28), ("stresnet-taxibj", 7)])
def test_days_of_history_are_steps_of_the_series(name: str, days: int, interval: int) -> None:
    """The protocol that was asked for stays as it is; hashes tell the intervals apart."""
    series = split_series(plain_series(80 * 1440 // interval, interval), PROTOCOLS[name])
    assert series.protocol.history == days * 1440 // interval
    assert PROTOCOLS[name].history == 0
    assert series.protocol.hash != PROTOCOLS[name].hash


def flows(steps: int = 60 * 24, units: tuple[str, str] = ("trips/h", "trips/h")) -> Series:
    """Two flows over a grid of 2 x 3 cells; the last cell is never visited, the first one only by the second flow."""
    series = plain_series(steps, 60, nodes=6)
    values = np.abs(np.random.default_rng(1).normal(20, 9, size=(steps, 6, 2))).astype(np.float32)
    values[:, 5] = 0
    values[:, 0, 0] = 0
    return replace(
        series, values=values, unit=units, channels=("in", "out"), grid=(2, 3), adjacency=grid_adjacency(2, 3)
    )


def test_all_channels_together_are_one_node_for_each_flow_and_cell() -> None:
    """Flow by flow, row by row; edges join cells of one flow; one of six cells is never visited."""
    source = flows()
    series = split_series(source, PROTOCOLS["stresnet"])
    assert series.values.shape == series.measured.shape == (1440, 12)
    assert series.grid == (2, 2, 3)
    as_grid = series.values.reshape(-1, *series.grid)
    np.testing.assert_array_equal(as_grid[:, 1, 1, 2], source.values[:, 5, 1])
    np.testing.assert_array_equal(as_grid[:, 0, 1, 0], source.values[:, 3, 0])
    np.testing.assert_array_equal(series.adjacency[:6, :6], source.adjacency)
    np.testing.assert_array_equal(series.adjacency[6:, 6:], source.adjacency)
    assert not series.adjacency[:6, 6:].any()
    assert series.unit == "trips/h"
    assert series.active_share == 5 / 6


def test_one_flow_of_a_grid_is_a_grid_of_one_flow() -> None:
    series = split_series(flows(), replace(PROTOCOLS["stresnet"], channel=0))
    assert series.grid == (1, 2, 3)
    assert series.adjacency.shape == (6, 6)
    assert series.active_share == 4 / 6  # nothing ever flows into the first cell


def test_a_road_graph_is_no_grid(series: SplitSeries) -> None:
    assert series.grid is None
    assert series.adjacency is series.source.adjacency
    assert series.active_share == 1


def test_a_cell_that_moves_in_the_test_part_alone_is_not_active() -> None:
    series = flows()
    series.values[-100:, 5] = 7
    assert split_series(series, PROTOCOLS["stresnet"]).active_share == 5 / 6


def test_channels_of_different_units_are_not_forecast_together() -> None:
    with pytest.raises(ProtocolError, match="their units are trips/h, km/h; choose one channel"):
        split_series(flows(units=("trips/h", "km/h")), PROTOCOLS["stresnet"])


def test_a_silent_cell_of_the_second_flow_is_named_by_its_cell() -> None:
    series = flows()
    series.values[:, 4, 1] = np.nan
    with pytest.raises(ProtocolError, match="sensor 4 of plain has no reading in the train part"):
        split_series(series, PROTOCOLS["stresnet"])


def test_seven_one_two_cuts_rows() -> None:
    """700, 100 and 200 of 1000, though 0.7 + 0.1 is a little less than 0.8."""
    parts = split_series(plain_series(1000), PROTOCOLS["seven-one-two"]).splits
    assert [(part.first, part.last) for part in parts.values()] == [(0, 700), (700, 800), (800, 1000)]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("stgcn", ("in, 12 steps in, 9 out, reported at 180, 360, 540 minutes", "77 % / 11 % / 11 % of the days for")),
        ("seven-one-two", ("12 steps in, 12 out", "70 % / 10 % / 20 % of the rows for", "windows inside one part;")),
        (
            "stresnet",
            (
                "in and out, 7 days in, 1 out, reported at 60 minutes; the last 10 days for test, ",
                "90 % / 10 % of the rows before them for training and validation, in order of time",
                "windows forecast inside one part, their history may reach back before it",
                "scaled to [-1, 1] by the range of the training rows",
            ),
        ),
        ("stresnet-taxibj", ("7 days in", "the last 28 days for test")),
        ("stresnet-four-weeks", ("28 days in", "the last 10 days for test")),
    ],
)
def test_a_protocol_describes_itself(name: str, words: tuple[str, ...]) -> None:
    """Before it is prepared and after."""
    series = flows()
    for protocol in (PROTOCOLS[name], split_series(series, PROTOCOLS[name]).protocol):
        for some in words:
            assert some in protocol.describe(series)
        brief = protocol.brief(series)
        assert protocol.describe(series).startswith(f"{brief}; ")
        assert len(brief) <= 120


def test_the_scaler_weighs_rows_by_their_windows() -> None:
    """STGCN takes mean and deviation over the training windows, not over the rows."""
    series = split_series(plain_series(10 * 288), PROTOCOLS["stgcn"])
    starts = series.splits["train"].starts
    windows = series.values[starts[:, None] + np.arange(21)]
    scaler = fit_scaler(series, None)
    assert scaler.mean == pytest.approx(windows.mean(dtype=np.float64), rel=1e-9)
    assert scaler.std == pytest.approx(windows.std(dtype=np.float64), rel=1e-9)


def test_gaps_are_interpolated_inside_a_part_and_marked() -> None:
    """As the papers do: a gap at the border is filled from its own side alone."""
    source = plain_series(1000)
    values = source.values.copy()
    values[10:13, 0, 0] = np.nan
    values[9, 0, 0], values[13, 0, 0] = 10.0, 50.0
    values[598:602, 1, 0] = np.nan
    series = split_series(replace(source, values=values), PROTOCOLS["six-two-two"].published)
    assert series.values[10:13, 0].tolist() == [20.0, 30.0, 40.0]
    assert (series.values[598:600, 1] == values[597, 1, 0]).all()
    assert (series.values[600:602, 1] == values[602, 1, 0]).all()
    assert series.measured.sum() == series.measured.size - 7


def test_a_silent_sensor_is_named() -> None:
    series = plain_series(1000)
    values = series.values.copy()
    values[:700, 1] = np.nan
    with pytest.raises(ProtocolError, match="sensor 1 of plain has no reading in the train part"):
        split_series(replace(series, values=values), PROTOCOLS["six-two-two"])


def test_a_series_too_short_is_refused() -> None:
    with pytest.raises(ProtocolError, match="needs at least 3"):
        split_series(plain_series(2 * 288), PROTOCOLS["stgcn"])


def test_a_protocols_hash_moves_with_any_field() -> None:
    protocol = PROTOCOLS["stgcn"]
    assert replace(protocol, horizon=8).hash != protocol.hash
    assert replace(protocol).hash == protocol.hash


def test_hashes_of_the_first_protocols_never_move() -> None:
    """Studies and teachers are kept under them; fields that came later count only where they are in use."""
    assert PROTOCOLS["stgcn"].published.hash.startswith("37d2a285e544")
    assert PROTOCOLS["six-two-two"].published.hash.startswith("ab6c7f650084")
    every = [one for protocol in PROTOCOLS.values() for one in (protocol, protocol.published)]
    assert len({protocol.hash for protocol in every}) == 2 * len(PROTOCOLS)
    changes = ({"history_days": 1}, {"test_days": 1}, {"inputs_reach_back": True}, {"channel": None})
    for change in (*changes, {"fill": "zero"}, {"readings": "published"}):
        assert replace(PROTOCOLS["stgcn"], **change).hash != PROTOCOLS["stgcn"].hash
