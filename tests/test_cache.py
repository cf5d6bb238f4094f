"""Folders of the cache are complete or not there."""

from pathlib import Path

import pytest

from kdsearch.cache import cache_dir, complete_folder


def write(folder: Path, text: str) -> None:
    (folder / "content").write_text(text)


def test_a_folder_is_filled_once(tmp_path: Path) -> None:
    folder = complete_folder(tmp_path / "some" / "folder", lambda there: write(there, "first"))
    assert complete_folder(folder, lambda there: write(there, "second")) == folder
    assert (folder / "content").read_text() == "first"


def test_the_quicker_of_two_processes_wins(tmp_path: Path) -> None:
    folder = tmp_path / "folder"

    def late(there: Path) -> None:
        complete_folder(folder, lambda other: write(other, "quick"))
        write(there, "late")

    assert (complete_folder(folder, late) / "content").read_text() == "quick"
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("raised", [KeyboardInterrupt, OSError])
def test_nothing_is_left_of_what_was_broken_off(tmp_path: Path, raised: type[BaseException]) -> None:
    def broken_off(there: Path) -> None:
        write(there, "half")
        raise raised

    with pytest.raises(raised):
        complete_folder(tmp_path / "folder", broken_off)
    assert not list(tmp_path.iterdir())


def test_the_cache_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the same place for a process that works in another folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KDSEARCH_CACHE", "here")
    assert cache_dir() == tmp_path / "here"
