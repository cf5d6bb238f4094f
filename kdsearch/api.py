"""A study in Python: search one, or load it; its trials, figures, and networks to forecast with."""

import html
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdsearch.data.series import Series
from kdsearch.data.target import Target
from kdsearch.deploy.study_network import StudyNetwork
from kdsearch.errors import DataError, StudyError
from kdsearch.pipeline.options import RunOptions
from kdsearch.report.comparison.compare import compare_studies
from kdsearch.report.comparison.model import Comparison
from kdsearch.report.figures.catalog import figures_of
from kdsearch.report.frames import trials_frame
from kdsearch.report.page.page import write_page
from kdsearch.report.page.place import check_folder, check_page
from kdsearch.report.picks import pick_network, words_of
from kdsearch.report.summarise import summarise
from kdsearch.report.summary import StudySummary
from kdsearch.study.storage.listing import find_study
from kdsearch.study.storage.store import StudyStore

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from kdsearch.pipeline.trainer import TrainingEvent
    from kdsearch.study.search.driver import StudyEvent

__all__ = ["Study", "compare", "load_study", "search"]

DEFAULT_TRIALS = 40


@dataclass(frozen=True, eq=False)
class Study:
    """A finished study.

    Attributes:
        summary: All that its report shows.
        target: What its networks forecast; None in a study of an older kdsearch.
        kept_trials: Trials whose networks are kept.
        kept_baselines: Baselines whose networks are kept.
        storage: Address of its database.
    """

    summary: StudySummary
    target: Target | None
    kept_trials: tuple[int, ...]
    kept_baselines: tuple[str, ...]
    storage: str

    def __repr__(self) -> str:
        summary = self.summary
        return f"<study {summary.study}: {len(summary.trials)} trials on {summary.dataset}, front {summary.front}>"

    def _repr_html_(self) -> str:
        """Write the answer and the table of the front and the baselines, for notebooks."""
        from kdsearch.report.page.document import rendered  # noqa: PLC0415 - a page's
        from kdsearch.report.page.tables import front_table  # noqa: PLC0415 - a page's

        name, answer = (html.escape(text) for text in (self.summary.study, self.summary.answer))
        return f"<h4>{name}</h4><p>{answer}</p>{rendered('page/front.html', front=front_table(self.summary))}"

    @property
    def trials(self) -> "pd.DataFrame":
        """A row for each trial: number, state, settings, errors such as ``val_mae_15``, costs."""
        return trials_frame(self.summary)

    @property
    def front(self) -> "pd.DataFrame":
        """The rows of `trials` on the front, by the first objective."""
        return self.trials.set_index("number", drop=False).loc[self.summary.front].reset_index(drop=True)

    @property
    def knee(self) -> StudyNetwork:
        """The network of the front that was chosen."""
        return self.network("knee")

    @property
    def teacher(self) -> StudyNetwork:
        """The network that the others learned from."""
        return self.network("teacher")

    def best(self) -> StudyNetwork:
        """Take the network of least first objective inside the limits, a trial's or a baseline's."""
        return self.network("best")

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of the figures that the study has the data for."""
        return tuple(row.name for row in figures_of(self.summary) if row.shown(self.summary))

    def figure(self, name: str) -> "go.Figure":
        """Draw a figure of the report, for plotly.

        Args:
            name: One of `figures`.

        Raises:
            StudyError: The study has no such figure.
        """
        for row in figures_of(self.summary):
            if row.name == name and row.shown(self.summary):
                return row.draw(self.summary)
        raise StudyError(
            f"study {self.summary.study!r} has no figure {name!r}; choose one of {', '.join(self.figures)}"
        )

    def report(self, path: Path | str) -> Path:
        """Write the report: one HTML file that needs no network.

        Raises:
            StudyError: The file cannot be written.
        """
        check_page(Path(path), "report(path)", StudyError)
        return write_page(self.summary, Path(path))

    def write_figures(self, folder: Path | str, formats: str = "pdf") -> list[Path]:
        """Write the figures as files for papers and slides, one column wide.

        Args:
            folder: Made where it is missing.
            formats: pdf, svg or png, or several with commas between.

        Returns:
            The files STUDY-FIGURE.FORMAT.

        Raises:
            StudyError: There is no such format, the folder cannot be written, or matplotlib is not installed.
        """
        from kdsearch.report.figures.paper.write import check_file_formats, write_figures  # noqa: PLC0415 - an extra's

        names, place = check_file_formats(formats), Path(folder)
        check_folder(place, "the figures", "write_figures(folder)", StudyError)
        return write_figures(self.summary, place, names)

    @property
    def picks(self) -> dict[str, int | str]:
        """Words for kept networks, such as "knee" -> number of a trial, or name of a baseline."""
        return words_of(self.summary, self.kept_trials, self.kept_baselines)

    def network(self, pick: str | int = "knee") -> StudyNetwork:
        """Take a network out of the study.

        Args:
            pick: "knee", "best" (least first objective of all networks inside the limits, baselines too), "smallest"
                (of the front), the number of a trial, or the name of a baseline, such as "teacher".

        Raises:
            StudyError: There is no such network, or the study does not keep it.
        """
        from kdsearch.deploy.kept import kept_network  # noqa: PLC0415 - torch

        picked = pick_network(self.summary, self.kept_trials, self.kept_baselines, pick)
        with closing(StudyStore.open(self.storage, self.summary.study)) as store:
            return StudyNetwork(kept_network(store, picked))

    def fine_tuned(
        self, pick: str | int, epochs: int, data: Series | str | None = None, data_dir: Path | None = None
    ) -> StudyNetwork:
        """Take a trial's network with weights of 8 bits, trained on with these under its own loss and teacher.

        Where the network that is only rounded errs less on the validation split, that one is given.

        Args:
            pick: As in `network`.
            epochs: Passes over the training windows, at least one.
            data: The study's data, a series or a name; by default the dataset of that name.
            data_dir: Folder of datasets.

        Raises:
            StudyError: As `network`; it is no trial; or the data are not those of the study.
        """
        from kdsearch.pipeline.again import fine_tuned_trial  # noqa: PLC0415 - torch

        network = self.network(pick).kept
        with closing(StudyStore.open(self.storage, self.summary.study)) as store:
            return StudyNetwork(fine_tuned_trial(store, network, epochs, data, data_dir))

    def export(self, folder: Path | str, pick: str | int = "knee", formats: Sequence[str] = ("onnx",)) -> list[Path]:
        """Write a network's files and card; see `StudyNetwork.export` and `network`."""
        return self.network(pick).export(folder, formats)


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
    return _study(find_study(name, Path(studies), storage), prefer, constraints)


