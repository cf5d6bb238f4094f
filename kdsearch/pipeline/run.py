"""`kdsearch run` as a function: data, teacher, search, quiet pass, report."""

import os
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from kdsearch.confirm.confirm import confirm
from kdsearch.data.protocols import SplitSeries
from kdsearch.errors import StudyError
from kdsearch.measure.baselines import naive_baselines
from kdsearch.pipeline.options import RunOptions
from kdsearch.pipeline.setup import check_device, new_runner, split_dataset
from kdsearch.pipeline.spaces import check_space
from kdsearch.record import Baseline, installed_versions, of_role
from kdsearch.report.page.page import write_page
from kdsearch.report.summarise import summarise
from kdsearch.report.summary import StudySummary
from kdsearch.study.constraints import parse_constraints
from kdsearch.study.executors.local import Executor, LocalExecutor
from kdsearch.study.objectives import parse_objectives, reference_point
from kdsearch.study.run_search import run_search
from kdsearch.study.search.driver import StudyEvent
from kdsearch.study.space.files import load_space
from kdsearch.study.space.space import Point, SearchSpace
from kdsearch.study.storage.database import connect, disconnect, failures_named
from kdsearch.study.storage.listing import find_study
from kdsearch.study.storage.meta import StudyMeta
from kdsearch.study.storage.store import StudyStore
from kdsearch.trial.config import PRESETS
from kdsearch.trial.run import TrialRunner
from kdsearch.trial.teachers import teacher_config

__all__ = ["RunResult", "run", "run_space"]


@dataclass(frozen=True)
class RunResult:
    """Where a run ended."""

    summary: StudySummary
    report: Path
    storage: str


def run(options: RunOptions, on_message: Callable[[str], None], on_event: Callable[[StudyEvent], None]) -> RunResult:
    """Search, confirm, report; the same options again go on where an earlier run ended.

    Args:
        options: What was asked.
        on_message: Takes sentences for people.
        on_event: Takes the events of the search.

    Raises:
        KdsearchError: With one sentence that names the mistake and its remedy.
    """
    space = load_space(options.space).with_values(PRESETS.get(options.preset, {}))  # the teacher refuses an unknown one
    return run_space(space, options, on_message, on_event)


def run_space(
    space: SearchSpace, options: RunOptions, on_message: Callable[[str], None], on_event: Callable[[StudyEvent], None]
) -> RunResult:
    """The same in a space that is at hand already, with what the recipe fixes; the options' own name is not looked up.

    Raises:
        KdsearchError: With one sentence that names the mistake and its remedy.
    """
    began = time.monotonic()
    if options.stopping and space.values_of("schedule") - {"cosine"}:
        on_message(
            "early stopping is off: its rule foresees the cosine schedule, and would stop good trials of another one"
        )
        options = replace(options, stopping=False)
    if options.warm_start is not None:
        space = _warm(space, options)
    protocol = options.protocol or space.protocol
    series, data_note = split_dataset(options.dataset or space.dataset, protocol, options.data_dir, options.channel)
    on_message(f"{series.source.name}: {data_note}; {series.protocol.describe(series.source)}")
    check_device(options.device)
    check_space(space, series, teacher_config(series, options.preset, space.teacher))
    executor = _executor(options)  # a wrong address, of either kind, is not to cost a teacher
    if options.storage is not None:
        disconnect(connect(options.storage, create=True))
    with executor as workers:
        runner, networks = new_runner(options, space, series, on_message)
        baselines = [*naive_baselines(series, ("val",)), *networks]
        store = _store(options, space, series, data_note, runner, baselines)
        with failures_named(store.url):
            return _search_and_confirm(options, store, space, runner, baselines, workers, began, on_message, on_event)


