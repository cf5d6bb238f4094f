"""A network of a study: to forecast with, and to take home."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kdsearch.data.series import Series

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from kdsearch.checkpoint import Checkpoint
    from kdsearch.data.target import Target
    from kdsearch.deploy.kept import KeptNetwork

__all__ = ["StudyNetwork"]


@dataclass(frozen=True, eq=False)
class StudyNetwork:
    """A network of a study.

    Attributes:
        kept: The network, what is known of it, and windows of its data.
    """

    kept: KeptNetwork

    @property
    def name(self) -> str:
        """Its name in the study: "trial 7", or that of a baseline."""
        return self.kept.card.network

    @property
    def target(self) -> Target:
        """What it forecasts."""
        return self.kept.card.target

    @property
    def checkpoint(self) -> Checkpoint:
        """The network itself, its graph and its scaler."""
        return self.kept.checkpoint

    def __repr__(self) -> str:
        spec, target = self.checkpoint.spec, self.target
        return (
            f"<{self.name}: {spec['family']}, {target.history} steps of {target.interval_minutes} minutes in, "
            f"{target.horizon} out, {len(target.sensors)} sensors, {target.unit}>"
        )

    def predict(self, readings: pd.DataFrame | Series) -> pd.DataFrame:
        """Forecast the horizon after the newest readings.

        Args:
            readings: The newest rows, at least as many as the network looks at, in any layout that
                `Series.from_frame` takes, or a series. Sensors are matched by id: their order and further ones do not
                matter, and one that is absent counts as missing.

        Returns:
            A row for each time and sensor: ``time``, ``sensor``, ``step`` from 1; ``forecast``, ``lower`` and ``upper``
            in the readings' unit; ``channel`` too where several are forecast.

        Raises:
            DataError: The readings have another interval, no known sensor, or too few steps.
        """
        from kdsearch.deploy.forecast import forecast_frame  # noqa: PLC0415 - torch

        if not isinstance(readings, Series):
            readings = Series.from_frame(
                readings,
                unit=self.target.unit,
                channels=self.target.channels,
                interval_minutes=self.target.interval_minutes,
            )
        return forecast_frame(self.checkpoint, self.target, readings)

    def quantised(self) -> StudyNetwork:
        """Give this network with weights of 8 bits, a scale for each output channel, and a calendar of 16 bits.

        Its forecasts and its files are those of the rounded numbers.
        """
        from kdsearch.deploy.quantise import quantised  # noqa: PLC0415 - torch

        return StudyNetwork(quantised(self.kept))

    def export(
        self,
        folder: Path | str,
        formats: Sequence[str] = ("onnx",),
        on_message: Callable[[str], None] | None = None,
    ) -> list[Path]:
        """Write files that forecast without kdsearch, and a card that says what they are.

        Args:
            folder: Made where it is absent; files of the same names are replaced.
            formats: "onnx", "c", "torch".
            on_message: Takes sentences for people.

        Returns:
            The files: `model.onnx`, `forecast.py`, `card.json`, `card.md`.

        Raises:
            StudyError: There is no such format, it has no numbers of 8 bits, or the folder cannot be written.
            RunError: A package is missing, or a file forecasts otherwise than the network.
        """
        from kdsearch.deploy.folder import write_folder  # noqa: PLC0415 - torch

        return write_folder(self.kept, Path(folder), formats, on_message)
