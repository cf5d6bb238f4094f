"""What a network sees where a reading is missing, and which readings count."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kdsearch.data.fill import FILLS, carried_forward
from kdsearch.data.load import load_series
from kdsearch.data.profile import fit_profile, fit_scaler
from kdsearch.data.protocols import PROTOCOLS, SplitSeries, split_series
from kdsearch.data.series import Series
from kdsearch.data.windows import WindowedSeries
from kdsearch.errors import DataError, ProtocolError
from kdsearch.measure.accuracy import scores
from kdsearch.measure.baselines import last_value_forecasts, naive_baselines
from kdsearch.testing import ring_road
from tests.real_data import real_data

NAN = np.float32(np.nan)


def test_a_gap_holds_the_last_value() -> None:
    """Before its first value a node takes the mean of those that others hold by then."""
    values = np.array([[NAN, NAN, NAN], [NAN, 2, 4], [7, NAN, 4], [NAN, 8, NAN]], dtype=np.float32)
    expected = [[0, 0, 0], [3, 2, 4], [7, 2, 4], [7, 8, 4]]
    assert carried_forward(values).tolist() == expected


def with_gaps(source: Series, seed: int, share: float, length: int) -> Series:
    """Take runs of readings away at random places, never a node's whole training part."""
    rng, values = np.random.default_rng(seed), source.values.copy()
    steps, nodes = values.shape[:2]
    for _ in range(max(1, int(share * steps * nodes / length))):
        first = rng.integers(0, steps)
        values[first : first + length, rng.integers(nodes)] = NAN
    values[:3, 0] = NAN
    values[100] = source.values[100]
    return replace(source, values=values)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    name=st.sampled_from(sorted(PROTOCOLS)),
    fill=st.sampled_from(["causal", "zero"]),
    given_as=st.sampled_from(["raw", "table", "low-rank"]),
    share=st.sampled_from([0.02, 0.2, 0.6]),
    length=st.integers(1, 40),
)
def test_nothing_after_a_windows_last_step_moves_its_input(
    seed: int, name: str, fill: str, given_as: str, share: float, length: int
) -> None:
    """Whatever is read later, or is missing later: neither the readings nor the network's own input changes."""
    days, interval = (60, 360) if name.startswith("stresnet") else (12, 15)
    whole = ring_road(days=days, interval_minutes=interval)
    protocol = replace(PROTOCOLS[name], fill=fill)  # type: ignore[arg-type]
    try:
        before = split_series(with_gaps(whole, seed, share, length), protocol)
    except ProtocolError:  # a sensor that is silent throughout training, or a series too short for four weeks
        return
    rng = np.random.default_rng(seed)
    scaler = fit_scaler(before, None if given_as == "raw" else fit_profile(before, given_as))  # type: ignore[arg-type]
    start = int(rng.choice(np.concatenate([split.starts for split in before.splits.values()])))
    behind = start + before.protocol.history
    values = before.source.values.copy()
    later = rng.normal(500, 200, values[behind:].shape).astype(np.float32)
    values[behind:] = np.where(rng.random(later.shape) < 0.3, NAN, later)
    values[100] = whole.values[100]
    values[:behind] = before.source.values[:behind]
    try:
        after = split_series(replace(before.source, values=values), protocol)
    except ProtocolError:
        return
    assert (before.values[:behind] == after.values[:behind]).all()
    seen = [
        WindowedSeries(series, scaler, torch.device("cpu")).inputs(torch.tensor([start]), with_clock=True)
        for series in (before, after)
    ]
    torch.testing.assert_close(seen[0], seen[1], rtol=0, atol=0)
    assert torch.isfinite(seen[0]).all()


def last_value_error(series: SplitSeries, truth: NDArray[np.float32]) -> float:
    """Error of the last value one step ahead, where the last reading is missing."""
    starts = series.splits["test"].starts
    last, ahead = starts + series.protocol.history - 1, starts + series.protocol.history
    gap = ~series.present[last] & series.present[ahead]
    return float(np.abs(series.values[last] - truth[ahead])[gap].mean())


def test_interpolation_knows_what_nobody_can_know() -> None:
    """Real flows with holes of an hour: the papers' fill makes the last value eight times as good as it can be."""
    source = load_series("pemsd8", real_data("pemsd8"))
    gappy, truth = with_gaps(source, 0, 0.08, 12), source.values[:, :, 0]
    causal, published = (
        last_value_error(split_series(gappy, protocol), truth)
        for protocol in (PROTOCOLS["six-two-two"], PROTOCOLS["six-two-two"].filled("published"))
    )
    assert published < 5
    assert causal > 30


