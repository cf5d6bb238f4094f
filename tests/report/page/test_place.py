"""A page that cannot be written is refused, and what is there is left as it is."""

from pathlib import Path

import pytest

from kdsearch.errors import StudyError
from kdsearch.report.page.place import check_page
from tests.commands import Here


def test_a_page_that_is_there_keeps_its_content_and_a_new_one_is_not_made(tmp_path: Path) -> None:
    old, new = tmp_path / "old.html", tmp_path / "deep" / "new.html"
    old.write_text("mine")
    for page in (old, new):
        check_page(page, "--output", StudyError)
    assert old.read_text() == "mine"
    assert not new.exists()
    assert sorted(tmp_path.iterdir()) == [new.parent, old]


def test_a_file_that_is_no_folder_is_no_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StudyError, match=r"the folder .*file of the page cannot be made: .*; give another with --o"):
        check_page(tmp_path / "file" / "page.html", "--output", StudyError)


def test_a_report_is_refused_before_the_study_is_looked_for(tmp_path: Path, kdsearch: Here) -> None:
    refused = kdsearch(tmp_path, "report", "nobody", "--output", "/proc/none/page.html", check=2)
    assert "the folder /proc/none of the page cannot be made" in refused.stderr
