"""Enter networks that were trained beside a search as trials of it, so that they stand on the same front."""

from collections.abc import Sequence
from typing import Any

from kdsearch.measure.objectives import Objective
from kdsearch.record import TrialRecord
from kdsearch.study.search.ask_tell import AskedTrial, open_row, tell
from kdsearch.study.space.parameters import Choice, Parameter, Range
from kdsearch.study.space.space import SearchSpace
from kdsearch.study.storage.lock import locked
from kdsearch.study.storage.store import StudyStore

__all__ = ["adopt"]


def adopt(
    store: StudyStore, space: SearchSpace, record: TrialRecord, weights: bytes, objectives: Sequence[Objective]
) -> int | None:
    """Enter a trained network as a finished trial; once, and only before the study's own first trial.

    Its settings may lie outside the space's ranges; samplers learn from those that do not.

    Args:
        store: The study.
        space: Its space, which searches the network's family.
        record: Of the network's training, with its name in `baseline` and its configuration in `params`.
        weights: Its `Checkpoint`.
        objectives: The study's objectives, in its order.

    Returns:
        The trial's number; None where it was not entered.
    """
    study = store.optuna_study
    with locked(store.storage.engine, store.meta.study):
        rows = study.get_trials(deepcopy=False)
        adopted = {row.user_attrs.get("adopted") for row in rows}
        if None in adopted or record.baseline in adopted:
            return None
        asked = _asked(space, record.params)
        values = {parameter.key: record.params[parameter.name] for parameter in asked}
        study.enqueue_trial(values, user_attrs={"adopted": record.baseline})
        trial = open_row(store)
        for parameter in asked:
            parameter.suggest(trial)
    opened = AskedTrial(trial.number, record.params, record.seed, trial)
    tell(store, opened, record, weights, objectives, store.limits())
    return opened.number


def _asked(space: SearchSpace, params: dict[str, Any]) -> list[Parameter]:
    """List the parameters that apply to a configuration, their ranges wide enough for it; others are left out."""
    asked: list[Parameter] = []

    def given(parameter: Parameter) -> Any:
        value = params.get(parameter.name)
        if isinstance(parameter, Choice) and value in parameter.choices:
            asked.append(parameter)
        if isinstance(parameter, Range) and isinstance(value, int | float):
            ends = {"low": min(parameter.low, value), "high": max(parameter.high, value)}
            asked.append(parameter.model_copy(update=ends))
        return value

    space.walk(given)
    return asked
