"""The report page of a study."""

from __future__ import annotations

import html
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kdsearch.measure.objectives import RUNTIMES
from kdsearch.report.page.document import definitions, filled, findings, loud, write_document
from kdsearch.report.page.drawing import drawn_figures, figure_sections
from kdsearch.report.page.published import published_section
from kdsearch.report.page.tables import STATES, all_trials_table, front_table
from kdsearch.report.preference import rule_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from kdsearch.report.summary import StudySummary

__all__ = ["write_page"]

_FRONT_CAPTION = (
    "Networks that no other trial betters in all of the search's objectives, best error first; mean is over all "
    "steps of the horizon. "
)
_LIMITED_CAPTION = "Trials outside the limits are left out. "
_CONFIRMED_CAPTION = (
    "Validation errors are of the search's seed; test errors are means over seeds with their standard deviation, and "
    "latency was measured when all trainings were over."
)


def write_page(summary: StudySummary, path: Path, on_message: Callable[[str], None] | None = None) -> Path:
    """Write a study's report as one file that loads nothing from anywhere.

    Args:
        summary: The study.
        path: The HTML file; its folder is made where it is missing.
        on_message: Takes a sentence for each figure that failed and is left out; the page shows it too.

    Returns:
        The path.
    """
    figures, failures = drawn_figures(summary)
    if on_message is not None:
        for sentence in failures:
            on_message(sentence)
    notes = [note for note in summary.notes if note not in summary.warnings]
    confirmed = any(trial.confirmed for trial in summary.front_trials)
    main = filled(
        "kdsearch.report.page",
        "page.html",
        eyebrow=html.escape(f"kdsearch · {summary.dataset} · {_day(summary)}"),
        answer=html.escape(summary.answer),
        facts=definitions(_facts(summary).items()),
        loud=loud([*summary.warnings, *failures]),
        findings=findings("What each part gave", notes),
        front_caption=_FRONT_CAPTION
        + (_LIMITED_CAPTION if summary.limits else "")
        + (_CONFIRMED_CAPTION if confirmed else ""),
        rule=html.escape(rule_text(summary.weights)),
        front=front_table(summary),
        published=published_section(summary),
        figures=figure_sections(figures),
        all_title=f"All {len(summary.trials)} trials, with what was searched and why some ended",
        all=all_trials_table(summary),
        versions=html.escape(" · ".join(f"{name} {version}" for name, version in summary.versions.items())),
    )
    return write_document(path, f"{summary.study} · kdsearch", main)


def _facts(summary: StudySummary) -> dict[str, str]:
    """Write down what was run, on what, how: names and values in HTML."""
    states = Counter(STATES[trial.state] for trial in summary.trials)
    objectives = ", ".join(one.name + (f" ({one.unit})" if one.unit else "") for one in summary.objectives)
    return {
        "Study": html.escape(summary.study),
        "Data": html.escape(f"{summary.dataset}: {summary.data_note}" if summary.data_note else summary.dataset),
        "Protocol": html.escape(summary.protocol_text.removeprefix("protocol ") or summary.protocol),
        "Minimised": html.escape(objectives),
        "Latency": html.escape(f"of {RUNTIMES[summary.runtime]}"),
        "Limits": html.escape(", ".join(limit.words for limit in summary.limits) or "none"),
        "Trials": html.escape(", ".join(f"{number} {state}" for state, number in states.most_common()) or "none yet"),
        "Begun": f"{_day(summary)}, {datetime.fromisoformat(summary.created):%H:%M}",
        "Command": f"<code>{html.escape(summary.command)}</code>",
    }


def _day(summary: StudySummary) -> str:
    created = datetime.fromisoformat(summary.created)
    return f"{created.day} {created:%B %Y}"
