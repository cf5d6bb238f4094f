"""Packed text: damage of every kind, other files inside, and sizes beyond the memory."""

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from kdsearch.data import unpack
from kdsearch.data.unpack import unpacked
from kdsearch.errors import DataError

TEXT = b"time,401,402\n" + b"".join(b"2024-03-01T%02d:00,%d.5,61\n" % (hour, 40 + hour) for hour in range(24))


def zipped(name: str, content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Pack one file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr(name, content)
    return file.getvalue()


PACKED: dict[str, tuple[str, Callable[[], bytes]]] = {
    "gz": ("r.csv.gz", lambda: gzip.compress(TEXT, mtime=0)),
    "stored": ("r.zip", lambda: zipped("r.csv", TEXT, zipfile.ZIP_STORED)),
    "deflate": ("r.zip", lambda: zipped("r.csv", TEXT)),
    "bzip2": ("r.zip", lambda: zipped("r.csv", TEXT, zipfile.ZIP_BZIP2)),
    "lzma": ("r.zip", lambda: zipped("r.csv", TEXT, zipfile.ZIP_LZMA)),
}


@pytest.mark.parametrize("way", PACKED)
def test_damage_anywhere_is_a_sentence_or_the_text(tmp_path: Path, way: str) -> None:
    """Every other byte turned over, and the file cut off before it: never another exception, nor another text."""
    name, pack = PACKED[way]
    whole, path = pack(), tmp_path / name
    path.write_bytes(whole)
    assert unpacked(path) == TEXT
    for place in range(1, len(whole), 2):
        for content in (whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :], whole[:place]):
            path.write_bytes(content)
            try:
                assert unpacked(path) == TEXT
            except DataError as error:
                assert len(str(error).splitlines()) == 1  # noqa: PT017 - some bytes do not matter


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("r.npz.gz", b""),
        ("r.csv.gz.gz", b""),
        ("r.zip", zipped("r.zip", zipped("r.csv", TEXT))),
        ("r.zip", zipped("data/r.h5", b"")),
        ("r.zip", zipped("r.parquet", b"")),
    ],
)
def test_other_files_than_text_are_to_be_unpacked_first(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=r"packs '.*', and only text is read packed; unpack it, and name the file in"):
        unpacked(tmp_path / name)


def test_sizes_beyond_the_memory_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a header tells them, before anything is read; else once too much has come."""
    monkeypatch.setattr(unpack, "available_bytes", lambda: 4_000_000)
    for name, content in (
        ("r.csv", bytes(2_000_000)),
        ("r.zip", zipped("r.csv", bytes(2_000_000))),
        ("r.csv.gz", gzip.compress(bytes(2_000_000))),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=rf"{name} holds more than 0.0 GB of text, which needs 4 times its size"):
            unpacked(tmp_path / name)
