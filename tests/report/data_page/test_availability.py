"""What was not measured, counted by hand."""

import numpy as np
import pytest

from kdsearch.data.checked import CheckedSeries
from kdsearch.data.series import Series
from kdsearch.report.data_page.availability import (
    MOST_ROWS,
    draw_availability,
    gather_availability,
    span_words,
)
from tests.report.data_page.conftest import SCRIPT, with_series


def test_shares_are_those_of_the_readings(checked: CheckedSeries) -> None:
    """Spans are of three hours here; the least measured sensor, half of a channel copied, comes first."""
    data = gather_availability(checked)
    assert data.sensors == ("D", SCRIPT, "A & B", '"quoted"')
    assert data.span_words == "3 hours"
    assert (str(data.edges[0]), str(data.edges[-1])) == ("2024-03-04T00:00", "2024-03-25T00:00")
    assert list(data.shares) == ["missing", "filled in by the source", "zero"]
    missing, copied, zero = data.shares.values()
    assert missing.shape == (4, 21 * 8)
    assert (missing[1, :16] == 100).all()
    assert np.nansum(missing) == 1600
    assert (copied[0, 56:100] == 100).all()
    assert np.nansum(copied[1:]) == 0
    assert np.flatnonzero(zero[3] > 0).tolist() == list(range(33, 42))
    assert zero[3, 33] == pytest.approx(100 * 2 / 3)
    size = checked.series.values.size
    assert data.totals == pytest.approx(
        {
            "missing": 100 * 96 / size,
            "filled in by the source": 100 * 2 * 144 / size,
            "zero": 4800 / size,
        }
    )


def test_times_without_rows_are_neither_measured_nor_missing(checked: CheckedSeries) -> None:
    for shares in gather_availability(checked).shares.values():
        assert np.isnan(shares[:, 100:108]).all()
        assert np.isfinite(np.delete(shares, np.s_[100:108], axis=1)).all()


def test_a_series_without_any_gap_has_one_empty_panel(checked: CheckedSeries) -> None:
    full = with_series(checked, values=np.random.default_rng(0).normal(9, 1, (480, 4, 2)).astype(np.float32))
    data = gather_availability(full)
    assert list(data.shares) == ["missing"]
    (heading,) = draw_availability(data).layout.annotations
    assert heading.text == "nothing is missing, filled in or zero"


def test_many_sensors_share_rows_with_those_that_are_measured_alike() -> None:
    """The one that is silent is seen, and the picture stays small."""
    nodes = 2 * MOST_ROWS + 1
    values = np.ones((48, nodes, 1), dtype=np.float32)
    values[:, 500] = np.nan
    times = np.datetime64("2024-03-04T00:00", "m") + np.arange(48) * np.timedelta64(30, "m")
    names = tuple(f"S{node}" for node in range(nodes))
    series = Series("many", values, times, 30, ("km/h",), ("speed",), np.zeros((nodes, nodes)), names)
    data = gather_availability(CheckedSeries(series))
    assert len(data.sensors) <= MOST_ROWS
    assert data.rows_words == f"{nodes} sensors, 3 in a row"
    assert (data.sensors[0], data.sensors[-1]) == ("S500 and 2 more", "S798 and 2 more")
    assert data.shares["missing"][0] == pytest.approx(100 / 3)
    assert (data.shares["missing"][1:] == 0).all()


def test_names_in_the_picture_are_text_and_short(checked: CheckedSeries) -> None:
    figure = draw_availability(gather_availability(checked))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in figure.data[0].y
    assert figure.layout.yaxis.ticktext[1] == "&lt;script&gt;alert(1)&lt;/sc…"
    assert figure.layout.annotations[0].text.startswith("missing, 2.5")


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(1, "1 minute"), (30, "30 minutes"), (60, "1 hour"), (720, "12 hours"), (1440, "1 day"), (20160, "2 weeks")],
)
def test_a_span_is_written_in_its_largest_unit(minutes: int, words: str) -> None:
    assert span_words(minutes) == words
