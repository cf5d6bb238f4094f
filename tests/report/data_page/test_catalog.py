"""Which figures a dataset has."""

from collections.abc import Mapping
from typing import Any, get_args

import numpy as np
import pytest

from kdsearch.data.checked import CheckedSeries
from kdsearch.report.data_page.catalog import DATA_FIGURES, DATA_SECTIONS, DataSection
from tests.report.data_page.conftest import with_series

ALWAYS = ["availability", "calendar", "distribution"]


@pytest.mark.parametrize(
    ("changes", "further"),
    [
        ({}, ["map"]),
        ({"positions": None}, ["adjacency", "neighbours"]),
        ({"positions": None, "grid": (2, 2)}, ["grid"]),
        ({"positions": None, "adjacency": np.zeros((4, 4))}, []),
    ],
    ids=["positions", "no positions", "a grid", "no graph"],
)
def test_a_dataset_has_the_figures_that_it_has_the_data_for(
    checked: CheckedSeries, changes: Mapping[str, Any], further: list[str]
) -> None:
    other = with_series(checked, **changes)
    assert [row.name for row in DATA_FIGURES.values() if row.shown(other)] == [*ALWAYS, *further]


def test_readings_of_days_have_no_time_of_day(checked: CheckedSeries) -> None:
    assert not DATA_FIGURES["calendar"].shown(with_series(checked, interval_minutes=1440))


def test_a_caption_is_one_sentence() -> None:
    for row in DATA_FIGURES.values():
        assert row.caption.endswith(".")
        assert ". " not in row.caption


def test_every_section_has_a_heading() -> None:
    assert set(DATA_SECTIONS) == set(get_args(DataSection))


def test_readings_that_are_all_missing_are_drawn_as_such(checked: CheckedSeries) -> None:
    """No figure fails; there is no mean and no distribution."""
    empty = with_series(checked, values=np.full_like(checked.series.values, np.nan))
    shown = [row for row in DATA_FIGURES.values() if row.shown(empty)]
    assert [row.name for row in shown] == ["availability", "map"]
    for row in shown:
        row.draw(empty)
