"""Figures as files: which there are, what is in them, and what is refused."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from kdsearch.errors import StudyError
from kdsearch.report.figures import catalog
from kdsearch.report.figures.catalog import FIGURES
from kdsearch.report.figures.paper.write import FILE_FORMATS, check_file_formats, write_figures
from kdsearch.report.summarise import summarise
from kdsearch.report.summary import StudySummary
from kdsearch.study.storage.store import StudyStore
from kdsearch.table import Table


def only(monkeypatch: pytest.MonkeyPatch, *names: str, **changes: Any) -> None:
    """Leave these rows alone in the table, the last one with changes."""
    rows = [FIGURES[name] for name in names]
    rows[-1] = replace(rows[-1], **changes)
    monkeypatch.setattr(catalog, "FIGURES", Table("figure", rows, mistake=StudyError))


def of_errors(store: StudyStore) -> StudySummary:
    """The study, had it minimised the error alone: no figure of a further cost."""
    summary = summarise(store)
    return summary.model_copy(update={"objectives": summary.objectives[:1]})


def test_every_figure_of_a_confirmed_study_is_a_file(confirmed: StudyStore, tmp_path: Path) -> None:
    """Named by study and figure; nothing else stays in the folder. Parallel axes are for the page alone."""
    said: list[str] = []
    names = [name for name in FIGURES if name != "settings"]
    written = write_figures(summarise(confirmed), tmp_path, ("svg",), said.append)
    assert [path.name for path in written] == [f"pemsd8-mae-latency-{name}.svg" for name in names]
    assert sorted(tmp_path.glob("[!s]*")) == sorted(written)
    assert said == []


def test_a_study_without_a_trial_has_figures(empty_store: StudyStore, tmp_path: Path) -> None:
    """Those without what they need are left out, without a word."""
    said: list[str] = []
    names = [
        path.stem.rpartition("-")[2] for path in write_figures(summarise(empty_store), tmp_path, on_message=said.append)
    ]
    assert names == ["flops", "latency", "params", "horizon", "learning"]
    assert said == []


def test_the_same_study_is_the_same_bytes(
    confirmed: StudyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a second later; letters are TrueType, and a PNG is 3.4 inches of 300 dots wide."""
    only(monkeypatch, "flops")
    files: dict[str, list[bytes]] = {}
    for time in ("1000000000", "1100000000"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", time)
        for path in write_figures(of_errors(confirmed), tmp_path, tuple(FILE_FORMATS)):
            files.setdefault(path.suffix, []).append(path.read_bytes())
    assert {suffix: len(set(each)) for suffix, each in files.items()} == {".pdf": 1, ".svg": 1, ".png": 1}
    assert b"/FontFile2" in files[".pdf"][0]
    assert int.from_bytes(files[".png"][0][16:20]) == 1020


def test_a_figure_that_fails_costs_itself_alone(
    confirmed: StudyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(summary: object) -> Figure:
        raise ValueError(f"no {type(summary).__name__} today")

    only(monkeypatch, "hypervolume", "horizon", paper=broken)
    said: list[str] = []
    written = write_figures(of_errors(confirmed), tmp_path, on_message=said.append)
    assert [path.stem for path in written] == ["pemsd8-mae-latency-hypervolume"]
    assert said == ["the figure 'horizon' is left out: ValueError: no StudySummary today"]


def test_a_figure_for_the_page_alone_is_no_file(
    confirmed: StudyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, "horizon", paper=None)
    assert write_figures(of_errors(confirmed), tmp_path) == []


def test_a_full_disk_leaves_nothing_half_done(
    confirmed: StudyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Figures before the one that fails are not written either."""

    def full(summary: object) -> Figure:
        raise OSError(28, f"no room for a {type(summary).__name__}")

    only(monkeypatch, "hypervolume", "horizon", paper=full)
    before = set(tmp_path.iterdir())
    with pytest.raises(OSError, match="no room"):
        write_figures(of_errors(confirmed), tmp_path)
    assert set(tmp_path.iterdir()) == before


def test_a_letter_that_the_font_lacks_is_said_once(
    confirmed: StudyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, "hypervolume", "horizon")
    said: list[str] = []
    write_figures(of_errors(confirmed).model_copy(update={"dataset": "城"}), tmp_path, on_message=said.append)
    (sentence,) = said
    assert "missing from font(s) DejaVu Sans" in sentence


def test_formats_are_read_with_commas() -> None:
    assert check_file_formats("svg, pdf,svg") == ("svg", "pdf")
    with pytest.raises(StudyError, match="there is no format of figures 'eps'; choose one of pdf, svg, png"):
        check_file_formats("pdf,eps")


def test_without_matplotlib_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(StudyError, match=r"need matplotlib, which is not installed; pip install 'kdsearch\[figures\]'"):
        check_file_formats("pdf")
