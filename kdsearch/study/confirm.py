"""The quiet pass over the candidates of the front: further seeds, twins without a teacher, test split, latency."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
import torch

from kdsearch.bundle import Bundle
from kdsearch.data.windows import WindowedSeries
from kdsearch.errors import RunError
from kdsearch.measure.latency import PAPER_BATCH, measure_latency
from kdsearch.models import Forecaster
from kdsearch.record import Confirmation, Cost, Latency, Metrics, Reference
from kdsearch.study.store import StoredTrial, StudyStore
from kdsearch.teachers import reference_lines
from kdsearch.trial import Bench

__all__ = ["confirm"]

SINGLE_REPEATS = 300
BATCH_REPEATS = 5
BATCH_SECONDS = 60.0


@dataclass(frozen=True)
class _Job:
    """One more training of a candidate: another seed, or the twin without a teacher."""

    number: int
    params: dict[str, Any]
    seed: int
    twin: bool


def confirm(
    store: StudyStore, bench: Bench, *, seeds: int, workers: int, progress: Callable[[str], None]
) -> list[Confirmation]:
    """Train the candidates again where that is asked, score the test split, and time everything with nothing beside it.

    Args:
        store: The study; its candidates are Optuna's best trials, the feasible ones that no other dominates.
        bench: What trains and scores.
        seeds: Training seeds of each candidate: its own and the next ones.
        workers: Trainings at a time.
        progress: Takes sentences for people.

    Returns:
        What was saved, one for each candidate.

    Raises:
        RunError: Where a training of a candidate fails.
    """
    numbers = {trial.number for trial in store.optuna_study.best_trials}
    candidates = [trial for trial in store.trials() if trial.number in numbers and trial.record is not None]
    wanted = [trial for trial in candidates if not _confirmed(trial, seeds)]
    jobs = [job for trial in wanted for job in _jobs(trial, seeds)]
    if jobs:
        progress(
            f"training {len(wanted)} candidates again: {len(jobs)} runs of further seeds and of twins without a teacher"
        )
    trained = dict(_trained(bench, jobs, workers, progress))
    progress(f"quiet pass: timing {len(candidates)} candidates, scoring the test split")
    bundles = {trial.number: Bundle.from_bytes(_weights(store, trial)) for trial in candidates}
    costs = _quiet_costs(bench, store, candidates, bundles)
    saved = []
    for trial in candidates:
        if trial in wanted:
            confirmation = _confirmation(bench, trial, bundles[trial.number], seeds, trained, costs[trial.number])
        elif trial.confirmation is not None:
            confirmation = trial.confirmation.model_copy(update={"cost": costs[trial.number]})
        store.save_confirmation(confirmation)
        saved.append(confirmation)
    return saved


def _confirmed(trial: StoredTrial, seeds: int) -> bool:
    return trial.confirmation is not None and len(trial.confirmation.seeds) >= seeds


def _distilled(trial: StoredTrial) -> bool:
    return bool(trial.params.get("loss", "none") != "none")


def _seeds(trial: StoredTrial, seeds: int) -> list[int]:
    own = trial.record.seed if trial.record is not None else 0
    return [own + further for further in range(seeds)]


def _jobs(trial: StoredTrial, seeds: int) -> Iterator[_Job]:
    own, *others = _seeds(trial, seeds)
    for seed in others:
        yield _Job(trial.number, trial.params, seed, twin=False)
    if _distilled(trial):
        for seed in (own, *others):
            yield _Job(trial.number, trial.params | {"loss": "none"}, seed, twin=True)


_bench: Bench | None = None


def _adopt(bench: Bench) -> None:
    """Give a worker process its bench, once."""
    global _bench  # noqa: PLW0603 - a process pool hands its initialiser no other place
    _bench = bench


def _train(job: _Job) -> bytes:
    if _bench is None:
        raise RuntimeError("the worker has no bench")
    _, weights = _bench.run(job.params, job.seed)
    if weights is None:
        raise RunError(f"trial {job.number} gave no network with seed {job.seed}")
    return weights


def _trained(
    bench: Bench, jobs: list[_Job], workers: int, progress: Callable[[str], None]
) -> Iterator[tuple[tuple[int, int, bool], dict[str, Any]]]:
    """Metrics of every job, by (trial, seed, twin)."""
    began = time.monotonic()
    with ProcessPoolExecutor(workers, get_context("spawn"), _adopt, (bench,)) as pool:
        futures = {pool.submit(_train, job): job for job in jobs}
        for done, future in enumerate(as_completed(futures), 1):
            job = futures[future]
            try:
                bundle = Bundle.from_bytes(future.result())
            except Exception as error:
                pool.shutdown(cancel_futures=True)
                raise RunError(
                    f"trial {job.number} failed when trained again with seed {job.seed}: {error}; "
                    "give the same command again, or fewer --confirm-seeds"
                ) from error
            yield (job.number, job.seed, job.twin), _scores(bench, bundle)
            progress(f"confirmed {done} of {len(jobs)} runs in {time.monotonic() - began:.0f} s")


def _scores(bench: Bench, bundle: Bundle) -> Metrics:
    return {part: bench.bundle_metrics(bundle, part) for part in ("val", "test")}


def _weights(store: StudyStore, trial: StoredTrial) -> bytes:
    weights = store.weights(trial.number)
    if weights is None:
        raise RunError(f"trial {trial.number} has no weights in {store.meta.study}; the database was cut short")
    return weights


def _confirmation(
    bench: Bench, trial: StoredTrial, bundle: Bundle, seeds: int, trained: dict[Any, Metrics], cost: Cost
) -> Confirmation:
    own, *others = all_seeds = _seeds(trial, seeds)
    return Confirmation(
        number=trial.number,
        seeds=all_seeds,
        metrics=[_scores(bench, bundle), *(trained[trial.number, seed, False] for seed in others)],
        cost=cost,
        twin_metrics=[trained[trial.number, seed, True] for seed in (own, *others)] if _distilled(trial) else [],
    )


def _quiet_costs(
    bench: Bench, store: StudyStore, candidates: list[StoredTrial], bundles: dict[int, Bundle]
) -> dict[int, Cost]:
    """Costs, with candidates and teacher timed in alternation; saves the reference lines with their test errors."""
    device = torch.device(bench.device)
    teacher = bench.teacher.bundle.network(device)
    networks = [teacher, *(bundles[trial.number].network(device) for trial in candidates)]
    single, batch = _timed(bench, networks, 1, SINGLE_REPEATS), _timed(bench, networks, PAPER_BATCH, BATCH_REPEATS)
    costs = {
        trial.number: _with_latency(trial.record.cost, single[place], batch[place], single[0], batch[0])
        for place, trial in enumerate(candidates, 1)
        if trial.record is not None and trial.record.cost is not None
    }
    for reference in reference_lines(bench.prepared, ("val", "test")):
        store.save_reference(reference)
    known = next(reference for reference in store.references() if reference.name == "teacher")
    if known.cost is None:
        raise RunError(f"the teacher of {store.meta.study} has no cost on record; give the same command again")
    cost = _with_latency(known.cost, single[0], batch[0], single[0], batch[0])
    scores = _scores(bench, bench.teacher.bundle)
    store.save_reference(Reference(name="teacher", metrics=scores, cost=cost, note=known.note))
    return costs


def _timed(bench: Bench, networks: list[Forecaster], batch: int, repeats: int) -> list[Latency]:
    data = WindowedSeries(bench.prepared, bench.teacher.bundle.scaler, torch.device(bench.device))
    starts = bench.prepared.parts["train"].starts
    windows = data.inputs(torch.as_tensor(starts[np.arange(batch) % len(starts)], device=data.device))
    horizon = bench.prepared.protocol.horizon
    return measure_latency(
        networks, windows, horizon, repeats=repeats, threads=bench.threads, max_seconds=BATCH_SECONDS
    )


def _with_latency(cost: Cost, single: Latency, batch: Latency, teacher: Latency, teacher_batch: Latency) -> Cost:
    return cost.model_copy(
        update={
            "latency_ms": single,
            "latency_batch_ms": batch,
            "latency_ratio": single.p50 / teacher.p50,
            "latency_batch_ratio": batch.p50 / teacher_batch.p50,
        }
    )