def _search_and_confirm(
    options: RunOptions,
    store: StudyStore,
    space: SearchSpace,
    runner: TrialRunner,
    baselines: list[Baseline],
    executor: Executor,
    began: float,
    on_message: Callable[[str], None],
    on_event: Callable[[StudyEvent], None],
) -> RunResult:
    try:
        runner = _with_baselines(store, runner, baselines)
        _announce(summarise(store, options.prefer), on_message)
        left = None if options.budget_seconds is None else options.budget_seconds - (time.monotonic() - began)
        run_search(
            store,
            space,
            parse_objectives(options.objectives),
            runner,
            executor,
            trials=options.trials,
            budget_seconds=left,
            seed=options.seed,
            sampler=options.sampler,
            stopping=options.stopping,
            on_event=on_event,
        )
        also = [point.params for point in space.points] if options.confirm_points else []
        also += [trial.params for trial in summarise(store).best(options.confirm_best)]
        confirm(store, runner, executor, seeds=options.confirm_seeds, on_message=on_message, also=also)
        return RunResult(summarise(store, options.prefer), _report_path(options, store), store.url)
    finally:
        write_page(summarise(store, options.prefer), _report_path(options, store))
        store.close()


def _announce(begun: StudySummary, on_message: Callable[[str], None]) -> None:
    """What of a study is to be known before its trials."""
    for limit in begun.limits:
        on_message(f"limit: {limit.words}")
    for warning in begun.warnings:
        on_message(warning)


def _executor(options: RunOptions) -> AbstractContextManager[Executor]:
    if options.executor == "local":
        return nullcontext(LocalExecutor())
    from kdsearch.study.executors.ray import RayExecutor  # noqa: PLC0415 - seconds to import, and not always there

    workers = options.workers if options.address else options.workers or os.cpu_count()
    return RayExecutor(
        workers,
        address=options.address,
        on_gpu=options.device.startswith("cuda"),
        verbose=options.verbose,
        preload=(TrialRunner.__module__,),
    )


def _report_path(options: RunOptions, store: StudyStore) -> Path:
    return options.studies / store.meta.study / "report.html"


def _warm(space: SearchSpace, options: RunOptions) -> SearchSpace:
    """The space with the front of another study among its points, as far as its parameters fit."""
    other = find_study(str(options.warm_start), options.studies, options.storage)
    front = summarise(other).front_trials
    other.close()
    points = [Point(cite=f"study {other.meta.study}, trial {trial.number}", params=trial.params) for trial in front]
    warm = space.with_points(points)
    if len(warm.points) == len(space.points):
        raise StudyError(
            f"study {options.warm_start!r} has no network on its front that fits space {space.name!r}; "
            "leave --warm-start out, or name another study"
        )
    return warm


def _store(
    options: RunOptions,
    space: SearchSpace,
    series: SplitSeries,
    data_note: str,
    runner: TrialRunner,
    baselines: list[Baseline],
) -> StudyStore:
    name = options.study or f"{re.sub('[^a-z0-9-]+', '-', series.source.name.lower())}-{space.name}"
    objectives = [objective.name for objective in parse_objectives(options.objectives)]
    meta = StudyMeta(
        study=name,
        dataset=series.source.name,
        protocol=series.protocol.name,
        objectives=objectives,
        constraints=[str(constraint) for constraint in parse_constraints(options.constraints)],
        reference_point=reference_point(objectives, baselines),
        data_hash=series.source.content_hash,
        protocol_hash=series.protocol.hash,
        teacher_hash=runner.teacher.hash,
        space_name=space.name,
        space_text=space.text,
        sampler=options.sampler,
        seed=options.seed,
        data_note=data_note,
        protocol_text=series.protocol.describe(series.source),
        command=options.command,
        created=datetime.now().astimezone().isoformat(timespec="seconds"),
        versions=installed_versions("optuna"),
    )
    return StudyStore.create(options.storage or f"sqlite:///{(options.studies / name / 'study.db').resolve()}", meta)


def _with_baselines(store: StudyStore, runner: TrialRunner, baselines: list[Baseline]) -> TrialRunner:
    """Save the baselines, once; the bench at the pace of the study's first reading.

    Latency is an objective: its scale must not move when a study is resumed on another day.
    """
    known = {baseline.name: baseline for baseline in store.baselines()}
    for baseline in baselines:
        if baseline.name not in known:
            store.save_baseline(baseline)
            known[baseline.name] = baseline
    teacher = of_role(known.values(), "teacher")
    first = None if teacher is None else teacher.cost
    if first is None or first.latency_ms is None:
        return runner
    return replace(runner, teacher=replace(runner.teacher, cost=first))
