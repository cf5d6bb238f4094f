"""A finished study in Python: its trials, and its networks to forecast with."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kdsearch.data.series import Series
from kdsearch.data.target import Target
from kdsearch.errors import StudyError
from kdsearch.report.comparison.compare import compare_studies
from kdsearch.report.comparison.model import Comparison
from kdsearch.report.picks import pick_network, words_of
from kdsearch.report.summarise import summarise
from kdsearch.report.summary import StudySummary
from kdsearch.study.storage.listing import find_study
from kdsearch.study.storage.store import StudyStore

if TYPE_CHECKING:
    import pandas as pd

    from kdsearch.checkpoint import Checkpoint
    from kdsearch.deploy.kept import KeptNetwork

__all__ = ["Study", "StudyNetwork", "compare", "load_study"]


@dataclass(frozen=True, eq=False)
class StudyNetwork:
    """A network of a study.

    Attributes:
        kept: The network, what is known of it, and windows of its data.
    """

    kept: "KeptNetwork"

    @property
    def name(self) -> str:
        """Its name in the study: "trial 7", or that of a baseline."""
        return self.kept.card.network

    @property
    def target(self) -> Target:
        """What it forecasts."""
        return self.kept.card.target

    @property
    def checkpoint(self) -> "Checkpoint":
        """The network itself, its graph and its scaler."""
        return self.kept.checkpoint

    def __repr__(self) -> str:
        spec, target = self.checkpoint.spec, self.target
        return (
            f"<{self.name}: {spec['family']}, {target.history} steps of {target.interval_minutes} minutes in, "
            f"{target.horizon} out, {len(target.sensors)} sensors, {target.unit}>"
        )

    def predict(self, readings: "pd.DataFrame | Series") -> "pd.DataFrame":
        """Forecast the horizon after the newest readings.

        Args:
            readings: The newest rows, at least as many as the network looks at, in any layout that
                `Series.from_frame` takes, or a series. Sensors are matched by id: their order and further ones do not
                matter, and one that is absent counts as missing.

        Returns:
            A row for each time and sensor: ``time``, ``sensor``, ``step`` from 1 and ``forecast`` in the readings'
            unit; ``channel`` too where several are forecast.

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

    def export(self, folder: Path | str, formats: Sequence[str] = ("onnx",)) -> list[Path]:
        """Write files that forecast without kdsearch, and a card that says what they are.

        Args:
            folder: Made where it is absent; files of the same names are replaced.
            formats: "onnx", "torch".

        Returns:
            The files: `model.onnx`, `forecast.py`, `card.json`, `card.md`.

        Raises:
            StudyError: There is no such format, or the folder cannot be written.
            RunError: A package is missing, or a file forecasts otherwise than the network.
        """
        from kdsearch.deploy.folder import write_folder  # noqa: PLC0415 - torch

        return write_folder(self.kept, Path(folder), formats)


@dataclass(frozen=True, eq=False)
class Study:
    """A finished study.

    Attributes:
        summary: All that its report shows.
        target: What its networks forecast; None in a study of an older kdsearch.
        trials: Trials whose networks are kept.
        baselines: Baselines whose networks are kept.
        storage: Address of its database.
    """

    summary: StudySummary
    target: Target | None
    trials: tuple[int, ...]
    baselines: tuple[str, ...]
    storage: str

    def __repr__(self) -> str:
        summary = self.summary
        return f"<study {summary.study}: {len(summary.trials)} trials on {summary.dataset}, front {summary.front}>"

    @property
    def picks(self) -> dict[str, int | str]:
        """Words for kept networks, such as "knee" -> number of a trial, or name of a baseline."""
        return words_of(self.summary, self.trials, self.baselines)

    def network(self, pick: str | int = "knee") -> StudyNetwork:
        """Take a network out of the study.

        Args:
            pick: "knee", "best" (least first objective of all networks inside the limits, baselines too), "smallest"
                (of the front), the number of a trial, or the name of a baseline, such as "teacher".

        Raises:
            StudyError: There is no such network, or the study does not keep it.
        """
        from kdsearch.deploy.kept import kept_network  # noqa: PLC0415 - torch

        picked = pick_network(self.summary, self.trials, self.baselines, pick)
        if self.target is None:
            raise StudyError(
                f"study {self.summary.study!r} is of an older kdsearch, which did not keep what its networks forecast; "
                "run its command once more, and it is kept"
            )
        store = StudyStore.open(self.storage, self.summary.study)
        try:
            return StudyNetwork(kept_network(store, picked))
        finally:
            store.close()


def load_study(
    name: str,
    *,
    prefer: str | None = None,
    constraints: str | Sequence[str] = (),
    studies: Path | str = "studies",
    storage: str | None = None,
) -> Study:
    """Read a study.

    >>> from kdsearch import load_study
    >>> load_study("demo-demo").network("knee").predict(frame)  # doctest: +SKIP

    Args:
        name: Its name.
        prefer: Weights that choose from the front in place of the knee, such as "mae=2,latency=1".
        constraints: Further limits on the same trials, such as "params<=8k".
        studies: Folder of studies.
        storage: Address of a database, in place of the folder.

    Raises:
        StudyError: There is no such study, its database cannot be read, or weights or limits do not fit it.
    """
    store = find_study(name, Path(studies), storage)
    try:
        trials, baselines = store.networks_kept()
        summary = summarise(store, prefer, constraints=constraints)
        return Study(summary, store.meta.target, tuple(trials), tuple(baselines), store.url)
    finally:
        store.close()


def compare(*names: str, studies: Path | str = "studies", storage: str | None = None) -> Comparison:
    """Compare studies of one protocol and data: fronts, hypervolume, paired differences, what was set otherwise.

    >>> from kdsearch import compare
    >>> compare("pemsd8-stgcn", "pemsd8-stid").frame  # doctest: +SKIP

    Args:
        names: Names of two studies or more.
        studies: Folder of studies.
        storage: Address of a database, in place of the folder.

    Raises:
        StudyError: A study is not there, or they may not be compared; the message says why.
    """
    summaries, metas = [], []
    for name in names:
        store = find_study(name, Path(studies), storage)
        try:
            summaries.append(summarise(store))
            metas.append(store.meta)
        finally:
            store.close()
    return compare_studies(summaries, metas)
