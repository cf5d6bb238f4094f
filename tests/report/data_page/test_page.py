"""The page of a dataset as a reader, and a browser, would see it."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kdsearch.data.checked import CheckedSeries, check_dataset
from kdsearch.data.series import Series
from kdsearch.report.data_page.catalog import DATA_FIGURES, DATA_SECTIONS
from kdsearch.report.data_page.page import write_data_page
from tests.commands import Here
from tests.data.tables import folder, speeds
from tests.html_pages import Page, assert_it_loads_nothing, opened_page
from tests.report.data_page.conftest import SCRIPT, with_series


def test_a_browser_draws_every_figure_offline_and_runs_nothing_of_the_data(
    checked: CheckedSeries, tmp_path: Path
) -> None:
    """A map, the graph without positions, a grid: none writes to the console, which an alert of the data would."""
    wanted, kinds = set(DATA_FIGURES), list[dict[str, Any]]([{}, {"positions": None}])
    for number, changes in enumerate([*kinds, {"positions": None, "grid": (2, 2)}]):
        other = with_series(checked, **changes)
        page = write_data_page(other, tmp_path / f"{number}.html")
        shown = {row.name for row in DATA_FIGURES.values() if row.shown(other)}
        with opened_page(page, checked=number == 0) as opened:
            assert {name for name in shown if opened.holds_figure(name)} == shown
            assert (opened.console, opened.requests) == ([], [])
            assert "<script>alert" not in opened.page.locator("main").inner_html()
            assert number or opened.serious_findings() == []
        wanted -= shown
    assert not wanted


def test_the_page_says_what_the_command_says(checked: CheckedSeries, tmp_path: Path) -> None:
    """Facts, notes and hints, with the title, and every figure in its section."""
    source = write_data_page(checked, tmp_path / "deep" / "page.html").read_text(encoding="utf-8")
    assert_it_loads_nothing(source)
    text = Page(source[source.index("<body>") :]).text
    for wanted in (
        "town & <b>country</b>: what is in the data",
        "Roads <of> the town: the user's own readings. 90.0 % of the readings were measured.",
        "480 x 4 x 2",
        "vehicles & bicycles/h, 2.50 % missing, 1.25 % zero",
        "Taken for granted columns & rows <taken>",
        *checked.hints,
    ):
        assert wanted in text
    for row in DATA_FIGURES.values():
        assert source.count(f"<h3>{row.title}</h3>") == int(row.shown(checked))
    headings = [f"<h2>{heading}</h2>" for heading in DATA_SECTIONS.values()]
    assert [source.count(heading) for heading in headings] == [1, 1, 1]


def test_names_of_the_data_are_text(checked: CheckedSeries, tmp_path: Path) -> None:
    source = write_data_page(checked, tmp_path / "page.html").read_text(encoding="utf-8")
    assert SCRIPT not in source
    assert "<b>country" not in source
    assert "<of>" not in source


def test_a_folder_with_hostile_names_is_read_and_shown(tmp_path: Path, kdsearch: Here) -> None:
    """From a user's dataset.toml and the header of her table."""
    frame = speeds().rename(columns={"401": SCRIPT, "402": "R&D"})
    place = folder(tmp_path / "town", {"r.csv": frame.to_csv(index_label="time")}, top='title = "<img src=x> & more"')
    (place / "g.csv").write_text(f"from,to,cost\n{SCRIPT},R&D,400\n")
    said = kdsearch(tmp_path, "data", "check", str(place), "--html", "town.html")
    assert said.stderr == "page: town.html\n"
    assert "384 x 4 x 1" in said.stdout
    source = (tmp_path / "town.html").read_text(encoding="utf-8")
    assert SCRIPT not in source
    assert "<img" not in source
    assert "<img src=x> & more" in Page(source).text


def test_json_stays_json_beside_a_page(tmp_path: Path, kdsearch: Here) -> None:
    said = kdsearch(tmp_path, "data", "check", "demo", "--json", "--html", "demo.html")
    assert json.loads(said.stdout)["series"]["shape"] == [6048, 20, 1]
    assert (tmp_path / "demo.html").stat().st_size < 6e6


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("/proc/none/page.html", "the folder /proc/none of the page cannot be made: No such file or directory"),
        (".", ". is a folder, not a file; give the name of an HTML file with --html"),
        ("a" * 300, "aaa cannot be written: File name too long; give another with --html"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_before_the_data_is_read(
    tmp_path: Path, kdsearch: Here, page: str, words: str
) -> None:
    """The dataset is not there either."""
    assert words in kdsearch(tmp_path, "data", "check", "nowhere", "--html", page, check=2).stderr


def test_a_large_series_has_a_small_page_and_is_never_there_twice(tmp_path: Path) -> None:
    """100 MB of readings: the peak is that of the readings and what plotly takes; the page is little but plotly."""
    write_data_page(check_dataset("demo"), tmp_path / "page.html")  # what is loaded once
    tracemalloc.start()
    steps, nodes = 25_000, 1000
    values = np.random.default_rng(0).random((steps, nodes, 1), dtype=np.float32)
    values[::50, ::3], values[1::50, ::2] = np.nan, 0
    series = Series(
        name="large",
        values=values,
        times=np.datetime64("2024-03-01T00:00", "m") + np.arange(steps) * np.timedelta64(5, "m"),
        interval_minutes=5,
        unit=("km/h",),
        channels=("speed",),
        adjacency=np.eye(nodes, k=1),
        sensor_ids=tuple(map(str, range(nodes))),
    )
    page = write_data_page(CheckedSeries(series), tmp_path / "page.html")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.6 * values.nbytes, peak / values.nbytes
    assert page.stat().st_size < 8e6
