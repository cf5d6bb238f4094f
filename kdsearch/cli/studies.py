"""Commands `kdsearch studies`, `show` and `report`: list the studies, and look into one."""

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from kdsearch.cli.options import Constraints, Import, Json, Prefer, Storage, Studies, TableFormat
from kdsearch.cli.talk import say

__all__ = ["list_studies", "report", "show"]


def list_studies(
    studies: Studies = Path("studies"),
    storage: Storage = None,
    output_format: TableFormat = "table",
    as_json: Json = False,
) -> None:
    """List the studies of a folder or database.

    Example: kdsearch studies --json
    """
    from kdsearch.cli.output import Answer, flat_frame, print_answer
    from kdsearch.report.grid import grid_of
    from kdsearch.study.storage.address import shown as shown_address
    from kdsearch.study.storage.listing import list_database
    from kdsearch.study.storage.listing import list_studies as list_folder

    found = list_folder(studies) if storage is None else list_database(storage)
    rows: list[dict[str, Any]] = [
        {"study": one.meta.study, "dataset": one.meta.dataset, "protocol": one.meta.protocol, "trials": one.states}
        for one in found
    ]
    shown = [
        [row["study"], row["dataset"], row["protocol"], ", ".join(f"{n} {s}" for s, n in row["trials"].items())]
        for row in rows
    ]
    place = studies if storage is None else shown_address(storage)
    grid = grid_of(f"Studies in {place}", ["study", "dataset", "protocol", "trials"], shown)
    print_answer(Answer(lambda: [grid], partial(flat_frame, rows), lambda: rows), output_format, as_json=as_json)


def show(
    study: Annotated[str, typer.Argument(help="Name of the study.")],
    prefer: Prefer = None,
    constraint: Constraints = None,
    imports: Import = None,
    studies: Studies = Path("studies"),
    storage: Storage = None,
    output_format: TableFormat = "table",
    as_json: Json = False,
) -> None:
    """Show a study: the answer, its front beside the baselines, and what it found.

    The table has the columns that fit. --format markdown has all of them, and csv all digits.

    Example: kdsearch show pemsd8-auto --json
    """
    from kdsearch.cli.display import print_front
    from kdsearch.cli.output import Answer, print_answer
    from kdsearch.extensions import load_extensions
    from kdsearch.report.frames import trials_frame
    from kdsearch.report.front_grids import front_grids
    from kdsearch.report.summarise import summarise
    from kdsearch.study.storage.listing import find_study

    load_extensions(imports or ())
    store = find_study(study, studies, storage)
    summary = summarise(store, prefer, constraints=constraint or ())
    store.close()
    answer = Answer(
        partial(front_grids, summary),
        partial(trials_frame, summary),
        partial(summary.model_dump, mode="json"),
        (summary.answer, *summary.notes),
        partial(print_front, summary, summary.notes),
    )
    print_answer(answer, output_format, as_json=as_json)


def report(
    study: Annotated[str, typer.Argument(help="Name of the study.")],
    output: Annotated[Path | None, typer.Option(help="HTML file; STUDIES/STUDY/report.html if left out.")] = None,
    figures: Annotated[
        Path | None, typer.Option(help="Folder for the figures as files too, for papers and slides.")
    ] = None,
    file_formats: Annotated[
        str | None, typer.Option("--format", help="Of these figures: pdf, svg, png, or several with commas between.")
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Serve it to this machine's browser, new trials included, until Ctrl-C.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of --live; 0 takes a free one.")] = 0,
    prefer: Prefer = None,
    constraint: Constraints = None,
    imports: Import = None,
    studies: Studies = Path("studies"),
    storage: Storage = None,
) -> None:
    """Write a study's report: one HTML file that needs no network, and with --figures its figures as files.

    Example: kdsearch report pemsd8-auto --figures paper --format pdf,png
    """
    if live:
        _serve_report(study, port, prefer, constraint or [], imports or [], studies, storage)
        return
    from kdsearch.errors import StudyError
    from kdsearch.extensions import load_extensions
    from kdsearch.report.figures.paper.write import check_file_formats, write_figures
    from kdsearch.report.page.page import write_page
    from kdsearch.report.page.place import check_folder, check_page
    from kdsearch.report.summarise import summarise
    from kdsearch.study.storage.listing import find_study

    if output is not None:
        check_page(output, "--output", StudyError)
    if figures is None and file_formats is not None:
        raise StudyError(f"--format {file_formats} is that of --figures; name a folder with --figures, or leave it out")
    formats = () if figures is None else check_file_formats(file_formats or "pdf")
    load_extensions(imports or ())
    store = find_study(study, studies, storage)
    summary = summarise(store, prefer, constraints=constraint or ())
    store.close()
    if figures is not None:
        check_folder(figures, "the figures", "--figures", StudyError)
    path = write_page(summary, output or studies / study / "report.html", say)
    typer.echo(f"report: {path}")
    if figures is not None:
        for file in write_figures(summary, figures, formats, say):
            typer.echo(f"figure: {file}")


def _serve_report(
    study: str,
    port: int,
    prefer: str | None,
    constraints: list[str],
    imports: list[str],
    studies: Path,
    storage: str | None,
) -> None:
    """Serve a study's report on loopback until Ctrl-C; each time that a browser asks, the study is read anew."""
    from kdsearch.extensions import load_extensions
    from kdsearch.report.live import LiveReport
    from kdsearch.report.summarise import summarise
    from kdsearch.report.summary import StudySummary
    from kdsearch.study.storage.listing import find_study

    load_extensions(imports)

    def read() -> StudySummary:
        store = find_study(study, studies, storage)
        try:
            return summarise(store, prefer, constraints=constraints)
        finally:
            store.close()

    read()  # a mistake is said here, not in the browser
    served = LiveReport(read, port)
    say(f"report: {served.address} (Ctrl-C ends it)")
    with suppress(KeyboardInterrupt):
        served.serve()
