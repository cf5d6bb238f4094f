"""The report page of a study."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from kdsearch.measure.objectives import RUNTIMES
from kdsearch.report.page.document import script_json, write_document
from kdsearch.report.page.drawing import drawn_figures, figure_sections
from kdsearch.report.page.published import published_table
from kdsearch.report.page.records import STATES, export_command, study_records
from kdsearch.report.page.tables import front_table
from kdsearch.report.preference import rule_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kdsearch.report.page.drawing import FigureSection
    from kdsearch.report.summary import StudySummary

__all__ = ["write_page"]

_FRONT_CAPTION = (
    "Networks that no other trial betters in all of the search's objectives, the least error first; below the rule "
    "what they are compared with. MAE is the mean over all steps of the horizon. "
)
_LIMITED_CAPTION = "Trials outside the limits are left out. "
_CONFIRMED_CAPTION = (
    "Validation errors are of the search's seed; test errors are means over seeds with their standard deviation, and "
    "latency was measured when all trainings were over."
)


def write_page(
    summary: StudySummary, path: Path, on_message: Callable[[str], None] | None = None, *, live: str = ""
) -> Path:
    """Write a study's report as one file that loads nothing from anywhere.

    Args:
        summary: The study.
        path: The HTML file; its folder is made where it is missing.
        on_message: Takes a sentence for each figure that failed and is left out; the page shows it too.
        live: Name of what the study is now, where `kdsearch.report.live` serves the page; "" for a file.

    Returns:
        The path.
    """
    figures, failures = drawn_figures(summary)
    if on_message is not None:
        for sentence in failures:
            on_message(sentence)
    notes = [note for note in summary.notes if note not in summary.warnings]
    confirmed = any(trial.confirmed for trial in summary.front_trials)
    sections = figure_sections(figures) if summary.trials else []
    home = summary.better_baseline or summary.knee
    return write_document(
        path,
        f"{summary.study} · kdsearch",
        "page/study.html",
        sections,
        scripts=("page/study.js", "page/live.js") if live else ("page/study.js",),
        live=live,
        eyebrow=f"kdsearch · {summary.study} · {summary.dataset} · {_day(summary)}",
        heading=_heading(summary),
        answer=summary.answer_sentences,
        export="" if home is None else export_command(summary, home),
        empty=_what_to_do(summary),
        drawn=bool(summary.trials),
        contents=_contents(summary, sections),
        warnings=[*summary.warnings, *failures],
        front=front_table(summary),
        front_caption=_FRONT_CAPTION
        + (_LIMITED_CAPTION if summary.limits else "")
        + (_CONFIRMED_CAPTION if confirmed else ""),
        rule=rule_text(summary.weights),
        published=published_table(summary),
        findings=notes,
        trials=len(summary.trials),
        facts=list(_facts(summary).items()),
        versions=" · ".join(f"{name} {version}" for name, version in summary.versions.items()),
        records=script_json(study_records(summary)),
    )


def _heading(summary: StudySummary) -> str:
    """Name the best network in words."""
    if summary.better_baseline is not None:
        return f"{summary.better_baseline} on {summary.dataset}"
    chosen = summary.chosen
    return f"No network yet on {summary.dataset}" if chosen is None else f"{chosen.words}, on {summary.dataset}"


def _what_to_do(summary: StudySummary) -> list[str]:
    """Say what a reader can do where a study has no network."""
    if summary.knee is not None:
        return []
    again = f"Run the same command again to go on: {summary.command}"
    states = Counter(trial.state for trial in summary.trials)
    if not summary.trials or not states.keys() - {"WAITING", "RUNNING"}:
        return [f"No trial has ended yet. {again}"]
    if states["COMPLETE"]:
        return ["No finished trial is inside the limits. Loosen a limit, or search longer."]
    return [f"No trial has finished: the table of all trials says why. {again}"]


def _contents(summary: StudySummary, sections: list[FigureSection]) -> list[tuple[str, str]]:
    """List the sections of the page, name and text."""
    front = [("front", "The front")] if summary.trials or summary.baselines else []
    published = [("published", "Published")] if summary.published else []
    figures = [(section.name, section.heading) for section in sections]
    trials = [("trials", "All trials")] if summary.trials else []
    return [*front, *published, ("findings", "What each part gave"), *figures, *trials, ("run", "What was run")]


def _facts(summary: StudySummary) -> dict[str, str]:
    """Write down what was run, on what, how."""
    states = Counter(STATES[trial.state] for trial in summary.trials)
    objectives = ", ".join(one.name + (f" ({one.unit})" if one.unit else "") for one in summary.objectives)
    return {
        "Study": summary.study,
        "Data": f"{summary.dataset}: {summary.data_note}" if summary.data_note else summary.dataset,
        "Protocol": summary.protocol_text.removeprefix("protocol ") or summary.protocol,
        "Minimised": objectives,
        "Latency": f"of {RUNTIMES[summary.runtime]}",
        "Limits": ", ".join(limit.words for limit in summary.limits) or "none",
        "Trials": ", ".join(f"{number} {state}" for state, number in states.most_common()) or "none yet",
        "Begun": f"{_day(summary)}, {datetime.fromisoformat(summary.created):%H:%M}",
        "Command": summary.command,
    }


def _day(summary: StudySummary) -> str:
    created = datetime.fromisoformat(summary.created)
    return f"{created.day} {created:%B %Y}"
