"""Error against a cost, for a paper."""

import pytest
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.style import context

from kdsearch.report.figures.catalog import FIGURES
from kdsearch.report.figures.cost import CostAxis, gather_error_against_cost
from kdsearch.report.figures.paper.cost import plot_error_against_cost
from kdsearch.report.figures.paper.style import STYLE
from kdsearch.report.summarise import summarise
from kdsearch.report.summary import StudySummary
from kdsearch.study.storage.store import StudyStore
from tests.plots import labels, x_of, y_of

LATENCY = CostAxis("latency", "median latency, ms", "~g")


def plotted(summary: StudySummary, axis: CostAxis = LATENCY) -> Figure:
    """The figure in the style of papers."""
    with context(["default", STYLE]):
        figure = plot_error_against_cost(gather_error_against_cost(summary, axis))
        figure.draw_without_rendering()
    return figure


def points(figure: Figure) -> list[tuple[float, float, str]]:
    """Cost, error and fill of every single marker."""
    lines = [line for line in figure.axes[0].lines if len(x_of(line)) == 1]
    return [(x_of(line)[0], y_of(line)[0], str(line.get_markerfacecolor())) for line in lines]


def test_every_finished_trial_and_the_teacher_are_points(confirmed: StudyStore) -> None:
    summary = summarise(confirmed)
    data = gather_error_against_cost(summary, LATENCY)
    found = {(cost, error) for cost, error, _ in points(plotted(summary))}
    assert {(mark.cost, mark.error) for mark in (*data.marks, *data.networks.values())} <= found
    assert plotted(summary).axes[0].get_xlabel() == "median latency, ms"
    assert plotted(summary).axes[0].get_ylabel() == "validation MAE"


def test_bars_are_mean_and_deviation_over_the_seeds_of_the_confirmation(confirmed: StudyStore) -> None:
    """One for each network of the front; the legend says how many seeds."""
    summary = summarise(confirmed)
    figure = plotted(summary)
    bars = [one for one in figure.axes[0].containers if isinstance(one, ErrorbarContainer)]
    assert len(bars) == len(summary.front)
    assert "mean ± standard deviation, 3 seeds" in labels(figure)
    (segment,) = bars[0].lines[2][0].get_segments()
    heights = {
        (each.mean["val"]["mae"]["all"], each.standard_deviation["val"]["mae"]["all"])
        for each in (trial.confirmed for trial in summary.front_trials)
        if each is not None
    }
    low, high = segment[:, 1]
    assert any((low, high) == (pytest.approx(mean - std), pytest.approx(mean + std)) for mean, std in heights)


def test_without_a_confirmation_there_is_no_bar(searched: StudyStore) -> None:
    figure = plotted(summarise(searched))
    assert not figure.axes[0].containers
    assert not any("deviation" in label for label in labels(figure))


def test_networks_outside_the_limits_are_hollow(limited: StudyStore) -> None:
    summary = summarise(limited)
    figure = plotted(summary)
    outside = sum(not trial.feasible for trial in summary.trials if trial.state == "COMPLETE")
    hollow = [fill for *_, fill in points(figure) if fill == "none"]
    assert len(hollow) == outside + 1  # the ring of the knee
    assert "outside the limits" in labels(figure)


def test_level_lines_are_named_beside_the_axes_or_above(with_published: StudyStore) -> None:
    """What is far above is in one note; what a paper printed is dotted, and the legend says of which split."""
    figure = plotted(summarise(with_published))
    (axes,) = figure.axes
    named = {text.get_text().replace("\n", " ") for text in axes.texts}
    assert {"calendar profile 17.40", "LightST 15.43", "STGCN 18.02"} <= named
    assert axes.get_title(loc="right") == "↑ above: last value 23.60"
    assert "published, test" in labels(figure)


@pytest.mark.parametrize("name", ["flops", "latency", "params"])
def test_ticks_are_few_and_written_with_prefixes(confirmed: StudyStore, name: str) -> None:
    paper = FIGURES[name].paper
    assert paper is not None
    with context(["default", STYLE]):
        figure = paper(summarise(confirmed))
        figure.draw_without_rendering()
    written = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert 2 <= len(written) <= 6
    assert not any("e" in text or "000" in text for text in written)
    assert not any("$" in text for text in written)
