"""Figures of the search: which parameters mattered, and which settings went with which error."""

from __future__ import annotations

import html
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kdsearch.measure.objectives import OBJECTIVES
from kdsearch.report.figures.style import COLOURS, GREY, blank_figure
from kdsearch.report.numbers import error, measured, significant

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go
    from optuna.distributions import BaseDistribution

    from kdsearch.report.summary import StudySummary, TrialSummary

__all__ = ["Searched", "draw_importance", "draw_parallel", "gather_searched", "known_importance"]

LEAST_TRIALS = 10
"""Of which an importance is said; with fewer it would be the noise of single trials."""

MOST_AXES = 7
LOGARITHMIC_FROM = 30
"""Largest value divided by the least, from which a parameter's axis is logarithmic."""

Values = list[str] | list[float]
"""Of one parameter, a value for each trial: numbers, or words where one of them is no number."""


@dataclass(frozen=True)
class Searched:
    """What the figures show: the finished trials of the family that has most of them.

    Attributes:
        family: Of the trials; "" where the study has one alone.
        trials: Finished, with a finite error.
        errors: Of the validation split, one for each.
        importance: Parameter -> share of the variation of the good trials' error, the largest first.
        error_title: Which error, with its unit.
    """

    family: str
    trials: tuple[TrialSummary, ...]
    errors: tuple[float, ...]
    importance: dict[str, float]
    error_title: str


def known_importance(summary: StudySummary) -> bool:
    """Tell whether there are trials enough, of more than one value of a parameter."""
    trials = _family(summary)[1]
    return len(trials) >= LEAST_TRIALS and bool(_varied(trials))


def gather_searched(summary: StudySummary) -> Searched:
    """Gather trials and the importance of their parameters (Watanabe et al., "PED-ANOVA", IJCAI 2023, by Optuna)."""
    family, trials = _family(summary)
    errors = tuple(_error(trial, summary) for trial in trials)
    values = {name: _values(trials, name) for name in _varied(trials)}
    title = f"validation {summary.titled(summary.metric)}"
    importance = _importance(values, errors) if values and len(trials) >= LEAST_TRIALS else {}
    return Searched(family, tuple(trials), errors, importance, title)


def _family(summary: StudySummary) -> tuple[str, list[TrialSummary]]:
    finished = [
        trial for trial in summary.trials if trial.state == "COMPLETE" and math.isfinite(_error(trial, summary))
    ]
    families = Counter(str(trial.params.get("family", "")) for trial in finished)
    most = max(families, key=lambda name: families[name], default="")
    own = [trial for trial in finished if str(trial.params.get("family", "")) == most]
    return (most if len(families) > 1 else ""), own


def _error(trial: TrialSummary, summary: StudySummary) -> float:
    return measured(trial.metrics, summary.metric, "all", "val")


def _varied(trials: list[TrialSummary]) -> list[str]:
    """List the parameters that every trial has, with more than one value."""
    shared = set.intersection(*(set(trial.params) for trial in trials)) if trials else set[str]()
    return [name for name in sorted(shared) if len({str(trial.params[name]) for trial in trials}) > 1]


def _values(trials: Sequence[TrialSummary], name: str) -> Values:
    own = [trial.params[name] for trial in trials]
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in own):
        return [float(value) for value in own]
    return [_shown(value) for value in own]


def _numbers(values: Values) -> list[float] | None:
    """Give numbers as such; None where they are words."""
    numbers = [value for value in values if isinstance(value, float)]
    return numbers if len(numbers) == len(values) else None


def _importance(values: dict[str, Values], errors: tuple[float, ...]) -> dict[str, float]:
    import optuna  # noqa: PLC0415 - slow to import, and only a page needs it

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study()
    spaces = {name: _distribution(each) for name, each in values.items()}
    for place, value in enumerate(errors):
        own = {name: each[place] for name, each in values.items()}
        study.add_trial(optuna.create_trial(params=own, distributions=spaces, value=value))
    return optuna.importance.get_param_importances(study, evaluator=optuna.importance.PedAnovaImportanceEvaluator())


