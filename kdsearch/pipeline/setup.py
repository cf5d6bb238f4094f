"""What stands before the first trial: data, a space that trials understand, the teacher, its features, its rivals."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from kdsearch.data.catalog import describe_completeness
from kdsearch.data.load import find_dataset, load_series
from kdsearch.data.protocols import PROTOCOLS, Prepared, prepare
from kdsearch.data.repeats import repeated_weeks
from kdsearch.distill.compatibility import refusal
from kdsearch.distill.recipe import FEATURE_LOSSES
from kdsearch.errors import ProtocolError, SpaceError, StudyError
from kdsearch.models import FAMILIES
from kdsearch.pipeline.options import RunOptions
from kdsearch.record import Reference, TrialRecord
from kdsearch.study.space.space import SearchSpace
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.network import fresh_network
from kdsearch.trial.run import Bench
from kdsearch.trial.teachers import BASE_WIDTH, STID, TaughtNetwork, reference_network, taught_network, teacher_config

__all__ = ["check_device", "check_space", "prepared_bench", "prepared_dataset", "trained_teacher"]

LEAST_REPEATED_SHARE = 0.005
"""Of the test readings; from here on every head says it."""


def prepared_dataset(
    dataset: str, protocol: str, data_dir: Path | None, channel: str | None = None
) -> tuple[Prepared, str]:
    """A dataset cut by a protocol, and what of the public files it is.

    Raises:
        ProtocolError: Where there is no such protocol or channel, or the series cannot follow it.
    """
    if protocol not in PROTOCOLS:
        raise ProtocolError(f"there is no protocol {protocol!r}; choose one of {', '.join(PROTOCOLS)}")
    card, _ = find_dataset(dataset, data_dir)
    series = load_series(dataset, data_dir)
    chosen = PROTOCOLS[protocol]
    if channel is not None:
        if channel not in series.channels:
            raise ProtocolError(f"{series.name} has no channel {channel!r}; choose one of {', '.join(series.channels)}")
        chosen = replace(chosen, channel=series.channels.index(channel))
    prepared, note = prepare(series, chosen), describe_completeness(card, series)
    if (repeated := repeated_share(prepared)) >= LEAST_REPEATED_SHARE:
        note += (
            f"; {100 * repeated:.0f} % of the test readings equal those of a week before to the last digit: the source "
            "filled them in, and a network that knows weekday and time gives them back"
        )
    if prepared.grid is not None and prepared.active_share < 1:
        active, factor = 100 * prepared.active_share, prepared.active_share**-0.5
        note += (
            f"; {active:.0f} % of the cells ever have flow, and over those alone every RMSE here is {factor:.4f} times "
            "as large, which is what papers on this data print"
        )
    return prepared, note


def repeated_share(prepared: Prepared) -> float:
    """Share of the test split's measured readings that equal those of the week before."""
    test = slice(prepared.parts["test"].first, prepared.parts["test"].last)
    measured = prepared.measured[test]
    repeated = repeated_weeks(prepared.values, prepared.series.times)[test] & measured
    return float(repeated.sum() / max(1, measured.sum()))


def trained_teacher(
    prepared: Prepared,
    recipe: str,
    settings: dict[str, Any],
    seed: int,
    *,
    device: str = "cpu",
    beside: TaughtNetwork | None = None,
) -> tuple[TaughtNetwork, TrialRecord]:
    """The teacher that a recipe and a space's own settings ask for, trained or from the cache."""
    check_device(device)
    config = teacher_config(prepared, recipe, settings)
    threads = os.cpu_count() or 1 if FAMILIES[config.family].large_operators else 1
    return taught_network(prepared, config, seed, training_threads=threads, device=device, beside=beside)


def check_space(space: SearchSpace, prepared: Prepared, teacher: TrialConfig) -> None:
    """Refuse a space that trials would not understand, or whose teacher cannot teach, before a teacher is trained.

    Raises:
        SpaceError: With the value that does not fit, or why a loss does not fit a pair of networks.
    """
    for parameter in space.parameters:
        for value in parameter.values():
            TrialConfig.of({parameter.name: value})
    teaching = fresh_network(prepared, teacher, 0)
    for family, losses in space.values_under("family", TrialConfig().family, "loss").items():
        student = fresh_network(prepared, teacher.model_copy(update={"family": family, "depth": None, "width": 4}), 0)
        for loss in losses:
            if mistake := refusal(TrialConfig.of({"loss": loss}).recipe(), teaching, student):
                raise SpaceError(mistake)


def check_device(device: str) -> None:
    """Refuse a device before anything is trained for it."""
    here = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    if device not in here and not (device == "cuda" and len(here) > 1):
        raise StudyError(f"there is no device {device!r} here; choose one of {', '.join(here)}")


def prepared_bench(
    options: RunOptions, space: SearchSpace, prepared: Prepared, talk: Callable[[str], None]
) -> tuple[Bench, list[Reference]]:
    """What trials share, trained or from the cache, and its networks as lines of the report."""
    talk("teacher: training it, or taking it from the cache")
    teacher, record = trained_teacher(prepared, options.recipe, space.teacher, options.seed, device=options.device)
    talk(f"{_made('teacher', teacher, record, prepared.unit)}, trained in {record.seconds['train']:.0f} CPU s")
    rivals = {}
    references = [reference_network("teacher", teacher, record)]
    others = {"STID": ("best", STID | space.stid)}
    if "base" in space.values_of("source"):
        others["base"] = (options.recipe, space.teacher | {"width": BASE_WIDTH})
    for name, (recipe, settings) in others.items():
        network, own = trained_teacher(prepared, recipe, settings, options.seed, device=options.device, beside=teacher)
        talk(_made(name, network, own, prepared.unit))
        rivals[name] = network
        references.append(reference_network(name, network, own))
    bench = Bench(prepared, teacher, rivals.get("base"), rivals, device=options.device)
    if FEATURE_LOSSES & space.values_of("loss"):
        talk("teacher's features: making the tables that students hear, or taking them from the cache")
        bench.tables()  # now, before trials that would all make them at once
    return bench, references


def _made(name: str, network: TaughtNetwork, record: TrialRecord, unit: str) -> str:
    """What a network that trials share is, in words."""
    error = record.metrics["val"]["mae"]["all"]
    return f"{name} {network.hash}: {network.cost.parameters:,} parameters, validation MAE {error:.3f} {unit}"
