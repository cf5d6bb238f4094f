"""The memory that a forecast takes: that of a process of its own, which opens a file and forecasts once; no torch here.

Run as a program, this module prints bytes: ``python -m kdsearch.deploy.memory model.onnx``.
"""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from kdsearch.deploy.onnx_forecaster import INPUTS, session
from kdsearch.errors import RunError

__all__ = ["peak_memory_bytes"]

STATUS, PEAK_RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peak_memory_bytes(path: Path) -> int | None:
    """Measure the largest memory that opening a file and one forecast of one window take, on one thread.

    It is what is added to a process in which onnxruntime is loaded; onnxruntime takes some 11 MB of it for any file.

    Args:
        path: The ONNX file.

    Returns:
        Bytes, to some 2 %; None on systems other than Linux.

    Raises:
        RunError: The process ended without an answer.
    """
    if not PEAK_RESET.exists():
        return None
    asked = [sys.executable, "-P", "-m", __name__, str(path.absolute())]
    found = subprocess.run(asked, capture_output=True, text=True, check=False)
    if found.returncode:
        said = found.stderr.strip().splitlines() or [f"its exit code was {found.returncode}"]
        raise RunError(f"the memory of {path} could not be measured: {said[-1]}")
    return int(found.stdout)


def _own_peak_bytes(path: Path) -> int:
    """Measure it in this process."""
    import onnxruntime  # noqa: F401, PLC0415 - an extra; loading it does not count

    before = _status_bytes("VmRSS")
    PEAK_RESET.write_text("5")
    running = session(path, threads=1)
    _, history, nodes = running.get_inputs()[0].shape
    readings, time = np.ones((1, history, nodes), dtype=np.float32), np.array([1_700_000_000], dtype=np.int64)
    running.run(None, dict(zip(INPUTS, (readings, time), strict=True)))
    return _status_bytes("VmHWM") - before


def _status_bytes(name: str) -> int:
    match = re.search(rf"^{name}:\s+(\d+) kB$", STATUS.read_text(), re.MULTILINE)
    assert match is not None, "every Linux kernel tells it"
    return 1024 * int(match[1])


if __name__ == "__main__":
    print(_own_peak_bytes(Path(sys.argv[1])))
