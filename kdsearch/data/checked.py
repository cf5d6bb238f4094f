"""A dataset that was read and looked through: what `kdsearch data check` prints, and what its page draws."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kdsearch.data.catalog import describe_completeness
from kdsearch.data.facts import SeriesFacts, facts_of, hints_of
from kdsearch.data.fetch import FileStatus, check
from kdsearch.data.folders import find_dataset
from kdsearch.data.load import load_series
from kdsearch.data.series import Series
from kdsearch.data.tally import Tally, tally_of

__all__ = ["CheckedSeries", "check_dataset"]


@dataclass(frozen=True, eq=False)
class CheckedSeries:
    """A series with what is known of it.

    Attributes:
        series: The series.
        title: One line for people; may be empty.
        note: How much of the public data it is.
        files: The files that it was read from.
    """

    series: Series
    title: str = ""
    note: str = "the user's own readings"
    files: tuple[FileStatus, ...] = ()

    @cached_property
    def tally(self) -> Tally:
        """Counts, sums and ranges of the readings."""
        return tally_of(self.series)

    @cached_property
    def facts(self) -> SeriesFacts:
        """The facts of the series."""
        return facts_of(self.series, self.tally)

    @property
    def hints(self) -> list[str]:
        """What to look at before the series is trained on."""
        return hints_of(self.facts)


def check_dataset(dataset: str, data_dir: Path | None = None, *, allow_outside: bool = False) -> CheckedSeries:
    """Verify a dataset's files and read them; arguments and errors are those of `kdsearch.data.load.load_series`."""
    card, folder = find_dataset(dataset, data_dir, allow_outside=allow_outside)
    files = tuple(check(card, folder))
    series = load_series(dataset, data_dir, allow_outside=allow_outside)
    return CheckedSeries(series, card.title, describe_completeness(card, series), files)
