"""HDF5 files are read by another process: what damage does to libhdf5 ends there."""

import struct
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import psutil
import pytest

from kdsearch.data import hdf5_process
from kdsearch.data.hdf5_files import read_hdf5
from kdsearch.data.hdf5_process import opened_hdf5
from kdsearch.errors import DataError
from tests.commands import Here
from tests.data.test_hdf5_files import VALUES, write_fixed, write_table

READINGS = np.random.default_rng(0).uniform(40, 80, (64, 4))


def readers() -> list[psutil.Process]:
    """Find the processes that read HDF5 for this one; a database that other tests started is none of them."""
    return [one for one in psutil.Process().children() if str(hdf5_process.SERVER) in one.cmdline()]


def flipped(path: Path, place: int, byte: int) -> None:
    """Replace one byte of a file."""
    content = bytearray(path.read_bytes())
    content[place] = byte
    path.write_bytes(content)


def places(path: Path) -> tuple[int, int]:
    """Find where the texts of a fixed frame's attributes are, and where the file points to the first: "frame"."""
    content = path.read_bytes()
    heap = content.index(b"GCOL")
    return heap, content.index(struct.pack("<IQ", len("frame"), heap))


HARMFUL: dict[str, Callable[[int, int], tuple[int, int]]] = {
    "a type that is read outside of memory": lambda _, pointer: (pointer - 31, 254),
    "a text of 4 GB": lambda _, pointer: (pointer + 3, 255),
    "texts that are looked for without end": lambda heap, _: (heap + 24, 250),
    "and others": lambda heap, _: (heap + 48, 245),
}
"""Single bytes that made libhdf5 2.0 crash, take 4 GB or loop for ever: place and value by heap and pointer."""


@pytest.mark.parametrize("harm", HARMFUL)
def test_what_ends_libhdf5_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str) -> None:
    monkeypatch.setattr(hdf5_process, "LONGEST_SECONDS", 1)
    path = tmp_path / "r.h5"
    with h5py.File(path, "w") as file:
        write_fixed(file.create_group("df"))
    assert read_hdf5(path).values.shape == (3, 4)
    flipped(path, *HARMFUL[harm](*places(path)))
    before = time.process_time()
    with pytest.raises(DataError, match=r"r\.h5 cannot be read as HDF5 \(damaged, .*\); get the file again"):
        read_hdf5(path)
    assert time.process_time() - before < 1
    assert not readers()


def test_a_crash_is_exit_code_2(tmp_path: Path, kdsearch: Here) -> None:
    with h5py.File(tmp_path / "r.h5", "w") as file:
        write_fixed(file.create_group("df"))
    flipped(tmp_path / "r.h5", *HARMFUL["a type that is read outside of memory"](*places(tmp_path / "r.h5")))
    (tmp_path / "dataset.toml").write_text(
        'interval_minutes = 15\nunit = "km/h"\nchannels = ["speed"]\n[series]\nfile = "r.h5"\n[graph]\nkind = "none"\n',
        encoding="utf-8",
    )
    said = kdsearch(tmp_path, "data", "check", ".", check=2)
    assert said.stderr.count("cannot be read as HDF5") == 1


WRITERS: dict[str, Callable[[Any], None]] = {
    "plain": lambda file: file.create_dataset("data", data=READINGS.astype(np.float32)),
    "chunks": lambda file: file.create_dataset("data", data=READINGS, chunks=(16, 2), compression="gzip", shuffle=True),
    "fixed": lambda file: write_fixed(file.create_group("df")),
    "table": lambda file: write_table(file.create_group("df"), {"values_block_0": (list("abcd"), VALUES, "float64")}),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_damage_anywhere_is_a_sentence_or_readings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """A byte turned over, here and there: never a crash, a hang or another exception."""
    monkeypatch.setattr(hdf5_process, "LONGEST_SECONDS", 1)
    path = tmp_path / "r.h5"
    with h5py.File(path, "w") as file:
        WRITERS[kind](file)
    whole = path.read_bytes()
    for place in range(5, len(whole), len(whole) // 8):
        flipped(path, place, whole[place] ^ 0xFF)
        try:
            assert read_hdf5(path).values.dtype == np.float32
        except DataError as error:
            assert len(str(error).splitlines()) == 1  # noqa: PT017 - most files are read
        path.write_bytes(whole)


@pytest.mark.parametrize("dtype", ["f4", ">f8", "f2", "i2", "?"])
@pytest.mark.parametrize("chunks", [None, (100, 7), (5000, 1), (1, 400)])
def test_arrays_arrive_whole(tmp_path: Path, dtype: str, chunks: tuple[int, int] | None) -> None:
    """Larger than a block, in pieces of every shape."""
    values = (np.arange(5000 * 400).reshape(5000, 400) % 1009 > 500).astype(dtype) * np.ones(1, dtype=dtype)
    with h5py.File(tmp_path / "r.h5", "w") as file:
        file.create_dataset("a/b", data=values, chunks=chunks)
    with opened_hdf5(tmp_path / "r.h5") as file:
        found = file.array("a/b")
        assert (found.dtype, file.node("a/b").written) == (values.dtype, 1)
        np.testing.assert_array_equal(found, values)
        assert file.node("nothing").kind == ""


def test_no_second_copy_is_made(tmp_path: Path) -> None:
    """Of the readings, in this process; the other one holds a block."""
    with h5py.File(tmp_path / "r.h5", "w") as file:
        file["speed"] = np.ones((10_000, 1_000), dtype=np.float32)
    tracemalloc.start()
    size = read_hdf5(tmp_path / "r.h5").values.nbytes
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.1 * size
    with opened_hdf5(tmp_path / "r.h5") as open_file:
        (other,) = readers()
        before = other.memory_info().rss
        open_file.array("speed")
        assert other.memory_info().rss - before < 0.5 * size


def test_a_stranger_s_folder_is_not_imported_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other process runs the h5py that is installed, wherever the command is called."""
    with h5py.File(tmp_path / "r.h5", "w") as file:
        file["speed"] = VALUES
    for name in ("h5py.py", "numpy.py", "pickle.py"):
        (tmp_path / name).write_text("raise SystemExit\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert read_hdf5(Path("r.h5")).values.shape == (3, 4)


def test_a_process_that_does_not_start_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with h5py.File(tmp_path / "r.h5", "w") as file:
        file["speed"] = VALUES
    monkeypatch.setattr(hdf5_process, "SERVER", tmp_path / "nothing.py")
    with pytest.raises(DataError, match=r"no process starts that reads HDF5; see what `.* -c 'import h5py'` says"):
        read_hdf5(tmp_path / "r.h5")
