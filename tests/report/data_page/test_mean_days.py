"""The mean day of each kind, against a plain mean."""

import numpy as np
import pytest

from kdsearch.data.checked import CheckedSeries
from kdsearch.report.data_page.mean_days import draw_mean_days, gather_mean_days
from tests.report.data_page.conftest import with_series


def test_means_are_of_what_was_measured_at_that_time_on_such_days(checked: CheckedSeries) -> None:
    """The clock of Sundays at five, and of working days at noon."""
    data, series = gather_mean_days(checked), checked.series
    assert data.days == {"Monday to Friday": 15, "Saturday": 3, "Sunday": 3}
    day = series.times.astype("datetime64[D]")
    hour = (series.times - day).astype("timedelta64[h]").astype(int)
    weekday = (day.astype(int) + 3) % 7
    for kind, rows in (("Sunday", (weekday == 6) & (hour == 5)), ("Monday to Friday", (weekday < 5) & (hour == 12))):
        at = 5 if kind == "Sunday" else 12
        for channel in range(2):
            readings = series.values[rows][:, :, channel][series.measured[rows][:, :, channel]]
            assert data.means[kind][at, channel] == pytest.approx(readings.mean())


def test_holidays_are_a_kind_of_day(checked: CheckedSeries) -> None:
    """Good Friday of 2024 is after these weeks, and International Women's Day is a holiday in Berlin."""
    data = gather_mean_days(with_series(checked, holidays="DE-BE"))
    assert data.days == {"Monday to Friday": 14, "Saturday": 3, "Sunday": 3, "a holiday in DE-BE": 1}


def test_each_channel_has_a_panel_with_its_unit(checked: CheckedSeries) -> None:
    figure = draw_mean_days(gather_mean_days(checked))
    titles = [figure.layout.yaxis.title.text, figure.layout.yaxis2.title.text]
    assert titles == ["mean flow&lt;i&gt;, vehicles &amp; bicycles/h", "mean speed, km/h"]
    assert [trace.name for trace in figure.data if trace.showlegend] == [
        "Monday to Friday (15 days)",
        "Saturday (3 days)",
        "Sunday (3 days)",
    ]


def test_of_many_channels_the_first_are_drawn(checked: CheckedSeries) -> None:
    many = with_series(
        checked,
        values=np.tile(checked.series.values, 3),
        channels=tuple("abcdef"),
        unit=("km/h",) * 6,
    )
    assert gather_mean_days(many).channels == ("a, km/h", "b, km/h", "c, km/h", "d, km/h")
