"""npy and npz files of readings: what they may hold, and damage of every kind."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kdsearch.data.npz_files import read_npy, read_npz
from kdsearch.errors import DataError, DataQuestion

VALUES = np.arange(12.0).reshape(3, 4)


@pytest.mark.filterwarnings("ignore:Stored array in format 3.0")
@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.array([1, "a", None], dtype=object), "data of .* holds Python objects, type object; save .* plain numbers"),
        (np.float64(3), "holds a single number"),
        (np.zeros((0, 3)), "holds no readings, its shape is 0 x 3"),
        (VALUES.astype(complex), "holds complex numbers"),
        (np.array(["a", "b"]), "holds text"),
        (np.array(["2024-01-01"], dtype="M8[D]"), "holds times"),
        (np.zeros(3, dtype=[("time", "i8"), ("speed", "f8")]), "holds records of several fields"),
        (np.zeros(3, dtype=[("vitesse moyenne 東京", "f8")]), "saved in numpy's format 3.0; save plain numbers"),
    ],
)
def test_arrays_that_are_no_readings(tmp_path: Path, array: Any, sentence: str) -> None:
    """Named with what they hold, and the remedy."""
    np.savez(tmp_path / "r.npz", data=array)
    with pytest.raises(DataError, match=sentence):
        read_npz(tmp_path / "r.npz")


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4", "i8", "u1", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_numbers_of_every_type(tmp_path: Path, dtype: str, order: Any) -> None:
    """As float32, in the array's own order of axes."""
    values = np.asarray((VALUES % 2).astype(dtype), order=order)
    np.savez_compressed(tmp_path / "r.npz", data=values)
    np.save(tmp_path / "r.npy", values)
    for read in (read_npz(tmp_path / "r.npz"), read_npy(tmp_path / "r.npy")):
        assert read.values.dtype == np.float32
        assert read.flags == (dtype == "?")
        np.testing.assert_array_equal(read.values, values.astype(np.float32))


def test_names_that_no_terminal_prints_are_written_out(tmp_path: Path) -> None:
    """A stranger's file changes neither the terminal nor the number of lines."""
    np.savez(tmp_path / "r.npz", **{"a\x1b[2J\nb": VALUES, "c\u2028d": VALUES})  # type: ignore[arg-type]
    with pytest.raises(DataQuestion, match=r"arrays: a\\x1b\[2J\\nb \(3 x 4\), c\\u2028d \(3 x 4\); write") as caught:
        read_npz(tmp_path / "r.npz")
    assert caught.value.what.isprintable()


def test_an_empty_npz(tmp_path: Path) -> None:
    """It is not said to hold more than one array."""
    np.savez(tmp_path / "r.npz")
    with pytest.raises(DataError, match="holds no array; save the readings into it"):
        read_npz(tmp_path / "r.npz")


def written(name: str, content: bytes, method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip file with one member."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def npy(array: Any = VALUES) -> bytes:
    """An array as numpy saves it."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>not found</html>",
        npy(),
        written("data.npy", b""),
        written("data.npy", b"\x93NUMPY"),
        written("data.npy", b"\x93NUMPY\x01\x00\xff\xff{"),
        written("data.npy", npy().replace(b"(3, 4)", b"(3,-4)")),
        written("data.npy", npy().replace(b"(3, 4)", b"(((((")),
        written("data.npy", npy().replace(b"'<f8'", b"'<q9'")),
        written("data.npy", npy().replace(b"'<f8'", b"12345")),
        written("data.npy", npy()[:-8]),
        written("data.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b"(" * 100_000),
        written("data.txt", b"1,2,3"),
        written("data.npy", npy(), zipfile.ZIP_DEFLATED)[:120],
        written("data.npy", npy()).replace(b"data.npy", b"date.npy", 1),
        written("data.npy", npy()).replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"),
    ],
)
def test_damaged_files(tmp_path: Path, content: bytes) -> None:
    """Other files, members cut off, headers of nonsense, one that says that it is encrypted."""
    (tmp_path / "r.npz").write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_npz(tmp_path / "r.npz")
    assert len(str(caught.value).splitlines()) == 1
    assert "r.npz" in str(caught.value)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damage_anywhere_is_a_sentence_or_numbers(tmp_path: Path, method: int) -> None:
    """Each byte turned over, one at a time: never another exception."""
    assert refused_of(written("data.npy", npy(), method), tmp_path / "r.npz") > 1 / 3


def test_damage_anywhere_in_a_file_of_one_array(tmp_path: Path) -> None:
    """A header says what must be there; readings have no checksum."""
    assert refused_of(npy(), tmp_path / "r.npy") > 1 / 5
    for cut in range(0, len(npy()), 5):
        (tmp_path / "r.npy").write_bytes(npy()[:cut])
        with pytest.raises(DataError, match=r"r\.npy (is cut off|cannot be read as npy)"):
            read_npy(tmp_path / "r.npy")


def refused_of(whole: bytes, path: Path) -> float:
    """Turn each byte over, and compute which share of the files is refused in a sentence."""
    refused = 0
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            read_npy(path) if path.suffix == ".npy" else read_npz(path)
        except DataError:
            refused += 1
    return refused / len(whole)
