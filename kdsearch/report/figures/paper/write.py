"""Figures of a study as files for papers and slides."""

from __future__ import annotations

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from kdsearch.errors import StudyError, failure
from kdsearch.report.figures.catalog import figures_of
from kdsearch.report.figures.paper.layout import add_title
from kdsearch.report.figures.paper.style import STYLE
from kdsearch.table import unknown_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.figure import Figure

    from kdsearch.report.figures.catalog import ReportFigure
    from kdsearch.report.summary import StudySummary

__all__ = ["FILE_FORMATS", "check_file_formats", "write_figures"]

FILE_FORMATS: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None},
    "svg": {"Date": None},
    "png": {"Software": None},
}
"""Name and ending -> what the file says of itself: no date, so that the same figure is the same bytes."""


def check_file_formats(text: str) -> tuple[str, ...]:
    """Read formats with commas between, such as "svg,pdf", and see that they can be written.

    Raises:
        StudyError: There is no such format, or matplotlib is not installed.
    """
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in FILE_FORMATS:
            raise StudyError(unknown_name("format of figures", name, FILE_FORMATS))
    try:
        import matplotlib  # noqa: F401, PLC0415 - an extra
    except ImportError:
        raise StudyError(
            "figures in files need matplotlib, which is not installed; pip install 'kdsearch[figures]'"
        ) from None
    return names


def write_figures(
    summary: StudySummary,
    folder: Path,
    formats: Sequence[str] = ("pdf",),
    on_message: Callable[[str], None] | None = None,
) -> list[Path]:
    """Write the figures that a study has the data for; where the disk refuses one, none is written.

    Args:
        summary: The study.
        folder: A folder that is there; files of the same names are replaced.
        formats: Keys of `FILE_FORMATS`.
        on_message: Takes a sentence for each figure that failed and is left out, and for each letter that the font
            lacks.

    Returns:
        The files STUDY-FIGURE.FORMAT, in the order of the report.

    Raises:
        OSError: A file cannot be written.
    """
    written, said = list[Path](), list[str]()
    with TemporaryDirectory(dir=folder, prefix=".figures-") as place:
        for row in figures_of(summary):
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")
                try:
                    if row.paper is not None and row.shown(summary):
                        written += _written(row, row.paper, summary, Path(place), formats)
                except OSError:  # of the disk: no figure of this folder is better than the others
                    raise
                except Exception as error:
                    said.append(f"the figure {row.name!r} is left out: {failure(error)}")
            said += [f"in figures: {one.message}" for one in warned]
        files = [path.replace(folder / path.name) for path in written]
    if on_message is not None:
        for sentence in dict.fromkeys(said):
            on_message(sentence)
    return files


def _written(
    row: ReportFigure,
    paper: Callable[[StudySummary], Figure],
    summary: StudySummary,
    folder: Path,
    formats: Sequence[str],
) -> list[Path]:
    """Write one figure in every format, with its title and the study's name."""
    from matplotlib.style import context  # noqa: PLC0415 - an extra, and slow to import

    subtitle = f"study {summary.study}, data {summary.dataset}, protocol {summary.protocol}"
    files = [folder / f"{summary.study}-{row.name}.{name}" for name in formats]
    with context(["default", STYLE]):
        figure = paper(summary)
        add_title(figure, row.title, subtitle)
        for path, name in zip(files, formats, strict=True):
            figure.savefig(path, format=name, metadata=FILE_FORMATS[name])
    return files
