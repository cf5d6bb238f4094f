"""What a command answers, in the format that was asked for: one place for all commands that print tables."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from kdsearch.cli.talk import say
from kdsearch.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pandas as pd

    from kdsearch.report.grid import Grid

__all__ = ["FORMATS", "Answer", "check_format", "flat_frame", "print_answer"]

FORMATS = ("table", "markdown", "latex", "csv", "json")
"""For people, for pages, for papers, and with all digits for other programs."""


@dataclass(frozen=True)
class Answer:
    """What a command found, in each form; a form is made when it is asked for.

    Attributes:
        grids: Gives it as tables of written cells.
        frame: Gives it as rows with all digits.
        plain: Gives it as what JSON is made of.
        sentences: What a reader should know beside tables; `plain` has them.
        terminal: Prints it for people, its sentences too; None prints the tables, then the sentences.
    """

    grids: Callable[[], Sequence[Grid]]
    frame: Callable[[], pd.DataFrame]
    plain: Callable[[], Any]
    sentences: Sequence[str] = ()
    terminal: Callable[[], object] | None = None


def check_format(name: str) -> str:
    """Give the format back, or refuse one that is not there, before anything is done.

    Raises:
        StudyError: Names those that are.
    """
    if name not in FORMATS:
        raise StudyError(f"there is no format {name!r}; choose one of {', '.join(FORMATS)}")
    return name


def print_answer(answer: Answer, output_format: str, *, as_json: bool = False) -> None:
    """Print an answer to stdout; its sentences go to stderr where stdout is for a page, a paper or a program.

    Args:
        answer: What the command found.
        output_format: One of `FORMATS`.
        as_json: Whether JSON was asked for by `--json`, whatever the format.
    """
    if as_json or output_format == "json":
        typer.echo(json.dumps(answer.plain(), indent=2))
        return
    if output_format == "table" and answer.terminal is not None:
        answer.terminal()
        return
    if output_format == "csv":
        typer.echo(answer.frame().to_csv(index=False), nl=False)
    elif output_format == "table":
        from kdsearch.cli.display import print_grids

        print_grids(answer.grids())
    else:
        from kdsearch.report.grid import write_grids

        typer.echo(write_grids(answer.grids(), output_format), nl=False)
    for sentence in answer.sentences:
        say(sentence, on_stdout=output_format == "table")


def flat_frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Make a frame of rows; what is nested has names such as latency_ms_p50."""
    import pandas as pd

    return pd.json_normalize([dict(row) for row in rows], sep="_")
