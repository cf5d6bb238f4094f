"""The figure of error against a cost, without a browser."""

import math
from dataclasses import replace

import pytest

from kdsearch.record import Role
from kdsearch.report.figures.catalog import FIGURES
from kdsearch.report.figures.cost import CostAxis, draw_error_against_cost, gather_error_against_cost
from kdsearch.report.figures.curves import draw_error_by_horizon, gather_error_by_horizon
from kdsearch.report.summarise import summarise
from kdsearch.report.summary import ObjectiveSummary
from kdsearch.study.storage.store import StudyStore

FLOPS, LATENCY = CostAxis("flops", "FLOPs", "~s"), CostAxis("latency", "milliseconds", "~g")


@pytest.mark.parametrize("cost", ["flops", "latency", "params", "stored"])
def test_marks_are_the_finished_trials(confirmed: StudyStore, cost: str) -> None:
    """Every finished trial is one mark, and those of the front are marked as such; stopped and failed ones are not."""
    summary = summarise(confirmed)
    data = gather_error_against_cost(summary, CostAxis(cost, cost, "~g"))
    assert len(data.marks) == sum(trial.state == "COMPLETE" for trial in summary.trials)
    assert sum(mark.on_front for mark in data.marks) == len(summary.front)
    assert data.lines.keys() == {"last value", "calendar profile"}
    assert data.teacher is not None
    assert data.knee in {(mark.cost, mark.error) for mark in data.marks}


def test_a_study_of_rmse_shows_rmse(confirmed: StudyStore) -> None:
    """Networks, baselines and titles are of the first error that was minimised; costs do not count."""
    summary = summarise(confirmed)
    latency, rmse = ObjectiveSummary(name="latency", unit="ms"), ObjectiveSummary(name="rmse", unit="")
    of_rmse = summary.model_copy(update={"objectives": [latency, rmse]})
    data = gather_error_against_cost(of_rmse, FLOPS)
    assert data.teacher is not None
    assert summary.teacher is not None
    of_teacher = summary.teacher.metrics["val"]
    assert data.teacher.error == of_teacher["rmse"]["all"] != of_teacher["mae"]["all"]
    assert {mark.error for mark in data.marks} == {
        trial.metrics["val"]["rmse"]["all"] for trial in summary.trials if trial.state == "COMPLETE"
    }
    assert "validation RMSE" in data.marks[0].text
    assert draw_error_against_cost(data).layout.yaxis.title.text == "validation RMSE"
    by_horizon = gather_error_by_horizon(of_rmse)
    best = summary.front_trials[0].metrics["val"]["rmse"]
    assert by_horizon.networks[0].errors == tuple(best[minutes] for minutes in summary.horizons)
    assert draw_error_by_horizon(by_horizon).layout.yaxis.title.text == "validation RMSE"


def test_the_staircase_falls(confirmed: StudyStore) -> None:
    """The line goes down with rising cost, and no trial lies below it."""
    data = gather_error_against_cost(summarise(confirmed), LATENCY)
    costs, errors = zip(*data.best, strict=True)
    assert list(costs) == sorted(costs)
    assert list(errors) == sorted(errors, reverse=True)
    for mark in data.marks:
        assert mark.error >= min((error for cost, error in data.best if cost <= mark.cost), default=math.inf)


def test_hover_tells_the_trial(confirmed: StudyStore) -> None:
    """The pointer shows number, parameters of the search, errors by horizon and costs."""
    summary = summarise(confirmed)
    (text,) = (
        mark.text
        for mark in gather_error_against_cost(summary, FLOPS).marks
        if f"<b>trial {summary.knee}</b>" in mark.text
    )
    for wanted in (
        "validation MAE",
        "at 15 / 30 / 45 minutes",
        "of the teacher",
        "FLOPs",
        "latency",
        "learning_rate: ",
    ):
        assert wanted in text


def test_hover_escapes_parameters(confirmed: StudyStore) -> None:
    """A parameter's value is text, not markup."""
    summary = summarise(confirmed)
    hostile = summary.trials[summary.front[0]].model_copy(update={"params": {"loss": "<b>x</b>"}})
    data = gather_error_against_cost(summary.model_copy(update={"trials": [hostile]}), FLOPS)
    assert "loss: &lt;b&gt;x&lt;/b&gt;" in data.marks[0].text


