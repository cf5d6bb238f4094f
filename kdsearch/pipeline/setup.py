"""Prepare a run: load data, train teacher and baselines, or take them from the cache."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.protocols import SplitSeries
from kdsearch.distill.loss_table import LOSSES
from kdsearch.errors import StudyError
from kdsearch.extensions import loaded_extensions
from kdsearch.origin import Origin, installed_versions
from kdsearch.pipeline.budget import Budget
from kdsearch.pipeline.election import Elected, elect
from kdsearch.pipeline.options import RunOptions
from kdsearch.pipeline.trainer import Trainer, TrainingEvent, family_threads
from kdsearch.record import Baseline, Role, TrialRecord
from kdsearch.study.space.space import SearchSpace
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.network import new_network
from kdsearch.trial.run import TrialRunner
from kdsearch.trial.teacher_settings import BASE_WIDTH, STID, teacher_config
from kdsearch.trial.teachers import TrainedNetwork, cached_network, kept_network, network_baseline

__all__ = [
    "Shared",
    "check_beside_teacher",
    "check_device",
    "make_features",
    "shared_networks",
    "taken_network",
    "trained_teacher",
]


def trained_teacher(
    series: SplitSeries, preset: str, settings: dict[str, Any], seed: int, *, device: str = "cpu"
) -> tuple[TrainedNetwork, TrialRecord]:
    """Train one network that a preset and settings ask for, or take it from the cache."""
    check_device(device)
    config = teacher_config(series, preset, settings)
    return cached_network(series, config, seed, training_threads=family_threads(config.family), device=device)


def taken_network(series: SplitSeries, baseline: Baseline, packed: bytes, device: str) -> TrainedNetwork:
    """Take a network that a study keeps, whatever machine and versions trained it."""
    threads = family_threads(Checkpoint.from_bytes(packed).spec["family"])
    return kept_network(series, baseline, packed, threads=threads, device=device)


def check_device(device: str) -> None:
    """Refuse a device before anything is trained for it."""
    here = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    if device not in here and not (device == "cuda" and len(here) > 1):
        raise StudyError(f"there is no device {device!r} here; choose one of {', '.join(here)}")


@dataclass(frozen=True, eq=False)
class Shared:
    """What the trials of a run share.

    Attributes:
        runner: Trains and measures one configuration.
        baselines: The networks in it, the teacher first.
        records: Of the networks that were trained for this study now, by name.
    """

    runner: TrialRunner
    baselines: list[Baseline]
    records: dict[str, TrialRecord]


def shared_networks(
    options: RunOptions,
    space: SearchSpace,
    series: SplitSeries,
    kept: dict[str, tuple[Baseline, bytes]],
    budget: Budget,
    on_message: Callable[[str], None],
    on_training: Callable[[TrainingEvent], None],
) -> Shared:
    """Take from the study what trials share, else train it or take it from the cache.

    Args:
        options: What was asked.
        space: What is searched.
        series: Series cut by the protocol.
        kept: Networks of the study, by name (`StudyStore.networks`).
        budget: Time of the run, of which all this may take a share.
        on_message: Takes sentences for people.
        on_training: Takes the events of trainings.
    """
    others = _beside_teacher(options.preset, space)
    configs = {name: teacher_config(series, preset, settings) for name, _, preset, settings in others}
    until = budget.teacher_until
    trainer = Trainer(series, options.preset, options.device, until, on_message, on_training)
    if "teacher" in kept:
        elected = _kept_teacher(options, space, series, kept, on_message)
    else:
        reserved = 0.0
        if until is not None:
            reserved = sum(trainer.foreseen(one, options.seed).seconds(one.epochs) for one in configs.values())
            reserved = min(reserved, (until - time.monotonic()) / 2)
        early = replace(trainer, until=None if until is None else until - reserved)
        elected = elect(early, space.teachers, space.ensemble, options.objectives, options.seed)
    if until is not None and budget.search_until is not None:  # the teacher took longer than foreseen
        now = time.monotonic()
        trainer = replace(trainer, until=max(until, now + (budget.search_until - now) / 4))
    networks, baselines, records = dict(elected.networks), list(elected.baselines), dict(elected.records)
    for name, role, _, _ in others:
        if name in kept:
            baseline, packed = kept[name]
            networks[name] = taken_network(series, baseline, packed, options.device)
        else:
            config, foreseen = trainer.shortened(configs[name], options.seed, name)
            networks[name], records[name] = trainer.trained(config, options.seed, foreseen, networks["teacher"], name)
            baseline = network_baseline(name, role, networks[name], records[name])
        baselines.append(baseline)
    for baseline in baselines:
        on_message(_made(networks[baseline.name], baseline, series.unit))
    teacher = networks.pop("teacher")
    runner = TrialRunner(
        series, teacher, networks.get("base"), networks, device=options.device, extensions=loaded_extensions()
    )
    return Shared(runner, baselines, records)


def _kept_teacher(
    options: RunOptions,
    space: SearchSpace,
    series: SplitSeries,
    kept: dict[str, tuple[Baseline, bytes]],
    on_message: Callable[[str], None],
) -> Elected:
    """Take the study's teacher, and its other candidates."""
    origin, family = kept["teacher"][0].origin, Checkpoint.from_bytes(kept["teacher"][1]).first_member.spec["family"]
    configs = [teacher_config(series, options.preset, settings) for settings in space.teachers]
    config = next((one for one in configs if one.family == family), configs[0])
    on_message(f"teacher: that of the study{_difference(origin, config, options.device)}")
    those = {name: one for name, one in kept.items() if one[0].role in {"teacher", "candidate"}}
    networks = {name: taken_network(series, *one, options.device) for name, one in those.items()}
    lines = sorted((line for line, _ in those.values()), key=lambda line: line.role != "teacher")
    return Elected(networks, lines)


