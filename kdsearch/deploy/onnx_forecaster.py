"""An exported ONNX file in use: no torch here, onnxruntime and numpy alone."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.fill import carried_forward
from kdsearch.data.places import must_be_a_file, what_is_there
from kdsearch.deploy.card import Card
from kdsearch.errors import DataError, RunError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["INPUTS", "OUTPUTS", "OnnxForecaster", "WindowForecasts", "session"]

INPUTS = ["readings", "time"]
OUTPUTS = ["forecast", "lower", "upper", "calendar"]

WINDOWS_AT_ONCE = 64


class WindowForecasts(NamedTuple):
    """Forecasts of some windows, in the unit of the readings.

    Attributes:
        forecast: float32 ``(window, horizon, node)``.
        lower: The lower bounds, of the same shape; NaN in the file of an older study.
        upper: The upper bounds.
    """

    forecast: NDArray[np.float32]
    lower: NDArray[np.float32]
    upper: NDArray[np.float32]


class OnnxForecaster:
    """An exported file.

    Args:
        path: Path of the file.
        threads: Threads inside an operator.

    Attributes:
        path: Path of the file.
        card: What it says of itself.

    Raises:
        RunError: onnxruntime is missing.
        DataError: There is no such file, or it is none that kdsearch wrote, or was changed.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        self.path, self._session = path, session(path, threads)
        self.card = Card.from_metadata(self._session.get_modelmeta().custom_metadata_map, path)
        self._refuse_other_network()

    def _refuse_other_network(self) -> None:
        """Refuse a file whose network is not the one that it says it is."""
        target, given, made = self.card.target, self._session.get_inputs(), self._session.get_outputs()
        nodes = len(target.nodes)
        same = [one.name for one in given] == INPUTS and given[0].shape[1:] == [target.history, nodes]
        if not same or not {*OUTPUTS} <= {one.name for one in made} or made[0].shape[1:] != [target.horizon, nodes]:
            raise DataError(
                f"{self.path} says that it looks at {target.history} steps of {nodes} sensors and forecasts "
                f"{target.horizon}, and its network does not; write it anew with `kdsearch export STUDY`"
            )

    def run(self, readings: NDArray[np.float32], times: NDArray[np.datetime64]) -> WindowForecasts:
        """Forecast from windows.

        Args:
            readings: In real units, NaN where missing, ``(window, history, node)``.
            times: Local time of each window's last reading, ``(window,)``.
        """
        wanted = list(WindowForecasts._fields)
        pieces = [
            self._session.run(wanted, _inputs(readings[first : first + WINDOWS_AT_ONCE], times[first:]))
            for first in range(0, len(readings), WINDOWS_AT_ONCE)
        ]
        return WindowForecasts(*map(np.concatenate, zip(*pieces, strict=True)))

    def calendar(self, times: NDArray[np.datetime64]) -> NDArray[np.float32]:
        """Give the usual reading at each time, ``(step, node)``: times in order, a step apart but for holes."""
        holes = np.flatnonzero(np.diff(times) != self.card.target.step) + 1
        return np.concatenate([self._unbroken(run) for run in np.split(times.astype("datetime64[s]"), holes)])

    def _unbroken(self, times: NDArray[np.datetime64]) -> NDArray[np.float32]:
        """Give the usual reading at times that are all a step apart."""
        from onnxruntime import RunOptions  # noqa: PLC0415 - an extra

        target, options = self.card.target, RunOptions()
        options.only_execute_path_to_fetches = True  # the network is not asked
        ends = times[:: target.history + target.horizon] + (target.history - 1) * target.step
        nodes, found = len(target.nodes), []
        for some in np.array_split(ends, -(-len(ends) // WINDOWS_AT_ONCE)):
            silent = np.full((len(some), target.history, nodes), np.nan, dtype=np.float32)
            found.append(self._session.run(["calendar"], _inputs(silent, some), options)[0].reshape(-1, nodes))
        return np.concatenate(found)[: len(times)]

    def filled(self, readings: NDArray[np.float32], times: NDArray[np.datetime64]) -> NDArray[np.float32]:
        """Fill gaps as in training, from all readings before them, also those before a window.

        Args:
            readings: ``(step, node)``, in real units, NaN where missing.
            times: Local time of each step, ``(step,)``, in order.
        """
        if self.card.target.zero_is_missing or not np.isnan(readings).any():
            return readings
        usual = self.calendar(times)
        return np.where(np.isnan(readings), carried_forward(readings - usual) + usual, readings)


def _inputs(readings: NDArray[np.float32], times: NDArray[np.datetime64]) -> dict[str, NDArray[np.generic]]:
    seconds = times[: len(readings)].astype("datetime64[s]").astype(np.int64)
    return dict(zip(INPUTS, (readings, seconds), strict=True))


def session(path: Path, threads: int) -> "InferenceSession":
    """Open an ONNX file; a single thread is the caller's.

    Args:
        path: Path of the file.
        threads: Threads inside an operator; operators run one after the other.

    Raises:
        RunError: onnxruntime is missing.
        DataError: There is no such file, or it is no ONNX file.
    """
    if what_is_there(path) == "nothing":
        raise DataError(f"there is no file {path}; write one with `kdsearch export STUDY`")
    must_be_a_file(path)
    if find_spec("onnxruntime") is None:
        raise RunError("not installed, but needed for ONNX files: onnxruntime; pip install 'kdsearch[onnx]'")
    from onnxruntime import GraphOptimizationLevel, InferenceSession, SessionOptions  # noqa: PLC0415

    options = SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    # The level above fills channels up to 8 or 16: a third more time where there are two, 6 % less where there are 64.
    options.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    try:
        return InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a class of its own for each way in which a file is damaged
        raise DataError(f"{path} is no ONNX file, or is damaged; write it anew with `kdsearch export STUDY`") from error
