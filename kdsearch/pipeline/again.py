"""A network of a finished study, trained on with its data and teacher."""

from pathlib import Path

from kdsearch.data.load import load_series
from kdsearch.data.protocols import split_series
from kdsearch.data.series import Series
from kdsearch.deploy.fine_tune import fine_tuned
from kdsearch.deploy.kept import KeptNetwork
from kdsearch.errors import StudyError
from kdsearch.extensions import loaded_extensions
from kdsearch.pipeline.setup import taken_network
from kdsearch.study.storage.store import StudyStore
from kdsearch.trial.run import TrialRunner

__all__ = ["fine_tuned_trial", "runner_again"]


def fine_tuned_trial(
    store: StudyStore, network: KeptNetwork, epochs: int, data: Series | str | None = None, data_dir: Path | None = None
) -> KeptNetwork:
    """Round a trial's network to 8 bits, and train it on so, under its own loss and teacher.

    Args:
        store: The study, open.
        network: One of its trials.
        epochs: Passes over the training windows, at least one.
        data: The study's data: a series in memory, a name or a folder; the dataset that it names where None.
        data_dir: Folder of datasets.

    Raises:
        StudyError: It is no trial, the data are not the study's, or the study keeps no protocol or no teacher.
        DataError: The data cannot be read.
    """
    number = network.card.network.removeprefix("trial ")
    record = store.record(int(number)) if number.isdecimal() else None
    if record is None:
        raise StudyError(f"{number} is no trial, and only those can be fine-tuned; leave the fine-tuning out")
    runner = runner_again(store, data, data_dir)
    return fine_tuned(network, runner, record.params, seed=record.seed, epochs=epochs)


def runner_again(store: StudyStore, data: Series | str | None = None, data_dir: Path | None = None) -> TrialRunner:
    """Make the runner of a finished study, from its data and the teacher that it keeps.

    Args and errors are those of `fine_tuned_trial`.
    """
    meta = store.meta
    teacher = store.networks().get("teacher")
    if meta.answers:
        raise StudyError(
            f"study {meta.study!r} was taught by {meta.answers}, which it does not hold: its networks cannot be "
            "trained on; leave the fine-tuning out"
        )
    rules = None if meta.target is None else meta.target.rules
    if teacher is None or rules is None:
        raise StudyError(f"study {meta.study!r} keeps no teacher or no protocol; run its command again, and it does")
    named = data or meta.dataset
    source = named if isinstance(named, Series) else load_series(named, data_dir)
    if source.content_hash != meta.data_hash:
        raise StudyError(
            f"the data read now are not those of study {meta.study!r}; name these with --dataset, as its command did: "
            f"{meta.command or 'it was made in Python'}"
        )
    series = split_series(source, rules)
    return TrialRunner(series, taken_network(series, *teacher, "cpu"), extensions=loaded_extensions())
