"""Loading: time and memory of `load_series` beside the plain reader of each kind of file, on a year of 2,000 sensors.

    python -m benchmarks.loading [--sensors 2000] [--days 365]

Files of 5-minute readings are made in a temporary folder; tables have a twentieth of the sensors. Each way of reading
runs in processes of its own. CPU seconds after imports, those of further processes among them and the least of three
times, are printed beside their ratio to the plain reader; the largest memory of the process beside its ratio to the
readings as float32 (on Linux).
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

CARD = """start = "2023-01-01T00:00"
interval_minutes = 5
unit = "km/h"
channels = ["speed"]
[series]
file = "{file}"
[graph]
kind = "none"
"""
MEASURED = """
import re, resource, sys
import h5py
import numpy as np
import pandas as pd
import kdsearch.data.parquet_files
from kdsearch.data.facts import facts_of
from kdsearch.data.load import load_series
def used():
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in both)
folder, path = sys.argv[1:]
before = used()
{code}
print(used() - before, re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""
OURS = {"load_series": "load_series(folder)", "data check": "facts_of(load_series(folder))"}


class Kind(NamedTuple):
    """A kind of file: its name, how it is written and plainly read, and what share of the sensors it holds."""

    file: str
    write: Callable[[Path, NDArray[np.float32]], None]
    plain: str
    share: float = 1.0


def write_npz(path: Path, values: NDArray[np.float32]) -> None:
    """Write an array of numpy."""
    np.savez(path, data=values)


def write_hdf5(path: Path, values: NDArray[np.float32]) -> None:
    """Write a dataset of HDF5."""
    with h5py.File(path, "w") as file:
        file["data"] = values


def write_frame(path: Path, values: NDArray[np.float32]) -> None:
    """Write what pandas does with ``to_hdf``: float64, times and names."""
    with h5py.File(path, "w") as file:
        group = file.create_group("df")
        group.attrs.update({"pandas_type": b"frame", "nblocks": 1})
        group["axis0"] = group["block0_items"] = np.array([b"%d" % node for node in range(values.shape[1])])
        group["axis1"] = _times(len(values)).to_numpy().astype("datetime64[ns]").astype(np.int64)
        group["axis1"].attrs["kind"] = b"datetime64"
        group["block0_values"] = values.astype(np.float64)


def write_parquet(path: Path, values: NDArray[np.float32]) -> None:
    """Write a wide table as Parquet."""
    _table(values).to_parquet(path)


def write_csv(path: Path, values: NDArray[np.float32]) -> None:
    """Write a wide table as text."""
    _table(values).to_csv(path, float_format="%.1f")


def _times(steps: int) -> pd.DatetimeIndex:
    return pd.date_range("2023-01-01", periods=steps, freq="5min", name="time")


def _table(values: NDArray[np.float32]) -> pd.DataFrame:
    return pd.DataFrame(values, index=_times(len(values)), columns=[f"s{node}" for node in range(values.shape[1])])


KINDS = (
    Kind("readings.npz", write_npz, "np.load(path)['data']"),
    Kind("readings.h5", write_hdf5, "h5py.File(path)['data'][()]"),
    Kind("frame.h5", write_frame, "h5py.File(path)['df/block0_values'][()].astype(np.float32)"),
    Kind("readings.parquet", write_parquet, "pd.read_parquet(path)", 0.05),
    Kind("readings.csv", write_csv, "pd.read_csv(path, index_col=0, parse_dates=True)", 0.05),
)


def readings(steps: int, sensors: int) -> NDArray[np.float32]:
    """Make days of a wave with noise, ``(step, node)``."""
    random, values = np.random.default_rng(0), np.empty((steps, sensors), dtype=np.float32)
    day = np.sin(np.arange(steps, dtype=np.float32) / 288 * 2 * np.pi)
    for first in range(0, steps, 4096):
        rows = slice(first, first + 4096)
        noise = random.standard_normal((len(day[rows]), sensors), dtype=np.float32)
        values[rows] = 60 + 10 * day[rows, None] + noise
    return values


def main() -> None:
    """Measure each way, and print its ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sensors", type=int, default=2000)
    parser.add_argument("--days", type=int, default=365)
    options = parser.parse_args()
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as name:
            values = readings(options.days * 288, max(1, round(kind.share * options.sensors)))
            kind.write(Path(name) / kind.file, values)
            (Path(name) / "dataset.toml").write_text(CARD.format(file=kind.file), encoding="utf-8")
            size = values.nbytes
            del values
            print(f"{kind.file}, {size / 1e6:,.0f} MB as float32")
            plain = None
            for way, code in {kind.plain: kind.plain, **OURS}.items():
                command = [sys.executable, "-c", MEASURED.format(code=code), name, f"{name}/{kind.file}"]
                runs = [subprocess.run(command, capture_output=True, check=True).stdout.split() for _ in range(3)]
                seconds, memory = (min(float(run[number]) for run in runs) for number in (0, 1))
                plain, megabytes = plain or seconds, memory / 1e3
                print(
                    f"  {way:58} {seconds:6.2f} CPU s, {seconds / plain:5.2f} times the first; {megabytes:6,.0f} MB, "
                    f"{1e6 * megabytes / size:5.2f} times the readings"
                )


if __name__ == "__main__":
    main()
