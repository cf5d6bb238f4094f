"""Why a part of a series holds no window: the sentence names the cause, and a remedy that helps."""

from dataclasses import replace

import numpy as np
import pytest

from kdsearch.data.protocol_table import ProtocolTable
from kdsearch.data.protocols import PROTOCOLS, split_series
from kdsearch.data.series import Series
from kdsearch.errors import ProtocolError
from kdsearch.testing import ring_road


def refusal(series: Series, protocol: str = "six-two-two", **changes: object) -> str:
    """The sentence with which a series is refused."""
    table = ProtocolTable.read({"base": protocol, **changes}, "mine")
    with pytest.raises(ProtocolError) as refused:
        split_series(series, table.changing(PROTOCOLS[protocol], series.interval_minutes))
    return str(refused.value)


def kept(series: Series, rows: slice | np.ndarray) -> Series:
    """A series with some of its rows."""
    return replace(series, values=series.values[rows], times=series.times[rows])


@pytest.mark.parametrize("protocol", ["six-two-two", "stgcn"])
@pytest.mark.parametrize(("said", "spacing"), [(5, 15), (5, 60), (15, 120)])
def test_rows_further_apart_than_their_interval(protocol: str, said: int, spacing: int) -> None:
    """However long the series is."""
    series = replace(ring_road(days=30, interval_minutes=spacing), interval_minutes=said)
    sentence = refusal(series, protocol)
    assert f"most rows of ring are {spacing} minutes apart, and interval_minutes says {said}" in sentence
    assert f"write interval_minutes = {spacing} into dataset.toml" in sentence
    assert "longer series" not in sentence


def test_a_spacing_that_divides_no_day_is_not_proposed() -> None:
    series = ring_road(days=30, interval_minutes=1)
    sentence = refusal(kept(series, slice(None, None, 7)))
    assert (
        "most rows of ring are 7 minutes apart, and interval_minutes says 1; make rows at an interval that divides"
        in sentence
    )


@pytest.mark.parametrize(("interval", "steps"), [(120, "12 steps of 120"), (1440, "1 step of 1440")])
def test_a_day_shorter_than_a_window_inside_one_day(interval: int, steps: str) -> None:
    sentence = refusal(ring_road(days=400, interval_minutes=interval), "stgcn")
    assert f"keeps each window of 21 steps (12 in, 9 out) inside one day, and a day of ring has {steps} min" in sentence
    assert "choose --protocol six-two-two, whose windows may cross midnight, or take a shorter --history" in sentence
    assert "longer series" not in sentence


def test_the_remedies_for_a_short_day_work() -> None:
    series = ring_road(days=30, interval_minutes=120)
    split_series(series, PROTOCOLS["six-two-two"])
    split_series(series, ProtocolTable(history=6, horizon=3).changing(PROTOCOLS["stgcn"], 120))


def test_too_few_rows_are_counted_beside_those_that_are_needed() -> None:
    series = ring_road(days=5, interval_minutes=60)
    sentence = refusal(series, history=24, horizon=24)
    assert "the val part of ring holds no window of 48 steps (24 in, 24 out)" in sentence
    assert "it has 24 steps and needs 48; use a longer series (of about 240 steps; it has 120)" in sentence
    longer = ring_road(days=10, interval_minutes=60)
    split_series(longer, ProtocolTable(history=24, horizon=24).changing(PROTOCOLS["six-two-two"], 60))


def test_gaps_that_cut_every_window_are_counted() -> None:
    series = ring_road(days=12, interval_minutes=15)
    row = np.arange(len(series.times))
    sentence = refusal(kept(series, (row < 800) | (row % 20 != 0)))
    assert "the test part of ring holds no window of 24 steps" in sentence
    assert (
        "gaps between them, and the longest stretch without a gap is 19 steps; add the rows that are absent" in sentence
    )
    assert "longer series" not in sentence
    sentence = refusal(kept(series, row % 20 != 0))
    assert "the train part of ring" in sentence
    assert "34 gaps between them" in sentence


def test_midnight_may_be_what_cuts() -> None:
    """Test days of which each lacks its middle."""
    series = ring_road(days=12, interval_minutes=60)
    hour = np.arange(len(series.times)) % 24
    sentence = refusal(kept(series, (hour < 8) | (hour >= 16)), "stgcn", horizon=1)
    assert "gaps between them, and the longest stretch without a gap inside one day is 8 steps" in sentence


def test_too_few_days_say_how_many_and_which_protocol_cuts_rows() -> None:
    sentence = refusal(ring_road(days=2, interval_minutes=15), "stgcn")
    assert "ring has 2 days, protocol stgcn needs at least 3" in sentence
    assert "choose --protocol six-two-two" in sentence
