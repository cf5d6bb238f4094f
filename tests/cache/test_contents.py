"""What the cache holds is counted and deleted: nothing that a process uses, and nothing that is not the cache's."""

import os
import time
from pathlib import Path

import pytest

from kdsearch.cache.contents import KINDS, clean, entries
from kdsearch.cache.folders import complete_folder, is_complete
from kdsearch.cache.locks import let_go
from kdsearch.cache.manifest import MANIFEST
from tests.cache.processes import at_work, said, tell

KEY, OTHER = "0123456789abcdef01234567", "76543210fedcba9876543210-0123456789abcdef"


def made(folder: Path) -> Path:
    """Make a folder of 1,000 bytes and its manifest, as an earlier process would have."""

    def fill(there: Path) -> None:
        (there / "content").write_bytes(bytes(1000))

    complete_folder(folder, fill)
    let_go(folder)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return made(tmp_path / "tables" / KEY)


def test_each_folder_is_one_entry_with_what_stands_beside_it(folder: Path, tmp_path: Path) -> None:
    made(tmp_path / "tables" / OTHER)
    for name in (f"{KEY}.lock", f"{KEY}.training", f"{KEY}.unfinished-01234567", f"{KEY}.0a1b2c3d"):
        (folder.parent / name).write_bytes(bytes(10))
    one, other = entries("tables", tmp_path)
    assert (one.folder, other.folder) == (folder, folder.parent / OTHER)
    assert one.size_bytes == other.size_bytes + 40
    assert other.size_bytes == 1000 + (folder / MANIFEST).stat().st_size
    assert not [entry for kind in KINDS if kind != "tables" for entry in entries(kind, tmp_path)]
    assert clean(one)
    assert sorted(path.name for path in folder.parent.iterdir()) == [OTHER]


def test_use_moves_the_time_of_last_use(folder: Path, tmp_path: Path) -> None:
    for path in (folder, *folder.iterdir()):
        os.utime(path, (1e9, 1e9))
    (entry,) = entries("tables", tmp_path)
    assert entry.used == 1e9
    assert is_complete(folder)
    (entry,) = entries("tables", tmp_path)
    assert time.time() - entry.used < 60


def test_what_a_living_process_holds_stays(folder: Path, tmp_path: Path) -> None:
    """And goes once that process is dead, however it ended."""
    (folder / "content").write_text("there")
    folder.joinpath(MANIFEST).unlink()
    with at_work(folder, "held") as process:
        while said(process) != "filling":
            pass
        (entry,) = entries("tables", tmp_path)
        assert not clean(entry), "it is being made"
        tell(process)
        assert said(process) == "held"
        (entry,) = entries("tables", tmp_path)
        assert not clean(entry), "it is being used"
        assert (folder / "content").read_text() == "held"
        process.kill()
        process.wait()
        assert clean(entry)
    assert not list(folder.parent.iterdir())


def test_links_are_not_followed(folder: Path, tmp_path: Path) -> None:
    """Neither a kind, nor a folder, nor what is inside one: what they lead to stays, and is not counted."""
    outside = tmp_path / "outside"
    for path in (outside / KEY, outside / "more"):
        path.mkdir(parents=True)
        (path / "mine").write_bytes(bytes(5000))
    (tmp_path / "teachers").symlink_to(outside)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / KEY).symlink_to(outside / "more")
    (folder / "link").symlink_to(outside / "more")
    assert not entries("teachers", tmp_path)
    for kind in ("files", "tables"):
        (entry,) = entries(kind, tmp_path)
        assert entry.size_bytes < 2000
        assert clean(entry)
        assert not list((tmp_path / kind).iterdir())
    assert len(list(outside.rglob("mine"))) == 2


def test_what_is_not_the_caches_is_left_alone(tmp_path: Path) -> None:
    """KDSEARCH_CACHE may name any folder, in which somebody has folders of these names."""
    for name in ("my photographs", f"{KEY}.txt", f"x{KEY}", KEY[:-1], f"{KEY}-copy"):
        (tmp_path / "files" / name).mkdir(parents=True)
    assert not entries("files", tmp_path)
