"""Errors and bounds by time and sensor, for a paper."""

import pytest
from matplotlib.axes import Axes

from kdsearch.report.summarise import summarise
from kdsearch.report.summary import StudySummary
from kdsearch.study.storage.store import StudyStore
from tests.plots import plotted, x_of, y_of


def panels(name: str, summary: StudySummary) -> list[Axes]:
    """The panels of a row's figure."""
    return list(plotted(name, summary).axes)


def test_errors_by_hour_and_weekday_share_their_axis(confirmed: StudyStore) -> None:
    """The chosen network and the teacher in both."""
    hours, weekdays = panels("time", summarise(confirmed))
    assert [len(x_of(line)) for line in hours.lines] == [24, 24]
    assert [len(x_of(line)) for line in weekdays.lines] == [7, 7]
    assert hours.get_ylim() == weekdays.get_ylim()
    assert [label.get_text() for label in weekdays.get_xticklabels()] == ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]


def test_sensors_are_ordered_by_the_first_networks_error(confirmed: StudyStore) -> None:
    (axes,) = panels("sensors", summarise(confirmed))
    chosen, teacher = axes.lines
    assert y_of(chosen) == sorted(y_of(chosen))
    assert y_of(teacher) == pytest.approx([0.9 * 14.2, 1.1 * 14.2])
    assert teacher.get_linestyle() == "None"


def test_coverage_is_in_per_cent_beside_what_is_to_be_held(confirmed: StudyStore) -> None:
    horizon, week, sensor = panels("coverage", summarise(confirmed))
    assert [y_of(line) for line in horizon.lines] == [[91, 79], [90, 88], [90, 90]]
    assert [label.get_text() for label in week.get_xticklabels()] == ["22 Aug", "29 Aug"]
    assert y_of(sensor.lines[0]) == [79, 91]
