"""Begin the study of a run: its points, its row in the database, its baselines."""

import math
from dataclasses import replace
from datetime import datetime

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.answers import Answers
from kdsearch.data.examples import ExampleWindows
from kdsearch.data.protocols import SplitSeries
from kdsearch.data.target import Target
from kdsearch.errors import StudyError
from kdsearch.extensions import loaded_extensions
from kdsearch.measure.objectives import OBJECTIVES, parse_objectives, reference_point
from kdsearch.origin import installed_versions
from kdsearch.pipeline.options import RunOptions
from kdsearch.pipeline.setup import taken_network
from kdsearch.record import Baseline
from kdsearch.report.page.place import check_folder
from kdsearch.report.summarise import summarise
from kdsearch.study.constraints import parse_constraints
from kdsearch.study.names import default_name, name_mistake
from kdsearch.study.space.space import Point, SearchSpace
from kdsearch.study.storage.address import sqlite_address
from kdsearch.study.storage.damage import refusing_damage
from kdsearch.study.storage.database import connect, disconnect
from kdsearch.study.storage.listing import find_study
from kdsearch.study.storage.meta import ImportedText, StudyMeta, read_metas
from kdsearch.study.storage.store import StudyStore
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.run import TrialRunner
from kdsearch.trial.teacher_settings import asked_key, hash_of
from kdsearch.trial.teachers import TrainedNetwork

__all__ = ["begin_study", "check_errors", "check_study", "study_meta", "warm_space", "with_baselines"]


def warm_space(space: SearchSpace, options: RunOptions) -> SearchSpace:
    """Add the front of another study to a space's points, as far as its parameters fit."""
    other = find_study(str(options.warm_start), options.studies, options.storage)
    front = summarise(other).front_trials
    other.close()
    points = [
        Point(
            cite=f"study {other.meta.study}, trial {trial.number}",
            # A study of one family does not name it; one that was trained beside a search has its own depth as None.
            params={"family": TrialConfig().family}
            | {name: value for name, value in trial.params.items() if value is not None},
        )
        for trial in front
    ]
    warm = space.with_points(points)
    if len(warm.points) == len(space.points):
        raise StudyError(
            f"study {options.warm_start!r} has no network on its front that fits space {space.name!r}; "
            "leave --warm-start out, or name another study"
        )
    return warm


def study_meta(
    options: RunOptions, space: SearchSpace, series: SplitSeries, data_note: str, answers: Answers | None = None
) -> StudyMeta:
    """Write down what the study of a run is of, before anything is trained for it.

    Args:
        options: What was asked.
        space: What is searched.
        series: Cut by the protocol.
        data_note: What of the public files the data is.
        answers: Forecasts from a file, from which students learn.
    """
    objectives = [objective.name for objective in parse_objectives(options.objectives)]
    return StudyMeta(
        study=_study_name(options.study, series.source.name, space.name),
        dataset=series.source.name,
        protocol=series.protocol.name,
        unit=series.unit,
        objectives=objectives,
        constraints=[str(constraint) for constraint in parse_constraints(options.constraints)],
        data_hash=series.source.content_hash,
        protocol_hash=series.protocol.hash,
        teacher_hash=_teacher_key(options, space, series, answers),
        answers="" if answers is None else answers.name,
        space_name=space.name,
        space_text=space.text,
        sampler=options.sampler,
        runtime=options.runtime,
        seed=options.seed,
        data_note=data_note,
        protocol_text=series.protocol.describe(series.source),
        command=options.command,
        created=datetime.now().astimezone().isoformat(timespec="seconds"),
        versions=installed_versions("optuna"),
        imports=[ImportedText(name=one.given, hash=one.hash, text=one.text) for one in loaded_extensions()],
        target=Target.of(series),
    )


def _teacher_key(options: RunOptions, space: SearchSpace, series: SplitSeries, answers: Answers | None) -> str:
    """Hash what is asked of the teacher; of one network alone as studies have always kept it."""
    keys = [asked_key(series, options.preset, settings, options.seed) for settings in space.teachers]
    own = keys[0] if len(keys) == 1 and space.ensemble == 1 else hash_of(*sorted(keys), space.ensemble)
    return own if answers is None else hash_of(own, answers.hash)


