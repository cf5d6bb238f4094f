"""Which parameters mattered, for a paper."""

from kdsearch.report.figures.search import gather_searched
from kdsearch.report.summarise import summarise
from kdsearch.study.storage.store import StudyStore
from tests.plots import plotted


def test_the_most_important_parameter_is_at_the_top(searched: StudyStore) -> None:
    """Bars are in per cent."""
    summary = summarise(searched)
    importance = gather_searched(summary).importance
    (axes,) = plotted("importance", summary).axes
    written = [label.get_text() for label in axes.get_yticklabels()]
    assert written == list(importance)[::-1]
    widths = [bar.get_width() for bar in axes.patches]  # type: ignore[attr-defined]
    assert widths == [100 * share for share in importance.values()][::-1]
