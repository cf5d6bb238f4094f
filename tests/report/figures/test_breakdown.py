"""Figures of errors and bounds by time and sensor."""

import math

import pytest

from kdsearch.report.figures.catalog import FIGURES
from kdsearch.report.summarise import summarise
from kdsearch.study.storage.store import StudyStore


def test_errors_by_time_are_means_and_gaps(confirmed: StudyStore) -> None:
    """The chosen network and the teacher, each in both panels; an hour without a reading has no point."""
    summary = summarise(confirmed)
    traces = {(trace.name, len(trace.x)): trace for trace in FIGURES["time"].draw(summary).data}
    assert set(traces) == {(name, x) for name in (f"trial {summary.knee} (knee)", "teacher") for x in (24, 7)}
    assert list(traces["teacher", 24].y[:10]) == [14.2] * 10
    assert all(map(math.isnan, traces["teacher", 24].y[10:]))
    assert [trace.showlegend for trace in traces.values()].count(True) == 2


def test_sensors_stand_in_the_order_of_errors(confirmed: StudyStore) -> None:
    """Those without a reading are left out."""
    summary = summarise(confirmed).model_copy(update={"nodes": ["<b>north", "south", "east"]})
    chosen, teacher = FIGURES["sensors"].draw(summary).data
    assert list(chosen.y) == sorted(chosen.y)
    assert list(teacher.y) == pytest.approx([0.9 * 14.2, 1.1 * 14.2])
    assert teacher.text[0] == "teacher<br>sensor &lt;b&gt;north: 12.78"


def test_coverage_is_drawn_for_both_forms(confirmed: StudyStore) -> None:
    traces = FIGURES["coverage"].draw(summarise(confirmed)).data
    assert [list(trace.y) for trace in traces] == [[91, 79], [91, 79], [79, 91], [90, 88], [90, 88], [88, 90]]
    assert list(traces[1].x) == ["22 Aug", "29 Aug"]
    assert traces[1].text[0].endswith("week from 2016-08-22: 91 %, mean width 50.00")


def test_a_study_without_a_breakdown_shows_none_of_them(searched: StudyStore) -> None:
    """A baseline's errors are known before the network's; the bounds are the chosen network's alone."""
    summary = summarise(searched)
    assert not FIGURES["coverage"].shown(summary)
    assert FIGURES["sensors"].shown(summary)
    older = [one.model_copy(update={"breakdown": None}) for one in summary.baselines]
    assert not FIGURES["sensors"].shown(summary.model_copy(update={"baselines": older}))
