"""`kdsearch cache`: what is in it, and what is deleted."""

import json
import os
import time
from functools import partial
from pathlib import Path

import pytest

from kdsearch.cache import complete_folder
from kdsearch.cache.contents import KINDS
from kdsearch.cache.locks import let_go
from tests.commands import Here

DAY = 86400


def fill(size: int, folder: Path) -> None:
    (folder / "content").write_bytes(bytes(size))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with a new and an old teacher, and with old tables of 2 MB."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("KDSEARCH_CACHE", str(folder))
    for kind, key, size, days in (("teachers", "a", 1000, 0), ("teachers", "b", 1000, 40), ("tables", "c", 2 << 20, 9)):
        made = complete_folder(folder / kind / (24 * key), partial(fill, size))
        let_go(made)
        for path in (made, *made.iterdir()):
            os.utime(path, (time.time() - days * DAY,) * 2)
    return folder


def left(cache: Path) -> list[str]:
    return sorted(path.name[0] for kind in KINDS if (cache / kind).exists() for path in (cache / kind).iterdir())


def test_the_list_says_number_size_and_age(kdsearch: Here, tmp_path: Path, cache: Path) -> None:
    said = kdsearch(tmp_path, "cache", "list").stdout
    rows = {words[0]: words[1:] for line in said.splitlines() if (words := line.split()) and words[0] in KINDS}
    assert rows["teachers"][:3] == ["2", "2.18", "kB"]
    assert rows["teachers"][4:] == ["s", "ago", "40", "days", "ago"]
    assert rows["tables"][:3] == ["1", "2.10", "MB"]
    assert rows["files"] == ["0", "0", "B"]
    found = json.loads(kdsearch(tmp_path, "cache", "list", "--json").stdout)
    assert found["cache_dir"] == str(cache)
    kinds = {one["kind"]: one for one in found["kinds"]}
    assert list(kinds) == list(KINDS)
    assert kinds["teachers"]["number"] == 2
    assert kinds["tables"]["bytes"] > 2 << 20
    assert kinds["teachers"]["newest_use"] > kinds["teachers"]["oldest_use"]
    assert kinds["files"]["newest_use"] is None


@pytest.mark.parametrize(
    ("options", "stays", "sentence"),
    [
        ([], "ac", "freed 1.09 kB: teachers 1"),
        (["--older-than", "7d"], "a", "freed 2.10 MB: teachers 1, tables 1"),
        (["--older-than", "7d", "--kind", "tables"], "ab", "freed 2.10 MB: tables 1"),
        (["--kind", "tables"], "abc", "freed 0 B: there was nothing to delete"),
        (["--all", "--kind", "teachers", "--kind", "files"], "c", "freed 2.18 kB: teachers 2"),
        (["--all"], "", "freed 2.10 MB: teachers 2, tables 1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_it_deletes_what_was_asked_for(
    kdsearch: Here, tmp_path: Path, cache: Path, options: list[str], stays: str, sentence: str
) -> None:
    assert kdsearch(tmp_path, "cache", "clean", *options).stdout == f"{sentence}\n"
    assert left(cache) == list(stays)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--older-than", "soon"], "Error: --older-than 'soon' is no age; write 30d, 12h or 90m\n"),
        (["--kind", "teacher"], "Error: there is no --kind 'teacher'; choose one of teachers, forecasts, tables"),
        (["--all", "--older-than", "3d"], "Error: --all and --older-than 3d say two things; leave one of them out\n"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_mistake_deletes_nothing(
    kdsearch: Here, tmp_path: Path, cache: Path, options: list[str], sentence: str
) -> None:
    assert kdsearch(tmp_path, "cache", "clean", *options, check=2).stderr.startswith(sentence)
    assert left(cache) == list("abc")


def test_what_this_process_uses_is_kept_and_said(kdsearch: Here, tmp_path: Path, cache: Path) -> None:
    held = complete_folder(cache / "tables" / (24 * "c"), lambda _: pytest.fail("it is there"))
    said = kdsearch(tmp_path, "cache", "clean", "--all")
    assert said.stdout == "freed 2.18 kB: teachers 2\n"
    assert said.stderr == "1 in use by a process, and kept\n"
    let_go(held)


def test_an_empty_cache_is_listed_and_cleaned(kdsearch: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KDSEARCH_CACHE", str(tmp_path / "nowhere"))
    assert "teachers" in kdsearch(tmp_path, "cache", "list").stdout
    assert kdsearch(tmp_path, "cache", "clean", "--all").stdout == "freed 0 B: there was nothing to delete\n"
    assert not (tmp_path / "nowhere").exists()
