"""Errors over the horizon and over training, and the hypervolume, for a paper."""

from kdsearch.report.summarise import summarise
from kdsearch.study.storage.store import StudyStore
from tests.plots import labels, plotted, x_of, y_of


def test_a_baseline_far_above_does_not_press_the_networks_flat(confirmed: StudyStore) -> None:
    """It is named above the axes; one among the networks is not."""
    summary = summarise(confirmed)
    figure = plotted("horizon", summary)
    (axes,) = figure.axes
    assert axes.get_title(loc="right") == "↑ above: last value 22.66 to 24.78"
    assert axes.get_ylim()[1] < 22.66
    assert [label.get_text() for label in axes.get_xticklabels()] == ["15", "30", "45"]
    assert labels(figure)[:2] == [f"trial {summary.knee} (knee)", "front"]


def test_a_papers_errors_are_at_the_horizons_that_it_prints(with_published: StudyStore) -> None:
    figure = plotted("horizon", summarise(with_published))
    (dotted,) = (line for line in figure.axes[0].lines if y_of(line) == [13.14, 14.21])
    assert x_of(dotted) == [15.0, 30.0]
    assert "D2STGNN (Shao et al. 2022), published, test" in labels(figure)


def test_each_scored_trial_is_a_learning_curve(searched: StudyStore) -> None:
    summary = summarise(searched)
    figure = plotted("learning", summary)
    curves = [line for line in figure.axes[0].lines if line.get_linestyle() != "None"]
    assert len(curves) == sum(trial.state in ("COMPLETE", "PRUNED") for trial in summary.trials)
    strong = [line for line in curves if line.get_alpha() is None]
    assert len(strong) == len(summary.front)
    assert "stopped early" in labels(figure)


def test_hypervolume_is_a_staircase_in_its_unit(limited: StudyStore) -> None:
    summary = summarise(limited)
    (axes,) = plotted("hypervolume", summary).axes
    (line,) = axes.lines
    assert line.get_drawstyle() == "steps-post"
    assert y_of(line)[-1] == summary.hypervolume
    assert axes.get_ylabel().replace("\n", " ") == "hypervolume, mae times decades of latency"
    assert axes.get_ylim()[0] == 0
