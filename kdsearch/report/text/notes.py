"""Sentences on what a study found: each function writes one, or nothing where it does not apply."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kdsearch.record import of_role
from kdsearch.report.confirmed import days_of
from kdsearch.report.numbers import (
    between,
    count,
    error,
    errors_apart,
    interval_words,
    listed,
    mae,
    share,
    share_above,
    significant,
    with_unit,
)
from kdsearch.report.text.gains import (
    calendar_gave,
    complete,
    distillation_gave,
    inside_limits,
    parameters,
    pruning_gave,
    share_of,
)
from kdsearch.report.verdicts import interval_over_days
from kdsearch.study.search.progress import NEAR_TEACHER

if TYPE_CHECKING:
    from kdsearch.record import Baseline
    from kdsearch.report.summary import TrialSummary

__all__ = ["findings", "named", "warnings"]


SAME_SIZE = 1.1
"""How many times the parameters of another a network may have and still be called of its size."""

FILE_TOLERANCE = 4 / 3
"""How many times one ratio to the teacher may exceed another of the same network before a sentence says it."""

_SPLITS = {"val": "validation", "test": "test"}


def warnings(trials: list[TrialSummary], baselines: list[Baseline], unit: str = "") -> list[str]:
    """Write the sentences that must not be overlooked; `unit` is that of the readings."""
    teacher = of_role(baselines, "teacher")
    others = [baseline for baseline in baselines if baseline.role != "teacher"]
    sentences = [front_loses(trials, other, unit) for other in others if other.role == "naive"]
    sentences += [teacher_loses(teacher, other, unit) for other in others] if teacher else [_NO_TEACHER]
    sentences += [unconfirmed(trials), *missing_seeds(trials), not_quiet(trials), files_differ(trials)]
    sentences += [uncounted_operators(trials, baselines)]
    return [sentence for sentence in sentences if sentence]


def findings(trials: list[TrialSummary], baselines: list[Baseline], unit: str = "") -> list[str]:
    """Write what the search found and what each part of it gave; `unit` is that of the readings."""
    teacher = of_role(baselines, "teacher")
    others = [baseline for baseline in baselines if baseline.role != "teacher"]
    sentences = [teacher_wins(teacher, others), smallest_near_teacher(trials, teacher, unit)] if teacher else []
    sentences += [against_undistilled(trials, of_role(baselines, "undistilled"), unit)]
    sentences += [distillation_gave(trials, unit)]
    sentences += [pruning_gave(trials, teacher, unit), calendar_gave(trials, teacher, unit)]
    return [sentence for sentence in sentences if sentence]


_NO_TEACHER = "This study has no teacher yet, so that nothing says how good a large network would be."


def teacher_loses(teacher: Baseline, baseline: Baseline, unit: str = "") -> str | None:
    """Name each reported horizon where the teacher does not beat a baseline."""
    lost = _lost_horizons(teacher, baseline)
    if not lost:
        return None
    errors = [errors_apart(mae(teacher.metrics, minutes), mae(baseline.metrics, minutes)) for minutes in lost]
    where = [
        f"{minutes} minutes (MAE {ours} against {with_unit(its, unit)})"
        for minutes, (ours, its) in zip(lost, errors, strict=True)
    ]
    return f"The teacher does not beat {named(baseline)} on the validation split at {listed(where)}."


def front_loses(trials: list[TrialSummary], baseline: Baseline, unit: str = "") -> str | None:
    """Name the networks of the front that a forecast without a network beats; on the test split where it is known."""
    front = [trial for trial in trials if trial.on_front]
    split = _judging_split(front, baseline)
    goal = mae(baseline.metrics, split=split)
    losing = [trial for trial in front if not mae(trial.metrics, split=split) < goal]
    if not losing or math.isnan(goal):
        return None
    pairs = [errors_apart(mae(trial.metrics, split=split), goal) for trial in losing]
    errors, most = listed([ours for ours, _ in pairs]), max((its for _, its in pairs), key=len)
    verb = "do" if len(losing) > 1 else "does"
    return (
        f"{_trials(losing)} of the front {verb} not beat {named(baseline)} on the {_SPLITS[split]} split "
        f"(MAE {errors} against {with_unit(most, unit)}): forecasting without a network is as good there."
    )


def teacher_wins(teacher: Baseline, others: list[Baseline]) -> str | None:
    """Say that the teacher is worth learning from, where it is."""
    if not others or any(_lost_horizons(teacher, other) for other in others):
        return None
    names = listed([named(other) for other in others])
    return f"The teacher beats {names} at every reported horizon of the validation split."


def against_undistilled(trials: list[TrialSummary], baseline: Baseline | None, unit: str = "") -> str | None:
    """Say whether a network of the front, a tenth larger at most, is better than an undistilled one."""
    if baseline is None or baseline.cost is None:
        return None
    front = [trial for trial in trials if trial.on_front and trial.baseline != baseline.name]
    if not front:
        return None
    split = _judging_split(front, baseline)
    goal, most = mae(baseline.metrics, split=split), SAME_SIZE * baseline.cost.parameters
    size = f"{count(baseline.cost.parameters)} parameters"
    theirs = f"an undistilled {baseline.name} of {size} ({_SPLITS[split]} MAE "
    small = [trial for trial in front if parameters(trial) <= most]
    if not small:
        return f"No network of the front is as small as {theirs}{error(goal, unit)})."
    best = min(small, key=lambda trial: mae(trial.metrics))  # validation chooses; the test split judges
    ours, its = errors_apart(mae(best.metrics, split=split), goal)
    verdict = "beats" if mae(best.metrics, split=split) < goal else "does not beat"
    return (
        f"The best network of the front of its size or less, trial {best.number} ({count(parameters(best))} "
        f"parameters, {ours}), {verdict} {theirs}{with_unit(its, unit)}){_over_days(best, baseline, unit)}."
    )


def _over_days(trial: TrialSummary, baseline: Baseline, unit: str) -> str:
    """Write what the days of the test split say of a confirmed network's gain over a baseline."""
    each = [] if trial.confirmed is None else trial.confirmed.days
    interval, number = interval_over_days([(one, days_of(baseline)) for one in each])
    if interval is None:
        return ""
    ends = interval_words(interval, unit)
    undecided = "" if interval[0] * interval[1] > 0 else ", which does not decide it"
    return f"; over the {number} days of the test split it errs by {ends} less (95 %){undecided}"


