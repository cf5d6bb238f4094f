"""Sizes are refused from headers, with both numbers, before anything is allocated."""

import io
import resource
import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import psutil
import pytest
from numpy.lib import format as npy

from kdsearch.data.load import load_series
from kdsearch.data.readers import read_array
from kdsearch.data.sizes import available_bytes, check_graph_fits, check_readings
from kdsearch.errors import DataError

BOTH = r"takes [\d,.]+ GB of memory to be read, and [\d,.]+ GB are available; save fewer steps or sensors"


def write_header(path: Path, shape: tuple[int, ...], dtype: str, content: bytes = b"") -> None:
    """An npz with an array that its header promises, and these bytes of it."""
    head = io.BytesIO()
    npy.write_array_header_1_0(head, {"descr": dtype, "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.npy", head.getvalue() + content)


@contextmanager
def spare_bytes(spare: int) -> Iterator[None]:
    """Let this process take so much more memory, and no more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + spare, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.parametrize("shape", [(1_000_000, 1_000_000), (10, 10**12), (2**62, 4, 1), (10**30, 10**30)])
def test_an_npz_that_promises_too_much(tmp_path: Path, shape: tuple[int, ...]) -> None:
    """Also where the product does not fit into 64 bits."""
    write_header(tmp_path / "r.npz", shape, "<f4")
    tracemalloc.start()
    with pytest.raises(DataError, match=rf"data of .*r\.npz, of shape {shape[0]:,} x .*{BOTH}"):
        read_array(tmp_path / "r.npz")
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_an_npz_that_ends_before_its_last_reading(tmp_path: Path) -> None:
    """What the header promises is compared with what is there before room is made for it."""
    write_header(tmp_path / "r.npz", (10_000, 1_000), "<f8", b"\0" * 8_000)
    tracemalloc.start()
    with pytest.raises(DataError, match=r"data of .*r\.npz is cut off: the file ends before its last reading"):
        read_array(tmp_path / "r.npz")
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_a_small_file_of_many_zeros(tmp_path: Path) -> None:
    """80 MB of zeros in 80 kB are refused where they do not fit, and read where they do."""
    np.savez_compressed(tmp_path / "r.npz", data=np.zeros((100_000, 100)))
    assert (tmp_path / "r.npz").stat().st_size < 100_000
    with spare_bytes(100_000_000), pytest.raises(DataError, match=r"takes 0\.2 GB of memory to be read, and 0\.1 GB"):
        read_array(tmp_path / "r.npz")
    assert read_array(tmp_path / "r.npz").values.shape == (100_000, 100, 1)


@pytest.mark.parametrize("fill", [None, 61.5])
def test_hdf5_of_fill_values(tmp_path: Path, fill: float | None) -> None:
    """A dataset that was made and never written: too large, or small but without any reading."""
    with h5py.File(tmp_path / "r.h5", "w") as file:
        file.create_dataset("huge", (10**9, 10**4), "f4", chunks=(1000, 100), fillvalue=fill)
        file.create_dataset("small", (10, 4), "f4", chunks=(10, 4), fillvalue=fill)
    with pytest.raises(DataError, match=BOTH):
        read_array(tmp_path / "r.h5", key="huge")
    with pytest.raises(DataError, match=r"small of .* was made but no reading was ever written to it"):
        read_array(tmp_path / "r.h5", key="small")


def test_a_pandas_frame_of_many_sensors(tmp_path: Path) -> None:
    """Its size is known from its rows and columns."""
    with h5py.File(tmp_path / "r.h5", "w") as file:
        group = file.create_group("df")
        group.attrs.update({"pandas_type": b"frame", "nblocks": 1})
        group["axis0"] = np.arange(100_000)
        group["axis1"] = np.arange(100_000, dtype=np.int64) * 60_000_000_000
        group["axis1"].attrs["kind"] = b"datetime64"
        group["block0_items"] = np.arange(100_000)
        group.create_dataset("block0_values", (100_000, 100_000), "f8", chunks=(1000, 100))
    with pytest.raises(DataError, match=BOTH):
        read_array(tmp_path / "r.h5")


def test_many_sensors_have_a_larger_graph(tmp_path: Path) -> None:
    """Readings that fit are refused for the graph: mostly the axes are the other way round."""
    np.savez(tmp_path / "r.npz", data=np.ones((2, 1_000_000), dtype=np.float32))
    (tmp_path / "dataset.toml").write_text(
        'name = "town"\nstart = 2024-03-01\ninterval_minutes = 60\nunit = "km/h"\nchannels = ["speed"]\n'
        '[series]\nfile = "r.npz"\naxes = "step node"\n[graph]\nfile = "g.csv"\nkind = "edges"\n'
    )
    (tmp_path / "g.csv").write_text("from,to\n0,1\n")
    with pytest.raises(
        DataError,
        match=r"the graph of 1,000,000 sensors takes 32,000\.0 GB of memory, and .* the axes",
    ):
        load_series(str(tmp_path))
    check_graph_fits(1000, tmp_path)


def test_available_memory_is_that_of_the_machine_and_of_the_process() -> None:
    """Never more than there is, and what a limit leaves."""
    assert 0 < available_bytes() <= psutil.virtual_memory().total
    with spare_bytes(50_000_000):
        assert 0 < available_bytes() <= 50_000_000


@pytest.mark.parametrize(
    ("shape", "dtype", "sentence"),
    [
        ((), "f8", "holds a single number"),
        ((0, 4), "f8", "holds no readings, its shape is 0 x 4"),
        ((3, 4), "O", "holds Python objects, type object; save the readings as plain numbers"),
        ((3, 4), "c16", "holds complex numbers"),
        ((3, 4), "U8", "holds text"),
        ((3, 4), "M8[s]", "holds times"),
        ((3, 4), [("a", "f8")], "holds records of several fields"),
    ],
)
def test_arrays_that_are_no_readings(shape: tuple[int, ...], dtype: Any, sentence: str) -> None:
    """Known from shape and type alone."""
    with pytest.raises(DataError, match=f"data of x {sentence}"):
        check_readings(shape, np.dtype(dtype), "data of x")
