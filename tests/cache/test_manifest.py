"""Whatever byte of a folder is another one, its manifest says so."""

from pathlib import Path

import pytest

from kdsearch.cache.manifest import MANIFEST, damage, write_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files of like names, and one in a folder."""
    (tmp_path / "inside").mkdir()
    for name in ("spatial-0.npy", "spatial-1.npy", "inside/record.json"):
        (tmp_path / name).write_bytes(bytes(range(20)) + name.encode())
    write_manifest(tmp_path)
    return tmp_path


def test_what_was_written_is_right(folder: Path) -> None:
    assert damage(folder) is None


def test_every_flipped_bit_of_every_file_is_seen(folder: Path) -> None:
    """Those of the manifest too, of which some would leave it a manifest: of other names, or in another layout."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert MANIFEST in [path.name for path in files]
    for file in files:
        content = file.read_bytes()
        for place in range(len(content)):
            for bit in range(8):
                flipped = bytearray(content)
                flipped[place] ^= 1 << bit
                file.write_bytes(flipped)
                assert damage(folder) is not None, (file, place, bit)
        file.write_bytes(content)
    assert damage(folder) is None


def test_every_cut_is_seen(folder: Path) -> None:
    for file in [path for path in folder.rglob("*") if path.is_file()]:
        content = file.read_bytes()
        for length in range(len(content)):
            file.write_bytes(content[:length])
            assert damage(folder) is not None, (file, length)
        file.write_bytes(content)