def search(
    data: "Series | pd.DataFrame | str | Path",
    objectives: str | Sequence[str] = "mae,latency",
    *,
    unit: str | None = None,
    on_message: Callable[[str], None] | None = None,
    on_event: "Callable[[StudyEvent], None] | None" = None,
    on_training: "Callable[[TrainingEvent], None] | None" = None,
    **options: Any,
) -> Study:
    """Search small networks for a series, as `kdsearch run` does; the same call again goes on where it was.

    >>> from kdsearch import search
    >>> search("demo", "mae,params", space="demo", trials=8).best()  # doctest: +SKIP

    Args:
        data: A series, a frame of pandas, or the name or folder of a dataset. A frame has no roads, and its channel is
            "readings"; make a series of it with `Series.from_frame` to say more.
        objectives: What is minimised.
        unit: Unit of a frame's readings.
        on_message: Takes sentences for people, such as `print`.
        on_event: Takes the events of the search.
        on_training: Takes the events of trainings before the first trial.
        options: As in `RunOptions`; 40 trials where neither `trials` nor `budget_seconds` is given.

    Raises:
        KdsearchError: With one sentence that names the mistake and its remedy.
    """
    from kdsearch.pipeline.run import run  # noqa: PLC0415 - torch

    if not isinstance(data, Series | str | Path):
        if unit is None:
            raise DataError('a frame does not say what its readings are; give unit="km/h", or another unit')
        data = Series.from_frame(data, unit=unit)
    elif unit is not None:
        raise DataError(f"unit = {unit!r} is that of a frame, and a dataset or series has its own; leave it out")
    known = [field.name for field in fields(RunOptions) if field.name not in {"dataset", "objectives"}]
    if unknown := options.keys() - set(known):
        raise StudyError(f"there is no option {sorted(unknown)[0]!r}; choose of {', '.join(known)}")
    named, series = (None, data) if isinstance(data, Series) else (str(data), None)
    typed = [repr(series.name if series else named), repr(objectives)]
    typed += [f"{name}={value!r}" for name, value in options.items() if name != "storage"]  # it may hold a password
    own = {
        "trials": None if "budget_seconds" in options else DEFAULT_TRIALS,
        "command": f"kdsearch.search({', '.join(typed)})",
    }
    objectives = objectives if isinstance(objectives, str) else ",".join(objectives)
    asked = RunOptions(**own | options, dataset=named, objectives=objectives)
    result = run(asked, on_message, on_event, on_training, data=series)
    return _study(StudyStore.open(result.storage, result.summary.study), asked.prefer)


def _study(store: StudyStore, prefer: str | None, constraints: str | Sequence[str] = ()) -> Study:
    with closing(store):
        trials, baselines = store.networks_kept()
        summary = summarise(store, prefer, constraints=constraints)
        return Study(summary, store.meta.target, tuple(trials), tuple(baselines), store.url)


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
        with closing(find_study(name, Path(studies), storage)) as store:
            summaries.append(summarise(store))
            metas.append(store.meta)
    return compare_studies(summaries, metas)