def _study_name(asked: str | None, dataset: str, space: str) -> str:
    """Name the study: as asked, else by dataset and space.

    Raises:
        StudyError: Where dataset and space give no name of a folder.
    """
    name = asked or default_name(dataset, space)
    if mistake := name_mistake(name):
        raise StudyError(f"the study's name would be {name!r}, which {mistake}; name it with --study")
    return name


def check_errors(options: RunOptions, baseline: Baseline, dataset: str) -> None:
    """Refuse an error that the validation part has no value of, before a teacher is trained.

    Args:
        options: What was asked.
        baseline: Any forecast's errors there: which truths count does not depend on the forecast.
        dataset: Name, for the message.

    Raises:
        StudyError: With the first objective or limit of that kind.
    """
    asked = [("--objective", objective) for objective in parse_objectives(options.objectives)]
    asked += [("--constraint", OBJECTIVES[limit.name]) for limit in parse_constraints(options.constraints)]
    for option, objective in asked:
        if objective.is_error and not math.isfinite(objective.value(baseline)):
            raise StudyError(
                f"{option} {objective.name} has no value in the validation part of {dataset}: no reading there is "
                "large enough for an error in per cent; choose mae or rmse"
            )


def check_study(options: RunOptions, meta: StudyMeta) -> dict[str, tuple[Baseline, bytes]]:
    """Refuse a database that cannot be used or is damaged, and a study of something else, before a teacher is trained.

    Returns:
        The networks that the study keeps (`StudyStore.networks`), which this run takes.

    Raises:
        StudyError: With what differs, or why the database cannot be used.
    """
    check_folder(options.studies / meta.study, "the study", "--studies", StudyError)  # its report goes there too
    storage = connect(_address(options, meta), create=True)
    begun = meta.study in read_metas(storage)
    disconnect(storage)
    if not begun:
        return {}
    store = StudyStore.create(_address(options, meta), meta)
    kept = store.networks()
    store.trials()
    for name, (_, packed) in kept.items():
        with refusing_damage(store.url, f"the network {name!r} of study {meta.study!r}"):
            Checkpoint.from_bytes(packed)
    store.close()
    return kept


def begin_study(options: RunOptions, meta: StudyMeta, baselines: list[Baseline]) -> StudyStore:
    """Make the study of a run, or open it where an earlier run made it.

    Raises:
        StudyError: Where a study of that name is of something else.
    """
    corner = reference_point(meta.objectives, baselines)
    return StudyStore.create(_address(options, meta), meta.model_copy(update={"reference_point": corner}))


def _address(options: RunOptions, meta: StudyMeta) -> str:
    return options.storage or sqlite_address(options.studies / meta.study / "study.db")


def with_baselines(store: StudyStore, runner: TrialRunner, baselines: list[Baseline]) -> TrialRunner:
    """Keep baselines, networks and windows of the data in the study; where another run was first, take its networks.

    All runs of a study learn from one teacher, and at the pace of its first reading: latency is an objective, whose
    scale must not move when a study is resumed on another day.
    """
    networks = {"teacher": runner.teacher, **runner.baselines}
    _, there = store.networks_kept()
    packed = {name: network.checkpoint.to_bytes() for name, network in networks.items() if name not in there}
    store.add_baselines(baselines, packed)
    if store.examples() is None:
        store.save_examples(ExampleWindows.of(runner.series).to_bytes())
    kept = store.networks()
    taken = {name: _taken(runner, network, *kept[name]) for name, network in networks.items()}
    teacher = taken.pop("teacher")
    return replace(runner, teacher=teacher, base=taken.get("base"), baselines=taken)


def _taken(runner: TrialRunner, network: TrainedNetwork, baseline: Baseline, packed: bytes) -> TrainedNetwork:
    """Take the study's network in place of ours, or its first cost where they are one."""
    if baseline.cost is not None and Checkpoint.from_bytes(packed).hash == network.checkpoint.hash:
        return replace(network, cost=baseline.cost)
    return taken_network(runner.series, baseline, packed, runner.device)
