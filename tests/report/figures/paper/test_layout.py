"""Titles, legends and names of lines: on the page, and apart."""

import itertools

import pytest
from matplotlib.figure import Figure
from matplotlib.style import context
from matplotlib.text import Text

from kdsearch.report.figures.paper.layout import add_legend, add_title, blank_figure, from_zero, label_levels
from kdsearch.report.figures.paper.style import STYLE, legend_entry


def inside(figure: Figure, text: Text) -> bool:
    """Whether a text lies wholly on the page."""
    extent = text.get_window_extent()
    return bool(figure.bbox.x0 <= extent.x0 < extent.x1 <= figure.bbox.x1 and extent.y1 <= figure.bbox.y1)


@pytest.mark.parametrize("subtitle", ["study $a_1$ & b", "W" * 300, "a name that is long " * 12])
def test_title_and_subtitle_are_on_the_page_as_they_are(subtitle: str) -> None:
    """No formula is made of a name, and a long one is broken; the axes keep their size."""
    with context(["default", STYLE]):
        figure, (axes,) = blank_figure(["x"], "y")
        figure.draw_without_rendering()
        before = axes.get_window_extent().height
        add_title(figure, "Error", subtitle)
        figure.draw_without_rendering()
        small, title = figure.texts
        assert title.get_text() == "Error"
        assert "".join(small.get_text().split()) == "".join(subtitle.split())
        assert not small.get_parse_math()
        assert inside(figure, small)
        assert not small.get_window_extent().overlaps(title.get_window_extent())
        assert small.get_window_extent().y0 > axes.get_window_extent().y1
        assert axes.get_window_extent().height == pytest.approx(before, rel=0.02)


@pytest.mark.parametrize("number", [1, 5, 14])
def test_a_legend_fits_below_the_axes(number: int) -> None:
    with context(["default", STYLE]):
        figure, (axes,) = blank_figure(["x"], "y")
        add_legend(
            figure, [legend_entry(f"{'a long label ' * (place % 4)}{place}", color="k") for place in range(number)]
        )
        figure.draw_without_rendering()
        (legend,) = figure.legends
        assert all(inside(figure, text) for text in legend.get_texts())
        assert legend.get_window_extent().y0 >= 0
        tight = axes.get_tightbbox()
        assert tight is not None
        assert legend.get_window_extent().y1 < tight.y0


@pytest.mark.parametrize("values", [(17.4, 17.46, 18.0, 15.4), (1.0, 1.0, 1.0), (14.0, 19.0)])
def test_labels_of_lines_do_not_collide(values: tuple[float, ...]) -> None:
    with context(["default", STYLE]):
        figure, (axes,) = blank_figure(["x"], "y")
        axes.set_ylim(0.9 * min(values), 1.1 * max(values))
        label_levels(axes, [(f"baseline {place}\n{value}", value) for place, value in enumerate(values)])
        figure.draw_without_rendering()
        for one, other in itertools.combinations(axes.texts, 2):
            boxes = [Text.get_window_extent(text) for text in (one, other)]
            assert not boxes[0].overlaps(boxes[1])
        assert all(inside(figure, text) for text in axes.texts)


def test_panels_that_begin_at_zero_show_the_largest_value_of_all() -> None:
    _, (one, other) = blank_figure(["x", "x"], "y")
    one.plot([0, 1], [1, 2])
    other.plot([0, 1], [1, 9])
    from_zero(one)
    assert list(other.get_ylim()) == pytest.approx([0, 9.54])
    _, (empty,) = blank_figure(["x"], "y")
    from_zero(empty)
    assert empty.get_ylim()[0] == 0
