"""What the table of a page's figures says of each: its heading, and what a reader must know to read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from kdsearch.errors import StudyError
from kdsearch.table import check_row

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["PageFigure", "Subject"]

Subject = TypeVar("Subject")
"""What a page is of."""


def _always(subject: object) -> bool:  # noqa: ARG001
    """Show a figure on every page."""
    return True


@dataclass(frozen=True)
class PageFigure(Generic[Subject]):
    """A figure of a page; its fields are described at `kdsearch.report.figures.catalog.ReportFigure`.

    Attributes:
        subject: What messages call that which a page is of.
        sections: Sections of the page that hold figures, with their headings.
    """

    subject: ClassVar[str]
    sections: ClassVar[Mapping[Any, str]]

    name: str
    title: str
    caption: str
    section: str
    draw: Callable[[Subject], go.Figure]
    half: bool = False
    legend: bool = True
    shown: Callable[[Subject], bool] = _always

    def __post_init__(self) -> None:
        """Refuse a row that the page could not show.

        Raises:
            StudyError: Where a text is empty, or the section is unknown.
            SpaceError: Where a function does not take the page's subject.
        """
        for field in ("name", "title", "caption"):
            if not str(getattr(self, field) or "").strip():
                raise StudyError(f"figure {self.name!r} has no {field}; give it one")
        if self.section not in self.sections:
            raise StudyError(
                f"figure {self.name!r} is in section {self.section!r}; choose one of {', '.join(self.sections)}"
            )
        for field in ("draw", "shown"):
            check_row("figure", self.name, self.caption, getattr(self, field), (self.subject,))