def unconfirmed(trials: list[TrialSummary]) -> str | None:
    """Say whose numbers are of one seed and measured while other trials ran."""
    front = [trial for trial in trials if trial.on_front]
    waiting = [trial for trial in front if trial.confirmed is None]
    if not waiting:
        return None
    whose = "No network of the front is" if waiting == front else f"{_trials(waiting)} of the front {_be(waiting)} not"
    return f"{whose} confirmed: errors are of one seed, latency is a first reading taken during the search."


def missing_seeds(trials: list[TrialSummary]) -> list[str]:
    """Say of each network of the front which trainings its means lack."""
    sentences = []
    for trial in trials:
        confirmed = trial.confirmed
        if not trial.on_front or confirmed is None:
            continue
        there, asked = len(confirmed.seeds), confirmed.asked_seeds
        failed = [f"{_WHOSE[one.kind]} seed {one.seed} failed ({one.reason})" for one in confirmed.failed]
        if failed or there < asked:
            reasons = f": {listed(failed)}; the next run tries again" if failed else ""
            sentences.append(f"Trial {trial.number} is confirmed with {there} of {asked} seeds{reasons}.")
    return sentences


_WHOSE = {"own": "", "further": "the training with", "twin": "the twin with"}
_WHOSE["cpu-twin"] = "the twin for the same CPU seconds with"


def not_quiet(trials: list[TrialSummary]) -> str | None:
    """Name the networks of the front whose latencies were taken while the machine had other things to do."""
    front = [trial for trial in trials if trial.on_front]
    paces = [(trial, trial.confirmed.pace) for trial in front if trial.confirmed is not None]
    loud = [(trial, pace) for trial, pace in paces if pace is not None and (pace.moved or pace.crowded)]
    if not loud:
        return None
    moved = [value for _, pace in loud if pace.moved for value in (pace.before, pace.after)]
    busy = [pace.others for _, pace in loud if pace.crowded and pace.others]
    waited = [pace.waited for _, pace in loud if pace.crowded and pace.waited]
    reasons = []
    if moved:
        reasons.append(f"the teacher took {between(moved)} times as long as at the study's first reading")
    if busy:
        most = max(busy)
        asked = (
            f"asked for {significant(most, 2)} times the cores" if most > 1 else f"kept {share(most)} of the cores busy"
        )
        reasons.append(f"other processes {asked}")
    if waited:
        reasons.append(f"timing waited for a core {share(max(waited))} of the time")
    named = "the front" if len(loud) == len(front) else _trials([trial for trial, _ in loud]).lower()
    return (
        f"The latencies of {named} were not taken on a quiet machine: {listed(reasons)}. Ratios to the teacher, "
        "taken in alternation, suffer less; milliseconds follow from them."
    )


