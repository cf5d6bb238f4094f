"""`kdsearch compare`: studies of one protocol and data, side by side."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from kdsearch.cli.options import Import, Json, Storage, Studies, TableFormat

__all__ = ["compare"]


def compare(
    names: Annotated[list[str], typer.Argument(metavar="STUDY STUDY...", help="Names of two studies or more.")],
    html: Annotated[
        Path | None,
        typer.Option(help="Also write a page with the fronts in one figure to this HTML file. It needs no network."),
    ] = None,
    output_format: TableFormat = "table",
    imports: Import = None,
    studies: Studies = Path("studies"),
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Compare studies of one protocol and data.

    It shows their fronts, hypervolumes and paired differences, and which of their settings differ.

    Example: kdsearch compare pemsd8-auto pemsd8-stgcn --html both.html
    """
    from kdsearch.api import compare as compare_studies
    from kdsearch.cli.output import Answer, print_answer
    from kdsearch.errors import StudyError
    from kdsearch.extensions import load_extensions
    from kdsearch.report.comparison.tables import comparison_grids
    from kdsearch.report.page.place import check_page

    if html is not None:
        check_page(html, "--html", StudyError)
    load_extensions(imports or ())
    found = compare_studies(*names, studies=studies, storage=storage)
    answer = Answer(
        partial(comparison_grids, found),
        lambda: found.frame,
        partial(found.model_dump, mode="json"),
        (found.answer, *found.notes),
    )
    print_answer(answer, output_format, as_json=as_json)
    if html is not None:
        from kdsearch.report.comparison_page.page import write_comparison_page  # a fifth of a second

        typer.echo(f"page: {write_comparison_page(found, html)}", err=True)
