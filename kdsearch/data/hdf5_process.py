"""HDF5 files, read by another process: a damaged one may end that process, and not this one."""

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.damage import refusing_damage
from kdsearch.data.sizes import check_readings_fit
from kdsearch.errors import DataError

__all__ = ["Hdf5File", "Member", "Node", "opened_hdf5"]

SERVER = Path(__file__).with_name("hdf5_server.py")

LONGEST_SECONDS = 10
"""Of processor time that the other process may take for a question, or for a block of an array."""

PIPE_BYTES = 1 << 20

OLD_MATLAB = b"MATLAB 5.0"
"""Begins the files that MATLAB writes unless it is told to write HDF5."""


class Member(NamedTuple):
    """A name in a file.

    Attributes:
        name: With those of its groups, such as "traffic/speed".
        kind: "dataset", "frame" of pandas, "group", or "" for links and types.
        other_file: The other file that is read for it; empty where there is none.
    """

    name: str
    kind: str
    other_file: str


class Node(NamedTuple):
    """What is at a name.

    Attributes:
        kind: "dataset", "frame" of pandas, "group", or "" where there is none of these.
        shape: Of a dataset; None where it was made without one.
        dtype: Of a dataset.
        written: Share of a dataset that was written; the rest reads as its fill value.
        parts: Which of the parts of a frame are there: "table", "axis0", "axis1".
    """

    kind: str
    shape: tuple[int, ...] | None = None
    dtype: np.dtype[Any] = np.dtype(object)
    written: float = 1.0
    parts: tuple[str, ...] = ()


class Hdf5File:
    """An open file.

    Args:
        path: The file, for messages.
        process: The process that reads it.

    Raises:
        DataError: The process did not start.
    """

    def __init__(self, path: Path, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdin is not None
        assert isinstance(process.stdout, BufferedReader)
        self.path, self._questions, self._answers = path, process.stdin, process.stdout
        if not self._answers.peek(1):
            raise DataError(
                f"{path} cannot be read, for no process starts that reads HDF5; see what "
                f"`{sys.executable} -c 'import h5py'` says"
            )
        pickle.load(self._answers)

    def _ask(self, *question: object) -> Any:
        """Ask the process; EOFError where it has ended."""
        pickle.dump(question, self._questions)
        self._questions.flush()
        return pickle.load(self._answers)

    def members(self, most: int) -> list[Member]:
        """List all names, or so many."""
        return [Member(*one) for one in self._ask("members", most)]

    def node(self, name: str) -> Node:
        """Describe what is at a name."""
        return Node(**self._ask("node", name))

    def attribute(self, name: str, key: str, default: Any = None) -> Any:
        """Read an attribute as text, bytes or number."""
        value = self._ask("attribute", name, key)
        return default if value is None else value

    def array(self, name: str) -> NDArray[Any]:
        """Read a dataset; texts are read as bytes.

        Raises:
            DataError: It does not fit into the memory.
        """
        shape, dtype = self._ask("array", name, LONGEST_SECONDS)
        check_readings_fit(shape, dtype.itemsize, f"{name} of {self.path}")
        values = np.empty(shape, dtype)
        self._answers.readinto(values.reshape(-1).view(np.uint8).data)
        pickle.load(self._answers)  # there once all bytes are
        return values


@contextmanager
def opened_hdf5(path: Path) -> Iterator[Hdf5File]:
    """Open an HDF5 file to read it; whatever a damaged one does becomes a sentence.

    Raises:
        DataError: The file is absent, may not be read, is damaged or does not fit into the memory.
    """
    with refusing_damage(path, "HDF5"):
        with path.open("rb") as start:  # says whether it may be read, too
            if start.read(len(OLD_MATLAB)) == OLD_MATLAB:
                raise DataError(f"{path} is of MATLAB's older format; save it there with '-v7.3'")
        with subprocess.Popen(
            [sys.executable, "-P", str(SERVER), str(path), str(LONGEST_SECONDS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pipesize=PIPE_BYTES,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # its threads would take memory
            start_new_session=True,  # Ctrl-C is for this process, which then ends the other
        ) as process:
            try:
                yield Hdf5File(path, process)
            finally:
                process.kill()