def test_a_gap_in_a_deviation_holds_the_deviation() -> None:
    """The calendar goes on, as far from it as the last reading was; raw input holds the reading."""
    source = ring_road()
    values = source.values.copy()
    values[500:510, 2] = NAN
    series = split_series(replace(source, values=values), PROTOCOLS["stgcn"])
    profile = fit_profile(series, "table")
    expected = profile.rows(source.times)[:, 2]
    for known, last in ((profile, values[499, 2, 0] - expected[499]), (None, values[499, 2, 0])):
        scaler = fit_scaler(series, known)
        data = WindowedSeries(series, scaler, torch.device("cpu"))
        seen = data.scaled[500:510, 2].numpy() * scaler.std + scaler.mean
        np.testing.assert_allclose(seen, last, rtol=1e-4)
    assert (series.values[500:510, 2] == values[499, 2, 0]).all()


@pytest.mark.parametrize(("name", "fill"), [("stgcn", "interpolated"), ("seven-one-two", "zero")])
def test_the_papers_fill_is_another_protocol(name: str, fill: str) -> None:
    """No table may hold both; a series without a gap, and without copies, has one protocol only."""
    source = ring_road()
    gappy, chosen = with_gaps(source, 0, 0.05, 5), PROTOCOLS[name]
    assert chosen.published.fill == fill
    cut = [split_series(gappy, one).protocol for one in (chosen, chosen.filled("published"))]
    assert cut[0].hash != cut[1].hash
    assert FILLS["causal"].words in cut[0].describe(gappy)
    assert FILLS[cut[1].fill].words in cut[1].describe(gappy)
    whole = [split_series(replace(source, values=carried(source)), one) for one in (chosen, chosen.published)]
    assert whole[0].protocol.hash == whole[1].protocol.hash
    assert "no reading is missing" in whole[0].protocol.describe(whole[0].source)


def carried(source: Series) -> NDArray[np.float32]:
    """Fill a series of one channel."""
    return carried_forward(source.values[:, :, 0])[:, :, None]


def test_zeros_are_seen_and_count_nowhere() -> None:
    """As METR-LA's papers feed them: no error and no calendar has them."""
    source = with_gaps(ring_road(), 0, 0.1, 5)
    series = split_series(source, PROTOCOLS["seven-one-two"].published)
    assert (series.values[~series.present] == 0).all()
    assert not (series.measured & ~series.present).any()


@pytest.mark.parametrize(("option", "value"), [("filled", "linear"), ("counting", "all")])
def test_another_name_is_refused(option: str, value: str) -> None:
    with pytest.raises(ProtocolError, match=f"{value!r}; choose .* or published"):
        getattr(PROTOCOLS["stgcn"], option)(value)


def test_gaps_of_another_channel_are_not_spoken_of() -> None:
    """Of the forecast channel nothing is missing or filled in, and the protocol is the published one."""
    source = ring_road()
    whole, gappy = carried(source), with_gaps(source, 0, 0.05, 5).values
    both = np.concatenate([whole, gappy], axis=2)
    marked = np.zeros(both.shape, dtype=np.bool_)
    marked[:10, :, 1] = True
    series = replace(source, values=both, marked=marked, channels=("speed", "flow"), unit=("km/h", "vehicles"))
    words = split_series(series, PROTOCOLS["stgcn"]).protocol.describe(series)
    assert "no reading is missing; errors over measured readings, in real units" in words


def marked_series(seed: int) -> Series:
    """A ring with readings that the source says it filled in: with noise, other noise for another seed."""
    source = ring_road()
    marked = np.random.default_rng(7).random(source.values.shape) < 0.1
    noise = np.random.default_rng(seed).normal(0, 300, source.values.shape)
    values = np.where(marked & np.isfinite(source.values), source.values + noise, source.values)
    return replace(source, values=values.astype(np.float32), marked=marked)


@pytest.mark.parametrize("name", ["stgcn", "six-two-two"])
def test_what_was_filled_in_moves_no_number(name: str) -> None:
    """Neither scaler nor calendar nor errors; of the file as published it moves them all."""
    found = [split_series(marked_series(seed), PROTOCOLS[name]) for seed in (0, 1)]
    profiles = [fit_profile(series, "table") for series in found]
    np.testing.assert_array_equal(profiles[0].table, profiles[1].table)
    scalers = [fit_scaler(series, profile) for series, profile in zip(found, profiles, strict=True)]
    assert (scalers[0].mean, scalers[0].std) == (scalers[1].mean, scalers[1].std)
    calendar = [naive_baselines(series, ("test",))[1].metrics for series in found]
    assert calendar[0]["test"] == calendar[1]["test"]
    assert calendar[0]["test-published"] != calendar[1]["test-published"]
    published = [split_series(marked_series(seed), PROTOCOLS[name].counting("published")) for seed in (0, 1)]
    assert published[0].protocol.hash != found[0].protocol.hash
    tables = [fit_profile(series, "table").table for series in published]
    assert (tables[0] != tables[1]).any()


