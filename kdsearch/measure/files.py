"""What is asked of exported files while costs are measured; `kdsearch.deploy`, which writes them, lies above."""

from collections.abc import Callable
from typing import Protocol

from kdsearch.data.profile import Scaler
from kdsearch.models import Forecaster

__all__ = ["Files"]


class Files(Protocol):
    """The files of networks, whose bytes depend on the architecture and not on the weights.

    They are pickled to the workers.
    """

    def foreseen_bytes(self, network: Forecaster, scaler: Scaler) -> int:
        """Foresee the bytes of a network's file, to 2 %, from another file of the same operators."""

    def exact_bytes(self, network: Forecaster, scaler: Scaler) -> int:
        """Count the bytes of the file of this very architecture."""

    def memory_bytes(self, network: Forecaster, scaler: Scaler) -> int | None:
        """Measure the largest memory of one forecast with that file; None where the system does not tell."""

    def forecast(self, network: Forecaster, scaler: Scaler, batch: int, threads: int) -> Callable[[], object]:
        """Open the file of this very architecture, and give what forecasts so many windows with it."""
