"""The page of a dataset: what `kdsearch data check` says, and pictures of what is in it."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from kdsearch.data.facts import fact_rows
from kdsearch.report.data_page.catalog import DATA_FIGURES
from kdsearch.report.data_page.panels import MOST_CHANNELS
from kdsearch.report.numbers import count
from kdsearch.report.page.document import write_document
from kdsearch.report.page.drawing import drawn_figure, figure_sections

if TYPE_CHECKING:
    from pathlib import Path

    from kdsearch.data.checked import CheckedSeries

__all__ = ["write_data_page"]


def write_data_page(checked: CheckedSeries, path: Path) -> Path:
    """Write what is known of a dataset as one file that loads nothing from anywhere.

    Args:
        checked: The dataset.
        path: The HTML file; its folder is made where it is missing.

    Returns:
        The path.
    """
    figures = [drawn_figure(row, checked) for row in DATA_FIGURES.values() if row.shown(checked)]
    facts, name = checked.facts, checked.series.name
    rows = [(one.name, f"{one.state}, {count(one.size_bytes)} bytes") for one in checked.files]
    return write_document(
        path,
        f"{name} · kdsearch",
        "data_page/page.html",
        figure_sections(figures),
        eyebrow=f"kdsearch · {name} · {facts.first[:10]} to {facts.last[:10]}",
        name=name,
        answer=_answer(checked),
        facts=[*rows, *fact_rows(facts)],
        hints=checked.hints,
        notes=checked.series.notes,
        version=version("kdsearch"),
    )


def _answer(checked: CheckedSeries) -> str:
    """Say what the data is, and how much of it was measured."""
    measured = 100 * checked.tally.measured.sum() / checked.series.values.size
    channels = len(checked.series.channels)
    drawn = f"; figures show the first {MOST_CHANNELS} of {channels} channels" if channels > MOST_CHANNELS else ""
    what = f"{checked.title}: {checked.note}" if checked.title else checked.note[:1].upper() + checked.note[1:]
    return f"{what}. {measured:.1f} % of the readings were measured{drawn}."
