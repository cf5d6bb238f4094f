"""End of a run: the answer, the table, where the report is, and how to export the network of the answer."""

import shlex
from pathlib import Path

import typer

from kdsearch.cli.display import print_front
from kdsearch.pipeline.options import RunOptions
from kdsearch.pipeline.run import RunResult
from kdsearch.report.page.records import export_command
from kdsearch.study.storage.address import shown as shown_address

__all__ = ["print_end"]


def print_end(result: RunResult, options: RunOptions) -> None:
    """Print what a run found; with `--verbose` every finding, else those that must not be overlooked."""
    summary = result.summary
    print_front(summary, summary.notes if options.verbose else summary.warnings)
    typer.echo(f"report: {result.report}")
    home = summary.better_baseline or summary.knee
    if home is not None:
        typer.echo(f"export: {export_command(summary, home)}{_from_here(options)}")


def _from_here(options: RunOptions) -> str:
    """Write the options with which another command finds the study of a run."""
    given = [f"--import={module}" for module in options.imports]
    given += [] if options.studies == Path("studies") else ["--studies", str(options.studies)]
    address = "" if options.storage is None else shown_address(options.storage)
    hidden = "***" in address  # a password, which is in KDSEARCH_STORAGE where it is typed nowhere
    given += ["--storage", address] if address and not hidden else []
    return f" {shlex.join(given)}" if given else ""
