"""Read a study into one object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kdsearch.data.catalog import CARDS
from kdsearch.errors import StudyError
from kdsearch.measure.objectives import OBJECTIVES
from kdsearch.record import TrialRecord, of_role
from kdsearch.report.confirmed import confirmed_of
from kdsearch.report.front import knee, non_dominated, preferred
from kdsearch.report.hypervolume import volume_history, volume_note
from kdsearch.report.picks import better_baseline
from kdsearch.report.preference import parse_weights, rule_of
from kdsearch.report.published.catalog import comparable_with
from kdsearch.report.summary import Limit, ObjectiveSummary, StudySummary, TrialSummary, candidates
from kdsearch.report.text import notes
from kdsearch.report.text.answer import answer
from kdsearch.report.text.bounds import bounds_hold
from kdsearch.report.text.limits import limits_kept, read_limits, tightened
from kdsearch.study.constraints import violations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kdsearch.study.storage.meta import StudyMeta
    from kdsearch.study.storage.store import StoredTrial, StudyStore

__all__ = ["summarise"]


def summarise(store: StudyStore, prefer: str | None = None, *, constraints: str | Sequence[str] = ()) -> StudySummary:
    """Read a study and say what it found.

    The front holds the complete trials inside the limits that no other betters in the search objectives, which are of
    the validation split. Where a confirmation has measured a network, its costs replace the first readings.

    Args:
        store: An open study.
        prefer: Weights that choose from the front in place of the knee, such as "mae=2,latency=1".
        constraints: Further limits, such as "params<=8k", which choose among the same trials; where the study has one
            on the same quantity, the tighter holds.

    Returns:
        Everything that the report shows; its JSON is what `kdsearch show --json` prints.

    Raises:
        StudyError: Where the weights are not of the study's objectives, or no numbers above 0, or where a further
            limit is none, or limits what no trial holds.
    """
    meta = store.meta
    _refuse_unknown_objectives(meta)
    weights = None if prefer is None else parse_weights(prefer, meta.objectives)
    baselines = store.baselines()
    unit = meta.unit or _unit_of_card(meta)
    teacher, stored = of_role(baselines, "teacher"), store.trials()
    limits = read_limits(meta.constraints, teacher, unit)
    limits = tightened(limits, constraints, (one.record for one in stored if one.record is not None), teacher, unit)
    trials = [_summarise_trial(trial, meta.objectives, limits) for trial in stored]
    front = _front(trials, meta.objectives)
    chosen = _choice(front, meta.objectives, weights)
    better = better_baseline(chosen, baselines, meta.objectives, limits)
    numbers = [trial.number for trial in front]
    trials = [trial.model_copy(update={"on_front": trial.number in numbers}) for trial in trials]
    history = volume_history(trials, meta.objectives, meta.reference_point)
    nodes = [] if meta.target is None else meta.target.nodes
    said = [limits_kept(trials, limits), volume_note(history, meta.objectives, meta.reference_point, unit)]
    said += [bounds_hold(chosen, nodes, unit)]
    warnings = notes.warnings(trials, baselines, unit)
    said_first = answer(chosen, baselines, weights, unit, better=better, limited=bool(limits))
    return StudySummary(
        study=meta.study,
        dataset=meta.dataset,
        protocol=meta.protocol,
        unit=unit,
        runtime=meta.runtime,
        seed=meta.seed,
        objectives=[ObjectiveSummary(name=name, unit=OBJECTIVES[name].unit_of(unit)) for name in meta.objectives],
        trials=trials,
        front=numbers,
        knee=None if chosen is None else chosen.number,
        weights=weights,
        rule=rule_of(weights),
        limits=limits,
        reference_point=meta.reference_point,
        hypervolume=history[-1].hypervolume if history else None,
        hypervolume_history=history,
        baselines=baselines,
        published=comparable_with(meta),
        better_baseline=None if better is None else better.name,
        answer=" ".join(said_first),
        answer_sentences=said_first,
        notes=warnings + notes.findings(trials, baselines, unit) + [sentence for sentence in said if sentence],
        warnings=warnings,
        data_note=meta.data_note,
        protocol_text=meta.protocol_text,
        created=meta.created,
        command=meta.command,
        versions=meta.versions,
        nodes=nodes,
    )


def _unit_of_card(meta: StudyMeta) -> str:
    """Find the unit of a built-in dataset, for a study that did not keep it: that of the channel its protocol names."""
    card = CARDS.get(meta.dataset)
    known = {} if card is None else dict(zip(card.channels, card.unit, strict=True))
    return next((unit for channel, unit in known.items() if f": {channel}" in meta.protocol_text), "")


def _refuse_unknown_objectives(meta: StudyMeta) -> None:
    """Refuse a study whose objectives, or limits, are rows of a user's module that is not imported.

    Raises:
        StudyError: Names the objective and what to import.
    """
    named = [*meta.objectives, *(text.partition("<=")[0] for text in meta.constraints)]
    for name in named:
        if name not in OBJECTIVES:
            files = [one.name for one in meta.imports] or ["the module that has it"]
            raise StudyError(
                f"study {meta.study!r} uses the objective {name!r} of the user's own; "
                f"give {' '.join(f'--import {file}' for file in files)}"
            )


def _summarise_trial(stored: StoredTrial, objectives: list[str], limits: list[Limit]) -> TrialSummary:
    record, confirmation = stored.record, stored.confirmation
    if record is None:
        record = TrialRecord(state="FAIL", route=str(stored.params.get("route", "")), params=stored.params, seed=0)
    confirmed = None if confirmation is None else confirmed_of(confirmation)
    if confirmed is not None:
        test = {split: errors for split, errors in confirmed.mean.items() if split.startswith("test")}
        record = record.model_copy(update={"cost": confirmed.cost, "metrics": record.metrics | test})
    complete = stored.state == "COMPLETE"
    judged = complete or stored.state == "PRUNED"
    beyond = violations([limit.constraint for limit in limits], record) if judged else {}
    return TrialSummary(
        number=stored.number,
        state=stored.state,
        reason=stored.reason or record.reason,
        route=record.route,
        params=stored.params,
        objectives={name: OBJECTIVES[name].value(record) for name in objectives} if complete else {},
        metrics=record.metrics,
        cost=record.cost,
        feasible=stored.feasible and all(value <= 0 for value in beyond.values()),
        violations=beyond,
        cpu_seconds=sum(record.seconds.values()),
        confirmed=confirmed,
        curve=record.curve,
        baseline=record.baseline,
    )


def _front(trials: list[TrialSummary], objectives: list[str]) -> list[TrialSummary]:
    """Choose the front's trials, by their first objective."""
    judged = candidates(trials, objectives)
    if not judged:
        return []
    on_front = non_dominated([trial.values(objectives) for trial in judged])
    best = [trial for trial, chosen in zip(judged, on_front, strict=True) if chosen]
    return sorted(best, key=lambda trial: trial.values(objectives))


def _choice(front: list[TrialSummary], objectives: list[str], weights: dict[str, float] | None) -> TrialSummary | None:
    """Choose the trial of the front that the answer speaks of."""
    if not front:
        return None
    values = [trial.values(objectives) for trial in front]
    logarithmic = [not OBJECTIVES[name].is_error for name in objectives]
    if weights is None:
        return front[knee(values, logarithmic)]
    return front[preferred(values, logarithmic, list(weights.values()))]
