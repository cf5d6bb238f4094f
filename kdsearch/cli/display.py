"""Display in a terminal: the progress of a search on stderr, and tables on stdout."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from kdsearch.report.numbers import count, error, file_costs, mae, magnitude, significant, spread, with_unit
from kdsearch.report.other_readings import WORDS
from kdsearch.study.search.progress import NEAR_TEACHER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from kdsearch.record import Cost, Metrics, TrialRecord
    from kdsearch.report.summary import StudySummary
    from kdsearch.study.search.driver import StudyEvent
    from kdsearch.study.search.progress import SearchProgress

__all__ = ["SearchDisplay", "print_front", "print_table"]

PIPED_WIDTH = 160
PLAIN_EVERY = 10
"""Finished trials between two lines of progress where there is no terminal."""
_CHOICES = ("family", "route", "loss", "decoding", "input")


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
    """Print a table to stdout, with a fixed width for other programs where stdout is no terminal.

    Args:
        title: Title above the table.
        columns: Heads of the columns; no head is shown where all are empty.
        rows: Cells, as many in each row as there are columns.
    """
    table = Table(title=title, title_justify="left", show_header=any(columns))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, markup=False, emoji=False).print(table)


def print_front(summary: StudySummary) -> None:
    """Print the front and the baselines as a table, then the answer and notes for the reader."""
    horizons, other = [*summary.horizons, "all"], summary.other_readings
    splits = ["test"] if other is None else ["test", f"test-{other}"]
    rows = []
    for trial in summary.front_trials:
        name = f"{trial.number}{f' ({summary.chosen_word})' if trial.number == summary.knee else ''}"
        stds = {} if trial.confirmed is None else trial.confirmed.standard_deviation
        tested = [_test_error(trial.metrics, stds, split) for split in splits]
        cells = [*_costs(trial.cost, summary), *_errors(trial.metrics, horizons), *tested]
        rows.append([name, _choices(trial.params), *cells])
    for line in summary.baselines:
        tested = [_test_error(line.metrics, {}, split) for split in splits]
        cells = [*_costs(line.cost, summary), *_errors(line.metrics, horizons), *tested]
        rows.append([line.name, "", *cells])
    columns = ["trial", "", "parameters", "FLOPs", "ms p50", "to teacher"]
    columns += ["file kB", "file ms", "to teacher's"] if summary.has_files else []
    columns += [f"val {minutes} min" for minutes in summary.horizons] + ["val mean", "test mean"]
    columns += [] if other is None else [f"test, {WORDS[other]}"]
    print_table(f"{summary.study}: front, {summary.titled('mae')} ({_seeds(summary)})", columns, rows)
    for sentence in (summary.answer, *summary.notes):
        print(sentence)


def _standing(progress: SearchProgress) -> str:
    """Write the progress of the search on one line."""
    parts = [f"{progress.done} done", f"{progress.stopped} stopped", f"{progress.failed} failed"]
    parts += [f"{progress.running} running"] if progress.running else []
    parts += [f"best MAE {error(progress.best_mae, progress.unit)}"] if progress.best_mae is not None else []
    if progress.smallest_weights is not None:
        near = f"within {100 * NEAR_TEACHER:g} % of the teacher"
        parts += [f"smallest network {near}: {count(progress.smallest_weights)} parameters"]
    if progress.seconds_left:
        parts += [f"about {_duration(progress.seconds_left)} left"]
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    """Write a duration in the largest fitting unit: s, min or h."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _seeds(summary: StudySummary) -> str:
    """Name the seeds of the errors: the search has one, the confirmation may have had more."""
    validation = f"validation: the search's seed {summary.seed}"
    numbers = sorted({len(trial.confirmed.seeds) for trial in summary.front_trials if trial.confirmed is not None})
    if not numbers:
        return validation
    many = " or ".join(map(str, numbers))
    return f"{validation}; test: {'one seed' if numbers == [1] else f'mean over {many} seeds'}"


def _choices(params: dict[str, object]) -> str:
    return ", ".join(str(params[name]) for name in _CHOICES if name in params)


def _costs(cost: Cost | None, summary: StudySummary) -> list[str]:
    if cost is None:
        return [""] * (7 if summary.has_files else 4)
    latency = significant(cost.latency_ms.p50) if cost.latency_ms else ""
    ratio = "" if cost.latency_ratio is None else significant(cost.latency_ratio, 2)
    cells = [count(cost.parameters), magnitude(cost.flops), latency, ratio]
    return [*cells, *file_costs(cost)] if summary.has_files else cells


def _errors(metrics: Metrics, horizons: list[str]) -> list[str]:
    values = [mae(metrics, horizon) for horizon in horizons]
    return ["" if math.isnan(value) else error(value) for value in values]


def _test_error(metrics: Metrics, stds: Metrics, split: str) -> str:
    """Write the mean over seeds, with its standard deviation where there is one."""
    mean, std = mae(metrics, split=split), mae(stds, split=split)
    if math.isnan(mean):
        return ""
    return error(mean) if math.isnan(std) else f"{error(mean)} ± {spread(std)}"


def _outcome(record: TrialRecord, unit: str) -> str:
    """Write the outcome of a trial on one line."""
    if record.cost is None or "val" not in record.metrics:
        return f"{record.state}: {record.reason}"
    latency = f", {significant(record.cost.latency_ms.p50)} ms" if record.cost.latency_ms else ""
    return (
        f"{record.state}: {_choices(record.params)}; MAE {with_unit(f'{mae(record.metrics):.3f}', unit)}, "
        f"{count(record.cost.parameters)} parameters"
        f"{latency}, {sum(record.seconds.values()):.0f} CPU s"
    )
