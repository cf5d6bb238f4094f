"""Ask and tell on a study in SQL: ask for the next configuration, and tell its record."""

import math
import os
import socket
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.samplers import RandomSampler
from optuna.trial import FrozenTrial, TrialState

from kdsearch.errors import StudyError
from kdsearch.measure.objectives import OBJECTIVES, Objective
from kdsearch.record import TrialRecord
from kdsearch.study.constraints import Constraint, shown_in_dashboard, violations
from kdsearch.study.search.no_repeats import NoRepeatSampler
from kdsearch.study.search.samplers import SAMPLERS
from kdsearch.study.space.space import SearchSpace
from kdsearch.study.storage.lock import locked
from kdsearch.study.storage.store import StudyStore

__all__ = ["AskedTrial", "ask", "beat", "interrupt", "open_row", "open_run", "reap", "tell"]

INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class AskedTrial:
    """A configuration that waits for its record.

    Attributes:
        number: The trial's number in its study.
        params: The configuration.
        seed: Training seed, the same for all trials of a study, so that two of them differ by their parameters alone.
        trial: Optuna's trial.
        begun: `time.monotonic()` when it was asked for.
    """

    number: int
    params: dict[str, Any]
    seed: int
    trial: optuna.Trial
    begun: float = field(default_factory=time.monotonic)


def open_run(store: StudyStore, space: SearchSpace, sampler: str, seed: int) -> list[int]:
    """Prepare a study for a run: take over abandoned trials, queue the space's points, choose the sampler.

    A point is queued once per study; the study's rows remember it. The sampler's seed also depends on the number of
    rows and of earlier runs, so that a resumed run, or one beside it, does not propose the same configurations again.

    Args:
        store: The study.
        space: Its space.
        sampler: One of `SAMPLERS`.
        seed: The user's seed.

    Returns:
        Numbers of the abandoned trials, which an ended run left open; they are failed and queued again.

    Raises:
        StudyError: Where there is no such sampler.
    """
    make = SAMPLERS.choose(sampler).make
    study = store.optuna_study
    with locked(store.storage.engine, store.meta.study):
        taken_over = _take_over(store)
        queued = {row.user_attrs.get("cite") for row in study.get_trials(deepcopy=False)} - {None, ""}
        for point in space.points:
            if point.cite in queued:  # by an earlier run, whose budget may have given it other epochs
                continue
            study.enqueue_trial(space.keyed(point.params), user_attrs={"cite": point.cite}, skip_if_exists=True)
        rows = len(study.get_trials(deepcopy=False))
        runs = study.user_attrs.get("runs", 0)
        study.set_user_attr("runs", runs + 1)
    sampler_seed = int(np.random.SeedSequence((seed, rows, runs)).generate_state(1)[0])
    study.sampler = NoRepeatSampler(make(sampler_seed), RandomSampler(sampler_seed), space)
    return taken_over


def reap(store: StudyStore) -> list[int]:
    """Take over abandoned trials: fail them, and queue each once again.

    On this machine a trial is abandoned when the process of its run is gone, on other machines after four missed
    heartbeats. Any number of drivers may call this at any time.

    Args:
        store: The study.

    Returns:
        Numbers of the trials taken over.
    """
    with locked(store.storage.engine, store.meta.study):
        return _take_over(store)


def ask(store: StudyStore, space: SearchSpace) -> AskedTrial:
    """Open a trial: a queued configuration if there is one, else the sampler's next.

    The caller holds the study's lock: until the row names its owner, `reap` takes it for an abandoned one.

    Args:
        store: The study, after `open_run`.
        space: Its space.

    Returns:
        The configuration and its seed.

    Raises:
        StudyError: Where the space no longer fits the study's earlier trials.
    """
    trial = open_row(store)
    try:
        params = space.suggest(trial)
    except ValueError as error:
        trial.set_user_attr("reason", str(error))
        store.optuna_study.tell(trial, state=TrialState.FAIL)
        raise StudyError(
            f"space {space.name!r} does not fit study {store.meta.study!r} any more ({error}); "
            "give the run another --study name"
        ) from error
    return AskedTrial(trial.number, params, store.meta.seed, trial)


def open_row(store: StudyStore) -> optuna.Trial:
    """Open a row of the study that names this process; the caller holds the study's lock."""
    with warnings.catch_warnings():
        # Optuna sends heartbeats in `Study.optimize` alone; here `beat` sends them.
        warnings.filterwarnings("ignore", message="Heartbeat of storage is supposed")
        trial = store.optuna_study.ask()
    store.storage.record_heartbeat(trial._trial_id)
    trial.set_user_attr("owner", store.owner)
    return trial


