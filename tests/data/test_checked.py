"""A dataset that was looked through."""

from pathlib import Path

import pytest

from kdsearch.data.checked import check_dataset
from kdsearch.errors import DataError
from tests.data.tables import folder, speeds


def test_files_facts_and_hints_are_of_what_was_read(tmp_path: Path) -> None:
    silent = speeds().assign(**{"402": float("nan")})
    place = folder(tmp_path / "town", {"r.csv": silent.to_csv(index_label="time")}, top='title = "ring road"')
    checked = check_dataset(str(place))
    assert [(one.name, one.state) for one in checked.files] == [("r.csv", "present"), ("g.csv", "present")]
    assert (checked.title, checked.note) == ("ring road", "the user's own files")
    assert checked.facts.channels[0].silent == ("402",)
    assert checked.tally.present.sum() == 3 * 384
    assert any(hint.startswith("1 sensor (402) of speed without any reading") for hint in checked.hints)


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no dataset 'nowhere'"):
        check_dataset("nowhere", tmp_path)
