"""Display in a terminal: the progress of a search on stderr, and tables on stdout."""

from __future__ import annotations

import re
import shutil
import sys
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from kdsearch.report.front_grids import front_grids, settings_named
from kdsearch.report.grid import Grid, write_grids
from kdsearch.report.numbers import count, duration, error, mae, significant, with_unit
from kdsearch.study.search.progress import NEAR_TEACHER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from kdsearch.record import TrialRecord
    from kdsearch.report.summary import StudySummary
    from kdsearch.study.search.driver import StudyEvent
    from kdsearch.study.search.progress import SearchProgress

__all__ = ["SearchDisplay", "print_front", "print_table", "stdout_width"]

PIPED_WIDTH = 80
PLAIN_EVERY = 10
"""Finished trials between two lines of progress where there is no terminal."""


_NUMBER = re.compile(r"[-+±]?\d(?!.*[A-Za-z]{5}).*")
"""A number, with its spread, unit or interval: `2.70 ± 0.02`, `+0.259 to +0.419 (4 days)`."""


class SearchDisplay:
    """Display of a running search: in a terminal a bar with the progress in words below it, elsewhere plain lines.

    Args:
        trials: Number of finished trials that the study is to have; None where time ends the run.
    """

    def __init__(self, trials: int | None) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bar = Progress(
            SpinnerColumn(), TextColumn("trials"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        )
        self._task = self._bar.add_task("trials", total=trials)
        self._standing = Text()
        self._live = Live(Group(self._bar, self._standing), console=self._console, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def say(self, sentence: str) -> None:
        """Print a sentence above the bar."""
        self._console.print(sentence, markup=False)

    def event(self, event: StudyEvent) -> None:
        """Show an event of the search."""
        if event.record is not None:
            self.say(f"trial {event.number} {_outcome(event.record, event.progress.unit)}")
        elif event.message:
            self.say(event.message)
        progress = event.progress
        finished = progress.done + progress.stopped
        self._bar.update(self._task, completed=finished)
        self._standing.plain = _standing(progress)
        regular = event.record is not None and (finished + progress.failed) % PLAIN_EVERY == 0
        if not self._console.is_terminal and (regular or event.kind == "ending"):
            self.say(_standing(progress))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table to stdout, as wide as the terminal, or 80 columns where stdout is none.

    A column whose cells all begin with a digit or a sign and have no long word holds numbers, which are not broken.

    Args:
        title: Title above the table.
        columns: Heads of the columns; no head is shown where all are empty.
        rows: Cells, as many in each row as there are columns.
    """
    cells = {place: [row[place] for row in rows if row[place]] for place in range(len(columns))}
    words = [columns[place] for place, own in cells.items() if not own or not all(map(_NUMBER.fullmatch, own))]
    print(write_grids([Grid(title, columns, rows, tuple(words))], "table", stdout_width()))


def print_front(summary: StudySummary) -> None:
    """Print the front and the baselines as tables, then the answer and notes for the reader."""
    print(write_grids(front_grids(summary), "table", stdout_width()))
    for sentence in (summary.answer, *summary.notes):
        print(sentence)


def stdout_width() -> int:
    """Give the columns of the terminal, or 80 where stdout is none: what other programs read does not vary."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPED_WIDTH


def _standing(progress: SearchProgress) -> str:
    """Write the progress of the search on one line."""
    parts = [f"{progress.done} done", f"{progress.stopped} stopped", f"{progress.failed} failed"]
    parts += [f"{progress.running} running"] if progress.running else []
    parts += [f"best MAE {error(progress.best_mae, progress.unit)}"] if progress.best_mae is not None else []
    if progress.smallest_weights is not None:
        near = f"within {100 * NEAR_TEACHER:g} % of the teacher"
        parts += [f"smallest network {near}: {count(progress.smallest_weights)} parameters"]
    if progress.seconds_left:
        parts += [f"about {duration(progress.seconds_left)} left"]
    return ", ".join(parts)


def _outcome(record: TrialRecord, unit: str) -> str:
    """Write the outcome of a trial on one line."""
    if record.cost is None or "val" not in record.metrics:
        return f"{record.state}: {record.reason}"
    latency = f", {significant(record.cost.latency_ms.p50)} ms" if record.cost.latency_ms else ""
    return (
        f"{record.state}: {settings_named(record.params)}; MAE {with_unit(f'{mae(record.metrics):.3f}', unit)}, "
        f"{count(record.cost.parameters)} parameters"
        f"{latency}, {sum(record.seconds.values()):.0f} CPU s"
    )