def test_far_lines_are_named_at_the_top(confirmed: StudyStore) -> None:
    """A baseline far above the networks does not press them flat; it is named instead."""
    data = gather_error_against_cost(summarise(confirmed), FLOPS)
    assert data.lines["last value"] > data.top > data.lines["calendar profile"]
    texts = [annotation.text for annotation in draw_error_against_cost(data).layout.annotations]
    assert any(text.startswith("↑ above: last value 23.60") for text in texts)
    assert "calendar profile 17.40" in texts


def test_published_errors_are_dotted_lines_where_the_axis_shows_their_horizon(with_published: StudyStore) -> None:
    """Means over the horizon beside the costs, single horizons over the minutes, nothing at 60 minutes."""
    summary = summarise(with_published)
    beside_costs = gather_error_against_cost(summary, FLOPS)
    assert beside_costs.published == {"LightST": 15.43, "STGCN": 18.02, "STKD": 15.81, "KD-Pruning": 17.46}
    drawn = draw_error_against_cost(beside_costs)
    assert "LightST 15.43, published, test" in [annotation.text for annotation in drawn.layout.annotations]
    assert sum(shape.line.dash == "dot" for shape in drawn.layout.shapes) == 4
    by_horizon = gather_error_by_horizon(summary)
    (curve,) = by_horizon.published
    assert (curve.label, curve.x, curve.errors) == ("D2STGNN (Shao et al. 2022)", (15.0, 30.0), (13.14, 14.21))
    (dotted,) = (trace for trace in FIGURES["horizon"].draw(summary).data if trace.line.dash == "dot" and trace.text)
    assert dotted.name == "published, test"
    assert dotted.text == ("D2STGNN (Shao et al. 2022)", "")


def test_published_errors_far_above_are_named_at_the_top(with_published: StudyStore) -> None:
    summary = summarise(with_published)
    far = replace(summary.published[0], name="Far", metrics={"mae": {"all": 90.0}})
    data = gather_error_against_cost(summary.model_copy(update={"published": [far]}), FLOPS)
    texts = [annotation.text for annotation in draw_error_against_cost(data).layout.annotations]
    assert any(text.startswith("↑ above:") and "Far 90.00, published, test" in text for text in texts)


def test_networks_outside_the_limits_are_hollow_and_named_in_the_legend(limited: StudyStore) -> None:
    """They are no part of the staircase either."""
    summary = summarise(limited)
    data = gather_error_against_cost(summary, LATENCY)
    outside = [mark for mark in data.marks if not mark.feasible]
    assert outside
    assert not {(mark.cost, mark.error) for mark in outside} & set(data.best)
    drawn = draw_error_against_cost(data)
    symbols = [symbol for trace in drawn.data if trace.hovertext for symbol in trace.marker.symbol if trace.marker]
    assert sum(symbol.endswith("-open") for symbol in symbols) == len(outside)
    assert "outside the limits" in [trace.name for trace in drawn.data]
    assert "outside the limits: latency 4.8 times the limit" in outside[0].text


def test_baselines_that_are_networks_are_stars_by_role(confirmed: StudyStore) -> None:
    """The teacher first, whatever it is called; a base has another symbol than an undistilled network."""
    summary = summarise(confirmed)
    assert summary.teacher is not None
    roles: tuple[Role, ...] = ("undistilled", "base", "teacher")
    baselines = [summary.teacher.model_copy(update={"name": f"a {role} net", "role": role}) for role in roles]
    data = gather_error_against_cost(summary.model_copy(update={"baselines": baselines}), FLOPS)
    assert list(data.networks) == ["a teacher net", "a undistilled net", "a base net"]
    assert data.teacher == data.networks["a teacher net"]
    symbols = {trace.name: trace.marker.symbol for trace in draw_error_against_cost(data).data if trace.hovertext}
    assert [symbols[name] for name in data.networks] == ["star", "star", "hexagram"]
