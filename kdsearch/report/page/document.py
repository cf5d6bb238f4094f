"""Pages as one HTML file: everything is inside, for people without the software and without a network."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from kdsearch.report.figures.style import FONT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from jinja2 import Environment

    from kdsearch.report.page.drawing import FigureSection

__all__ = ["rendered", "script_json", "write_document"]


def write_document(
    path: Path,
    title: str,
    template: str,
    sections: Iterable[FigureSection],
    *,
    scripts: tuple[str, ...] = (),
    **parts: Any,
) -> Path:
    """Write a page that loads nothing from anywhere.

    Args:
        path: The HTML file; its folder is made where it is missing.
        title: What the browser's tab shows.
        template: Of what the page shows, such as "page/study.html"; all that is put into it is text, unless it is
            marked as markup.
        sections: Figures of the page by section.
        scripts: Further scripts of the package that the page runs, such as "page/study.js".
        parts: What the template names.

    Returns:
        The path.
    """
    drawn = list(sections)
    basic = all(figure.basic for section in drawn for row in section.rows for figure in row)
    inside = {"title": title, "font": FONT, "plotly": _plotly(basic=basic), "sections": drawn}
    inside |= {"scripts": [_text(name) for name in ("page/figures.js", *scripts)]}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:  # piece by piece: a page may be large
        file.writelines(_environment().get_template(template).generate(inside | parts))
    return path


def rendered(template: str, **parts: Any) -> str:
    """Fill a template of the package; what is put in is text, unless it is marked as markup."""
    return _environment().get_template(template).render(parts)


def script_json(data: Any) -> str:
    """Write data as JSON that is text inside a script element, whatever it holds; what is not finite becomes null."""
    return json.dumps(_finite(data), ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _finite(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _finite(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    return None if isinstance(data, float) and not abs(data) < float("inf") else data


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - `kdsearch --help` does not pay it

    return Environment(
        loader=PackageLoader("kdsearch.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _plotly(*, basic: bool) -> str:
    if basic:
        return _text("page/plotly-basic.min.js")
    from plotly.offline import get_plotlyjs  # noqa: PLC0415 - slow to import, and few pages need it

    return str(get_plotlyjs())


def _text(name: str) -> str:
    return files("kdsearch.report").joinpath(name).read_text(encoding="utf-8")