def make_features(runner: TrialRunner, space: SearchSpace, on_message: Callable[[str], None]) -> None:
    """Make the teacher's features where the space listens to them, before trials that would all make them at once."""
    if any(LOSSES.choose(str(name)).teacher == "features" for name in space.values_of("loss")):
        on_message("teacher's features: computing them, or taking them from the cache")
        runner.tables()


def _difference(origin: Origin | None, config: TrialConfig, device: str) -> str:
    """Say how the training of the study's teacher differs from one here, as far as the study kept it."""
    if origin is None:
        return ""
    versions = {name: version for name, version in installed_versions().items() if name in {"kdsearch", "torch"}}
    cores, kind = family_threads(config.family), torch.device(device).type
    return origin.difference(Origin(**versions, cores=cores, precision=config.precision, device=kind))


def _beside_teacher(preset: str, space: SearchSpace) -> list[tuple[str, Role, str, dict[str, Any]]]:
    """List the networks that are trained beside the teacher: name, role, preset and settings."""
    others: list[tuple[str, Role, str, dict[str, Any]]] = [("STID", "undistilled", "best", STID | space.stid)]
    if "base" in space.values_of("source"):
        others.append(("base", "base", preset, space.teacher | {"width": BASE_WIDTH}))
    return others


def check_beside_teacher(series: SplitSeries, preset: str, space: SearchSpace) -> None:
    """Make the networks that are trained beside the teacher once, before anything is trained.

    Raises:
        SpaceError: Where one has a setting that is not there, or cannot be made.
    """
    for _, _, own, settings in _beside_teacher(preset, space):
        new_network(series, teacher_config(series, own, settings), 0)


def _made(network: TrainedNetwork, baseline: Baseline, unit: str) -> str:
    """Describe a network that trials share."""
    error = baseline.metrics["val"]["mae"]["all"]
    return f"{baseline.name} {network.hash}: {network.cost.parameters:,} parameters, validation MAE {error:.3f} {unit}"
