"""Markers, lines and settings of figures for papers."""

import matplotlib

from kdsearch.distill.loss_table import SYMBOLS
from kdsearch.report.figures.paper.style import MARKERS, STYLE, line_look, star_look
from kdsearch.report.figures.style import baseline_lines, baseline_stars


def test_every_symbol_has_a_marker_of_its_own() -> None:
    """Those of losses, of a loss that is not known, and of baselines."""
    assert set(SYMBOLS) | {"cross"} == set(MARKERS)
    assert len({str(marker) for marker in MARKERS.values()}) == len(MARKERS)
    for star in baseline_stars(["teacher", "candidate", "candidate", "base", "undistilled"]):
        assert star_look(star)["marker"] == MARKERS[star["symbol"]]
    for line in baseline_lines(["naive", "naive", "naive", "naive", "candidate", "candidate", "candidate", "base"]):
        assert line_look(line)["linestyle"]


def test_every_setting_is_one_of_matplotlib() -> None:
    assert STYLE.keys() <= matplotlib.rcParams.keys()
