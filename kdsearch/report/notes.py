"""What a study found, in sentences: each function writes one, or nothing where it does not apply."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

from kdsearch.report.numbers import count, error, mae, share, significant, spread
from kdsearch.report.preference import rule_of
from kdsearch.study.standing import NEAR_TEACHER

if TYPE_CHECKING:
    from kdsearch.record import Reference
    from kdsearch.report.summary import Confirmed, TrialSummary, Twin

__all__ = ["answer", "findings", "warnings"]


def answer(chosen: TrialSummary | None, references: list[Reference], weights: dict[str, float] | None = None) -> str:
    """Says what the chosen network costs and how well it does against the teacher, and what chose it."""
    teacher = _named(references, "teacher")
    if chosen is None:
        return "No trial has finished inside the limits, so there is no front yet."
    it = "The knee of the front" if weights is None else f"By {rule_of(weights)} the choice from the front"
    if teacher is None or chosen.cost is None:
        return f"{it} is trial {chosen.number}, with validation MAE {error(mae(chosen.metrics))}."
    ratio = chosen.cost.latency_ratio
    speed = "" if ratio is None else f", forecasts {significant(1 / ratio, 2)} times as fast"
    return (
        f"{it}, trial {chosen.number}, keeps {_share_of(chosen, teacher)}{speed}, and has validation MAE "
        f"{error(mae(chosen.metrics))} against the teacher's {error(mae(teacher.metrics))}.{_on_test(chosen, teacher)}"
    )


def warnings(trials: list[TrialSummary], references: list[Reference]) -> list[str]:
    """Writes the sentences that must not be overlooked."""
    teacher = _named(references, "teacher")
    lines = [reference for reference in references if reference.name != "teacher"]
    sentences = [teacher_loses(teacher, line) for line in lines] if teacher else [_NO_TEACHER]
    sentences += [unconfirmed(trials), uncounted_operators(trials, references)]
    return [sentence for sentence in sentences if sentence]


def findings(trials: list[TrialSummary], references: list[Reference]) -> list[str]:
    """Writes what the search found and what each part of it gave."""
    teacher = _named(references, "teacher")
    lines = [reference for reference in references if reference.name != "teacher"]
    sentences = [teacher_wins(teacher, lines), smallest_near_teacher(trials, teacher)] if teacher else []
    sentences += [distillation_gave(trials), pruning_gave(trials, teacher), calendar_gave(trials)]
    return [sentence for sentence in sentences if sentence]


_NO_TEACHER = "This study has no teacher yet, so that nothing says how good a large network would be."


def teacher_loses(teacher: Reference, line: Reference) -> str | None:
    """Names each reported horizon where the teacher does not beat a reference line."""
    lost = _lost_horizons(teacher, line)
    if not lost:
        return None
    errors = [(error(mae(teacher.metrics, minutes)), error(mae(line.metrics, minutes))) for minutes in lost]
    where = [f"{minutes} minutes (MAE {ours} against {its})" for minutes, (ours, its) in zip(lost, errors, strict=True)]
    return f"The teacher does not beat {_article(line.name)} on the validation split at {_listed(where)}."


def teacher_wins(teacher: Reference, lines: list[Reference]) -> str | None:
    """Says that the teacher is worth learning from, where it is."""
    if not lines or any(_lost_horizons(teacher, line) for line in lines):
        return None
    names = _listed([_article(line.name) for line in lines])
    return f"The teacher beats {names} at every reported horizon of the validation split."


def unconfirmed(trials: list[TrialSummary]) -> str | None:
    """Says whose numbers are of one seed and measured while other trials ran."""
    front = [trial for trial in trials if trial.on_front]
    waiting = [trial for trial in front if trial.confirmed is None]
    if not waiting:
        return None
    whose = "No network of the front is" if waiting == front else f"{_trials(waiting)} of the front {_be(waiting)} not"
    return f"{whose} confirmed: errors are of one seed, latency is a first reading taken during the search."


def uncounted_operators(trials: list[TrialSummary], references: list[Reference]) -> str | None:
    """Names operators that the FLOPs leave out."""
    costs = [trial.cost for trial in trials] + [reference.cost for reference in references]
    operators = sorted({operator for cost in costs if cost is not None for operator in cost.uncounted_operators})
    if not operators:
        return None
    return f"FLOPs leave out {_listed(operators)}, for which no formula is known."


def smallest_near_teacher(trials: list[TrialSummary], teacher: Reference) -> str | None:
    """Names the network with the fewest parameters that is nearly as good as the teacher."""
    goal, complete = mae(teacher.metrics), _complete(trials)
    if not complete or math.isnan(goal) or teacher.cost is None:
        return None
    near = [trial for trial in complete if mae(trial.metrics) <= (1 + NEAR_TEACHER) * goal]
    if not near:
        best = min(complete, key=lambda trial: mae(trial.metrics))
        return (
            f"No network{_inside_limits(trials)} came within {100 * NEAR_TEACHER:g} % of the teacher's validation MAE "
            f"({error(goal)}); "
            f"the nearest, trial {best.number}, is {share(mae(best.metrics) / goal - 1)} above it."
        )
    smallest = min(near, key=lambda trial: (_parameters(trial), mae(trial.metrics)))
    return (
        f"Within {100 * NEAR_TEACHER:g} % of the teacher: trial {smallest.number}, {_share_of(smallest, teacher)} "
        f"({count(_parameters(smallest))}), validation MAE {error(mae(smallest.metrics))} against {error(goal)}."
    )


def distillation_gave(trials: list[TrialSummary]) -> str | None:
    """Compares the confirmed distilled networks with their twins without a teacher, seed by seed.

    A network is on the front for how it did with the trial's own seed, its twin is not, so the own seed favours the
    network: where there are further seeds, only these are compared.
    """
    distilled = [trial for trial in trials if trial.confirmed is not None and trial.confirmed.twin is not None]
    fresh = [trial for trial in distilled if trial.confirmed is not None and len(trial.confirmed.seeds) > 1]
    compared = fresh or distilled
    confirmed = [trial.confirmed for trial in compared if trial.confirmed is not None]
    pairs = [(one, one.twin) for one in confirmed if one.twin is not None]
    if not pairs:
        return None
    split = "test" if all("test" in twin.differences for _, twin in pairs) else "val"
    gains = [gain for _, twin in pairs for gain in twin.differences[split][1 if fresh else 0 :]]
    mean, several = statistics.fmean(gains), len(pairs) > 1
    if fresh:
        runs = f"mean of {len(gains)} paired runs with fresh seeds" if len(gains) > 1 else "one pair with a fresh seed"
        last = _spread_of_seeds(pairs, split)
    else:
        runs = f"mean of {len(gains)} paired runs" if several else "one pair"
        chosen, them = ("networks", "them") if several else ("network", "it")
        last = f"; the seed is the one that chose the {chosen}, so the comparison favours {them}"
    worse = f", worse in {sum(gain > 0 for gain in gains)}" if len(gains) > 1 else ""
    # a pruned network has its weights from a trained one, so that its twin is not free of every teacher
    teacher = "teacher in the loss" if any("prune" in trial.route for trial in compared) else "teacher"
    return (
        f"Distillation: with the same seed{'s' if fresh else ''} and epochs but no {teacher}, {_networks(len(pairs))} "
        f"by {spread(abs(mean))} MAE {'more' if mean >= 0 else 'less'} on the {_split_name(split)} split "
        f"({runs}{worse}){last}."
    )


def pruning_gave(trials: list[TrialSummary], teacher: Reference | None) -> str | None:
    """Sets the best pruned network beside the best fresh student."""
    complete = _complete(trials)
    pruned = [trial for trial in complete if "prune" in trial.route]
    fresh = [trial for trial in complete if "prune" not in trial.route]
    if not pruned or not fresh:
        return None
    one, two = (min(group, key=lambda trial: mae(trial.metrics)) for group in (pruned, fresh))
    return (
        f"Pruning: the best pruned network{_inside_limits(trials)} has validation MAE "
        f"{error(mae(one.metrics))} with {_share_of(one, teacher)} "
        f"(trial {one.number}), the best fresh student {error(mae(two.metrics))} with {_share_of(two, teacher)} "
        f"(trial {two.number})."
    )


def calendar_gave(trials: list[TrialSummary]) -> str | None:
    """Sets the best network that sees deviations from the calendar beside the best that sees raw readings."""
    complete = _complete(trials)
    groups = [[trial for trial in complete if trial.params.get("input") == name] for name in ("deviation", "raw")]
    if not all(groups):
        return None
    deviation, raw = (min(group, key=lambda trial: mae(trial.metrics)) for group in groups)
    return (
        f"Calendar: the best network{_inside_limits(trials)} that sees deviations from the calendar profile has "
        f"validation MAE "
        f"{error(mae(deviation.metrics))} (trial {deviation.number}), the best that sees raw readings "
        f"{error(mae(raw.metrics))} (trial {raw.number})."
    )


def _spread_of_seeds(pairs: list[tuple[Confirmed, Twin]], split: str) -> str:
    """Mean standard deviation between the seeds of a network, with a teacher and without."""
    spreads = [[mae(one.standard_deviation, split=split) for one in pair] for pair in pairs]
    with_teacher, without = (statistics.fmean(column) for column in zip(*spreads, strict=True))
    return f"; the spread between all seeds is {spread(with_teacher)} with and {spread(without)} without"


def _on_test(trial: TrialSummary, teacher: Reference) -> str:
    """The confirmed error of the test split, where there is one for both."""
    if trial.confirmed is None or "test" not in trial.confirmed.mean or "test" not in teacher.metrics:
        return ""
    mean, deviation = (
        mae(metrics, split="test") for metrics in (trial.confirmed.mean, trial.confirmed.standard_deviation)
    )
    seeds = len(trial.confirmed.seeds)
    over = "with one seed" if math.isnan(deviation) else f"± {spread(deviation)} over {seeds} seeds"
    theirs = error(mae(teacher.metrics, split="test"))
    return f" On the test split it has {error(mean)} {over} against {theirs}."


def _lost_horizons(teacher: Reference, line: Reference) -> list[str]:
    """Reported horizons of the validation split, in minutes, where the teacher is no better than the line."""
    horizons = teacher.metrics.get("val", {}).get("mae", {})
    return [
        minutes
        for minutes in sorted(set(horizons) - {"all"}, key=float)
        if mae(teacher.metrics, minutes) >= mae(line.metrics, minutes)
    ]


def _named(references: list[Reference], name: str) -> Reference | None:
    return next((reference for reference in references if reference.name == name), None)


def _complete(trials: list[TrialSummary]) -> list[TrialSummary]:
    """Finished trials inside the limits of the search."""
    finished = [trial for trial in trials if trial.state == "COMPLETE" and trial.feasible]
    return [trial for trial in finished if trial.cost is not None and not math.isnan(mae(trial.metrics))]


def _inside_limits(trials: list[TrialSummary]) -> str:
    """What a sentence about the best adds where a better network may have been outside the limits."""
    return "" if all(trial.feasible for trial in trials) else " inside the limits"


def _parameters(trial: TrialSummary) -> int:
    if trial.cost is None:
        raise ValueError(f"trial {trial.number} has no cost")
    return trial.cost.parameters


def _share_of(trial: TrialSummary, teacher: Reference | None) -> str:
    if teacher is None or teacher.cost is None:
        return f"{count(_parameters(trial))} parameters"
    return f"{share(_parameters(trial) / teacher.cost.parameters)} of the teacher's parameters"


def _article(name: str) -> str:
    return name if name == "last value" else f"the {name}"


def _split_name(split: str) -> str:
    return {"val": "validation"}.get(split, split)


def _networks(number: int) -> str:
    return "the confirmed network of the front errs" if number == 1 else f"{number} confirmed networks of the front err"


def _trials(trials: list[TrialSummary]) -> str:
    return ("Trial " if len(trials) == 1 else "Trials ") + _listed([str(trial.number) for trial in trials])


def _be(trials: list[TrialSummary]) -> str:
    return "is" if len(trials) == 1 else "are"


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
