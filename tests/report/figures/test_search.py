"""Importance of parameters, and trials as lines through their settings."""

import math
from typing import Any

import pytest

from kdsearch.report.figures.search import draw_importance, draw_parallel, gather_searched, known_importance
from kdsearch.report.summarise import summarise
from kdsearch.report.summary import StudySummary, TrialSummary
from kdsearch.study.storage.store import StudyStore


def trial(number: int, error: float, **params: Any) -> TrialSummary:
    """A finished one."""
    errors = {"val": {"mae": {"all": error}}}
    return TrialSummary(
        number=number,
        state="COMPLETE",
        reason=None,
        route="student",
        params=params,
        objectives={"mae": error, "params": 1000.0 + number},
        metrics=errors,
        cost=None,
        feasible=True,
        on_front=number == 0,
    )


@pytest.fixture
def summary(searched: StudyStore) -> StudySummary:
    """Twenty trials whose width alone decides their error; two of them are of another family, one diverged."""
    trials = [
        trial(number, 10.0 + number % 10, family="stid", width=1 + number % 10, seed_like=number * 7 % 4, same=1)
        for number in range(20)
    ]
    trials += [trial(20 + number, 9.0, family="stgcn", width=2) for number in range(2)]
    trials.append(trial(22, math.nan, family="stid", width=1, seed_like=0, same=1))
    return summarise(searched).model_copy(update={"trials": trials})


def test_what_decides_the_error_is_the_most_important(summary: StudySummary) -> None:
    """Of the family with most trials; a parameter of one value has no importance."""
    found = gather_searched(summary)
    assert (found.family, len(found.trials)) == ("stid", 20)
    assert list(found.importance) == ["width", "seed_like"]
    assert found.importance["width"] > 3 * found.importance["seed_like"]
    (bars,) = draw_importance(found).data
    assert list(bars.y) == ["seed_like", "width"]  # plotly begins at the bottom


def test_a_line_leads_from_settings_to_the_error(summary: StudySummary) -> None:
    """Values between 0 and 1 on each axis, and a gap after each trial."""
    figure = draw_parallel(gather_searched(summary))
    others, front = figure.data
    assert (front.name, list(front.y)) == ("front", [0.0, 0.0, 0.0, None])
    assert len(others.y) == 19 * 4
    assert list(figure.layout.xaxis.ticktext) == ["width", "seed_like", "validation MAE"]
    assert {"1.00", "10.0", "19.0"} <= {note.text for note in figure.layout.annotations}


def test_a_parameter_of_words_and_numbers_has_a_place_for_each(summary: StudySummary) -> None:
    """A depth of None is no number; hostile words are text."""
    words = [2, None, "<b>"]
    trials = [
        one.model_copy(update={"params": one.params | {"depth": words[one.number % 3]}}) for one in summary.trials[:20]
    ]
    found = gather_searched(summary.model_copy(update={"trials": trials}))
    assert "depth" in found.importance
    figure = draw_parallel(found)
    texts = [note.text for note in figure.layout.annotations]
    assert {"2", "None", "&lt;b&gt;"} <= set(texts)
    assert "<b>" not in "".join(str(text) for line in figure.data for text in line.text)


def test_few_trials_say_nothing(summary: StudySummary) -> None:
    assert known_importance(summary)
    assert not known_importance(summary.model_copy(update={"trials": summary.trials[:5]}))
    assert not known_importance(summary.model_copy(update={"trials": []}))