def test_days_add_up_to_the_error() -> None:
    """Each day's sum and number, over the whole horizon and at every reported step."""
    series = split_series(with_gaps(ring_road(), 3, 0.1, 4), PROTOCOLS["six-two-two"])
    found = scores(last_value_forecasts(series, "test"), series, "test")
    assert len(found.days["all"]) == 3
    for horizon, days in found.days.items():
        totals, counts = (sum(cell[part] for cell in days.values()) for part in (0, 1))
        assert totals / counts == pytest.approx(found.metrics["test"]["mae"][horizon], rel=1e-9)


def test_a_split_of_filled_in_readings_is_refused() -> None:
    """Before anything is trained for it."""
    source = ring_road()
    marked = np.zeros(source.values.shape, dtype=np.bool_)
    marked[-90:] = True
    with pytest.raises(ProtocolError, match=r"the test part of .* has no measured reading to forecast, from"):
        split_series(replace(source, marked=marked), PROTOCOLS["stgcn"])


TOML = """
start = "2024-01-01T00:00"
interval_minutes = 15
unit = "km/h"
channels = ["speed"]
[series]
file = "{file}"
{more}
[graph]
file = "graph.csv"
kind = "weights"
"""


def folder_of(path: Path, file: str, more: str) -> Path:
    """Write a folder of four steps and two sensors."""
    path.mkdir()
    (path / "dataset.toml").write_text(TOML.format(file=file, more=more))
    (path / "graph.csv").write_text("0,1\n1,0\n")
    return path


def test_a_file_says_what_it_filled_in(tmp_path: Path) -> None:
    """In an array of its own, or in another file; zero, or nothing, is not observed."""
    values = np.arange(8, dtype=np.float32).reshape(4, 2)
    observed = np.array([[100, 0], [100, 50], [0, 100], [np.nan, 1]], dtype=np.float32)
    expected = [[False, True], [False, False], [True, False], [True, False]]
    arrays = folder_of(tmp_path / "arrays", "r.npz", 'key = "data"\nobserved = "share"')
    np.savez(arrays / "r.npz", data=values, share=observed)
    files = folder_of(tmp_path / "files", "r.csv", 'header = false\nobserved = "o.csv"')
    (files / "r.csv").write_text("0,1\n2,3\n4,5\n6,7\n")
    (files / "o.csv").write_text("100,0\n100,50\n0,100\n,1\n")
    for folder in (arrays, files):
        series = load_series(str(folder))
        assert series.filled_in[:, :, 0].tolist() == expected
        assert (series.measured == ~series.filled_in).all()
    other = replace(series, marked=None)
    assert other.content_hash != series.content_hash


@pytest.mark.parametrize("file", ["r.npz", "r.h5"])
def test_a_mask_says_what_was_observed_and_is_no_reading(tmp_path: Path, file: str) -> None:
    """True and false are refused as readings, and taken where they are named as observed."""
    values = np.arange(8, dtype=np.float32).reshape(4, 2)
    mask = values % 3 > 0
    right = folder_of(tmp_path / "right", file, 'key = "data"\nobserved = "mask"')
    wrong = folder_of(tmp_path / "wrong", file, 'key = "mask"')
    for folder in (right, wrong):
        if file == "r.npz":
            np.savez(folder / file, data=values, mask=mask)
        else:
            with h5py.File(folder / file, "w") as opened:
                opened["data"], opened["mask"] = values, mask
    marked = load_series(str(right)).marked
    assert marked is not None
    np.testing.assert_array_equal(marked[:, :, 0], ~mask)
    with pytest.raises(DataError, match=r"holds true and false, which are no readings; name the array of the readings"):
        load_series(str(wrong))


def test_what_was_observed_must_be_there_and_fit(tmp_path: Path) -> None:
    absent = folder_of(tmp_path / "absent", "r.csv", 'header = false\nobserved = "o.csv"')
    (absent / "r.csv").write_text("0,1\n2,3\n")
    with pytest.raises(DataError, match=r"nor has its folder a file of that name; correct observed"):
        load_series(str(absent))
    (absent / "o.csv").write_text("1,1\n")
    with pytest.raises(DataError, match=r"has the shape \(1, 2, 1\) from .* on, the readings have \(2, 2, 1\)"):
        load_series(str(absent))