def files_differ(trials: list[TrialSummary]) -> str | None:
    """Name the networks of the front whose files gain over the teacher's otherwise than the networks over it."""
    found = []
    for trial in trials:
        if not trial.on_front or trial.cost is None:
            continue
        own, file = trial.cost.latency_ratio, trial.cost.deployed_ratio
        if own and file and max(own / file, file / own) > FILE_TOLERANCE:
            found.append((trial, 1 / own, 1 / file))
    if not found:
        return None
    named, owns, files = zip(*found, strict=True)
    verb = "forecasts" if len(found) == 1 else "forecast"
    return (
        f"Under onnxruntime, as exported files, {_trials(list(named)).lower()} of the front {verb} {between(files)} "
        f"times as fast as the teacher; in kdsearch itself {between(owns)} times."
    )


def uncounted_operators(trials: list[TrialSummary], baselines: list[Baseline]) -> str | None:
    """Name operators that the FLOPs leave out."""
    costs = [trial.cost for trial in trials] + [baseline.cost for baseline in baselines]
    operators = sorted({operator for cost in costs if cost is not None for operator in cost.uncounted_operators})
    if not operators:
        return None
    return f"FLOPs leave out {listed(operators)}, for which no formula is known."


def smallest_near_teacher(trials: list[TrialSummary], teacher: Baseline, unit: str = "") -> str | None:
    """Name the network with the fewest parameters that is nearly as good as the teacher."""
    goal, finished = mae(teacher.metrics), complete(trials)
    if not finished or math.isnan(goal) or teacher.cost is None:
        return None
    near = [trial for trial in finished if mae(trial.metrics) <= (1 + NEAR_TEACHER) * goal]
    if not near:
        best = min(finished, key=lambda trial: mae(trial.metrics))
        return (
            f"No network{inside_limits(trials)} came within {100 * NEAR_TEACHER:g} % of the teacher's validation MAE "
            f"({error(goal, unit)}); the nearest, trial {best.number}, is "
            f"{share_above(mae(best.metrics) / goal - 1, NEAR_TEACHER)} above it."
        )
    smallest = min(near, key=lambda trial: (parameters(trial), mae(trial.metrics)))
    return (
        f"Within {100 * NEAR_TEACHER:g} % of the teacher: trial {smallest.number}, "
        f"{share_of(parameters(smallest), teacher)} ({count(parameters(smallest))}), "
        f"validation MAE {error(mae(smallest.metrics))} against {error(goal, unit)}."
    )


def _judging_split(front: list[TrialSummary], baseline: Baseline) -> str:
    """Choose the split by which the front is held against a baseline: the test split where all have their error."""
    known = [baseline.metrics, *(trial.metrics for trial in front)]
    return "test" if all("test" in metrics for metrics in known) else "val"


def _lost_horizons(teacher: Baseline, baseline: Baseline) -> list[str]:
    """List the reported horizons of the validation split, in minutes, where the teacher does not beat a baseline."""
    horizons = teacher.metrics.get("val", {}).get("mae", {})
    return [
        minutes
        for minutes in sorted(set(horizons) - {"all"}, key=float)
        if mae(teacher.metrics, minutes) >= mae(baseline.metrics, minutes)
    ]


def named(baseline: Baseline) -> str:
    """Write a baseline's name in a sentence: an undistilled network has a name of its own, without an article."""
    return f"the {baseline.name}" if baseline.role in {"teacher", "base", "naive"} else baseline.name


def _trials(trials: list[TrialSummary]) -> str:
    return ("Trial " if len(trials) == 1 else "Trials ") + listed([str(trial.number) for trial in trials])


def _be(trials: list[TrialSummary]) -> str:
    return "is" if len(trials) == 1 else "are"
