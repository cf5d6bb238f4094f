"""Errors over the horizon and over training, without a browser."""

from kdsearch.report.figures.curves import (
    draw_error_by_horizon,
    draw_learning_curves,
    gather_error_by_horizon,
    gather_learning_curves,
)
from kdsearch.report.figures.style import GREY, INK
from kdsearch.report.summarise import summarise
from kdsearch.study.storage.store import StudyStore


def test_horizons_of_front_and_baselines(confirmed: StudyStore) -> None:
    """One curve for each network of the front and each baseline, over the reported minutes."""
    summary = summarise(confirmed)
    data = gather_error_by_horizon(summary)
    assert len(data.networks) == len(summary.front)
    assert [role for role, _ in data.baselines] == [one.role for one in summary.baselines]
    assert {curve.x for curve in (*data.networks, *(curve for _, curve in data.baselines))} == {(15.0, 30.0, 45.0)}
    assert [curve.label for curve in data.networks if curve.kind == "knee"] == [f"trial {summary.knee}"]


def test_baselines_are_drawn_by_their_roles_whatever_they_are_called(confirmed: StudyStore) -> None:
    """The teacher has stars, and two naive ones differ in their dashes."""
    summary = summarise(confirmed)
    renamed = [one.model_copy(update={"name": f"<{one.name}> of mine"}) for one in summary.baselines]
    drawn = draw_error_by_horizon(gather_error_by_horizon(summary.model_copy(update={"baselines": renamed})))
    by_name = {trace.name: trace for trace in drawn.data}
    teacher = by_name["&lt;teacher&gt; of mine"]
    assert (teacher.marker.symbol, teacher.line.color) == ("star", INK)
    naive = [by_name[f"&lt;{name}&gt; of mine"] for name in ("calendar profile", "last value")]
    assert {trace.line.color for trace in naive} == {GREY}
    assert len({trace.line.dash for trace in naive}) == 2


def test_learning_curves(confirmed: StudyStore) -> None:
    """Failed trials are left out, stopped ones end in a cross."""
    summary = summarise(confirmed)
    data = gather_learning_curves(summary)
    states = [trial.state for trial in summary.trials]
    assert len(data.curves) == len(states) - states.count("FAIL")
    assert len(data.stopped) == states.count("PRUNED")
    assert "stopped early" in [trace.name for trace in draw_learning_curves(data).data]
