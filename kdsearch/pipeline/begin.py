"""Begin the study of a run: its points, its row in the database, its baselines."""

import re
from dataclasses import replace
from datetime import datetime

from kdsearch.data.protocols import SplitSeries
from kdsearch.errors import StudyError
from kdsearch.measure.objectives import parse_objectives, reference_point
from kdsearch.pipeline.options import RunOptions
from kdsearch.record import Baseline, installed_versions, of_role
from kdsearch.report.summarise import summarise
from kdsearch.study.constraints import parse_constraints
from kdsearch.study.space.space import Point, SearchSpace
from kdsearch.study.storage.listing import find_study
from kdsearch.study.storage.meta import ImportedText, StudyMeta
from kdsearch.study.storage.store import StudyStore
from kdsearch.trial.run import TrialRunner

__all__ = ["begin_study", "warm_space", "with_baselines"]


def warm_space(space: SearchSpace, options: RunOptions) -> SearchSpace:
    """Add the front of another study to a space's points, as far as its parameters fit."""
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


def begin_study(
    options: RunOptions,
    space: SearchSpace,
    series: SplitSeries,
    data_note: str,
    runner: TrialRunner,
    baselines: list[Baseline],
) -> StudyStore:
    """Make the study of a run, or open it where an earlier run made it.

    Raises:
        StudyError: Where a study of that name is of something else.
    """
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
        imports=[ImportedText(name=one.name, hash=one.hash, text=one.text) for one in runner.extensions],
    )
    return StudyStore.create(options.storage or f"sqlite:///{(options.studies / name / 'study.db').resolve()}", meta)


def with_baselines(store: StudyStore, runner: TrialRunner, baselines: list[Baseline]) -> TrialRunner:
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
