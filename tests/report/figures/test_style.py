"""Colours, symbols and axes that figures share."""

import math
from typing import get_args

from kdsearch.distill.loss_table import LOSSES
from kdsearch.record import Role
from kdsearch.report.figures.style import (
    COLOURS,
    baseline_lines,
    baseline_star,
    baseline_stars,
    error_range,
    kind_colours,
    loss_symbol,
    panel_figure,
    tints,
    top_of,
)


def test_visible_errors() -> None:
    """What is far above the anchors is cut off, what is near or an anchor is not; NaN is ignored."""
    assert top_of([10.0], [12.0, 13.9, 90.0, math.nan]) == 13.9
    assert top_of([], [12.0, 90.0]) == 90.0
    low, high = error_range([10.0, 90.0], 14.0)
    assert low < 10.0
    assert 14.0 < high < 90.0


def test_routes_keep_their_colours() -> None:
    """A route has the same colour whatever else a study holds, and no two share one."""
    every = kind_colours(["student", "prune", "student-prune", "other"])
    assert kind_colours(["prune"])["prune"] == every["prune"]
    assert len(set(every.values())) == 4


def test_every_role_has_a_line_and_a_star() -> None:
    """A role of baselines without a style would fail a report, or pass for another."""
    roles = get_args(Role)
    assert len({tuple(sorted(line.items())) for line in baseline_lines(roles)}) == len(roles)
    networks = [role for role in roles if role not in {"naive", "answers"}]
    assert len({tuple(sorted(baseline_star(role).items())) for role in networks}) == len(networks)


def test_naive_baselines_have_lines_of_their_own() -> None:
    """They share a role; the dashes of others do not depend on them."""
    first, teacher, second, third = baseline_lines(["naive", "teacher", "naive", "naive"])
    assert len({first["dash"], second["dash"], third["dash"]}) == 3
    assert teacher == baseline_lines(["teacher"])[0]


def test_candidates_for_teacher_have_lines_and_stars_of_their_own() -> None:
    """A study may have four; a teacher between them changes nothing."""
    roles: list[Role] = ["candidate", "teacher", "candidate", "candidate", "candidate"]
    assert len({line.get("dash") for line in baseline_lines(roles)}) == 5
    assert len({star["symbol"] for star in baseline_stars(roles)}) == 5
    assert baseline_stars(["candidate"]) == [baseline_star("candidate")]


def test_a_loss_has_the_symbol_of_its_row_and_one_of_an_old_study_is_a_cross() -> None:
    assert {loss_symbol(name) for name in LOSSES} == {loss.symbol for loss in LOSSES.values()}
    assert loss_symbol("a loss that was once") == "cross"


def test_the_least_share_is_told_from_none() -> None:
    """White is none alone; the colour itself is all."""
    (none, white), (least, tint), (everything, colour) = tints(COLOURS[1])
    assert (none, white, everything, colour) == (0, "#ffffff", 1, COLOURS[1])
    assert least < 1e-4
    assert tint == "#f7dfcc"


def test_panels_stand_apart_with_their_titles() -> None:
    """A gap for the ticks of the one and the title of the next, whatever their number."""
    for number in (1, 2, 5):
        figure = panel_figure([f"panel {place}" for place in range(number)], 200)
        domains = [figure.get_subplot(row, 1).yaxis.domain for row in range(1, number + 1)]
        pixels = figure.layout.height - 124
        assert [round(pixels * (top - bottom)) for bottom, top in domains] == [200] * number
        assert [panel.text for panel in figure.layout.annotations] == [f"panel {place}" for place in range(number)]
    beside = panel_figure(["", ""], 200, beside=True)
    assert beside.get_subplot(1, 1).xaxis.domain[1] < beside.get_subplot(1, 2).xaxis.domain[0]
    assert beside.layout.margin.t < panel_figure(["a"], 200).layout.margin.t
