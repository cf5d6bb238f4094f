"""Loading: time and memory of `load_series` and of `data check` beside `numpy.load`, on a year of 2,000 sensors.

    python -m benchmarks.loading [--sensors 2000] [--days 365]

A file of 5-minute readings is made in a temporary folder. Each way of reading runs in a process of its own; CPU seconds
and the largest memory of the process are printed as ratios: to `numpy.load`, and to the size of the readings.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

CARD = """start = "2023-01-01T00:00"
interval_minutes = 5
unit = "km/h"
channels = ["speed"]
[series]
file = "readings.npz"
[graph]
kind = "none"
"""
MEASURED = """
import resource, sys, time
before = time.process_time()
{code}
used = resource.getrusage(resource.RUSAGE_SELF)
print(time.process_time() - before, used.ru_maxrss * 1024)
"""
WAYS = {
    "numpy.load": "import numpy as np; np.load(sys.argv[1] + '/readings.npz')['data']",
    "load_series": "from kdsearch.data.load import load_series; load_series(sys.argv[1])",
    "data check": (
        "from kdsearch.data.facts import facts_of; from kdsearch.data.load import load_series; "
        "facts_of(load_series(sys.argv[1]))"
    ),
}


def write_readings(folder: Path, steps: int, sensors: int) -> int:
    """Write days of a wave with noise; the size of the readings in bytes."""
    random, values = np.random.default_rng(0), np.empty((steps, sensors), dtype=np.float32)
    day = np.sin(np.arange(steps, dtype=np.float32) / 288 * 2 * np.pi)
    for first in range(0, steps, 4096):
        rows = slice(first, first + 4096)
        noise = random.standard_normal((len(day[rows]), sensors), dtype=np.float32)
        values[rows] = 60 + 10 * day[rows, None] + noise
    np.savez(folder / "readings.npz", data=values)
    (folder / "dataset.toml").write_text(CARD, encoding="utf-8")
    return values.nbytes


def main() -> None:
    """Measure each way once, and print its ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sensors", type=int, default=2000)
    parser.add_argument("--days", type=int, default=365)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        size = write_readings(Path(name), options.days * 288, options.sensors)
        print(f"{options.sensors:,} sensors, {options.days} days of 5-minute readings: {size / 1e6:,.0f} MB as float32")
        plain = None
        for way, code in WAYS.items():
            command = [sys.executable, "-c", MEASURED.format(code=code), name]
            seconds, memory = map(float, subprocess.run(command, capture_output=True, check=True).stdout.split())
            plain = plain or seconds
            print(
                f"{way:12} {seconds:6.2f} CPU s, {seconds / plain:5.2f} times numpy.load's; largest memory "
                f"{memory / size:.2f} times the readings"
            )


if __name__ == "__main__":
    main()
