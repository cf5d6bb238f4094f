"""Live display of a run on stderr: what it is doing, how far it is, and the time left; plain lines elsewhere."""

from __future__ import annotations

import math
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from kdsearch.cli.talk import columns_of, wrapped

if TYPE_CHECKING:
    from types import TracebackType

    from kdsearch.pipeline.trainer import TrainingEvent
    from kdsearch.record import TrialRecord
    from kdsearch.study.search.driver import StudyEvent
    from kdsearch.study.search.progress import SearchProgress

__all__ = ["SearchDisplay"]

BAR_SHARE, MOST_BAR = 1 / 6, 20
"""Of the columns of a terminal, and the most of them, for the bar: the words beside it are to fit one line."""

PLAIN_EVERY = 10
"""Finished trials between two lines of progress where there is no terminal."""

PLAIN_SECONDS = 30.0
"""Between two lines on one training where there is no terminal."""

_COLOURS = {"COMPLETE": "green", "PRUNED": "yellow", "FAIL": "red"}


class SearchDisplay:
    """Display of a run from its first second: in a terminal a bar and a line below it, elsewhere plain lines.

    Args:
        trials: Number of finished trials that the study is to have; None where time ends the run.
    """

    def __init__(self, trials: int | None) -> None:
        self._trials, self._part = trials, ""
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._moves = self._console.is_terminal and not self._console.is_dumb_terminal
        self._spinner, self._began = Spinner("dots"), time.monotonic()
        self._what, self._standing = "", ""
        self._done: int | None = None
        self._total: int | None = None
        self._ends, self._said = math.nan, -math.inf
        self._live = Live(get_renderable=self._screen, console=self._console, transient=True)

    def __enter__(self) -> Self:
        if self._moves:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def say(self, sentence: str, state: str = "") -> None:
        """Print a sentence above the bar; the word `state` in it has the colour of its meaning."""
        text = Text(wrapped(sentence, columns_of(sys.stderr)))
        text.highlight_words([state] if state else [], _COLOURS.get(state, ""))
        self._console.print(text)

    def stage(self, words: str) -> None:
        """Show what is being done, as far as no number says how far it is."""
        self._show(words, "", None, None, None)

    def part(self, words: str, trials: int) -> None:
        """Say which part of several begins, and how many finished trials it is to have."""
        self._part, self._trials = f"{words}, ", trials
        self.say(f"{words}: {trials} trials")

    def training(self, event: TrainingEvent) -> None:
        """Show where a training stands for which the trials wait."""
        if event.seconds_left is None:
            self.stage(f"{event.name}: timing its first steps")
        elif event.epoch == event.epochs:
            self.stage(f"{event.name}: scoring and timing it")
        else:
            standing = _error_so_far(event)
            self._show(f"{event.name}, epochs", standing, event.epoch, event.epochs, event.seconds_left)
            if not self._moves and event.epoch and time.monotonic() - self._said >= PLAIN_SECONDS:
                self._said = time.monotonic()
                done = f"{event.name}: epoch {event.epoch} of {event.epochs}"
                self.say(", ".join([done, *([standing] if standing else []), _left(event.seconds_left)]))

    def event(self, event: StudyEvent) -> None:
        """Show an event of the search."""
        if event.record is not None:
            self.say(f"trial {event.number} {_outcome(event.record, event.progress.unit)}", event.record.state)
        elif event.message:
            self.say(event.message)
        progress = event.progress
        finished = progress.done + progress.stopped
        self._show("trials", _standing(progress), finished, self._trials, progress.seconds_left)
        regular = event.record is not None and (finished + progress.failed) % PLAIN_EVERY == 0
        if not self._moves and (regular or event.kind == "ending"):
            left = [_left(progress.seconds_left)] if progress.seconds_left else []
            self.say(", ".join([_standing(progress), *left]))
        if event.kind == "ending":
            self.stage("confirming and timing what was found")

    def _show(self, what: str, standing: str, done: int | None, total: int | None, left: float | None) -> None:
        """Set the bar and the line below it; time left is counted down from now on."""
        self._what, self._done, self._total = f"{self._part}{what}", done, total
        self._standing, self._ends = standing, math.nan if left is None else time.monotonic() + left

    def _screen(self) -> Group:
        """Draw the bar and the line below it, as they are now."""
        shown = [] if self._done is None else [f"{self._done} of {self._total}" if self._total else f"{self._done}"]
        width = min(MOST_BAR, int(BAR_SHARE * self._console.width))
        bar = ProgressBar(self._total, self._done or 0, width, pulse=not self._total)
        row = Table.grid(padding=(0, 1))
        elapsed = timedelta(seconds=int(time.monotonic() - self._began))
        row.add_row(self._spinner, Text(self._what), bar, *map(Text, shown), Text(f"{elapsed}"))
        left = self._ends - time.monotonic()
        parts = [one for one in (self._standing, _left(left) if left > 0 else "") if one]
        standing = Text(wrapped(", ".join(parts), columns_of(sys.stderr)))
        return Group(row, *([standing] if parts else []))


def _left(seconds: float) -> str:
    from kdsearch.report.numbers import duration

    return f"about {duration(seconds)} left"


def _error_so_far(event: TrainingEvent) -> str:
    from kdsearch.report.numbers import error

    return "" if event.error is None else f"validation MAE {error(event.error, event.unit)} so far"


def _standing(progress: SearchProgress) -> str:
    """Write the progress of the search on one line."""
    from kdsearch.report.numbers import count, error
    from kdsearch.study.search.progress import NEAR_TEACHER

    parts = [f"{progress.done} done", f"{progress.stopped} stopped", f"{progress.failed} failed"]
    parts += [f"{progress.running} running"] if progress.running else []
    parts += [f"best MAE {error(progress.best_mae, progress.unit)}"] if progress.best_mae is not None else []
    if progress.smallest_weights is not None:
        near = f"within {100 * NEAR_TEACHER:g} % of the teacher"
        parts += [f"smallest network {near}: {count(progress.smallest_weights)} parameters"]
    return ", ".join(parts)


def _outcome(record: TrialRecord, unit: str) -> str:
    """Write the outcome of a trial on one line."""
    from kdsearch.report.front_grids import settings_named
    from kdsearch.report.numbers import count, mae, significant, with_unit

    if record.cost is None or "val" not in record.metrics:
        return f"{record.state}: {record.reason}"
    latency = f", {significant(record.cost.latency_ms.p50)} ms" if record.cost.latency_ms else ""
    return (
        f"{record.state}: {settings_named(record.params)}; MAE {with_unit(f'{mae(record.metrics):.3f}', unit)}, "
        f"{count(record.cost.parameters)} parameters"
        f"{latency}, {sum(record.seconds.values()):.0f} CPU s"
    )