def tell(
    store: StudyStore,
    asked: AskedTrial,
    record: TrialRecord,
    weights: bytes | None,
    objectives: Sequence[Objective],
    constraints: Sequence[Constraint] = (),
) -> TrialRecord:
    """Close a trial: save its record and weights, and tell Optuna its values and state.

    Args:
        store: The study.
        asked: From `ask`.
        record: Record of the trial. COMPLETE becomes FAIL where an objective, or a quantity with a limit, is missing
            or not finite.
        weights: The small network, in any format; the store does not read it.
        objectives: The study's objectives, in its order.
        constraints: The study's limits, resolved; Optuna is told how far the record is beyond them.

    Returns:
        The record as it was kept.
    """
    values = [objective.value(record) for objective in objectives]
    if record.state == "COMPLETE":
        # The GP sampler, too, refuses a study where some complete rows lack a constraint.
        for objective in (*objectives, *(OBJECTIVES[one.name] for one in constraints)):
            if not math.isfinite(value := objective.value(record)):
                reason = f"{objective.name} is {value}: it diverged or was not measured"
                record = record.model_copy(update={"state": "FAIL", "reason": reason})
                break
    study = store.optuna_study
    store.save_record(asked.number, record, weights)
    with locked(store.storage.engine, store.meta.study):
        if store.storage.get_trial(asked.trial._trial_id).state.is_finished():
            return record  # This process slept so long that another run took the trial over.
        for name, value in _attributes(record).items():
            asked.trial.set_user_attr(name, value)
        if record.state != "FAIL":
            _write_violations(store, asked, violations(constraints, record))
        study.tell(asked.trial, values if record.state == "COMPLETE" else None, TrialState[record.state])
    return record


def _write_violations(store: StudyStore, asked: AskedTrial, found: dict[str, float]) -> None:
    """Write how far a row breaks each limit: by this, samplers and optuna-dashboard know the feasible rows."""
    for name, value in found.items():
        asked.trial.set_constraint(name, value)
    if found:
        store.storage.set_trial_system_attr(asked.trial._trial_id, "constraints", shown_in_dashboard(found))


def _attributes(record: TrialRecord) -> dict[str, Any]:
    """List the attributes of a trial that optuna-dashboard shows beside its values."""
    shown: dict[str, Any] = {"route": record.route, "seed": record.seed}
    if record.reason is not None:
        shown["reason"] = record.reason
    if record.cost is not None:
        shown["cost"] = record.cost.model_dump(
            exclude_none=True, exclude={"uncounted_operators"}, exclude_defaults=True
        )
    return shown


def interrupt(store: StudyStore, trial: FrozenTrial, *, queue_again: bool) -> None:
    """Close a trial whose record will not come, and queue its configuration again if asked to.

    Args:
        store: The study.
        trial: A RUNNING row.
        queue_again: Whether a new row is to run the same parameters.
    """
    with locked(store.storage.engine, store.meta.study):
        _interrupt(store, trial, queue_again=queue_again)


def _interrupt(store: StudyStore, trial: FrozenTrial, *, queue_again: bool) -> None:
    """Do the same under the lock; where this is killed half-way, the next run to take the row over completes it."""
    try:
        store.storage.set_trial_user_attr(trial._trial_id, "reason", INTERRUPTED)
    except UpdateFinishedTrialError:
        return  # Another run was quicker.
    study = store.optuna_study
    params = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
    queued = any(row.user_attrs.get("retry_of") == trial.number for row in study.get_trials(deepcopy=False))
    if queue_again and params and not queued:
        study.enqueue_trial(params, user_attrs={"retry_of": trial.number})
    study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)


def beat(store: StudyStore, trials: Sequence[AskedTrial]) -> None:
    """Send heartbeats of these trials to the study; due every `HEARTBEAT_SECONDS`."""
    for asked in trials:
        store.storage.record_heartbeat(asked.trial._trial_id)


def _take_over(store: StudyStore) -> list[int]:
    abandoned = _abandoned(store)
    for trial in abandoned:
        # Once only: a configuration that took its driver down twice would do so for ever.
        _interrupt(store, trial, queue_again="retry_of" not in trial.user_attrs)
    return [trial.number for trial in abandoned]


def _abandoned(store: StudyStore) -> list[FrozenTrial]:
    """Find the abandoned rows: those RUNNING without a living process."""
    silent = set(store.storage._get_stale_trial_ids(store.optuna_study._study_id))
    running = store.optuna_study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    return [trial for trial in running if trial._trial_id in silent or _owner_is_gone(trial, store.owner)]


def _owner_is_gone(trial: FrozenTrial, ours: str) -> bool:
    """Check whether the trial's process was on this machine and has ended; for other machines heartbeats tell."""
    owner = trial.user_attrs.get("owner")
    if owner is None:
        return True  # Rows get their owner under the lock that is held here: the process was killed within `ask`.
    host, _, rest = owner.partition(":")
    pid, _, _ = rest.partition(":")
    if owner == ours or host != socket.gethostname():
        return False
    if int(pid) == os.getpid():
        return True  # an earlier opening of the study by this process
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False  # alive, and another user's
    return False
