"""One display of a running search: a progress line on a terminal, plain lines elsewhere; all of it on stderr."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from kdsearch.record import TrialRecord
from kdsearch.study.runner import StudyEvent

__all__ = ["SearchDisplay"]


class SearchDisplay:
    """Shows what a search does.

    Args:
        trials: Finished trials that the study is to have; None where time ends the run.
    """

    def __init__(self, trials: int | None) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._progress.add_task("trials", total=trials)
        self._failed = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def say(self, sentence: str) -> None:
        """Print a sentence above the progress line."""
        self._console.print(sentence, markup=False)

    def event(self, event: StudyEvent) -> None:
        """Take an event of the search."""
        if event.record is not None:
            self._failed += event.record.state == "FAIL"
            self.say(f"trial {event.number} {_outcome(event.record)}")
        elif event.message:
            self.say(event.message)
        failed = f", {self._failed} failed" if self._failed else ""
        self._progress.update(self._task, completed=event.done, description=f"trials, {event.running} running{failed}")


def _outcome(record: TrialRecord) -> str:
    """What became of a trial, on one line."""
    if record.cost is None or "val" not in record.metrics:
        return f"{record.state}: {record.reason}"
    words = ", ".join(
        str(record.params[name]) for name in ("route", "loss", "decoding", "input") if name in record.params
    )
    latency = f", {record.cost.latency_ms.p50:.2f} ms" if record.cost.latency_ms else ""
    return (
        f"{record.state}: {words}; MAE {record.metrics['val']['mae']['all']:.3f}, {record.cost.parameters:,} parameters"
        f"{latency}, {sum(record.seconds.values()):.0f} CPU s"
    )
