"""The quiet pass over the front: further seeds, twins without a teacher in the loss, test split, latency."""

import time
from collections.abc import Callable, Iterator

import numpy as np
import torch

from kdsearch.bundle import Bundle
from kdsearch.data.windows import WindowedSeries
from kdsearch.errors import RunError
from kdsearch.measure.latency import PAPER_BATCH, measure_latency
from kdsearch.models import Forecaster
from kdsearch.record import Confirmation, Cost, Latency, Metrics, Reference
from kdsearch.report.summary import summarise
from kdsearch.retrain import Job, retrain, scores_of
from kdsearch.study.executors import Executor
from kdsearch.study.store import StoredTrial, StudyStore
from kdsearch.teachers import reference_lines
from kdsearch.trial import Bench

__all__ = ["confirm"]

SINGLE_REPEATS = 300
BATCH_REPEATS = 20
BATCH_SECONDS = 45.0


def confirm(
    store: StudyStore, bench: Bench, executor: Executor, *, seeds: int, progress: Callable[[str], None]
) -> None:
    """Confirm the front, and what the front becomes by it, until all of it is confirmed.

    Quiet latencies replace first readings, so that another trial can move onto the front; it is then confirmed too, in
    a further round. A round is saved as a whole: one that is interrupted is trained again by the next run.

    Args:
        store: The study.
        bench: What trains and scores.
        executor: Runs the trainings.
        seeds: Training seeds of each candidate: its own and the next ones.
        progress: Takes sentences for people.
    """
    while wanted := _unconfirmed(store, seeds):
        jobs = [job for trial in wanted for job in _jobs(trial, seeds)]
        if jobs:
            progress(f"quiet pass: {len(jobs)} trainings of further seeds and of twins for {len(wanted)} networks")
        scores: dict[tuple[int, int, bool], Metrics] = {}
        for job, scored in _trained(bench, jobs, executor, progress):
            scores[job.number, job.seed, job.twin] = scored
        progress(f"quiet pass: scoring the test split and timing {len(wanted)} networks")
        bundles = [Bundle.from_bytes(_weights(store, trial)) for trial in wanted]
        costs = _quiet_costs(bench, store, wanted, bundles)
        for trial, bundle, cost in zip(wanted, bundles, costs, strict=True):
            store.save_confirmation(_confirmation(bench, trial, bundle, seeds, scores, cost))


def _unconfirmed(store: StudyStore, seeds: int) -> list[StoredTrial]:
    """Trials of the reported front that were not confirmed with so many seeds."""
    front = summarise(store).front
    return [
        trial
        for trial in store.trials()
        if trial.number in front and (trial.confirmation is None or trial.confirmation.asked_seeds < seeds)
    ]


def _distilled(trial: StoredTrial) -> bool:
    return bool(trial.params.get("loss", "none") != "none")


def _seeds(trial: StoredTrial, seeds: int) -> list[int]:
    own = trial.record.seed if trial.record is not None else 0
    return [own + further for further in range(seeds)]


def _jobs(trial: StoredTrial, seeds: int) -> Iterator[Job]:
    own, *others = _seeds(trial, seeds)
    for seed in others:
        yield Job(trial.number, trial.params, seed, twin=False)
    if _distilled(trial):
        for seed in (own, *others):
            yield Job(trial.number, trial.params | {"loss": "none"}, seed, twin=True)


def _trained(
    bench: Bench, jobs: list[Job], executor: Executor, progress: Callable[[str], None]
) -> Iterator[tuple[Job, Metrics]]:
    """Every job with its scores, those left out whose training failed."""
    began = time.monotonic()
    for done, (job, scores, death) in enumerate(executor.map(retrain, bench, jobs), 1):
        progress(f"quiet pass: {done} of {len(jobs)} trainings after {time.monotonic() - began:.0f} s")
        if isinstance(scores, dict):
            yield job, scores
        else:
            reason = scores or death
            progress(f"trial {job.number} failed with seed {job.seed}, which is left out of its means: {reason}")


def _weights(store: StudyStore, trial: StoredTrial) -> bytes:
    weights = store.weights(trial.number)
    if weights is None:
        raise RunError(f"trial {trial.number} has no weights in {store.meta.study}; the database was cut short")
    return weights


def _confirmation(
    bench: Bench,
    trial: StoredTrial,
    bundle: Bundle,
    seeds: int,
    scores: dict[tuple[int, int, bool], Metrics],
    cost: Cost,
) -> Confirmation:
    """Means are over the seeds that gave a network, and a twin where there is one."""
    own, *others = _seeds(trial, seeds)
    scores[trial.number, own, False] = scores_of(bench, bundle)
    wanted = (False, True) if _distilled(trial) else (False,)
    whole = [seed for seed in (own, *others) if all((trial.number, seed, twin) in scores for twin in wanted)]
    kept = whole or [own]  # where every twin failed there is nothing to pair with
    return Confirmation(
        number=trial.number,
        asked_seeds=seeds,
        seeds=kept,
        metrics=[scores[trial.number, seed, False] for seed in kept],
        cost=cost,
        twin_metrics=[scores[trial.number, seed, True] for seed in whole] if _distilled(trial) else [],
    )


def _quiet_costs(bench: Bench, store: StudyStore, trials: list[StoredTrial], bundles: list[Bundle]) -> list[Cost]:
    """Costs, networks and teacher timed in alternation; saves the reference lines with their test errors."""
    device = torch.device(bench.device)
    networks = [bench.teacher.bundle.network(device), *(bundle.network(device) for bundle in bundles)]
    single, batch = _timed(bench, networks, 1, SINGLE_REPEATS), _timed(bench, networks, PAPER_BATCH, BATCH_REPEATS)
    for reference in reference_lines(bench.prepared, ("val", "test")):
        store.save_reference(reference)
    known = next(reference for reference in store.references() if reference.name == "teacher")
    known_costs = [known.cost, *(trial.record.cost if trial.record is not None else None for trial in trials)]
    pace = bench.teacher.latency.p50 / single[0].p50
    timed = [
        cost.model_copy(
            update={
                "latency_ms": one.model_copy(update={"p50": one.p50 * pace, "p95": one.p95 * pace}),
                "latency_batch_ms": many,
                "latency_ratio": one.p50 / single[0].p50,
                "latency_batch_ratio": many.p50 / batch[0].p50,
            }
        )
        for cost, one, many in zip(known_costs, single, batch, strict=True)
        if cost is not None
    ]
    scores = scores_of(bench, bench.teacher.bundle)
    store.save_reference(Reference(name="teacher", metrics=scores, cost=timed[0], note=known.note))
    return timed[1:]


def _timed(bench: Bench, networks: list[Forecaster], batch: int, repeats: int) -> list[Latency]:
    data = WindowedSeries(bench.prepared, bench.teacher.bundle.scaler, torch.device(bench.device))
    starts = bench.prepared.parts["train"].starts
    windows = data.inputs(torch.as_tensor(starts[np.arange(batch) % len(starts)], device=data.device))
    horizon = bench.prepared.protocol.horizon
    return measure_latency(
        networks, windows, horizon, repeats=repeats, threads=bench.threads, max_seconds=BATCH_SECONDS
    )