def _distribution(values: Values) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution  # noqa: PLC0415 - slow to import

    numbers = _numbers(values)
    if numbers is None:
        return CategoricalDistribution(sorted(set(map(str, values))))
    return FloatDistribution(min(numbers), max(numbers), log=_logarithmic(numbers))


def _logarithmic(numbers: list[float]) -> bool:
    return min(numbers) > 0 and max(numbers) / min(numbers) >= LOGARITHMIC_FROM


def draw_importance(data: Searched) -> go.Figure:
    """Draw a bar for each parameter, the most important at the top."""
    shown = list(data.importance.items())[::-1]
    figure = blank_figure("share of the difference between good trials and the best", "")
    figure.add_bar(
        x=[share for _, share in shown],
        y=[html.escape(name) for name, _ in shown],
        orientation="h",
        marker={"color": COLOURS[0]},
        hovertemplate="%{y}: %{x:.0%}<extra></extra>",
        showlegend=False,
    )
    figure.update_xaxes(tickformat=".0%", rangemode="tozero")
    return figure.update_layout(height=110 + 30 * len(shown))


def draw_parallel(data: Searched) -> go.Figure:
    """Draw each trial as a line through its settings and its error; the front's are strong."""
    names = list(data.importance)[:MOST_AXES]
    axes = {name: _values(data.trials, name) for name in names}
    figure = blank_figure("", "")
    if not data.trials:
        return figure
    places = [_places(values) for values in axes.values()] + [_places(list(data.errors))]
    for on_front, name in ((False, "finished trials"), (True, "front")):
        chosen = [number for number, trial in enumerate(data.trials) if trial.on_front == on_front]
        x, y, text = list[int | None](), list[float | None](), list[str]()
        for number in chosen:
            x += [*range(len(places)), None]
            y += [*(axis[number] for axis in places), None]
            text += [_words(data, number, names)] * (len(places) + 1)
        look = {"color": COLOURS[0], "width": 2.4} if on_front else {"color": GREY, "width": 0.8}
        if chosen:
            figure.add_scatter(x=x, y=y, mode="lines", line=look, text=text, hoverinfo="text", name=name)
    for place, values in enumerate([*axes.values(), list(data.errors)]):
        _label(figure, place, values)
    heads = [html.escape(name) for name in names] + [html.escape(data.error_title)]
    figure.update_xaxes(tickvals=list(range(len(heads))), ticktext=heads, side="top", showgrid=True, ticks="")
    figure.update_yaxes(visible=False, range=[-0.08, 1.08])
    return figure.update_layout(height=420, margin={"t": 60, "l": 60, "r": 60})


def _places(values: Values) -> list[float]:
    """Put values between 0 and 1: words in the order of the alphabet, numbers by size."""
    numbers = _numbers(values)
    if numbers is None:
        words = sorted(set(map(str, values)))
        return [words.index(str(value)) / max(1, len(words) - 1) for value in values]
    scaled = [math.log(value) for value in numbers] if _logarithmic(numbers) else numbers
    low, high = min(scaled), max(scaled)
    return [(value - low) / (high - low or 1.0) for value in scaled]


def _label(figure: go.Figure, place: int, values: Values) -> None:
    """Name the ends of an axis, or each of its words."""
    named = {_shown(value): at for value, at in zip(values, _places(values), strict=True)}
    if _numbers(values) is not None:
        named = {text: at for text, at in named.items() if at in {0.0, 1.0}}
    for text, at in named.items():
        figure.add_annotation(
            x=place,
            y=at,
            text=html.escape(text),
            xanchor="left",
            xshift=4,
            showarrow=False,
            font={"size": 11, "color": GREY},
        )


def _words(data: Searched, number: int, names: list[str]) -> str:
    trial = data.trials[number]
    settings = [f"{name}: {_shown(trial.params[name])}" for name in names]
    costs = [
        f"{name} {significant(value)}" for name, value in trial.objectives.items() if not OBJECTIVES[name].is_error
    ]
    lines = [f"trial {trial.number}", f"{data.error_title}: {error(data.errors[number])}", *costs, *settings]
    return "<br>".join(html.escape(line) for line in lines)


def _shown(value: object) -> str:
    return significant(value) if isinstance(value, float) else str(value)
