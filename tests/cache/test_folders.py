"""Folders of the cache are complete or not there, made by one process, and made again where they are damaged."""

import os
import shutil
import tempfile
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path

import pytest

from kdsearch.cache.folders import UNFINISHED, cache_dir, complete_folder, is_complete
from kdsearch.cache.locks import MOST_HELD, hold, is_held, let_go
from kdsearch.cache.manifest import MANIFEST
from kdsearch.cache.messages import heard_by
from kdsearch.errors import RunError
from tests.cache.processes import at_work, rest, said, tell


def write(folder: Path, text: str) -> None:
    (folder / "content").write_text(text)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A folder that an earlier process made."""
    folder = complete_folder(tmp_path / "tables" / "folder", lambda there: write(there, "first"))
    let_go(folder)
    return folder


def test_a_folder_is_filled_once(made: Path) -> None:
    assert complete_folder(made, lambda there: write(there, "second")) == made
    assert (made / "content").read_text() == "first"
    assert sorted(path.name for path in made.iterdir()) == ["content", MANIFEST]
    assert list(made.parent.iterdir()) == [made]


def test_the_quicker_of_two_machines_wins(tmp_path: Path) -> None:
    """A lock of one is not always seen by the other; whichever is first gives the content of both."""
    folder = tmp_path / "folder"

    def late(there: Path) -> None:
        quick = complete_folder(tmp_path / "elsewhere", lambda other: write(other, "quick"))
        shutil.copytree(quick, folder)
        write(there, "late")

    assert (complete_folder(folder, late) / "content").read_text() == "quick"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "folder"]


@pytest.mark.parametrize("raised", [KeyboardInterrupt, OSError])
def test_nothing_is_left_of_what_was_broken_off(tmp_path: Path, raised: type[BaseException]) -> None:
    def broken_off(there: Path) -> None:
        write(there, "half")
        raise raised

    with pytest.raises(raised):
        complete_folder(tmp_path / "folder", broken_off)
    assert not list(tmp_path.iterdir())


def flipped(folder: Path) -> None:
    content = bytearray((folder / "content").read_bytes())
    content[2] ^= 1
    (folder / "content").write_bytes(content)


def folder_in_place_of(name: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name / "inside").mkdir(parents=True)

    return damage


def emptied(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def file_in_place_of_the_folder(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("a file")


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a flipped bit": (flipped, "has a content that is not as it was written"),
    "a cut file": (lambda folder: os.truncate(folder / "content", 2), "has a content that is not as it was written"),
    "an empty file": (lambda folder: os.truncate(folder / "content", 0), "has a content that is not as it was written"),
    "a missing file": (lambda folder: (folder / "content").unlink(), "lacks content, or it cannot be read"),
    "a folder for a file": (folder_in_place_of("content"), "lacks content, or it cannot be read"),
    "no manifest": (lambda folder: (folder / MANIFEST).unlink(), f"has no {MANIFEST}"),
    "a cut manifest": (lambda folder: os.truncate(folder / MANIFEST, 20), f"has a damaged {MANIFEST}"),
    "no table": (lambda folder: (folder / MANIFEST).write_text("[1, 2]"), f"has a damaged {MANIFEST}"),
    "a folder for the manifest": (folder_in_place_of(MANIFEST), f"has a {MANIFEST} that cannot be read"),
    "an empty folder": (emptied, f"has no {MANIFEST}"),
    "a file for the folder": (file_in_place_of_the_folder, f"has no {MANIFEST}"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_folder_is_made_again_and_said_once(made: Path, damage: str) -> None:
    harm, words = DAMAGES[damage]
    harm(made)
    said: list[str] = []
    with heard_by(said.append):
        for _ in range(2):
            assert complete_folder(made, lambda there: write(there, "second")) == made
    assert (made / "content").read_text() == "second"
    assert len(said) == 1
    assert said[0].startswith(f"tables/folder of the cache {words}")
    assert said[0].endswith("; it is made again")
    let_go(made)
    assert is_complete(made)
    assert list(made.parent.iterdir()) == [made]


def test_where_nobody_listens_damage_is_a_warning(made: Path) -> None:
    flipped(made)
    with pytest.warns(UserWarning, match="tables/folder of the cache has a content that is not as it was written"):
        complete_folder(made, lambda there: write(there, "second"))


def test_a_link_in_place_of_a_folder_is_no_way_out(made: Path, tmp_path: Path) -> None:
    """A damaged folder that lies elsewhere loses the link; what is elsewhere stays."""
    elsewhere = tmp_path / "elsewhere"
    made.rename(elsewhere)
    made.symlink_to(elsewhere)
    assert is_complete(made)
    let_go(made)
    flipped(elsewhere)
    with pytest.warns(UserWarning, match="made again"):
        complete_folder(made, lambda there: write(there, "second"))
    assert not made.is_symlink()
    assert (elsewhere / "content").exists()


def test_files_of_others_in_a_folder_are_no_damage(made: Path) -> None:
    (made / ".DS_Store").write_text("a file manager was here")
    assert is_complete(made)


def test_one_process_makes_and_the_other_waits(tmp_path: Path) -> None:
    folder = tmp_path / "tables" / "folder"
    with at_work(folder, "first") as one:
        assert said(one) == "filling"
        with at_work(folder, "second") as other:
            assert said(other) == "waiting for another process, which makes tables/folder in the cache"
            tell(one)
            assert [said(one), said(other)] == ["first", "first"]
    assert list(folder.parent.iterdir()) == [folder]


def test_who_waits_takes_over_when_the_maker_is_killed(tmp_path: Path) -> None:
    """What the dead one left is swept away."""
    folder = tmp_path / "tables" / "folder"
    with at_work(folder, "first") as one:
        assert said(one) == "filling"
        with at_work(folder, "second") as other:
            assert said(other).startswith("waiting for another process")
            one.kill()
            assert said(other) == "filling"
            assert len(list(folder.parent.glob(f"*{UNFINISHED}*"))) == 1
            tell(other)
            assert said(other) == "second"
    assert list(folder.parent.iterdir()) == [folder]


def test_a_cache_that_cannot_be_written_to_is_read_without_locks(made: Path, tmp_path: Path) -> None:
    """And what is missing or damaged there is one sentence with the remedy."""
    nobody = 65534 if os.geteuid() == 0 else None
    for path in (made, made.parent):
        path.chmod(0o555)
    for parent in takewhile(lambda one: one != Path(tempfile.gettempdir()), [tmp_path, *tmp_path.parents]):
        parent.chmod(0o755)  # pytest's own folders are the user's alone
    try:
        with at_work(made, "second", nobody) as reader:
            assert said(reader) == "first"
        with at_work(made.parent / "other", "second", nobody) as reader:
            assert f"RunError: there is no {made.parent / 'other'}, and it cannot be made (Permission denied)" in rest(
                reader
            )
        flipped(made)
        with at_work(made, "second", nobody) as reader:
            assert f"RunError: {made} has a content that is not as it was written, and it cannot be made again" in rest(
                reader
            )
    finally:
        for path in (made, made.parent):
            path.chmod(0o755)


def test_a_cache_below_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"there is no .*, and it cannot be made .*; set KDSEARCH_CACHE to a folder"):
        complete_folder(tmp_path / "file" / "tables" / "folder", lambda there: write(there, "never"))


def test_a_process_holds_the_folders_that_it_used_last(made: Path, tmp_path: Path) -> None:
    """Their number is bounded: each is an open file."""
    assert is_complete(made)
    descriptors = Path("/proc/self/fd")
    before = len([*descriptors.iterdir()]) if descriptors.exists() else 0
    for number in range(2 * MOST_HELD):
        complete_folder(tmp_path / str(number), lambda there: write(there, "other"))
        assert is_held(made) or number >= MOST_HELD - 1
    assert not hold(tmp_path / "not there")
    if before:
        assert len([*descriptors.iterdir()]) <= before + MOST_HELD


def test_a_folder_that_was_deleted_by_hand_is_made_again(made: Path) -> None:
    assert is_complete(made)
    shutil.rmtree(made)
    assert (complete_folder(made, lambda there: write(there, "second")) / "content").read_text() == "second"


def test_the_cache_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the same place for a process that works in another folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KDSEARCH_CACHE", "here")
    assert cache_dir() == tmp_path / "here"
