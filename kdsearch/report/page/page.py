"""The report page: one HTML file with everything inside, for people without the software and without a network."""

from __future__ import annotations

import html
import re
from collections import Counter
from datetime import datetime
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from kdsearch.report.figures.catalog import SECTIONS, figures_of
from kdsearch.report.figures.style import FONT
from kdsearch.report.page.published import published_section
from kdsearch.report.page.tables import STATES, all_trials_table, front_table
from kdsearch.report.preference import rule_text

if TYPE_CHECKING:
    from kdsearch.report.figures.catalog import ReportFigure, Section
    from kdsearch.report.summary import StudySummary

__all__ = ["write_page"]

_FRONT_CAPTION = (
    "Networks that no other trial betters in all of the search's objectives, best error first; MAE in the unit of the "
    "readings, mean is over all steps of the horizon. "
)
_LIMITED_CAPTION = "Trials outside the limits are left out. "
_CONFIRMED_CAPTION = (
    "Validation errors are of the search's seed; test errors are means over seeds with their standard deviation, and "
    "latency was measured when all trainings were over."
)


def write_page(summary: StudySummary, path: Path) -> Path:
    """Write a study's report as one file that loads nothing from anywhere.

    Args:
        summary: The study.
        path: The HTML file; its folder is made where it is missing.

    Returns:
        The path.
    """
    from plotly.offline import get_plotlyjs  # noqa: PLC0415 - slow to import, and only this function needs it

    template = Template(files("kdsearch.report.page").joinpath("page.html").read_text(encoding="utf-8"))
    findings = [note for note in summary.notes if note not in summary.warnings]
    confirmed = any(trial.confirmed for trial in summary.front_trials)
    page = template.substitute(
        title=html.escape(f"{summary.study} · kdsearch"),
        font=FONT,
        plotly=get_plotlyjs(),
        eyebrow=html.escape(f"kdsearch · {summary.dataset} · {_day(summary)}"),
        answer=html.escape(summary.answer),
        facts="\n".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in _facts(summary).items()),
        loud=_loud(summary.warnings),
        findings=_findings(findings),
        front_caption=_FRONT_CAPTION
        + (_LIMITED_CAPTION if summary.limits else "")
        + (_CONFIRMED_CAPTION if confirmed else ""),
        rule=html.escape(rule_text(summary.weights)),
        front=front_table(summary),
        published=published_section(summary),
        figures=_sections(figures_of(summary), summary),
        all_title=f"All {len(summary.trials)} trials, with what was searched and why some ended",
        all=all_trials_table(summary),
        versions=html.escape(" · ".join(f"{name} {version}" for name, version in summary.versions.items())),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path


def _facts(summary: StudySummary) -> dict[str, str]:
    """Write down what was run, on what, how: names and values in HTML."""
    states = Counter(STATES[trial.state] for trial in summary.trials)
    objectives = ", ".join(one.name + (f" ({one.unit})" if one.unit else "") for one in summary.objectives)
    return {
        "Study": html.escape(summary.study),
        "Data": html.escape(f"{summary.dataset}: {summary.data_note}" if summary.data_note else summary.dataset),
        "Protocol": html.escape(summary.protocol_text.removeprefix("protocol ") or summary.protocol),
        "Minimised": html.escape(objectives),
        "Limits": html.escape(", ".join(limit.words for limit in summary.limits) or "none"),
        "Trials": html.escape(", ".join(f"{number} {state}" for state, number in states.most_common()) or "none yet"),
        "Begun": f"{_day(summary)}, {datetime.fromisoformat(summary.created):%H:%M}",
        "Command": f"<code>{html.escape(summary.command)}</code>",
    }


def _day(summary: StudySummary) -> str:
    created = datetime.fromisoformat(summary.created)
    return f"{created.day} {created:%B %Y}"


def _loud(warnings: list[str]) -> str:
    if not warnings:
        return ""
    return f'<div class="loud" role="note">{"".join(f"<p>{html.escape(warning)}</p>" for warning in warnings)}</div>'


def _findings(findings: list[str]) -> str:
    if not findings:
        return ""
    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in findings)
    return f"<section><h2>What each part gave</h2><ul>{items}</ul></section>"


def _sections(figures: list[ReportFigure], summary: StudySummary) -> str:
    """Write the sections that hold figures, in the order in which figures first name them."""
    by_section: dict[Section, list[ReportFigure]] = {}
    for figure in figures:
        by_section.setdefault(figure.section, []).append(figure)
    return "\n".join(
        f"<section>\n<h2>{SECTIONS[section]}</h2>\n{_rows(inside, summary)}\n</section>"
        for section, inside in by_section.items()
    )


def _rows(figures: list[ReportFigure], summary: StudySummary) -> str:
    """Write the figures of a section: those of half width in pairs, the others, and a last one alone, in full width."""
    rows: list[str] = []
    for half, together in groupby(figures, key=lambda figure: figure.half):
        drawn = [_figure(figure, summary) for figure in together]
        paired = len(drawn) - len(drawn) % 2 if half else 0
        rows += [f'<div class="pair">{drawn[at]}{drawn[at + 1]}</div>' for at in range(0, paired, 2)]
        rows += drawn[paired:]
    return "".join(rows)


def _figure(figure: ReportFigure, summary: StudySummary) -> str:
    import plotly.io  # noqa: PLC0415 - as slow to import

    drawn = plotly.io.to_html(
        figure.draw(summary).update_layout(showlegend=figure.legend),
        include_plotlyjs=False,
        full_html=False,
        div_id=f"figure-{re.sub(r'[^a-zA-Z0-9_]+', '-', figure.name)}",
        config={"displaylogo": False, "modeBarButtons": [["toImage", "zoom2d", "pan2d", "resetScale2d"]]},
    )
    title, caption = (html.escape(text, quote=False) for text in (figure.title, figure.caption))
    return f'<figure><h3>{title}</h3><p class="caption">{caption}</p>{drawn}</figure>'
