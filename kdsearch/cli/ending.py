"""End of a run: the answer, the table, where the report is, and how to export the network of the answer."""

import shlex
from pathlib import Path

import typer

from kdsearch.cli.display import print_front
from kdsearch.pipeline.options import RunOptions
from kdsearch.pipeline.run import RunResult
from kdsearch.report.summary import StudySummary
from kdsearch.study.storage.address import shown as shown_address

__all__ = ["print_end"]


def print_end(result: RunResult, options: RunOptions) -> None:
    """Print what a run found; with `--verbose` every finding, else those that must not be overlooked."""
    summary = result.summary
    print_front(summary, summary.notes if options.verbose else summary.warnings)
    typer.echo(f"report: {result.report}")
    if summary.chosen is not None or summary.better_baseline is not None:
        typer.echo(f"export: {shlex.join(_export_command(summary, options))}")


def _export_command(summary: StudySummary, options: RunOptions) -> list[str]:
    """Write the command that exports the network with which the answer begins, from where the run kept it."""
    command = ["kdsearch", "export", summary.study]
    command += [] if summary.better_baseline is None else ["--pick", summary.better_baseline]
    command += [] if options.prefer is None else ["--prefer", options.prefer]
    command += [f"--import={module}" for module in options.imports]
    command += [] if options.studies == Path("studies") else ["--studies", str(options.studies)]
    address = "" if options.storage is None else shown_address(options.storage)
    hidden = "***" in address  # a password, which is in KDSEARCH_STORAGE where it is typed nowhere
    return command + (["--storage", address] if address and not hidden else [])
